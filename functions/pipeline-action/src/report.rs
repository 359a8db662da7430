//! What the function did: what Lambda is told, and what the log says.

use serde::Serialize;

/// What the function did about an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What came of it.
    pub outcome: Outcome,
    /// The job that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The executions that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<String>,
    /// What kind of failure the job was answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_type: Option<&'static str>,
    /// The approvals that were looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Settled>,
    /// The executions that run although no run of their action follows them: nobody will say how they ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<String>,
}

impl Report {
    /// A report with this outcome and nothing else.
    pub(crate) const fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            job_id: None,
            executions: Vec::new(),
            failure_type: None,
            approvals: Vec::new(),
            unfollowed: Vec::new(),
        }
    }
}

/// An approval that was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// The approval: pipeline, stage and action.
    pub approval: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The execution that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Why nothing was to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// What the function did with what Lambda delivered: one event, or an array of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Handled {
    /// One event.
    One(Report),
    /// A report for each event of an array, as EventBridge can deliver it.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-custom-bus-target-lambda.html>
    Each(Vec<Report>),
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The action goes on.
    Continued,
    /// The action has succeeded.
    Succeeded,
    /// The action has failed.
    Failed,
    /// The job had another answer before: this event was delivered twice, or came too late.
    AnsweredBefore,
    /// CodePipeline does not know the job: there is nobody to answer.
    UnknownJob,
    /// The executions of an abandoned action were stopped.
    Stopped,
    /// Nothing was to be done.
    Ignored,
    /// Approvals were looked at; each has its own outcome.
    Looked,
    /// Nothing is to be done yet, or any more.
    Waiting,
    /// The approval was approved: its execution has succeeded.
    Approved,
    /// The approval was rejected: its execution has not succeeded, or takes too long.
    Rejected,
    /// The stage was retried: the execution was redriven.
    Redriven,
    /// The stage was retried: a new execution was started.
    Restarted,
}
