//! Commands on the compute that CodePipeline manages.

use super::build::{exported, reason};
use crate::codepipeline::execution::Artifact;
use crate::codepipeline::work::{Done, Failure, Work};
use platform::Principal;
use serde_json::{Value, json};

/// What runs there.
pub(super) struct Commands {
    pub(super) buildspec: Value,
    /// Environment variables by their names.
    pub(super) variables: Vec<(String, String)>,
}

/// Runs commands, as the action's role, where its first input artifact is unpacked.
pub(super) async fn run(work: Work<'_>, commands: Commands) -> Result<Done, Failure> {
    let place = |artifact: &Artifact| format!("{}/{}", artifact.bucket, artifact.key);
    let sources = work.inputs.iter().map(|artifact| (&artifact.name, place(artifact)));
    let variables = commands.variables.iter();
    let variables = variables.map(|(name, value)| json!({"name": name, "value": value}));
    let input = json!({
        "pipeline": work.pipeline_name(),
        "role": work.role,
        "sources": sources.collect::<Vec<_>>(),
        "buildspec": commands.buildspec,
        "environmentVariables": variables.collect::<Vec<_>>(),
        "artifact": work.outputs.first().map(|artifact| (&artifact.bucket, &artifact.key)),
    });
    let pipeline = work.platform.account.arn("codepipeline", work.pipeline_name());
    let itself = Principal::service("codepipeline.amazonaws.com", pipeline);
    let answer = work
        .platform
        .call(&itself, "codebuild", "RunManagedBuild", input)
        .await?;
    let build = &answer["build"];
    let id = build["id"].as_str().map(str::to_owned);
    if build["buildStatus"] != "SUCCEEDED" {
        return Err(Failure {
            external_id: id,
            ..Failure::new("JobFailed", reason(build))
        });
    }
    Ok(Done {
        variables: exported(build),
        outputs: work.outputs,
        external_id: id,
        summary: None,
    })
}
