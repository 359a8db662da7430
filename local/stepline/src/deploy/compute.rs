//! Functions and state machines.

use super::maker::{Failure, Maker};
use super::properties::{Properties, camel, document, number, text, texts};
use crate::template::{Fault, Made};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// `AWS::Lambda::Function`.
pub(super) async fn function(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("FunctionName")?.unwrap_or_else(|| maker.name());
    let tags = properties.take_tags()?;
    let reserved = properties.take("ReservedConcurrentExecutions");
    let environment = properties.take("Environment");
    let code = code(&mut properties)?;
    let mut input = properties.rest();
    input.insert("FunctionName".into(), name.clone().into());
    input.insert("Code".into(), code);
    if !tags.is_empty() {
        let tags: Map<String, Value> = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
        input.insert("Tags".into(), tags.into());
    }
    if let Some(Value::Object(mut environment)) = environment {
        if let Some(variables) = environment.shift_remove("Variables") {
            let variables = texts(variables, "Variables").map_err(|fault| fault.within("Environment"))?;
            environment.insert("Variables".into(), variables);
        }
        input.insert("Environment".into(), environment.into());
    }
    for numeric in ["MemorySize", "Timeout"] {
        if let Some(value) = input.shift_remove(numeric) {
            input.insert(numeric.into(), number(value));
        }
    }
    let answer = match maker.is_there {
        true => change_function(maker, input).await?,
        false => maker.call("lambda", "CreateFunction", input.into()).await?,
    };
    if reserved.is_some() {
        let fault = Fault::absent("the local run reserves no concurrency");
        maker.leave_out(fault.within("ReservedConcurrentExecutions"));
    }
    let arn = answer.get("FunctionArn").cloned();
    let arn = arn.unwrap_or_else(|| {
        maker
            .cloud
            .account
            .arn("lambda", format_args!("function:{name}"))
            .into()
    });
    Ok(Made::new(name).with("Arn", arn))
}

/// `Code` as the API takes it. Text in the template itself becomes a zip with a file `index`.
///
/// See <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html>.
fn code(properties: &mut Properties) -> Result<Value, Fault> {
    let mut code = properties.require("Code")?;
    let Some(inline) = code.get_mut("ZipFile") else {
        return Ok(code);
    };
    let source = text(inline).map_err(|fault| fault.within("ZipFile").within("Code"))?;
    let runtime = properties.text("Runtime").unwrap_or_default();
    let extension = match runtime {
        _ if runtime.starts_with("python") => "py",
        _ if runtime.starts_with("nodejs") => "js",
        _ => {
            let fault = Fault::new("is for functions in Python and Node.js alone");
            return Err(fault.within("ZipFile").within("Code"));
        }
    };
    let zip = zipped(&format!("index.{extension}"), &source);
    *inline = zip
        .map_err(|error| Fault::new(error).within("ZipFile").within("Code"))?
        .into();
    Ok(code)
}

/// A zip with one file, in base64.
fn zipped(name: &str, source: &str) -> Result<String, std::io::Error> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, SimpleFileOptions::default().unix_permissions(0o644))?;
    archive.write_all(source.as_bytes())?;
    Ok(BASE64_STANDARD.encode(archive.finish()?.into_inner()))
}

/// `AWS::Lambda::LayerVersion`.
pub(super) async fn layer(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("LayerName")?.unwrap_or_else(|| maker.name());
    let mut input = properties.rest();
    input.insert("LayerName".into(), name.into());
    let published = maker.call("lambda", "PublishLayerVersion", input.into()).await?;
    let arn = published.get("LayerVersionArn").cloned().unwrap_or_default();
    Ok(Made::new(arn.clone()).with("LayerVersionArn", arn))
}

/// `AWS::Lambda::Version`.
pub(super) async fn function_version(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let input = properties.rest();
    let published = maker.call("lambda", "PublishVersion", input.into()).await?;
    let field = |name: &str| published.get(name).cloned().unwrap_or_default();
    Ok(Made::new(field("FunctionArn"))
        .with("FunctionArn", field("FunctionArn"))
        .with("Version", field("Version")))
}

/// `AWS::Lambda::Alias`.
pub(super) async fn function_alias(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let input = properties.rest();
    let which = json!({"FunctionName": input.get("FunctionName"), "Name": input.get("Name")});
    let version = input.get("FunctionVersion").cloned().unwrap_or_default();
    maker
        .call_unless_there("lambda", "CreateAlias", input.clone().into())
        .await?;
    let mut found = maker.call("lambda", "GetAlias", which).await?;
    if found["FunctionVersion"] != version {
        found = maker.call("lambda", "UpdateAlias", input.into()).await?;
    }
    let arn = found.get("AliasArn").cloned().unwrap_or_default();
    Ok(Made::new(arn.clone()).with("AliasArn", arn))
}

