//! `stepline invoke`: one function, one event.

use super::options::Common;
use super::session::{self, Lasts, Session, Standing, Trouble};
use crate::samples;
use platform::journal::Happening;
use serde_json::{Value, json};
use services::codepipeline::Answer;
use std::path::Path;
use std::process::ExitCode;
use tokio::sync::oneshot;

pub(super) async fn invoke(
    function: &str,
    event: &Path,
    common: Common,
    standing: &Standing,
) -> Result<ExitCode, Trouble> {
    let event = samples::read_one(event.to_owned())?;
    let is_json = common.json;
    let containers = session::containers(&common).await?;
    // With what the sample events speak of: in an account of its own.
    let display = common.display();
    let session = Session::start(&common, containers, session::LOOPBACK, display, standing, Lasts::No).await?;
    let name = &named(&session, function)?;
    let answer = samples::provide(&session.cloud, &event).await?;
    let output = session
        .call("lambda", "Invoke", json!({"FunctionName": name, "Payload": event}))
        .await?;
    if !is_json {
        let text = format!("{name} returned {:#}", output["Payload"]);
        session.cloud.journal.record(Happening::Note { text });
    }
    let (code, last) = outcome(name, &output, answer);
    session.end(&last).await;
    Ok(code)
}

/// The function's name, from what somebody calls it: its name, its logical id in a template, or its binary.
fn named(session: &Session, function: &str) -> Result<String, Trouble> {
    let own = session.deployment.references("AWS::Lambda::Function");
    let mut known = session.cloud.lambda.names();
    // Those of an environment that this one rehearses in are there too.
    known.retain(|(name, _)| own.contains(&name.as_str()));
    let resources = session.deployment.own().flat_map(|stack| &stack.resources);
    let logical = resources
        .filter(|(id, (kind, _))| *id == function && kind == "AWS::Lambda::Function")
        .find_map(|(_, (_, made))| made.reference.as_str());
    let is_meant = |(name, binary): &&(String, Option<String>)| {
        name == function || binary.as_deref() == Some(function) || logical == Some(name)
    };
    if let Some((name, _)) = known.iter().find(is_meant) {
        return Ok(name.clone());
    }
    let names = known
        .iter()
        .map(|(name, binary)| binary.as_ref().unwrap_or(name).as_str());
    Err(Trouble::Usage(format!(
        "there is no function `{function}`: the templates have {}",
        names.collect::<Vec<_>>().join(", ")
    )))
}

/// The exit code and the last line, from what Lambda answered and what came for the job, where the event was one.
fn outcome(name: &str, output: &Value, job: Option<oneshot::Receiver<Answer>>) -> (ExitCode, String) {
    if output.get("FunctionError").is_some() {
        let error = &output["Payload"];
        let kind = error["errorType"].as_str().unwrap_or("unknown error");
        let message = error["errorMessage"].as_str().unwrap_or_default();
        return (ExitCode::FAILURE, format!("Failed: {name}: {kind}: {message}"));
    }
    let handled = format!("Succeeded: {name} handled the event");
    let Some(mut job) = job else {
        return (ExitCode::SUCCESS, handled);
    };
    let what = match job.try_recv() {
        Ok(Answer::Continuation(_)) => "its job goes on".to_owned(),
        Ok(Answer::Success(_)) => "its job succeeded".to_owned(),
        Ok(Answer::Failure(failure)) => format!("failed its job with {}: {}", failure.kind, failure.message),
        Err(_) => return (ExitCode::FAILURE, format!("Failed: {name} did not answer its job")),
    };
    (ExitCode::SUCCESS, format!("{handled}, and {what}"))
}
