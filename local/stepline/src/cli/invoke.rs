//! `stepline invoke`: one function, one event.

use super::Common;
use super::session::{self, Session, Standing, Trouble};
use crate::cloud::Cloud;
use crate::journal::Happening;
use crate::principal::Principal;
use crate::services::codepipeline::Answer;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::oneshot;

pub(super) async fn invoke(
    function: &str,
    event: &Path,
    common: Common,
    standing: &Standing,
) -> Result<ExitCode, Trouble> {
    let event = read(event)?;
    let is_json = common.json;
    let containers = session::containers(&common).await?;
    let session = Session::start(&common, containers, 0, super::display(&common), standing).await?;
    let own = session.deployment.references("AWS::Lambda::Function");
    let mut known = session.cloud.lambda.names();
    // Those of an environment that this one rehearses in are there too.
    known.retain(|(name, _)| own.contains(&name.as_str()));
    let Some((name, _)) = known
        .iter()
        .find(|(name, binary)| name == function || binary == function)
    else {
        let binaries: Vec<&str> = known.iter().map(|(_, binary)| binary.as_str()).collect();
        return Err(Trouble::Usage(format!(
            "there is no function `{function}`: the templates have {}",
            binaries.join(", ")
        )));
    };
    let mut answer = job(&session.cloud, &event).await?;
    let output = session
        .call("lambda", "Invoke", json!({"FunctionName": name, "Payload": event}))
        .await?;
    if !is_json {
        let text = format!("{name} returned {:#}", output["Payload"]);
        session.cloud.journal.record(Happening::Note { text });
    }
    let mut code = ExitCode::SUCCESS;
    let mut last = format!("Succeeded: {name} handled the event");
    if output.get("FunctionError").is_some() {
        code = ExitCode::FAILURE;
        let error = &output["Payload"];
        last = format!(
            "Failed: {name}: {}: {}",
            error["errorType"].as_str().unwrap_or("unknown error"),
            error["errorMessage"].as_str().unwrap_or_default()
        );
    } else if let Some(answer) = &mut answer {
        match answer.try_recv() {
            Ok(Answer::Continuation(_)) => last.push_str(", and its job goes on"),
            Ok(Answer::Success(_)) => last.push_str(", and its job succeeded"),
            Ok(Answer::Failure(failure)) => {
                last = format!(
                    "Succeeded: {name} handled the event, and failed its job with {}: {}",
                    failure.kind, failure.message
                );
            }
            Err(_) => {
                code = ExitCode::FAILURE;
                last = format!("Failed: {name} did not answer its job");
            }
        }
    }
    session.end(&last).await;
    Ok(code)
}

fn read(path: &Path) -> Result<Value, Trouble> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Trouble::Usage(format!("cannot read the event `{}`: {error}", path.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| Trouble::Usage(format!("the event `{}` is not JSON: {error}", path.display())))
}

/// Opens the job that a CodePipeline event names, and puts the working tree where it says that its artifacts are, so
/// that the function can answer and read as it would within a pipeline.
async fn job(cloud: &Arc<Cloud>, event: &Value) -> Result<Option<oneshot::Receiver<Answer>>, Trouble> {
    let job = &event["CodePipeline.job"];
    let Some(id) = job["id"].as_str() else {
        return Ok(None);
    };
    let administrator = Principal::Administrator;
    for artifact in job["data"]["inputArtifacts"].as_array().into_iter().flatten() {
        let location = &artifact["location"]["s3Location"];
        if let (Some(bucket), Some(key)) = (location["bucketName"].as_str(), location["objectKey"].as_str()) {
            // The templates may have made the bucket already.
            let _ = cloud.s3.create_bucket(cloud, &administrator, bucket);
            let zip = cloud.codepipeline.source_zip(cloud).await.map_err(Trouble::Other)?;
            cloud.s3.put_object(cloud, &administrator, bucket, key, zip)?;
        }
    }
    for artifact in job["data"]["outputArtifacts"].as_array().into_iter().flatten() {
        if let Some(bucket) = artifact["location"]["s3Location"]["bucketName"].as_str() {
            let _ = cloud.s3.create_bucket(cloud, &administrator, bucket);
        }
    }
    Ok(Some(cloud.codepipeline.open_job(id)))
}
