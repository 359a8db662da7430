//! `stepline invoke`: one function, one event.

use super::options::Common;
use super::session::{self, Session, Standing, Trouble};
use crate::samples;
use platform::journal::Happening;
use serde_json::json;
use services::codepipeline::Answer;
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn invoke(
    function: &str,
    event: &Path,
    common: Common,
    standing: &Standing,
) -> Result<ExitCode, Trouble> {
    let event = samples::read_one(event.to_owned())?;
    let is_json = common.json;
    let containers = session::containers(&common).await?;
    let session = Session::start(&common, containers, session::LOOPBACK, common.display(), standing).await?;
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
    let mut answer = samples::provide(&session.cloud, &event).await?;
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
