//! Reads what a view of a run or of an execution shows.

mod place;

use crate::account::{Action, Execution, Gone, Job, Known, Run, Stream};
use crate::served::Served;
use crate::trace::{Trace, Visit};
use crate::views::{Failure, Logged, Selection, Shown, Told};
use serde_json::{Value, json};
use state_graph::Chart;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How many runs the list at the left has.
pub(crate) const RECENT: usize = 30;
/// The most characters of what mattered in a run.
const MATTER: usize = 90;
/// The most lines of a log that are shown at once.
const LINES: usize = 500;
/// How many states back a job is looked for whose log may say why a later state failed.
const LOOKED_BACK: usize = 20;
/// The most events of one visit that are shown.
const EVENTS_OF_VISIT: usize = 200;

/// The newest runs, with what is told of each.
pub(crate) async fn recent(served: &Served) -> Vec<Told> {
    let mut told = Vec::new();
    for mut run in served
        .reader
        .runs(RECENT)
        .await
        .unwrap_or_default()
        .into_iter()
        .take(RECENT)
    {
        run.actions = served.reader.actions(&run.pipeline, &run.id).await.unwrap_or_default();
        told.push(tell(served, run).await);
    }
    told
}

/// What is told of a run at a glance.
pub(crate) async fn tell(served: &Served, run: Run) -> Told {
    let variable = |name: &str| {
        run.variable(name)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Told {
        commit: variable("CommitId"),
        message: variable("CommitMessage"),
        author: variable("AuthorDisplayName"),
        matter: matter(served, &run).await,
        run,
    }
}

/// What mattered: why it failed, or what the registry says of its model.
async fn matter(served: &Served, run: &Run) -> String {
    if let Some(failed) = run.failed().filter(|_| !run.is_open()) {
        return in_short(failed);
    }
    let Some(arn) = run.variable("ModelPackageArn") else {
        return String::new();
    };
    let input = json!({"ModelPackageName": arn});
    let package = served.reader.look("sagemaker", "DescribeModelPackage", input).await;
    package
        .ok()
        .and_then(|package| package["ModelPackageDescription"].as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Why an action failed, in a few words.
fn in_short(failed: &Action) -> String {
    let summary = failed.summary().lines().next().unwrap_or_default();
    // Of a state machine's failure the error and its cause are enough.
    let of_state = summary.split_once("failed with `").and_then(|(_, rest)| {
        let (error, rest) = rest.split_once('`')?;
        Some(format!("{error}: {}", rest.split_once(": ")?.1))
    });
    let said = of_state.unwrap_or_else(|| format!("{}: {summary}", failed.name));
    match said.char_indices().nth(MATTER) {
        Some((end, _)) => format!("{}…", said[..end].trim_end()),
        None => said,
    }
}

/// The executions that a run has started: they are named after it, or an action of it says which one it is.
pub(crate) async fn executions_of(served: &Served, run: &Run) -> Vec<Execution> {
    let is_of_action = |execution: &Execution| {
        let mut actions = run.actions.iter();
        actions.any(|action| action.external_id() == execution.arn)
    };
    let mut found = Vec::new();
    for machine in served.reader.machines().await.unwrap_or_default() {
        let listed = served.reader.executions(&machine, 1000).await.unwrap_or_default();
        found.extend(
            listed
                .into_iter()
                .filter(|execution| execution.name.starts_with(&run.id) || is_of_action(execution)),
        );
    }
    found.sort_by_key(|execution| execution.started);
    found
}

/// The execution of a run that matters: the one that is selected, runs, or made the run fail, or else the first one. What
/// was tried again counts as it was the last time.
pub(crate) fn that_matters<'a>(run: &Run, executions: &'a [Execution], selection: &Selection) -> Option<&'a Execution> {
    let asked = selection.get("execution");
    if let Some(chosen) = executions.iter().find(|execution| execution.arn == asked) {
        return Some(chosen);
    }
    let mut machines = BTreeSet::new();
    let newest = executions.iter().rev().filter(|it| machines.insert(&*it.machine));
    let newest: Vec<&Execution> = newest.collect();
    let failed = |it: &&&Execution| run.status == "Failed" && it.status != "SUCCEEDED";
    let open = newest.iter().find(|execution| execution.is_open());
    let first = newest.last();
    open.or_else(|| newest.iter().find(failed)).or(first).copied()
}

/// An execution, and what is looked at in it.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) execution: Execution,
    pub(crate) known: Arc<Mutex<Known>>,
    pub(crate) definition: String,
    pub(crate) chart: Option<Chart>,
    pub(crate) state: Option<String>,
    pub(crate) events: Vec<Value>,
    pub(crate) job: Option<Job>,
    pub(crate) failure: Option<Failure>,
    pub(crate) streams: Vec<Stream>,
}

