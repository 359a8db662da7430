//! `stepline run`: the pipeline, from Source to its last stage.

use super::asking::{self, Asked};
use super::execute;
use super::interrupt::interrupted;
use super::options::RunOptions;
use super::report;
use super::served;
use super::session::{self, Lasts, Session, Standing, Trouble, need_python};
use super::why::{self, Failed};
use crate::command;
use crate::display::{self, seconds};
use platform::journal::{Entry, Happening};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// What CodePipeline says to an answer to what is answered already.
const ALREADY_ANSWERED: [&str; 2] = ["ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"];
/// How long invocations that outlive the pipeline are waited for.
const SETTLING: Duration = Duration::from_secs(10);

pub(super) async fn run(options: RunOptions, standing: &Standing) -> Result<ExitCode, Trouble> {
    if options.ask && !std::io::stdin().is_terminal() {
        return Err(Trouble::Usage("--ask needs a terminal to ask on".into()));
    }
    let base = report::base(&options.report, &session::repository()?)?;
    let Played {
        session,
        run,
        execution,
        status,
        last,
    } = tokio::select! {
        played = play(&options, standing) => played?,
        // Without --keep, whoever called this sees to it.
        () = interrupted(), if options.keep => return Err(Trouble::Interrupted),
    };
    let succeeded = status == "Succeeded";
    // A report that cannot be written changes nothing of how the run ended: it is said behind the last line.
    let reported = match &run {
        Some((pipeline, id)) => report::write(&options.report, base.as_ref(), &session, (pipeline, id)).await,
        None => Ok(()),
    };
    let failed = match (&run, &execution) {
        _ if succeeded => None,
        (Some((pipeline, id)), _) => Some(Failed::Run(pipeline, id)),
        (None, execution) => execution.as_deref().map(Failed::Execution),
    };
    let lines = match failed {
        Some(failed) => why::lines(&session, failed, &last).await,
        None => Vec::new(),
    };
    if succeeded && let Some(url) = served::url(&session) {
        let until = if options.keep {
            "until Ctrl-C".to_owned()
        } else {
            let command = command::name();
            format!("until this command ends (--keep holds it, and `{command} up` serves it again)")
        };
        let ask = served::question(&session.cloud.root, url);
        let text = format!("the model is served at {url} {until}; to ask it: {ask}");
        session.cloud.journal.record(Happening::Note { text });
        if options.keep {
            interrupted().await;
        }
    }
    session.end_with(&lines, &last).await;
    reported?;
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A pipeline that was played to its end.
struct Played {
    session: Session,
    /// The pipeline and its execution; none where a state machine was run by itself.
    run: Option<(String, String)>,
    /// The execution of a state machine that was run by itself.
    execution: Option<String>,
    /// How it ended.
    status: String,
    /// The line that says so.
    last: String,
}

/// Deploys, and plays the pipeline to its end.
async fn play(options: &RunOptions, standing: &Standing) -> Result<Played, Trouble> {
    let common = &options.common;
    let containers = session::containers(common).await?;
    need_python(&containers)?;
    let session = Session::start(
        common,
        containers,
        session::LOOPBACK,
        common.display().quiet(),
        standing,
        Lasts::Yes,
    )
    .await?;
    if let Some(timeout) = options.job_timeout {
        session.cloud.pace.set_job_timeout(timeout);
    }
    if options.execution.state_machine.is_some() || session.deployment.pipelines().is_empty() {
        let ended = execute::execute(&session, &options.execution).await?;
        return Ok(Played {
            session,
            run: None,
            execution: ended.execution,
            status: if ended.succeeded { "Succeeded" } else { "Failed" }.to_owned(),
            last: ended.last,
        });
    }
    let pipeline = session.pipeline(options.pipeline.as_deref())?;
    let of_function = answered_by_function(&session, &pipeline).await?;
    let (id, status, reason, took) = until_it_ends(&session, &pipeline, &of_function, options.ask).await?;
    let last = match reason {
        Some(reason) => format!("{status}: pipeline {pipeline}, after {}: {reason}", seconds(took)),
        None => format!("{status}: pipeline {pipeline}, after {}", seconds(took)),
    };
    Ok(Played {
        session,
        run: Some((pipeline, id)),
        execution: None,
        status,
        last,
    })
}

/// Starts the pipeline and answers its approvals, until it ends: its execution, the status, the reason, and how long it
/// took.
async fn until_it_ends(
    session: &Session,
    pipeline: &str,
    of_function: &BTreeSet<(String, String)>,
    ask: bool,
) -> Result<(String, String, Option<String>, Duration), Trouble> {
    let mut journal = session.cloud.journal.follow();
    let mut followers = Followers::default();
    // As on AWS, making the pipeline started it.
    let started = session.cloud.codepipeline.start_first_executions(&session.cloud);
    let id = started.get(pipeline).ok_or_else(|| {
        Trouble::Other(format!(
            "the pipeline {pipeline} did not start by itself: it has a variable without a default"
        ))
    })?;
    let mut failed_tests = Vec::new();
    let ended = loop {
        let happening = next(&mut journal).await?;
        followers.see(&happening);
        match happening {
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
            } => {
                let (stage, action, token) = (&*stage, &*action, &*token);
                decide(session, pipeline, Asked { stage, action, token }, ask).await?;
            }
            _ => {}
        }
    };
    // The pipeline's own rules may have started what is not done yet: functions, and what records an answer.
    let settled = async {
        while !followers.are_done() {
            followers.see(&next(&mut journal).await?);
        }
        session.cloud.lambda.settled().await;
        Ok::<(), Trouble>(())
    };
    let _ = tokio::time::timeout(SETTLING, settled).await;
    let (status, reason, took) = ended;
    // CodePipeline says of a build only which command failed.
    let tests = display::failed_tests(&failed_tests).filter(|_| status == "Failed");
    let reason: Vec<String> = reason.into_iter().chain(tests).collect();
    let reason = (!reason.is_empty()).then(|| reason.join(": "));
    Ok((id.clone(), status, reason, took))
}

