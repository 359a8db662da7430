//! `AWS::Serverless::StateMachine`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html>.

use super::super::fault::Fault;
use super::super::yaml::Source;
use super::events::Target;
use super::parent::{Generated, Parent, attribute, copy, reference, tag_list};
use super::{events, policies};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

const PROPERTIES: &[&str] = &[
    "AutoPublishAlias",
    "Definition",
    "DefinitionSubstitutions",
    "DefinitionUri",
    "DeploymentPreference",
    "Events",
    "Logging",
    "Name",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "RolePath",
    "Tags",
    "Tracing",
    "Type",
    "UseAliasAsEventTarget",
];

/// The state machine with its role, version, alias and rules.
pub(super) fn expand(parent: &Parent<'_>, directory: &Path) -> Result<Generated, Fault> {
    let in_properties = |fault: Fault| fault.within("Properties");
    let properties = &parent.properties;
    parent.check_properties(&[PROPERTIES], &["PropagateTags"], "a state machine")?;
    let mut generated = Vec::new();
    let mut machine = Map::new();
    let (property, definition) = definition(properties, directory).map_err(in_properties)?;
    machine.insert(property.into(), definition);
    copy(properties, &["DefinitionSubstitutions"], &mut machine);
    for (sam, own) in [
        ("Name", "StateMachineName"),
        ("Type", "StateMachineType"),
        ("Logging", "LoggingConfiguration"),
        ("Tracing", "TracingConfiguration"),
    ] {
        if let Some(value) = properties.get(sam) {
            machine.insert(own.into(), value.clone());
        }
    }
    let role = match properties.get("Role") {
        Some(role) => role.clone(),
        None => {
            let id = format!("{}Role", parent.id);
            let role = policies::state_machine_role(parent, &id).map_err(in_properties)?;
            generated.push((id.clone(), parent.generate("AWS::IAM::Role", role)));
            attribute(&id, "Arn")
        }
    };
    machine.insert("RoleArn".into(), role);
    if let Some(tags) = properties.get("Tags") {
        machine.insert("Tags".into(), tag_list(tags).map_err(in_properties)?);
    }
    let version = version_id(parent.id, &machine);
    generated.push(parent.generate_main("AWS::StepFunctions::StateMachine", machine));
    let mut target = reference(parent.id);
    if let Some(alias) = properties.get("AutoPublishAlias") {
        let name = alias
            .as_str()
            .ok_or_else(|| in_properties(Fault::new("must be a name, not a function").within("AutoPublishAlias")))?;
        let alias_id = format!("{}Alias{name}", parent.id);
        generated.extend(published(parent, &version, &alias_id, name));
        if properties.get("UseAliasAsEventTarget") == Some(&Value::Bool(true)) {
            target = reference(&alias_id);
        }
    }
    generated.extend(events::expand(parent, &Target::StateMachine(target))?);
    Ok(generated)
}

/// A version of the state machine as it is, and an alias for it.
fn published(parent: &Parent<'_>, version: &str, alias_id: &str, name: &str) -> Generated {
    let revision = json!({
        "StateMachineArn": reference(parent.id),
        "StateMachineRevisionId": attribute(parent.id, "StateMachineRevisionId"),
    });
    let mut preference = match parent.properties.get("DeploymentPreference") {
        Some(Value::Object(preference)) => preference.clone(),
        _ => Map::from_iter([("Type".to_owned(), Value::from("ALL_AT_ONCE"))]),
    };
    preference.insert("StateMachineVersionArn".into(), reference(version));
    let alias = json!({"Name": name, "DeploymentPreference": preference});
    vec![
        (
            version.to_owned(),
            parent.generate("AWS::StepFunctions::StateMachineVersion", revision),
        ),
        (
            alias_id.to_owned(),
            parent.generate("AWS::StepFunctions::StateMachineAlias", alias),
        ),
    ]
}

/// SAM puts a hash of the state machine into a version's logical id, so that a change makes a new version.
fn version_id(id: &str, machine: &Map<String, Value>) -> String {
    let hash = hex::encode(Sha256::digest(Value::Object(machine.clone()).to_string()));
    format!("{id}Version{}", &hash[..10])
}

/// The property that holds the definition, and what it is: the text of a file, or the template's own, with functions in it.
fn definition(properties: &Map<String, Value>, directory: &Path) -> Result<(&'static str, Value), Fault> {
    const TEXT: &str = "DefinitionString";
    match (properties.get("Definition"), properties.get("DefinitionUri")) {
        (Some(definition), None) => Ok(("Definition", definition.clone())),
        (None, Some(Value::String(uri))) if uri.starts_with("s3://") => {
            let object = uri.trim_start_matches("s3://").split_once('/');
            let (bucket, key) = object.ok_or_else(|| Fault::new("must be s3://BUCKET/KEY").within("DefinitionUri"))?;
            Ok(("DefinitionS3Location", json!({"Bucket": bucket, "Key": key})))
        }
        (None, Some(Value::String(path))) => {
            let file = directory.join(path);
            let fault = |message: String| Fault::new(message).within("DefinitionUri");
            let text = std::fs::read_to_string(&file).map_err(|error| fault(format!("{}: {error}", file.display())))?;
            if path.ends_with(".yaml") || path.ends_with(".yml") {
                let source =
                    Source::read(&text).map_err(|inner| fault(inner.locate(file.clone(), |_| None).to_string()))?;
                return Ok((TEXT, source.value.to_string().into()));
            }
            Ok((TEXT, text.into()))
        }
        (None, Some(Value::Object(location))) => Ok(("DefinitionS3Location", location.clone().into())),
        (None, Some(_)) => Err(Fault::new("must be a path, as SAM wants it").within("DefinitionUri")),
        _ => Err(Fault::new("a state machine has either `Definition` or `DefinitionUri`")),
    }
}
