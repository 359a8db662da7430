//! A model package: a version of the model that a group is about.

use super::specification::{InferenceSpecification, MetadataProperties, ModelMetrics, check_customer_metadata};
use crate::sagemaker::checks::{length, one_of, pattern, refused};
use crate::tags::Tag;
use jiff::Timestamp;
use platform::ServiceError;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const APPROVALS: [&str; 3] = ["Approved", "Rejected", "PendingManualApproval"];

/// What CreateModelPackage takes:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html>.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateModelPackage {
    #[serde(default, skip_serializing)]
    model_package_name: Option<String>,
    #[serde(default, skip_serializing)]
    pub(super) model_package_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_package_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inference_specification: Option<InferenceSpecification>,
    #[serde(default)]
    certify_for_marketplace: bool,
    #[serde(default, skip_serializing)]
    tags: Vec<Tag>,
    #[serde(default = "pending")]
    pub(super) model_approval_status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata_properties: Option<MetadataProperties>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_metrics: Option<ModelMetrics>,
    #[serde(default, skip_serializing)]
    pub(super) client_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sample_payload_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) customer_metadata_properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skip_model_validation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_uri: Option<String>,
}

fn pending() -> String {
    "PendingManualApproval".to_owned()
}

impl CreateModelPackage {
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        match (&self.model_package_group_name, &self.model_package_name) {
            (Some(_), Some(_)) => {
                return Err(ServiceError::validation(
                    "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use.",
                ));
            }
            (None, Some(_)) => return Err(refused("model packages without a group: give a ModelPackageGroupName")),
            (None, None) => return Err(ServiceError::validation("Missing ARN.")),
            (Some(_), None) => {}
        }
        if !self.tags.is_empty() {
            return Err(ServiceError::validation(
                "Tags cannot be given to a versioned model package: it has those of its group",
            ));
        }
        if self.certify_for_marketplace {
            return Err(ServiceError::validation(
                "CertifyForMarketplace does not apply to versioned model packages",
            ));
        }
        one_of(&self.model_approval_status, "modelApprovalStatus", &APPROVALS)?;
        for (text, field) in [
            (&self.model_package_description, "modelPackageDescription"),
            (&self.source_uri, "sourceUri"),
            (&self.sample_payload_url, "samplePayloadUrl"),
        ] {
            text.as_ref().map_or(Ok(()), |text| length(text, field, 0..=1024))?;
        }
        if let Some(skip) = &self.skip_model_validation {
            one_of(skip, "skipModelValidation", &["All", "None"])?;
        }
        if let Some(token) = &self.client_token {
            length(token, "clientToken", 1..=36)?;
            pattern(token, "clientToken", "[a-zA-Z0-9-]+")?;
        }
        check_customer_metadata(&self.customer_metadata_properties)?;
        match &self.inference_specification {
            Some(specification) => specification.check(),
            None => Err(refused("model packages without an InferenceSpecification")),
        }
    }
}

/// A version of a group's model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(super) group: String,
    pub(super) version: u32,
    pub(super) arn: String,
    /// What was asked for, as it has become since.
    #[serde(with = "whole")]
    pub(super) request: CreateModelPackage,
    /// What was asked for at first, for the same request that comes again.
    #[serde(with = "whole")]
    pub(super) first_request: CreateModelPackage,
    pub(super) approval_description: Option<String>,
    pub(super) created: Timestamp,
    pub(super) modified: Option<Timestamp>,
}

/// A request with those members, too, that no answer shows.
mod whole {
    use super::CreateModelPackage;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Whole<R> = (R, Option<String>, Option<String>);

    pub(super) fn serialize<S: Serializer>(request: &CreateModelPackage, serializer: S) -> Result<S::Ok, S::Error> {
        let group = request.model_package_group_name.clone();
        let whole: Whole<&CreateModelPackage> = (request, group, request.client_token.clone());
        whole.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CreateModelPackage, D::Error> {
        let (request, model_package_group_name, client_token) = Whole::<CreateModelPackage>::deserialize(deserializer)?;
        Ok(CreateModelPackage {
            model_package_group_name,
            client_token,
            ..request
        })
    }
}

impl Package {
    pub(super) fn status(&self) -> &str {
        &self.request.model_approval_status
    }

    fn json(&self, time: impl Fn(Timestamp) -> Value) -> Value {
        let mut shown = json!(self.request);
        shown["ModelPackageGroupName"] = self.group.as_str().into();
        shown["ModelPackageVersion"] = self.version.into();
        shown["ModelPackageArn"] = self.arn.as_str().into();
        shown["CreationTime"] = time(self.created);
        // A version has nothing to be validated.
        shown["ModelPackageStatus"] = "Completed".into();
        shown["ModelPackageStatusDetails"] = json!({"ValidationStatuses": [], "ImageScanStatuses": []});
        if let Some(modified) = self.modified {
            shown["LastModifiedTime"] = time(modified);
        }
        if let Some(description) = &self.approval_description {
            shown["ApprovalDescription"] = description.as_str().into();
        }
        shown
    }

    /// The package as DescribeModelPackage answers it:
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html>.
    pub(super) fn described(&self) -> Value {
        self.json(seconds)
    }

    /// The event of a new or changed package; `updated` names the members that were changed. See
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
    pub(super) fn event(&self, updated: &[&str]) -> Value {
        let whole_seconds = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
        let mut detail = self.json(|at| whole_seconds(at).to_string().into());
        detail["LastModifiedTime"] = whole_seconds(self.modified.unwrap_or(self.created)).to_string().into();
        if !updated.is_empty() {
            detail["UpdatedModelPackageFields"] = json!(updated);
        }
        json!({
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Model Package State Change",
            "resources": [self.arn],
            "detail": detail,
        })
    }
}
