//! What is done with layers: they are published, looked at, deleted, and put into functions.

use super::Lambda;
use super::code::{Code, Given, LayerFiles, Package};
use super::layers::{self, LayerVersion};
use platform::account::Account;
use platform::input::page;
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PublishLayerVersion {
    layer_name: String,
    content: Given,
    description: Option<String>,
    compatible_runtimes: Option<Vec<String>>,
    compatible_architectures: Option<Vec<String>>,
    license_info: Option<String>,
}

/// The input of GetLayerVersion and DeleteLayerVersion.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnVersion {
    layer_name: String,
    version_number: i64,
}

impl OnVersion {
    fn arn(&self, account: &Account) -> String {
        format!("{}:{}", layer_arn(account, &self.layer_name), self.version_number)
    }

    fn number(&self) -> Result<u64, ServiceError> {
        let number = u64::try_from(self.version_number).ok().filter(|number| *number > 0);
        let message = "Layer Version Cannot be less than 1";
        number.ok_or_else(|| ServiceError::new("InvalidParameterValueException", message))
    }
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetLayerVersionByArn {
    arn: String,
}

/// The input of ListLayerVersions, and of ListLayers, which has no name.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListLayers {
    layer_name: Option<String>,
    compatible_runtime: Option<String>,
    compatible_architecture: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl ListLayers {
    fn check(&self) -> Result<(), ServiceError> {
        match self.compatible_architecture.as_deref() {
            None | Some("x86_64" | "arm64") => Ok(()),
            Some(other) => Err(ServiceError::constraint(
                other,
                "compatibleArchitecture",
                "Member must satisfy enum value set: [x86_64, arm64]",
            )),
        }
    }

    /// Whether a version is for the runtime and the architecture that are asked for.
    fn takes(&self, version: &LayerVersion) -> bool {
        let among = |member: &str, asked: &Option<String>| {
            let has = |asked: &String| {
                version.shown[member]
                    .as_array()
                    .is_some_and(|all| all.contains(&json!(asked)))
            };
            asked.as_ref().is_none_or(has)
        };
        among("CompatibleRuntimes", &self.compatible_runtime)
            && among("CompatibleArchitectures", &self.compatible_architecture)
    }

    fn page(&self, list: &str, all: Vec<Value>) -> Result<Value, ServiceError> {
        let size = self.max_items.unwrap_or(MOST_LISTED).clamp(1, MOST_LISTED);
        let page = page(all, size, self.marker.as_deref(), "InvalidParameterValueException")?;
        Ok(page.answer(list, "NextMarker", |one| one))
    }
}

/// As many layers or versions as a page has.
const MOST_LISTED: usize = 50;

/// The rows of what is done with layers.
pub(super) fn of_layers() -> [Operation<Lambda>; 6] {
    [
        Operation::waiting("PublishLayerVersion", may_publish, Lambda::publish_layer_version),
        Operation::new(
            "GetLayerVersion",
            |_: &Lambda, platform: &Platform, it: &OnVersion| {
                Ok(vec![Requirement::new(
                    "lambda:GetLayerVersion",
                    it.arn(&platform.account),
                )])
            },
            Lambda::get_layer_version,
        ),
        // The ARN is asked for with the permission of the operation that takes a name.
        Operation::new(
            "GetLayerVersionByArn",
            |_: &Lambda, _: &Platform, it: &GetLayerVersionByArn| {
                Ok(vec![Requirement::new("lambda:GetLayerVersion", &it.arn)])
            },
            Lambda::get_layer_version_by_arn,
        ),
        Operation::new(
            "DeleteLayerVersion",
            |_: &Lambda, platform: &Platform, it: &OnVersion| {
                Ok(vec![Requirement::new(
                    "lambda:DeleteLayerVersion",
                    it.arn(&platform.account),
                )])
            },
            Lambda::delete_layer_version,
        ),
        Operation::on("ListLayers", |_, _: &ListLayers| "*".to_owned(), Lambda::list_layers),
        Operation::on(
            "ListLayerVersions",
            |_, _: &ListLayers| "*".to_owned(),
            Lambda::list_layer_versions,
        ),
    ]
}

fn may_publish(_: &Lambda, platform: &Platform, input: &PublishLayerVersion) -> Result<Vec<Requirement>, ServiceError> {
    let layer = layer_arn(&platform.account, &input.layer_name);
    Ok(vec![Requirement::new("lambda:PublishLayerVersion", layer)])
}

/// The ARN of a layer, of which callers give the name or the ARN.
fn layer_arn(account: &Account, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    account.arn("lambda", format_args!("layer:{name}"))
}

fn not_there() -> ServiceError {
    let message = "The resource you requested does not exist.";
    ServiceError::new("ResourceNotFoundException", message).with_status(404)
}

impl Lambda {
    async fn publish_layer_version(
        self: Arc<Self>,
        call: Call,
        input: PublishLayerVersion,
    ) -> Result<Value, ServiceError> {
        let (folder, sum) = match input.content.code()? {
            Code::NotHere(why) => {
                let text = format!("the layer {} is left out: {why}", input.layer_name);
                self.note(&call.platform, text);
                let empty = self.kept.texts(&[]);
                let empty = empty.map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?;
                (empty, None)
            }
            content @ (Code::Path(_) | Code::Zip(_) | Code::Object(..)) => {
                let fetched = Package::fetch(content, &call.platform, &call.caller, &self.kept).await?;
                let files = fetched.files().map(Path::to_owned);
                let files = files.ok_or_else(|| ServiceError::validation("a layer has files"))?;
                (files, fetched.sum().cloned())
            }
            _ => return Err(ServiceError::validation("a layer is a zip or a folder")),
        };
        let layer = layer_arn(&call.platform.account, &input.layer_name);
        let built_for = input.content.built_for().map(str::to_owned);
        let published = self.layers.publish(&layer, |version| {
            let mut shown = json!({
                "LayerVersionArn": layers::arn(&layer, version),
                "Version": version,
                "CreatedDate": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
            });
            for (name, given) in [
                ("Description", input.description.map(Value::from)),
                ("CompatibleRuntimes", input.compatible_runtimes.map(Value::from)),
                (
                    "CompatibleArchitectures",
                    input.compatible_architectures.map(Value::from),
                ),
                ("LicenseInfo", input.license_info.map(Value::from)),
            ] {
                if let Some(given) = given {
                    shown[name] = given;
                }
            }
            let files = LayerFiles {
                arn: layers::arn(&layer, version),
                size: sum.as_ref().map_or(0, |sum| sum.size),
                folder,
                built_for,
            };
            LayerVersion { files, sum, shown }
        });
        Ok(self.with_content(&call.platform, &layer, published))
    }

