//! The build project and the pipeline.

use super::equals::refuse_equal_actions;
use super::maker::{Failure, Maker, Occasion};
use super::properties::{Properties, camel, camel_name, texts};
use crate::template::{Fault, Made};
use serde_json::{Value, json};

/// `AWS::CodeBuild::Project`.
pub(super) async fn project(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| maker.name());
    let tags = properties.take_tags()?;
    let mut input = camel(Value::Object(properties.rest()));
    input["name"] = name.clone().into();
    // This name alone is spelt in another way by the API.
    if let Some(source) = input.get_mut("source").and_then(Value::as_object_mut)
        && let Some(buildspec) = source.shift_remove("buildSpec")
    {
        source.insert("buildspec".into(), buildspec);
    }
    if !tags.is_empty() {
        let tags = tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
        input["tags"] = tags.collect();
    }
    let operation = if maker.is_there {
        "UpdateProject"
    } else {
        "CreateProject"
    };
    let created = maker.call("codebuild", operation, input).await?;
    let arn = created.pointer("/project/arn").cloned();
    let arn = arn.unwrap_or_else(|| {
        maker
            .cloud
            .account
            .arn("codebuild", format_args!("project/{name}"))
            .into()
    });
    Ok(Made::new(name).with("Arn", arn))
}

/// `AWS::CodePipeline::Pipeline`.
pub(super) async fn pipeline(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| maker.name());
    let tags = properties.take_tags()?;
    // It is about updates. Here each deployment starts from nothing.
    properties.ignore(&["RestartExecutionOnUpdate"]);
    let transitions = properties.take("DisableInboundStageTransitions").unwrap_or_default();
    let mut pipeline = declared(Value::Object(properties.rest()))?;
    pipeline["name"] = name.clone().into();
    by_region(&mut pipeline);
    refuse_equal_actions(&pipeline)?;
    let mut input = json!({ "pipeline": pipeline });
    if !tags.is_empty() {
        let tags = tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
        input["tags"] = tags.collect();
    }
    if maker.is_there {
        input.as_object_mut().map(|input| input.shift_remove("tags"));
        let updated = maker.call("codepipeline", "UpdatePipeline", input).await?;
        let version = updated.pointer("/pipeline/version").cloned().unwrap_or(json!(1));
        return Ok(Made::new(name).with("Version", version));
    }
    if maker.occasion != Occasion::Asked {
        maker.cloud.codepipeline.hold_first_execution(&name);
    }
    let created = maker.call("codepipeline", "CreatePipeline", input).await?;
    maker.has_made(name.clone().into());
    for transition in transitions.as_array().into_iter().flatten() {
        let input = json!({
            "pipelineName": name,
            "stageName": transition["StageName"],
            "transitionType": "Inbound",
            "reason": transition["Reason"],
        });
        maker.call("codepipeline", "DisableStageTransition", input).await?;
    }
    let version = created.pointer("/pipeline/version").cloned().unwrap_or(json!(1));
    Ok(Made::new(name).with("Version", version))
}

/// A declaration in CodePipeline's own names. The keys of a configuration keep their capital letters.
fn declared(value: Value) -> Result<Value, Fault> {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("Configuration", value) => texts(value, "Configuration")?,
                    ("Version", Value::Number(version)) => version.to_string().into(),
                    (name, value) => declared(value).map_err(|fault| fault.within(name))?,
                };
                Ok((camel_name(&name), value))
            });
            fields.collect()
        }
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items
                .map(|(index, item)| declared(item).map_err(|fault| fault.within(index)))
                .collect()
        }
        other => Ok(other),
    }
}

/// Turns CloudFormation's list of artifact stores into CodePipeline's map.
fn by_region(pipeline: &mut Value) {
    let Some(Value::Array(stores)) = pipeline.get_mut("artifactStores").map(Value::take) else {
        return;
    };
    let stores = stores.into_iter().filter_map(|mut store| {
        let region = store["region"].as_str()?.to_owned();
        Some((region, store["artifactStore"].take()))
    });
    pipeline["artifactStores"] = Value::Object(stores.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_has_codepipelines_names() {
        let kind = json!({"Category": "Rule", "Version": 1});
        let rule = json!({"Name": "R", "RuleTypeId": kind, "Configuration": {"Variable": "v", "Strict": true}});
        let given = json!({
            "ArtifactStores": [{"Region": "us-east-1", "ArtifactStore": {"Type": "S3", "Location": "b"}}],
            "Stages": [{"Name": "S", "BeforeEntry": {"Conditions": [{"Result": "FAIL", "Rules": [rule]}]},
                "Actions": [{"Name": "A", "Configuration": {"Extract": false}}]}],
        });
        let mut pipeline = declared(given).ok().unwrap();
        by_region(&mut pipeline);
        let rule = json!({"name": "R", "ruleTypeId": {"category": "Rule", "version": "1"},
            "configuration": {"Variable": "v", "Strict": "true"}});
        let expected = json!({
            "artifactStores": {"us-east-1": {"type": "S3", "location": "b"}},
            "stages": [{"name": "S", "beforeEntry": {"conditions": [{"result": "FAIL", "rules": [rule]}]},
                "actions": [{"name": "A", "configuration": {"Extract": "false"}}]}],
        });
        assert_eq!(pipeline, expected);
    }
}
