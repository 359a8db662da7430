//! What is published: versions of layers, versions of functions, and their aliases.
//!
//! A function has one version at most, and that is what it is: a change of the function changes it, too.

use super::code::{Code, Given, LayerFiles, Package};
use super::functions::Function;
use super::{Lambda, layers, lock};
use platform::input::page;
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

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PublishVersion {
    pub(super) function_name: String,
    #[expect(dead_code, reason = "what describes a version is shown nowhere")]
    description: Option<String>,
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateAlias {
    pub(super) function_name: String,
    name: String,
    function_version: String,
    #[expect(dead_code, reason = "what describes an alias is shown nowhere")]
    description: Option<String>,
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetAlias {
    pub(super) function_name: String,
    name: String,
}

/// The input of ListVersionsByFunction and ListAliases.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListPublished {
    pub(super) function_name: String,
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl ListPublished {
    /// A page of a list, with as many as are asked for: 50 at most.
    fn page(&self, list: &str, all: Vec<Value>) -> Result<Value, ServiceError> {
        let size = self.max_items.unwrap_or(MOST_LISTED).clamp(1, MOST_LISTED);
        let code = "InvalidParameterValueException";
        let page = page(all, size, self.marker.as_deref(), code)?;
        Ok(page.answer(list, "NextMarker", |one| one))
    }
}

/// As many versions or aliases as a page has.
const MOST_LISTED: usize = 50;

/// The number of a function's first version.
const FIRST: &str = "1";

/// A function's versions, as ListVersionsByFunction shows them.
pub(super) fn versions(function: &Function) -> Vec<Value> {
    let published = lock(&function.qualified);
    let first = published.get(FIRST).map(|version| version.describe());
    [function.describe()].into_iter().chain(first).collect()
}

/// A function's aliases, as ListAliases shows them.
fn aliases(function: &Function) -> Vec<Value> {
    let published = lock(&function.qualified);
    let aliases = published.iter().filter(|(name, _)| *name != FIRST);
    aliases.map(|(name, function)| alias(name, function)).collect()
}

/// A function whose version is deleted went away meanwhile.
fn gone() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "Function not found").with_status(404)
}

fn alias(name: &str, function: &Function) -> Value {
    json!({"AliasArn": function.arn, "Name": name, "FunctionVersion": function.version, "Description": ""})
}

impl Lambda {
    pub(super) fn publish_version(&self, call: &Call, input: PublishVersion) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        let mut published = lock(&function.qualified);
        let first = published.entry(FIRST.to_owned());
        let first = first.or_insert_with(|| Arc::new(function.published(FIRST, FIRST)));
        Ok(first.describe())
    }

    /// Takes a version out. The function stays, and so does a version that an alias leads to.
    pub(super) fn delete_version(&self, version: &Function, qualifier: &str) -> Result<Value, ServiceError> {
        if qualifier != version.version {
            let message = "Deletion of functions by alias is not currently supported.";
            return Err(ServiceError::new("InvalidParameterValueException", message));
        }
        let function = self.find(version.name(), None).ok_or_else(gone)?;
        let mut published = lock(&function.qualified);
        let aliases = published
            .iter()
            .filter(|(name, other)| *name != qualifier && other.version == qualifier);
        let aliases: Vec<&str> = aliases.map(|(name, _)| name.as_str()).collect();
        if !aliases.is_empty() {
            let aliases = aliases.join(", ");
            let message = format!("Unable to delete version because the following aliases reference it: [{aliases}]");
            return Err(ServiceError::new("ResourceConflictException", message).with_status(409));
        }
        published.remove(qualifier);
        for environment in lock(&version.warm).drain(..) {
            environment.kill();
        }
        Ok(json!({}))
    }

    pub(super) fn list_versions(&self, call: &Call, input: ListPublished) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        input.page("Versions", versions(&function))
    }

    /// The aliases, or those of them that lead to a version.
    pub(super) fn list_aliases(&self, call: &Call, input: ListPublished) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        let mut found = aliases(&function);
        if let Some(version) = &input.function_version {
            found.retain(|alias| alias["FunctionVersion"] == **version);
        }
        input.page("Aliases", found)
    }

    pub(super) fn create_alias(&self, call: &Call, input: CreateAlias) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        let version = self.function(call, &input.function_name, Some(&input.function_version))?;
        let created = Arc::new(function.published(&version.version, &input.name));
        let mut published = lock(&function.qualified);
        if published.contains_key(&input.name) {
            let message = format!("Alias already exists: {}", created.arn);
            return Err(ServiceError::new("ResourceConflictException", message).with_status(409));
        }
        let described = alias(&input.name, &created);
        published.insert(input.name, created);
        Ok(described)
    }

    pub(super) fn get_alias(&self, call: &Call, input: GetAlias) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, Some(&input.name))?;
        Ok(alias(&input.name, &function))
    }

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