    /// A version as GetLayerVersion shows it: with its layer, and with where its files can be had.
    fn with_content(&self, platform: &Platform, layer: &str, version: LayerVersion) -> Value {
        let mut shown = version.shown;
        shown["LayerArn"] = layer.into();
        // A list leaves out what was not given.
        if shown.get("Description").is_none() {
            shown["Description"] = "".into();
        }
        if let Some(sum) = version.sum {
            shown["Content"] = json!({"CodeSha256": sum.sha256, "CodeSize": sum.size});
        }
        if let Some(address) = self.address(platform, &version.files.folder) {
            shown["Content"]["Location"] = address.into();
        }
        shown
    }

    fn get_layer_version(&self, call: &Call, input: OnVersion) -> Result<Value, ServiceError> {
        input.number()?;
        let arn = input.arn(&call.platform.account);
        self.get_layer_version_by_arn(call, GetLayerVersionByArn { arn })
    }

    fn get_layer_version_by_arn(&self, call: &Call, input: GetLayerVersionByArn) -> Result<Value, ServiceError> {
        let version = self.layers.version(&input.arn).ok_or_else(not_there)?;
        let layer = input.arn.rsplit_once(':').map_or("", |(layer, _)| layer);
        Ok(self.with_content(&call.platform, layer, version))
    }

    /// Takes a version away. One that is not there is no error.
    fn delete_layer_version(&self, call: &Call, input: OnVersion) -> Result<Value, ServiceError> {
        let layer = layer_arn(&call.platform.account, &input.layer_name);
        self.layers.delete(&layer, input.number()?);
        Ok(json!({}))
    }

    /// The layers that have a version such as is asked for, with the newest of these.
    fn list_layers(&self, _: &Call, input: ListLayers) -> Result<Value, ServiceError> {
        input.check()?;
        let layers = self.layers.arns().into_iter().filter_map(|layer| {
            let versions = self.layers.versions(&layer);
            let newest = versions.into_iter().find(|version| input.takes(version))?;
            let name = layer.rsplit(':').next();
            Some(json!({"LayerName": name, "LayerArn": layer, "LatestMatchingVersion": newest.shown}))
        });
        input.page("Layers", layers.collect())
    }

    fn list_layer_versions(&self, call: &Call, input: ListLayers) -> Result<Value, ServiceError> {
        input.check()?;
        let name = input.layer_name.as_deref();
        let name = name.ok_or_else(|| ServiceError::validation("LayerName is missing"))?;
        let versions = self
            .layers
            .versions(&layer_arn(&call.platform.account, name))
            .into_iter();
        let versions = versions
            .filter(|version| input.takes(version))
            .map(|version| version.shown);
        input.page("LayerVersions", versions.collect())
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
                Some(version) => found.push(version.files),
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
