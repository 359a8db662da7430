//! `stepline run`: the pipeline, from Source to Execute.

use super::options::RunOptions;
use super::session::{self, Session, Standing, Trouble, need_python};
use crate::display::{self, seconds};
use platform::journal::{Entry, Happening};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How long invocations that outlive the pipeline are waited for.
const SETTLING: Duration = Duration::from_secs(10);

pub(super) async fn run(options: RunOptions, standing: &Standing) -> Result<ExitCode, Trouble> {
    if options.ask && !std::io::stdin().is_terminal() {
        return Err(Trouble::Usage("--ask needs a terminal to ask on".into()));
    }
    let common = &options.common;
    let containers = session::containers(common).await?;
    need_python(&containers)?;
    let session = Session::start(
        common,
        containers,
        session::LOOPBACK,
        common.display().quiet(),
        standing,
    )
    .await?;
    if let Some(timeout) = options.job_timeout {
        session.cloud.pace.set_job_timeout(timeout);
    }
    let pipeline = session.pipeline()?;
    let of_function = answered_by_function(&session, &pipeline).await?;
    let mut journal = session.cloud.journal.follow();
    // As on AWS, making the pipeline started it.
    let started = session.cloud.codepipeline.start_first_executions(&session.cloud);
    let id = started.get(&pipeline).ok_or_else(|| {
        Trouble::Other(format!(
            "the pipeline {pipeline} did not start by itself: it has a variable without a default"
        ))
    })?;
    let mut failed_tests = Vec::new();
    let (status, reason, took) = loop {
        match next(&mut journal).await? {
            Happening::PipelineEnded {
                execution_id,
                status,
                reason,
                took,
                ..
            } if execution_id == *id => break (status, reason, took),
            Happening::Report { failures, .. } => failed_tests.extend(failures),
            Happening::ApprovalAsked { stage, action, .. }
                if of_function.contains(&(stage.clone(), action.clone())) => {}
            Happening::ApprovalAsked {
                stage, action, token, ..
            } => decide(&session, &pipeline, (&stage, &action, &token), options.ask).await?,
            _ => {}
        }
    };
    // The pipeline's own rules may have called functions that are not done yet.
    let _ = tokio::time::timeout(SETTLING, session.cloud.lambda.settled()).await;
    let said = format!("{status}: pipeline {pipeline}, after {}", seconds(took));
    // CodePipeline says of a build only which command failed.
    let tests = display::failed_tests(&failed_tests).filter(|_| status == "Failed");
    let last: Vec<String> = [Some(said), reason, tests].into_iter().flatten().collect();
    session.end(&last.join(": ")).await;
    Ok(if status == "Succeeded" {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn next(journal: &mut Receiver<Entry>) -> Result<Happening, Trouble> {
    loop {
        match journal.recv().await {
            Ok(entry) => return Ok(entry.happening),
            // What was missed here is noise of a build: a pipeline says little, and the channel is long.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(Trouble::Other("the journal is closed".into())),
        }
    }
}

/// The approvals that the pipeline's function answers by itself, by stage and action: those that user parameters name.
async fn answered_by_function(session: &Session, pipeline: &str) -> Result<BTreeSet<(String, String)>, Trouble> {
    let declared = session
        .call("codepipeline", "GetPipeline", json!({"name": pipeline}))
        .await?;
    let stages = declared["pipeline"]["stages"].as_array().into_iter().flatten();
    let actions = stages.flat_map(|stage| stage["actions"].as_array().into_iter().flatten());
    let approval = |action: &Value| {
        let given = action["configuration"]["UserParameters"].as_str()?;
        let given: Value = serde_json::from_str(given).ok()?;
        let name = |field: &str| given["approval"][field].as_str().map(str::to_owned);
        Some((name("stage")?, name("action")?))
    };
    Ok(actions.filter_map(approval).collect())
}

/// Approves, or asks whether to.
async fn decide(
    session: &Session,
    pipeline: &str,
    (stage, action, token): (&str, &str, &str),
    ask: bool,
) -> Result<(), Trouble> {
    let approved = !ask || asked(action).await?;
    let summary = if ask {
        "Decided at the terminal"
    } else {
        "Approved by the local run"
    };
    session
        .call(
            "codepipeline",
            "PutApprovalResult",
            json!({
                "pipelineName": pipeline,
                "stageName": stage,
                "actionName": action,
                "token": token,
                "result": {"status": if approved { "Approved" } else { "Rejected" }, "summary": summary},
            }),
        )
        .await?;
    Ok(())
}

async fn asked(action: &str) -> Result<bool, Trouble> {
    eprint!("{action}: go on? [y/N] ");
    // Without the prompt the question is only less polite.
    let _ = std::io::stderr().flush();
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = answer
        .await
        .map_err(|error| Trouble::Other(error.to_string()))?
        .map_err(|error| Trouble::Other(format!("cannot read the answer: {error}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