impl Gathered {
    /// What is drawn of it.
    pub(crate) fn shown<'a>(&'a self, trace: &'a Trace, path: &'a [&'a str], selection: &'a Selection) -> Shown<'a> {
        Shown {
            execution: &self.execution,
            trace,
            chart: self.chart.as_ref(),
            definition: &self.definition,
            path,
            selection,
            state: self.state.as_deref(),
            events: &self.events,
            job: self.job.as_ref(),
            failure: self.failure.as_ref(),
        }
    }
}

/// Reads an execution.
pub(crate) async fn gather(served: &Served, arn: &str, selection: &Selection) -> Result<Gathered, Gone> {
    let execution = served.reader.execution(arn).await?;
    let definition = served.reader.definition(arn).await?;
    let known = served.executions.trace(&served.reader, arn).await?;
    let reading = known.lock().await;
    let trace = &reading.trace;
    let state = state_of(trace, &execution, selection);
    let chart = Chart::read(&definition).ok();
    let mut gathered = Gathered {
        failure: failure_of(served, trace, &execution, chart.as_ref()),
        chart,
        execution,
        definition,
        known: known.clone(),
        state,
        events: Vec::new(),
        job: None,
        streams: Vec::new(),
    };
    let chosen = selection.iterations();
    if let Some(state) = &gathered.state
        && let Some((_, visit)) = trace.looked_at(state, &chosen, selection.number("visit"))
    {
        gathered.events = events_of(served, arn, &visit.events).await?;
        (gathered.job, gathered.streams) = behind(served, visit).await;
        if gathered.streams.is_empty() && visit.has_failed() {
            // A state that only says that it failed: what ran before it has the log.
            let before = trace
                .visits
                .iter()
                .rev()
                .filter(|it| it.entered < visit.entered && trace.is_shown(it, &chosen));
            for visit in before.take(LOOKED_BACK) {
                let (job, streams) = behind(served, visit).await;
                if job.is_some() {
                    gathered.streams = streams;
                    break;
                }
            }
        }
    }
    drop(reading);
    Ok(gathered)
}

/// The events of a visit, as the history has them.
async fn events_of(served: &Served, arn: &str, wanted: &[u64]) -> Result<Vec<Value>, Gone> {
    let wanted = wanted.get(..EVENTS_OF_VISIT).unwrap_or(wanted);
    let mut found: Vec<Value> = Vec::new();
    // Those of a Map lie far apart, with those of its iterations between them.
    while let (Some(first), Some(last)) = (wanted.get(found.len()), wanted.last()) {
        let from = usize::try_from(first.saturating_sub(1)).unwrap_or_default();
        let most = usize::try_from(last - first + 1).unwrap_or(1);
        let read = served.reader.events(arn, from, most).await?;
        let before = found.len();
        found.extend(
            read.into_iter()
                .filter(|event| event["id"].as_u64().is_some_and(|id| wanted.contains(&id))),
        );
        if found.len() == before {
            break;
        }
    }
    Ok(found)
}

/// The state that is looked at: the one that is selected, the one that failed, or the one that runs.
fn state_of(trace: &Trace, execution: &Execution, selection: &Selection) -> Option<String> {
    let asked = selection.get("state");
    if !asked.is_empty() {
        return (asked != "-").then(|| asked.to_owned());
    }
    if let Some(culprit) = trace.culprit {
        return Some(trace.visits[culprit].state.to_string());
    }
    let running = trace.visits.iter().rev().find(|visit| visit.is_open());
    running
        .filter(|_| execution.is_open())
        .map(|visit| visit.state.to_string())
}

