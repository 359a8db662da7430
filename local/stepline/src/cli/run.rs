//! `stepline run`: the pipeline, from Source to its last stage.

use super::asking::{self, Asked};
use super::execute;
use super::interrupt::interrupted;
use super::options::RunOptions;
use super::part;
use super::report;
use super::served;
use super::session::{self, Lasts, Session, Standing, Trouble, need_python};
use super::why::{self, Failed};
use crate::command;
use crate::display::{self, seconds};
use platform::journal::{Follower, Happening, Unheard};
use serde_json::{Value, json};
use states_language::STOPPED_AFTER_STATE;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

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
        stopped,
        has_played,
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
        _ if succeeded || stopped.is_some() => None,
        (Some((pipeline, id)), _) => Some(Failed::Run(pipeline, id)),
        (None, execution) => execution.as_deref().map(Failed::Execution),
    };
    let lines = match failed {
        Some(failed) => why::lines(&session, failed, &last).await,
        None => Vec::new(),
    };
    if let Some((execution, until)) = stopped.as_deref().zip(options.part.until.as_deref()) {
        part::say_how_to_go_on(&session, execution, until).await?;
    }
    let is_held = options.part.held;
    if succeeded && let Some(url) = served::url(&session) {
        say_served(&session, url, &options);
        if options.keep && !is_held {
            interrupted().await;
        }
    }
    match is_held {
        true => session.hold_with(&lines, &last).await,
        false => session.end_with(&lines, &last).await,
    }
    reported?;
    // Whoever holds it asks whether the changes were played, not how it went.
    let is_well = if is_held {
        has_played
    } else {
        succeeded || stopped.is_some()
    };
    Ok(match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Says where the model is served, how long, and how to ask it.
fn say_served(session: &Session, url: &str, options: &RunOptions) {
    let until = if options.part.held {
        "until the next change".to_owned()
    } else if options.keep {
        "until Ctrl-C".to_owned()
    } else {
        let command = command::name();
        format!("until this command ends (--keep holds it, and `{command} up` serves it again)")
    };
    let ask = served::question(&session.cloud.root, url);
    let text = format!("the model is served at {url} {until}; to ask it: {ask}");
    session.cloud.journal.record(Happening::Note { text });
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
    /// The execution that was stopped after the state that was asked for.
    stopped: Option<String>,
    /// Whether an execution of a state machine came to its end.
    has_played: bool,
}

/// Deploys, and plays the pipeline to its end.
async fn play(options: &RunOptions, standing: &Standing) -> Result<Played, Trouble> {
    let common = &options.common;
    let containers = session::containers(common).await?;
    need_python(&containers)?;
    let session = Session::deployed(
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
    let named = options.execution.state_machine.as_deref();
    let machine = match named.is_some() || session.deployment.pipelines().is_empty() {
        true => Some(execute::machine(&session, named)?),
        false => None,
    };
    if machine.is_some() || options.part.after_change.is_some() {
        session.build_functions().await?;
    }
    let part = part::prepare(&session, &options.part, machine.as_deref()).await?;
    if let Some(machine) = part.alone {
        let ended = execute::execute(&session, machine, options.execution.input.as_deref(), part.input).await?;
        return Ok(Played {
            session,
            run: None,
            stopped: ended.execution.clone().filter(|_| ended.status == "Stopped"),
            execution: ended.execution,
            status: ended.status.to_owned(),
            last: ended.last,
            has_played: true,
        });
    }
    let pipeline = session.pipeline(options.pipeline.as_deref())?;
    let of_function = answered_by_function(&session, &pipeline).await?;
    let ended = until_it_ends(&session, &pipeline, &of_function, options.ask);
    let ended = while_functions_are_built(&session, ended).await?;
    let took = seconds(ended.took);
    let last = match (&options.part.until, &ended.reason) {
        (Some(until), _) if ended.stopped.is_some() => {
            format!("Stopped: pipeline {pipeline}, after {took}: the state `{until}` has succeeded, as --until asks")
        }
        (_, Some(reason)) => format!("{}: pipeline {pipeline}, after {took}: {reason}", ended.status),
        (_, None) => format!("{}: pipeline {pipeline}, after {took}", ended.status),
    };
    Ok(Played {
        session,
        run: Some((pipeline, ended.id)),
        execution: None,
        status: ended.status,
        last,
        stopped: ended.stopped,
        has_played: ended.has_played,
    })
}

/// Has the pipeline begin while cargo builds its functions: its first stages need none, and an invocation waits for its own.
async fn while_functions_are_built<T>(
    session: &Session,
    played: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let mut played = pin!(played);
    tokio::select! {
        biased;
        built = session.build_functions() => built?,
        played = &mut played => return played,
    }
    played.await
}

/// An execution of a pipeline that has ended.
struct PipelineEnded {
    id: String,
    status: String,
    reason: Option<String>,
    took: Duration,
    stopped: Option<String>,
    has_played: bool,
}

/// Starts the pipeline and answers its approvals, until it ends.
async fn until_it_ends(
    session: &Session,
    pipeline: &str,
    of_function: &BTreeSet<(String, String)>,
    ask: bool,
) -> Result<PipelineEnded, Trouble> {
    let mut journal = session.cloud.journal.follow();
    let mut followers = Followers::default();
    let id = first_execution(session, pipeline)?;
    let mut failed_tests = Vec::new();
    let (mut stopped, mut has_played) = (None, false);
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
            } if execution_id == id => break (status, reason, took),
            Happening::ExecutionEnded {
                execution_arn, error, ..
            } => {
                has_played = true;
                if error.as_deref() == Some(STOPPED_AFTER_STATE) {
                    stop(session, pipeline, &id).await?;
                    stopped = Some(execution_arn);
                }
            }
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
    settle(session, followers, journal).await;
    let (status, reason, took) = ended;
    // CodePipeline says of a build only which command failed.
    let tests = display::failed_tests(&failed_tests).filter(|_| status == "Failed");
    Ok(PipelineEnded {
        id,
        reason: joined(reason.into_iter().chain(tests)),
        status,
        took,
        stopped,
        has_played,
    })
}

/// The execution that the pipeline began with: as on AWS, making it started it.
fn first_execution(session: &Session, pipeline: &str) -> Result<String, Trouble> {
    let mut started = session.cloud.codepipeline.start_first_executions(&session.cloud);
    started.remove(pipeline).ok_or_else(|| {
        Trouble::Other(format!(
            "the pipeline {pipeline} did not start by itself: it has a variable without a default"
        ))
    })
}

/// Reasons in one line, if there are any.
fn joined(reasons: impl Iterator<Item = String>) -> Option<String> {
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| reasons.join(": "))
}

