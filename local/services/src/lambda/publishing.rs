//! What is published: versions of layers.

use super::code::{Code, Given, LayerFiles, Package};
use super::{Lambda, layers};
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PublishLayerVersion {
    pub(super) layer_name: String,
    content: Given,
    description: Option<String>,
    compatible_runtimes: Option<Vec<String>>,
    compatible_architectures: Option<Vec<String>>,
    license_info: Option<String>,
}

impl Lambda {
    pub(super) async fn publish_layer_version(
        self: Arc<Self>,
        call: Call,
        input: PublishLayerVersion,
    ) -> Result<Value, ServiceError> {
        let fetched = match input.content.code()? {
            Code::NotHere(why) => {
                let text = format!("the layer {} is left out: {why}", input.layer_name);
                self.note(&call.platform, text);
                let empty = self.kept.texts(&[]);
                empty.map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?
            }
            content @ (Code::Path(_) | Code::Zip(_) | Code::Object(..)) => {
                let fetched = Package::fetch(content, &call.platform, &call.caller, &self.kept).await?;
                let files = fetched.files().map(Path::to_owned);
                files.ok_or_else(|| ServiceError::validation("a layer has files"))?
            }
            _ => return Err(ServiceError::validation("a layer is a zip or a folder")),
        };
        let layer = format_args!("layer:{}", input.layer_name);
        let layer = call.platform.account.arn("lambda", layer);
        let files = LayerFiles {
            folder: fetched,
            built_for: input.content.built_for().map(str::to_owned),
        };
        let version = self.layers.publish(&layer, files);
        Ok(json!({
            "LayerArn": layer,
            "LayerVersionArn": layers::arn(&layer, version),
            "Version": version,
            "Description": input.description.unwrap_or_default(),
            "CreatedDate": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
            "CompatibleRuntimes": input.compatible_runtimes,
            "CompatibleArchitectures": input.compatible_architectures,
            "LicenseInfo": input.license_info,
        }))
    }

    /// The files of a function's layers. One of another account or region is noted, and the function is without it.
    pub(super) fn layers_of(&self, platform: &Platform, arns: &[String]) -> Result<Vec<LayerFiles>, ServiceError> {
        let refuse = |message: String| Err(ServiceError::new("InvalidParameterValueException", message));
        if arns.len() > layers::MOST {
            return refuse(format!("Cannot reference more than {} layers.", layers::MOST));
        }
        let own = platform.account.arn("lambda", "layer:");
        let mut found = Vec::new();
        for arn in arns {
            match self.layers.version(arn) {
                Some(files) => found.push(files),
                None if arn.starts_with(&own) => return refuse(format!("Layer version {arn} does not exist.")),
                None => self.note(
                    platform,
                    format!("the layer {arn} is not here, and functions run without it"),
                ),
            }
        }
        Ok(found)
    }
}
