//! `AWS::Serverless::Function`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>.

use super::super::code;
use super::super::fault::Fault;
use super::events::Target;
use super::parent::{Generated, Parent, attribute, copy, known_properties, reference, tag_list};
use super::{events, policies};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Properties that `AWS::Lambda::Function` has under the same name.
const SAME: &[&str] = &[
    "Architectures",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FunctionName",
    "Handler",
    "ImageConfig",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "ReservedConcurrentExecutions",
    "Runtime",
    "Timeout",
    "VpcConfig",
];

/// Properties that SAM turns into something else.
const EXPANDED: &[&str] = &[
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "CodeUri",
    "DeadLetterQueue",
    "EventInvokeConfig",
    "Events",
    "ImageUri",
    "InlineCode",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "RolePath",
    "Tags",
    "Tracing",
];

/// Properties that the local run does not have.
const ABSENT: &[&str] = &[
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeploymentPreference",
    "DurableConfig",
    "FileSystemConfigs",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "TenancyConfig",
    "VersionDeletionPolicy",
    "VersionDescription",
];

/// The function with its role, rules and permissions, and the settings of its asynchronous invocations.
pub(super) fn expand(parent: &Parent<'_>, directory: &Path) -> Result<Generated, Fault> {
    let properties = &parent.properties;
    parent.check_properties(&[SAME, EXPANDED], ABSENT, "a function")?;
    let mut generated = Vec::new();
    let mut function = Map::new();
    copy(properties, SAME, &mut function);
    function.insert("Code".into(), code(parent, directory)?);
    match properties.get("Role") {
        Some(role) => {
            function.insert("Role".into(), role.clone());
        }
        None => {
            let id = format!("{}Role", parent.id);
            let role = policies::function_role(parent, &id).map_err(|fault| fault.within("Properties"))?;
            generated.push((id.clone(), parent.generate("AWS::IAM::Role", role)));
            function.insert("Role".into(), attribute(&id, "Arn"));
        }
    }
    if let Some(tags) = properties.get("Tags") {
        function.insert(
            "Tags".into(),
            tag_list(tags).map_err(|fault| fault.within("Properties"))?,
        );
    }
    match properties.get("Tracing") {
        None => {}
        Some(Value::String(mode)) if mode == "Disabled" => {}
        Some(mode) => {
            function.insert("TracingConfig".into(), json!({ "Mode": mode }));
        }
    }
    if let Some(queue) = properties.get("DeadLetterQueue") {
        let arn = queue.get("TargetArn").ok_or_else(|| {
            let fault = Fault::new("has no `TargetArn`").within("DeadLetterQueue");
            fault.within("Properties")
        })?;
        function.insert("DeadLetterConfig".into(), json!({ "TargetArn": arn }));
    }
    let published = published(parent, &function);
    generated.push(parent.generate_main("AWS::Lambda::Function", function));
    let mut target = Target::Function(reference(parent.id), attribute(parent.id, "Arn"));
    let mut qualifier = json!("$LATEST");
    if let Some(published) = published {
        target = Target::Function(reference(&published.alias_id), reference(&published.alias_id));
        qualifier = published.alias.into();
        generated.extend(published.resources);
    }
    if let Some(config) = properties.get("EventInvokeConfig") {
        let config = invoke_config(parent.id, qualifier, config);
        let config = config.map_err(|fault| fault.within("EventInvokeConfig").within("Properties"))?;
        let config = parent.generate("AWS::Lambda::EventInvokeConfig", config);
        generated.push((format!("{}EventInvokeConfig", parent.id), config));
    }
    generated.extend(events::expand(parent, &target)?);
    Ok(generated)
}

/// Where the function's code is.
fn code(parent: &Parent<'_>, directory: &Path) -> Result<Value, Fault> {
    let (properties, built) = (&parent.properties, parent.metadata);
    let property = |name: &str| properties.get(name);
    if property("PackageType").and_then(Value::as_str) == Some("Image") {
        let image = code::of_image(property("ImageUri"), built, directory);
        return image.map_err(|fault| fault.within("ImageUri").within("Properties"));
    }
    match (property("InlineCode"), property("CodeUri")) {
        (Some(text), None) => Ok(json!({ "ZipFile": text })),
        (_, uri) => code::of_function(uri, built, directory),
    }
}

/// The version and the alias that SAM makes of a function with `AutoPublishAlias`.
struct Published {
    alias: String,
    alias_id: String,
    resources: Generated,
}

fn published(parent: &Parent<'_>, function: &Map<String, Value>) -> Option<Published> {
    let alias = match parent.properties.get("AutoPublishAlias") {
        None => return None,
        Some(Value::String(alias)) => alias.clone(),
        Some(_) => {
            let fault = Fault::absent("the local run takes a name, and no function").within("AutoPublishAlias");
            parent.pass_over(fault.within("Properties"));
            return None;
        }
    };
    let letters: String = alias.chars().filter(char::is_ascii_alphanumeric).collect();
    let hash = hex::encode(Sha256::digest(Value::Object(function.clone()).to_string()));
    let version_id = format!("{}Version{}", parent.id, &hash[..10]);
    let alias_id = format!("{}Alias{letters}", parent.id);
    let version = json!({ "FunctionName": reference(parent.id) });
    let leads_to = json!({
        "FunctionName": reference(parent.id),
        "FunctionVersion": attribute(&version_id, "Version"),
        "Name": alias,
    });
    let leads_to = parent.generate("AWS::Lambda::Alias", leads_to);
    Some(Published {
        resources: vec![
            (version_id, parent.generate("AWS::Lambda::Version", version)),
            (alias_id.clone(), leads_to),
        ],
        alias,
        alias_id,
    })
}

fn invoke_config(function: &str, qualifier: Value, config: &Value) -> Result<Value, Fault> {
    let config = config.as_object().ok_or_else(|| Fault::new("must be a map"))?;
    let same = &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    known_properties(config, &[same, &["DestinationConfig"]], "an asynchronous invocation")?;
    let mut expanded = Map::new();
    expanded.insert("FunctionName".into(), reference(function));
    expanded.insert("Qualifier".into(), qualifier);
    copy(config, same, &mut expanded);
    if let Some(destinations) = config.get("DestinationConfig") {
        let destinations = destinations
            .as_object()
            .ok_or_else(|| Fault::new("must be a map").within("DestinationConfig"))?;
        known_properties(destinations, &[&["OnFailure", "OnSuccess"]], "a destination")
            .map_err(|fault| fault.within("DestinationConfig"))?;
        let mut named = Map::new();
        for (outcome, destination) in destinations {
            let destination = destination.get("Destination").ok_or_else(|| {
                let fault = Fault::new("the local run makes no destination by itself: name one by its ARN");
                fault.within(outcome).within("DestinationConfig")
            })?;
            named.insert(outcome.clone(), json!({ "Destination": destination }));
        }
        expanded.insert("DestinationConfig".into(), Value::Object(named));
    }
    Ok(Value::Object(expanded))
}