/// Waits for what the pipeline's own rules have started and is not done yet: functions, and what records an answer.
async fn settle(session: &Session, mut followers: Followers, mut journal: Follower) {
    let settled = async {
        while !followers.are_done() {
            followers.see(&next(&mut journal).await?);
        }
        session.cloud.lambda.settled().await;
        Ok::<(), Trouble>(())
    };
    let too_long = async {
        // The time of a function begins when it is built.
        session.cloud.lambda.built().await;
        tokio::time::sleep(SETTLING).await;
    };
    tokio::select! {
        biased;
        _ = settled => {}
        () = too_long => {}
    }
}

/// Stops an execution of a pipeline whose state machine was stopped where somebody asked for it.
async fn stop(session: &Session, pipeline: &str, id: &str) -> Result<(), Trouble> {
    let input = json!({"pipelineName": pipeline, "pipelineExecutionId": id, "abandon": true});
    match session.call("codepipeline", "StopPipelineExecution", input).await {
        // It has ended by itself in the meantime.
        Err(Trouble::Service(error)) if error.code == "PipelineExecutionNotStoppableException" => Ok(()),
        stopped => stopped.map(|_| ()),
    }
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

async fn next(journal: &mut Follower) -> Result<Happening, Trouble> {
    loop {
        match journal.recv().await {
            Ok(entry) => return Ok(entry.happening),
            // What was missed here is noise of a build: a pipeline says little, and the channel is long.
            Err(Unheard::Lagged(_)) => {}
            Err(Unheard::Closed) => return Err(Trouble::Other("the journal is closed".into())),
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
