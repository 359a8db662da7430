//! Why a run failed, in a few words: for the end of what a command prints.

use super::asked::NotReported;
use crate::account::{Gone, Stream};
use crate::gather::{executions_of, failure_of_run, gather, streams_of_action, tell, that_matters};
use crate::served::{Page, Served};
use crate::views::{Failure, Selection, Told};
use crate::words::Language;

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The state or the action that failed.
    pub what: String,
    /// The error's name, such as `States.TaskFailed`; empty where there is none.
    pub error: String,
    /// What was said to it.
    pub cause: String,
    /// The file and the line, such as `statemachine/training-pipeline.asl.json:120`.
    pub place: Option<String>,
    /// What mends it.
    pub mend: &'static str,
    /// The least statement that would allow what was denied.
    pub statement: Option<String>,
    /// The log group and the stream of what failed.
    pub log: Option<(String, String)>,
}

impl Why {
    fn new(failure: Failure, streams: Vec<Stream>) -> Self {
        Self {
            mend: failure.mend(Language::English),
            what: failure.what,
            error: failure.error,
            cause: failure.cause,
            place: failure.place,
            statement: failure.statement,
            log: streams.into_iter().next().map(|stream| (stream.group, stream.name)),
        }
    }
}

/// Reads why an execution of a pipeline failed; none where it did not.
///
/// # Errors
/// The run is not there.
pub async fn why(page: &Page, pipeline: &str, id: &str) -> Result<Option<Why>, NotReported> {
    let served = Served::new(page.clone());
    let run = served.reader.run(pipeline, id).await?;
    let told = tell(&served, run).await;
    let found = of_run(&served, &told).await?;
    Ok(found.map(|(failure, streams)| Why::new(failure, streams)))
}

/// Reads why an execution of a state machine failed; none where it did not.
///
/// # Errors
/// The execution is not there.
pub async fn why_of_execution(page: &Page, arn: &str) -> Result<Option<Why>, NotReported> {
    let served = Served::new(page.clone());
    let gathered = gather(&served, arn, &Selection::default()).await?;
    Ok(gathered.failure.map(|failure| Why::new(failure, gathered.streams)))
}

/// Why a run failed, and the logs of what did.
pub(super) async fn of_run(served: &Served, told: &Told) -> Result<Option<(Failure, Vec<Stream>)>, Gone> {
    let Some(failed) = told.run.failed().filter(|_| told.run.status == "Failed") else {
        return Ok(None);
    };
    let executions = executions_of(served, &told.run).await;
    if let Some(execution) = that_matters(&told.run, &executions, &Selection::default()) {
        let gathered = gather(served, &execution.arn, &Selection::default()).await?;
        if let Some(failure) = gathered.failure {
            return Ok(Some((failure, gathered.streams)));
        }
    }
    Ok(Some((failure_of_run(failed), streams_of_action(failed))))
}