/// A function is changed by two operations: one for its code, one for the rest.
async fn change_function(maker: &Maker<'_>, mut input: Map<String, Value>) -> Result<Value, Failure> {
    let mut code = json!({"FunctionName": input["FunctionName"]});
    if let Some(Value::Object(location)) = input.shift_remove("Code") {
        for (name, value) in location {
            code[name] = value;
        }
    }
    if let Some(architectures) = input.shift_remove("Architectures") {
        code["Architectures"] = architectures;
    }
    for unchanging in ["PackageType", "Tags"] {
        input.shift_remove(unchanging);
    }
    // What the template does not say any more is as it is without it.
    for (property, usual) in [
        ("Description", json!("")),
        ("Environment", json!({})),
        ("MemorySize", json!(128)),
        ("Timeout", json!(3)),
        ("TracingConfig", json!({"Mode": "PassThrough"})),
    ] {
        input.entry(property).or_insert(usual);
    }
    maker.call("lambda", "UpdateFunctionCode", code).await?;
    maker.call("lambda", "UpdateFunctionConfiguration", input.into()).await
}

/// `AWS::Lambda::Permission`.
pub(super) async fn permission(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let statement = maker.name();
    let mut input = properties.rest();
    input.insert("StatementId".into(), statement.clone().into());
    maker.call("lambda", "AddPermission", input.into()).await?;
    Ok(Made::new(statement))
}

/// `AWS::Lambda::EventInvokeConfig`.
pub(super) async fn event_invoke_config(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let mut input = properties.rest();
    for numeric in ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"] {
        if let Some(value) = input.shift_remove(numeric) {
            input.insert(numeric.into(), number(value));
        }
    }
    maker
        .call("lambda", "PutFunctionEventInvokeConfig", input.into())
        .await?;
    Ok(Made::new(maker.name()))
}

/// The name of a state machine to which the template gives none: unlike other names, it does not begin with the stack's.
/// The twelve characters at its end, which are chance on AWS, are the same in every run.
fn machine_name(maker: &Maker<'_>) -> String {
    let hash = hex::encode(Sha256::digest(maker.name()));
    format!("{}-{}", maker.id, &hash[..12])
}

/// `AWS::StepFunctions::Activity`.
pub(super) async fn activity(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.require_text("Name")?;
    let mut input = json!({"name": name});
    if let Some(encryption) = properties.take("EncryptionConfiguration") {
        input["encryptionConfiguration"] = camel(encryption);
    }
    let tags = properties.take_tags()?;
    properties.finish()?;
    let tags: Value = tags
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    let has_tags = tags.as_array().is_some_and(|tags| !tags.is_empty());
    if has_tags {
        input["tags"] = tags.clone();
    }
    let arn = Value::from(maker.cloud.account.arn("states", format_args!("activity:{name}")));
    maker.call("states", "CreateActivity", input).await?;
    maker.has_made(arn.clone());
    if maker.is_there && has_tags {
        let input = json!({"resourceArn": arn, "tags": tags});
        maker.call("states", "TagResource", input).await?;
    }
    Ok(Made::new(arn.clone()).with("Arn", arn).with("Name", name))
}

/// `AWS::StepFunctions::StateMachine`.
pub(super) async fn state_machine(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties
        .take_text("StateMachineName")?
        .unwrap_or_else(|| machine_name(maker));
    let given = ["DefinitionString", "Definition", "DefinitionS3Location"].map(|name| properties.take(name));
    let definition = match given {
        [Some(definition), None, None] | [None, Some(definition), None] => document(definition),
        [None, None, Some(location)] => definition_at(maker, &location).await?,
        _ => {
            return Err(
                Fault::new("must have either `DefinitionString`, `Definition` or `DefinitionS3Location`").into(),
            );
        }
    };
    let definition = match properties.take("DefinitionSubstitutions") {
        None => definition,
        Some(substitutions) => {
            substituted(&definition, &substitutions).map_err(|fault| fault.within("DefinitionSubstitutions"))?
        }
    };
    let mut input = json!({
        "name": name,
        "definition": definition,
        "roleArn": properties.require_text("RoleArn")?,
        "type": properties.take_text("StateMachineType")?.unwrap_or_else(|| "STANDARD".to_owned()),
    });
    for (property, field) in [
        ("LoggingConfiguration", "loggingConfiguration"),
        ("TracingConfiguration", "tracingConfiguration"),
    ] {
        if let Some(value) = properties.take(property) {
            input[field] = camel(value);
        }
    }
    let tags = properties.take_tags()?;
    if !tags.is_empty() {
        let tags = tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
        input["tags"] = tags.collect();
    }
    properties.finish()?;
    let update = changes(&input);
    let account = &maker.cloud.account;
    let arn = Value::from(account.arn("states", format_args!("stateMachine:{name}")));
    maker.call_unless_there("states", "CreateStateMachine", input).await?;
    maker.has_made(arn.clone());
    if maker.is_there {
        let mut update = update;
        update.insert("stateMachineArn".to_owned(), arn.clone());
        maker.call("states", "UpdateStateMachine", update.into()).await?;
    }
    let described = maker
        .call("states", "DescribeStateMachine", json!({"stateMachineArn": arn}))
        .await?;
    // A state machine that was never updated has no revision id; operations call that one INITIAL.
    let revision = described.get("revisionId").and_then(Value::as_str).unwrap_or("INITIAL");
    Ok(Made::new(arn.clone())
        .with("Arn", arn)
        .with("Name", name)
        .with("StateMachineRevisionId", revision))
}

