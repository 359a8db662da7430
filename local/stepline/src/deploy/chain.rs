//! The build project and the pipeline.

use super::equals::refuse_equal_actions;
use super::maker::{Failure, Maker, Occasion};
use super::properties::{Properties, camel, texts};
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
    let mut declaration = properties.rest();
    // The keys of an action's configuration keep their capital letters.
    let configurations = take_configurations(&mut declaration)?;
    let mut pipeline = camel(Value::Object(declaration));
    pipeline["name"] = name.clone().into();
    for (stage, action, configuration) in configurations {
        pipeline["stages"][stage]["actions"][action]["configuration"] = configuration;
    }
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
    let version = created.pointer("/pipeline/version").cloned().unwrap_or(json!(1));
    Ok(Made::new(name).with("Version", version))
}

/// Takes the configuration of every action out of a declaration. Each comes with the index of the stage and of the
/// action.
fn take_configurations(declaration: &mut serde_json::Map<String, Value>) -> Result<Vec<(usize, usize, Value)>, Fault> {
    let mut taken = Vec::new();
    let stages = declaration.get_mut("Stages").and_then(Value::as_array_mut);
    for (stage, declared) in stages.into_iter().flatten().enumerate() {
        let actions = declared.get_mut("Actions").and_then(Value::as_array_mut);
        for (action, declared) in actions.into_iter().flatten().enumerate() {
            let configuration = declared
                .as_object_mut()
                .and_then(|action| action.shift_remove("Configuration"));
            if let Some(configuration) = configuration {
                let configuration = texts(configuration, "Configuration")
                    .map_err(|fault| fault.within(action).within("Actions").within(stage).within("Stages"))?;
                taken.push((stage, action, configuration));
            }
        }
    }
    Ok(taken)
}
