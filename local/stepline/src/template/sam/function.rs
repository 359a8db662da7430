//! `AWS::Serverless::Function`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>.

use super::super::fault::Fault;
use super::events::Target;
use super::parent::{Generated, Parent, attribute, copy, known_properties, reference, tag_list, uploaded};
use super::{events, policies};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Properties that `AWS::Lambda::Function` has under the same name.
const SAME: &[&str] = &[
    "Architectures",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FunctionName",
    "Handler",
    "KmsKeyArn",
    "LoggingConfig",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Runtime",
    "Timeout",
    "VpcConfig",
];

/// Properties that SAM turns into something else.
const EXPANDED: &[&str] = &[
    "AssumeRolePolicyDocument",
    "CodeUri",
    "DeadLetterQueue",
    "EventInvokeConfig",
    "Events",
    "PackageType",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "RolePath",
    "Tags",
    "Tracing",
];

/// Properties that the local run does not have.
const ABSENT: &[&str] = &[
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeploymentPreference",
    "DurableConfig",
    "FileSystemConfigs",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "ImageConfig",
    "ImageUri",
    "InlineCode",
    "Layers",
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
pub(super) fn expand(parent: &Parent<'_>, directory: Option<&Path>) -> Result<Generated, Fault> {
    let properties = &parent.properties;
    parent.check_properties(&[SAME, EXPANDED], ABSENT, "a function")?;
    let mut generated = Vec::new();
    let mut function = Map::new();
    copy(properties, SAME, &mut function);
    let code = match directory {
        Some(_) => json!({ "LocalBinary": binary(parent)? }),
        None => uploaded(
            properties.get("CodeUri"),
            "CodeUri",
            ["S3Bucket", "S3Key", "S3ObjectVersion"],
        )
        .map_err(|fault| fault.within("Properties"))?,
    };
    function.insert("Code".into(), code);
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
    generated.push(parent.generate_main("AWS::Lambda::Function", function));
    if let Some(config) = properties.get("EventInvokeConfig") {
        let config = invoke_config(parent.id, config);
        let config = config.map_err(|fault| fault.within("EventInvokeConfig").within("Properties"))?;
        let config = parent.generate("AWS::Lambda::EventInvokeConfig", config);
        generated.push((format!("{}EventInvokeConfig", parent.id), config));
    }
    generated.extend(events::expand(parent, &Target::Function)?);
    Ok(generated)
}

/// The cargo binary from which `sam build` makes the function.
fn binary<'p>(parent: &'p Parent<'_>) -> Result<&'p str, Fault> {
    let metadata = |pointer: &str| parent.metadata.and_then(|metadata| metadata.pointer(pointer)?.as_str());
    match metadata("/BuildMethod") {
        Some("rust-cargolambda") => {}
        _ => {
            let fault = Fault::new("the local run builds with cargo alone: `BuildMethod` must be `rust-cargolambda`");
            return Err(fault.within("Metadata"));
        }
    }
    metadata("/BuildProperties/Binary").ok_or_else(|| {
        let fault = Fault::new("has no `Binary`: the local run needs it to know what to build");
        fault.within("BuildProperties").within("Metadata")
    })
}

fn invoke_config(function: &str, config: &Value) -> Result<Value, Fault> {
    let config = config.as_object().ok_or_else(|| Fault::new("must be a map"))?;
    let same = &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    known_properties(config, &[same, &["DestinationConfig"]], "an asynchronous invocation")?;
    let mut expanded = Map::new();
    expanded.insert("FunctionName".into(), reference(function));
    expanded.insert("Qualifier".into(), "$LATEST".into());
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
