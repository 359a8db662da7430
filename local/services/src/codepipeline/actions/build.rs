//! A build in CodeBuild.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html>.

use crate::codepipeline::execution::Artifact;
use crate::codepipeline::work::{Done, Failure, Work};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let started = work
        .platform
        .call(&work.caller, "codebuild", "StartBuild", start(&work)?)
        .await?;
    let id = started["build"]["id"].as_str().unwrap_or_default().to_owned();
    work.execution
        .update_action(work.run_id, |run| run.external_id = Some(id.clone()));
    // CodePipeline looks again and again; here it is told when there is something to see.
    let arn = started["build"]["arn"].as_str().unwrap_or_default();
    work.platform.ongoing.end(arn).await;
    let found = work
        .platform
        .call(&work.caller, "codebuild", "BatchGetBuilds", json!({"ids": [id]}))
        .await?;
    let build = &found["builds"][0];
    if build["buildStatus"] != "SUCCEEDED" {
        return Err(Failure {
            external_id: Some(id),
            ..Failure::new("JobFailed", reason(build))
        });
    }
    Ok(Done {
        variables: exported(build),
        outputs: work.outputs,
        external_id: Some(id),
        summary: None,
    })
}

fn start(work: &Work<'_>) -> Result<Value, Failure> {
    let configuration_error = |message: String| Failure::new("ConfigurationError", message);
    let source = match (work.configuration.get("PrimarySource"), work.inputs.as_slice()) {
        (None, [only]) => only,
        (Some(name), inputs) => inputs
            .iter()
            .find(|artifact| artifact.name == *name)
            .ok_or_else(|| configuration_error(format!("PrimarySource `{name}` is not an input artifact")))?,
        (None, inputs) => {
            return Err(configuration_error(format!(
                "with {} input artifacts, PrimarySource must name one",
                inputs.len()
            )));
        }
    };
    let place = |artifact: &Artifact| format!("{}/{}", artifact.bucket, artifact.key);
    let made = |artifact: &Artifact| json!({"type": "S3", "location": artifact.bucket, "name": artifact.key, "packaging": "ZIP"});
    let others = work.inputs.iter().filter(|artifact| artifact.name != source.name);
    let others =
        others.map(|artifact| json!({"type": "S3", "location": place(artifact), "sourceIdentifier": artifact.name}));
    // One artifact is the build's own; of several each has its name in the build specification.
    let (artifact, artifacts) = match work.outputs.as_slice() {
        [] => (json!({"type": "NO_ARTIFACTS"}), Vec::new()),
        [only] => (made(only), Vec::new()),
        several => {
            let named = several.iter().map(|artifact| {
                let mut shown = made(artifact);
                shown["artifactIdentifier"] = artifact.name.as_str().into();
                shown
            });
            (json!({"type": "NO_ARTIFACTS"}), named.collect())
        }
    };
    let mut input = json!({
        "projectName": work.configured("ProjectName"),
        "sourceTypeOverride": "S3",
        "sourceLocationOverride": place(source),
        "secondarySourcesOverride": others.collect::<Vec<_>>(),
        "artifactsOverride": artifact,
        "secondaryArtifactsOverride": artifacts,
    });
    if let Some(revision) = &source.revision {
        input["sourceVersion"] = revision.as_str().into();
    }
    if let Some(text) = work.configuration.get("EnvironmentVariables") {
        input["environmentVariablesOverride"] = serde_json::from_str(text)
            .map_err(|error| configuration_error(format!("EnvironmentVariables is not JSON: {error}")))?;
    }
    Ok(input)
}

pub(super) fn exported(build: &Value) -> BTreeMap<String, String> {
    build["exportedEnvironmentVariables"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|variable| {
            let name = variable["name"].as_str()?;
            Some((name.to_owned(), variable["value"].as_str()?.to_owned()))
        })
        .collect()
}

/// What CodePipeline shows of a build that did not succeed: its status, and the phase that failed with its reason.
pub(super) fn reason(build: &Value) -> String {
    let status = build["buildStatus"].as_str().unwrap_or("unknown");
    let phase = build["phases"].as_array().into_iter().flatten().find(|phase| {
        phase["phaseStatus"]
            .as_str()
            .is_some_and(|status| status != "SUCCEEDED")
    });
    let Some(phase) = phase else {
        return format!("Build terminated with state: {status}");
    };
    let context = &phase["contexts"][0];
    format!(
        "Build terminated with state: {status}. Phase: {}, Code: {}, Message: {}",
        phase["phaseType"].as_str().unwrap_or("unknown"),
        context["statusCode"].as_str().unwrap_or("unknown"),
        context["message"].as_str().unwrap_or("none"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_build_says_in_which_phase_and_why() {
        let build = json!({
            "buildStatus": "FAILED",
            "phases": [
                {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED"},
                {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [
                    {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"},
                ]},
            ],
        });
        assert_eq!(
            reason(&build),
            "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: exit status 1"
        );
        assert_eq!(
            reason(&json!({"buildStatus": "STOPPED"})),
            "Build terminated with state: STOPPED"
        );
    }

    #[test]
    fn exported_variables_become_output_variables() {
        let build =
            json!({"exportedEnvironmentVariables": [{"name": "IMAGE_TAG", "value": "commit-1"}, {"name": "EMPTY"}]});
        assert_eq!(
            exported(&build),
            BTreeMap::from([("IMAGE_TAG".into(), "commit-1".into())])
        );
    }
}