/// The job behind a visit, and the log streams of what it did.
async fn behind(served: &Served, visit: &crate::trace::Visit) -> (Option<Job>, Vec<Stream>) {
    let Some(attempt) = visit.attempts.last() else {
        return (None, Vec::new());
    };
    let parameters = attempt.parameters.as_deref().unwrap_or_default();
    let parameters: Value = serde_json::from_str(parameters).unwrap_or_default();
    if let Some((kind, name)) = Job::made_by(&parameters) {
        let job = served.reader.job(kind, &name).await.ok();
        return (job, served.reader.streams_of_job(kind, &name).await);
    }
    if let Some(function) = parameters["FunctionName"].as_str() {
        let name = function.split(":function:").last().unwrap_or(function);
        let name = name.split(':').next().unwrap_or(name);
        let group = format!("/aws/lambda/{name}");
        let at = attempt.to.unwrap_or(attempt.from);
        return (None, served.reader.streams_at(&group, at).await);
    }
    (None, Vec::new())
}

/// Why an execution failed, if it did.
fn failure_of(served: &Served, trace: &Trace, execution: &Execution, chart: Option<&Chart>) -> Option<Failure> {
    if execution.is_open() || execution.status == "SUCCEEDED" {
        return None;
    }
    let culprit = trace.culprit.map(|number| &trace.visits[number]);
    let own = |name: &str| execution.raw[name].as_str().unwrap_or_default().to_owned();
    let of_state = |text: Option<&Arc<str>>, name: &str| text.map_or_else(|| own(name), |text| text.to_string());
    let error = of_state(culprit.and_then(|visit| visit.error.as_ref()), "error");
    let cause = of_state(culprit.and_then(|visit| visit.cause.as_ref()), "cause");
    let cause = match culprit.filter(|_| cause.is_empty() || cause == error) {
        Some(culprit) => caught_before(trace, culprit).unwrap_or(cause),
        None => cause,
    };
    Some(Failure {
        what: culprit.map_or_else(|| execution.machine.clone(), |visit| visit.state.to_string()),
        place: chart
            .zip(culprit)
            .and_then(|(chart, visit)| place::of_state(&served.definitions, chart, &visit.state)),
        statement: place::statement_for(&served.happened.entries(&served.reader), &cause),
        error,
        cause: spoken(&cause),
    })
}

/// The error that was caught last before a state that only says that it failed: what led there.
fn caught_before(trace: &Trace, culprit: &Visit) -> Option<String> {
    let mut before = trace.visits.iter().rev();
    let caught = before.find(|visit| visit.entered < culprit.entered && visit.error.is_some())?;
    let said = [Some(&caught.state), caught.error.as_ref(), caught.cause.as_ref()];
    let said = said.into_iter().flatten().map(|text| spoken(text));
    Some(format!("after {}", said.collect::<Vec<_>>().join(": ")))
}

/// What a cause says: the message in it, where it is JSON of a service.
fn spoken(cause: &str) -> String {
    let read: Value = serde_json::from_str(cause).unwrap_or_default();
    for member in [
        "errorMessage",
        "ErrorMessage",
        "FailureReason",
        "ExitMessage",
        "Cause",
        "message",
    ] {
        if let Some(said) = read[member].as_str() {
            return said.to_owned();
        }
    }
    cause.to_owned()
}

/// Why a run failed, where that was not in an execution of a state machine.
pub(crate) fn failure_of_run(action: &Action) -> Failure {
    let code = action.raw["output"]["executionResult"]["errorDetails"]["code"].as_str();
    Failure {
        what: format!("{} / {}", action.stage, action.name),
        error: code.unwrap_or_default().to_owned(),
        cause: action.summary().to_owned(),
        place: None,
        statement: None,
    }
}

/// The log of an action: that of its build.
pub(crate) fn streams_of_action(action: &Action) -> Vec<Stream> {
    match &*action.provider {
        "CodeBuild" => Stream::of_build(action.external_id()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The lines of the first stream that is there.
pub(crate) async fn logged(served: &Served, streams: Vec<Stream>, selection: &Selection) -> Logged {
    let lines = match streams.first() {
        Some(stream) => served.reader.lines(stream, selection.get("filter"), LINES).await,
        None => Ok(crate::account::Lines::default()),
    };
    Logged {
        streams,
        lines: lines.unwrap_or_default(),
    }
}
