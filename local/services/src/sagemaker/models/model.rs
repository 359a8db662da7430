//! A model: what it is asked for with, and its description.

use crate::sagemaker::checks::{S3_URI, VpcConfig, length, one_of, pattern, refused, served_environment};
use crate::sagemaker::tags;
use crate::tags::Tag;
use jiff::Timestamp;
use platform::ServiceError;
use platform::input::seconds;
use platform::store::Rows;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateModel {
    pub(crate) model_name: String,
    pub(crate) primary_container: Container,
    pub(crate) execution_role_arn: String,
    #[serde(default, skip_serializing)]
    pub(crate) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vpc_config: Option<VpcConfig>,
    #[serde(default)]
    pub(crate) enable_network_isolation: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Container {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container_hostname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(default = "single")]
    mode: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model_data_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model_package_name: Option<String>,
}

fn single() -> String {
    "SingleModel".to_owned()
}

/// A model.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) arn: String,
    pub(crate) request: CreateModel,
    pub(crate) created: Timestamp,
    pub(crate) tags: Vec<Tag>,
}

/// The models, by ARN.
pub(crate) type Models = Rows<Model>;

impl CreateModel {
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        let name = "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?";
        length(&self.model_name, "modelName", 0..=63)?;
        pattern(&self.model_name, "modelName", name)?;
        tags::check(&self.tags)?;
        let container = &self.primary_container;
        let field = |member: &str| format!("primaryContainer.{member}");
        one_of(&container.mode, &field("mode"), &["SingleModel", "MultiModel"])?;
        if container.mode == "MultiModel" {
            return Err(refused("containers with several models: it has Mode SingleModel"));
        }
        if let Some(image) = &container.image {
            length(image, &field("image"), 0..=255)?;
            pattern(image, &field("image"), "[\\S]+")?;
        }
        if let Some(url) = &container.model_data_url {
            length(url, &field("modelDataUrl"), 0..=1024)?;
            pattern(url, &field("modelDataUrl"), S3_URI)?;
        }
        served_environment(&container.environment, &field("environment"))
    }
}

impl Model {
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html>
    pub(crate) fn described(&self) -> Value {
        let mut shown = json!(self.request);
        shown["ModelArn"] = self.arn.as_str().into();
        shown["CreationTime"] = seconds(self.created);
        shown
    }

    /// The event of a model that is made or deleted:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
    pub(crate) fn event(&self) -> Value {
        let mut detail = self.described();
        detail["CreationTime"] = self.created.as_millisecond().into();
        let tags = self.tags.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into()));
        detail["Tags"] = Value::Object(tags.collect());
        json!({
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Model State Change",
            "resources": [self.arn],
            "detail": detail,
        })
    }
}