/// A definition that was uploaded, in JSON or in YAML.
async fn definition_at(maker: &Maker<'_>, location: &Value) -> Result<String, Failure> {
    let mut object = json!({"Bucket": location["Bucket"], "Key": location["Key"]});
    if let Some(version) = location.get("Version") {
        object["VersionId"] = version.clone();
    }
    let found = maker.call("s3", "GetObject", object).await?;
    let text = found["Body"].as_str().unwrap_or_default().to_owned();
    if serde_json::from_str::<Value>(&text).is_ok() {
        return Ok(text);
    }
    let read = crate::template::read_text(&text);
    let read = read.map_err(|error| Fault::new(error).within("DefinitionS3Location"))?;
    Ok(read.to_string())
}

/// The first version that an alias leads to.
fn routing_of(input: &Value) -> Option<&str> {
    input
        .pointer("/routingConfiguration/0/stateMachineVersionArn")?
        .as_str()
}

/// What UpdateStateMachine takes of CreateStateMachine's input.
fn changes(input: &Value) -> Map<String, Value> {
    let fields = ["definition", "roleArn", "loggingConfiguration", "tracingConfiguration"];
    let given = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), input.get(*field)?.clone())));
    given.collect()
}

/// A definition with its `${…}` replaced; names that have no substitution stay as they are.
fn substituted(definition: &str, substitutions: &Value) -> Result<String, Fault> {
    let substitutions = substitutions.as_object().ok_or_else(|| Fault::new("must be a map"))?;
    let mut definition = definition.to_owned();
    for (name, value) in substitutions {
        let value = text(value).map_err(|fault| fault.within(name))?;
        definition = definition.replace(&format!("${{{name}}}"), &value);
    }
    Ok(definition)
}

/// `AWS::StepFunctions::StateMachineVersion`.
pub(super) async fn version(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let mut input = json!({"stateMachineArn": properties.require_text("StateMachineArn")?});
    for (property, field) in [("StateMachineRevisionId", "revisionId"), ("Description", "description")] {
        if let Some(value) = properties.take_text(property)? {
            input[field] = value.into();
        }
    }
    properties.finish()?;
    let published = maker.call("states", "PublishStateMachineVersion", input).await?;
    let arn = published.get("stateMachineVersionArn").cloned().unwrap_or_default();
    Ok(Made::new(arn.clone()).with("Arn", arn))
}

/// `AWS::StepFunctions::StateMachineAlias`. An alias takes its first version at once. The deployment preference is only
/// for later versions.
pub(super) async fn alias(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let routing = match (
        properties.take("RoutingConfiguration"),
        properties.take("DeploymentPreference"),
    ) {
        (Some(routing), None) => camel(routing),
        (None, Some(preference)) => {
            let version = preference
                .get("StateMachineVersionArn")
                .cloned()
                .ok_or_else(|| Fault::new("has no `StateMachineVersionArn`").within("DeploymentPreference"))?;
            json!([{"stateMachineVersionArn": version, "weight": 100}])
        }
        _ => return Err(Fault::new("must have either `RoutingConfiguration` or `DeploymentPreference`").into()),
    };
    let name = properties.take_text("Name")?.unwrap_or_else(|| maker.name());
    let mut input = json!({"name": name, "routingConfiguration": routing});
    if let Some(description) = properties.take_text("Description")? {
        input["description"] = description.into();
    }
    properties.finish()?;
    let version = routing_of(&input).and_then(|arn| arn.rsplit_once(':'));
    let (machine, _) = version.ok_or_else(|| Fault::new("must lead to a version of a state machine"))?;
    let arn = Value::from(format!("{machine}:{name}"));
    let update = json!({
        "stateMachineAliasArn": arn,
        "description": input.get("description"),
        "routingConfiguration": input["routingConfiguration"],
    });
    maker
        .call_unless_there("states", "CreateStateMachineAlias", input)
        .await?;
    if maker.is_there {
        maker.call("states", "UpdateStateMachineAlias", update).await?;
    }
    Ok(Made::new(arn.clone()).with("Arn", arn))
}