/// Has an approval decided: by whom was asked for, or by the local run itself.
async fn decide(session: &Session, pipeline: &str, asked: Asked<'_>, ask: bool) -> Result<(), Trouble> {
    let decided = match ask {
        true => asking::ask(session, asked).await?,
        false => Some(("Approved", "Approved by the local run".to_owned())),
    };
    // Nothing is left to be said where the page has answered.
    match decided {
        Some((status, summary)) => answer(session, pipeline, asked, (status, &summary)).await,
        None => Ok(()),
    }
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

/// The state machines that rules have started, by how many of their executions have not ended yet.
#[derive(Default)]
struct Followers(BTreeMap<String, usize>);

impl Followers {
    fn see(&mut self, happening: &Happening) {
        match happening {
            Happening::RuleMatched { target, .. } => {
                if let Some((_, machine)) = target.split_once(":stateMachine:") {
                    *self.0.entry(machine.to_owned()).or_default() += 1;
                }
            }
            Happening::ExecutionEnded { execution_arn, .. } => {
                let machine = execution_arn.split(':').nth(6).unwrap_or_default();
                if let Some(left) = self.0.get_mut(machine) {
                    *left = left.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    fn are_done(&self) -> bool {
        self.0.values().all(|left| *left == 0)
    }
}

/// Answers an approval.
async fn answer(
    session: &Session,
    pipeline: &str,
    asked: Asked<'_>,
    (status, summary): (&str, &str),
) -> Result<(), Trouble> {
    let input = json!({
        "pipelineName": pipeline,
        "stageName": asked.stage,
        "actionName": asked.action,
        "token": asked.token,
        "result": {"status": status, "summary": summary},
    });
    match session.call("codepipeline", "PutApprovalResult", input).await {
        // Somebody was quicker, on the page.
        Err(Trouble::Service(error)) if ALREADY_ANSWERED.contains(&&*error.code) => Ok(()),
        answered => answered.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_have_started_is_waited_for() {
        let target = "arn:aws:states:us-east-1:123456789012:stateMachine:record";
        let matched = |target: &str| Happening::RuleMatched {
            rule: "rule".into(),
            target: target.into(),
            detail_type: "type".into(),
        };
        let ended = |machine: &str| Happening::ExecutionEnded {
            execution_arn: format!("arn:aws:states:us-east-1:123456789012:execution:{machine}:name"),
            status: "SUCCEEDED".into(),
            error: None,
            cause: None,
            took: Duration::ZERO,
        };
        let mut followers = Followers::default();
        for (happening, are_done) in [
            (ended("ml-pipeline"), true),
            (matched("arn:aws:lambda:us-east-1:123456789012:function:f"), true),
            (matched(target), false),
            (ended("ml-pipeline"), false),
            (ended("record"), true),
        ] {
            followers.see(&happening);
            assert_eq!(followers.are_done(), are_done, "{happening:?}");
        }
    }
}
