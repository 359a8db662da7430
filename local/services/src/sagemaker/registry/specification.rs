//! What is in a model package: the containers that serve the model, and what is known of the model.

use crate::sagemaker::checks::{S3_URI, count, length, pattern, served_environment};
use platform::ServiceError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceSpecification.html>
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct InferenceSpecification {
    pub(super) containers: Vec<Container>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supported_transform_instance_types: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supported_realtime_inference_instance_types: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supported_content_types: Option<Vec<String>>,
    #[serde(
        rename = "SupportedResponseMIMETypes",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    supported_response_types: Option<Vec<String>>,
}

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelPackageContainerDefinition.html>
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Container {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container_hostname: Option<String>,
    pub(super) image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image_digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model_data_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    framework: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    framework_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nearest_model_name: Option<String>,
}

/// Where a report about the model is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricsSource {
    content_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_digest: Option<String>,
    s3_uri: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Quality {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statistics: Option<MetricsSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraints: Option<MetricsSource>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Bias {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<MetricsSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pre_training_report: Option<MetricsSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    post_training_report: Option<MetricsSource>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Explainability {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<MetricsSource>,
}

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelMetrics.html>
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ModelMetrics {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_quality: Option<Quality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_data_quality: Option<Quality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bias: Option<Bias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    explainability: Option<Explainability>,
}

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetadataProperties.html>
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MetadataProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generated_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
}

impl InferenceSpecification {
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let field = "inferenceSpecification.containers";
        if self.containers.is_empty() {
            let rule = "Member must have length greater than or equal to 1";
            return Err(ServiceError::constraint("[]", field, rule));
        }
        count(self.containers.len(), field, 15)?;
        for (at, container) in self.containers.iter().enumerate() {
            container.check(&format!("{field}.{}.member", at + 1))?;
        }
        Ok(())
    }

    /// The same with the digests that the images' names have.
    pub(super) fn with_digests(mut self) -> Self {
        for container in &mut self.containers {
            let named = container.image.split_once('@').map(|(_, digest)| digest.to_owned());
            container.image_digest = container.image_digest.take().or(named);
        }
        self
    }
}

impl Container {
    fn check(&self, field: &str) -> Result<(), ServiceError> {
        length(&self.image, &format!("{field}.image"), 1..=255)?;
        pattern(&self.image, &format!("{field}.image"), "[\\S]+")?;
        if let Some(digest) = &self.image_digest {
            let field = format!("{field}.imageDigest");
            pattern(digest, &field, "[Ss][Hh][Aa]256:[0-9a-fA-F]{64}")?;
        }
        if let Some(url) = &self.model_data_url {
            length(url, &format!("{field}.modelDataUrl"), 0..=1024)?;
            pattern(url, &format!("{field}.modelDataUrl"), S3_URI)?;
        }
        served_environment(&self.environment, &format!("{field}.environment"))
    }
}

/// Checks what a team notes of a model in its own words.
pub(super) fn check_customer_metadata(properties: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    let field = "customerMetadataProperties";
    count(properties.len(), field, 50)?;
    for (name, value) in properties {
        length(name, &format!("{field}.key"), 1..=128)?;
        length(value, &format!("{field}.{name}"), 1..=256)?;
    }
    Ok(())
}
