//! What can happen in the account, and how it is written down.

use crate::iam::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One thing that happened in the cloud.
///
/// Serialised (`--json`) as `{"sequence": …, "at": …, "happening": "ActionEnded", …fields}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "happening", rename_all_fields = "camelCase")]
#[expect(
    missing_docs,
    reason = "the fields carry AWS's own names, and each variant says what is special about its own"
)]
pub enum Happening {
    /// A pipeline execution began.
    PipelineStarted { pipeline: String, execution_id: String },
    /// A pipeline execution ended; `status` is CodePipeline's: Succeeded, Failed, Stopped, Superseded.
    PipelineEnded {
        pipeline: String,
        execution_id: String,
        status: String,
        reason: Option<String>,
        took: Duration,
    },
    /// A stage began.
    StageStarted { stage: String },
    /// A stage ended.
    StageEnded {
        stage: String,
        status: String,
        took: Duration,
    },
    /// An action began.
    ActionStarted {
        stage: String,
        action: String,
        provider: String,
    },
    /// An action ended; `message` is what CodePipeline shows of it, the failure's message above all.
    ActionEnded {
        stage: String,
        action: String,
        status: String,
        message: Option<String>,
        took: Duration,
    },
    /// An approval is waited for; whoever decides sends the token back.
    ApprovalAsked {
        pipeline: String,
        stage: String,
        action: String,
        token: String,
        text: String,
    },
    /// An approval was answered, by a person or by a function; the summary says why.
    ApprovalAnswered {
        pipeline: String,
        stage: String,
        action: String,
        approved: bool,
        summary: String,
    },
    /// A job of an action was answered; `answer` is Continuation, Success or Failure.
    JobAnswered {
        action: String,
        job_id: String,
        answer: String,
    },
    /// An action's output variables, when it succeeded.
    OutputVariables {
        stage: String,
        action: String,
        variables: serde_json::Value,
    },
    /// A phase of a build began or ended (`status` is None while it runs).
    BuildPhase {
        build: String,
        phase: String,
        status: Option<String>,
        took: Option<Duration>,
    },
    /// A build made a test report: how many test cases passed, failed and were skipped, and what the failed ones said.
    Report {
        report_group: String,
        report: String,
        status: String,
        passed: usize,
        failed: usize,
        skipped: usize,
        failures: Vec<FailedTest>,
    },
    /// An execution of a state machine began.
    ExecutionStarted { execution_arn: String },
    /// An execution of a state machine ended; `status` is Step Functions'.
    ExecutionEnded {
        execution_arn: String,
        status: String,
        error: Option<String>,
        cause: Option<String>,
        took: Duration,
    },
    /// A state was entered.
    StateEntered {
        execution_arn: String,
        state: String,
        state_type: String,
    },
    /// A state was left, or failed: then `error` says with what. `mocked` is whether a mock stood in the place of its work.
    StateExited {
        execution_arn: String,
        state: String,
        state_type: String,
        error: Option<String>,
        took: Duration,
        #[serde(default, skip_serializing_if = "is_false")]
        mocked: bool,
    },
    /// A state failed and will be tried again, as its `Retry` says: attempt `attempt` of `max_attempts` begins after
    /// `next_try_in`.
    StateRetried {
        execution_arn: String,
        state: String,
        error: String,
        cause: Option<String>,
        attempt: u32,
        max_attempts: u32,
        next_try_in: Duration,
    },
    /// A state's task waits for a worker of its activity, and none has ever asked for one.
    WorkerAwaited {
        execution_arn: String,
        state: String,
        activity_arn: String,
    },
    /// The status of a job of SageMaker changed; `kind` is Processing or Training, and `metrics` are what it has found.
    Job {
        kind: String,
        job: String,
        status: String,
        message: Option<String>,
        metrics: Vec<(String, f64)>,
    },
    /// A line that a build, a function or a job printed.
    LogLine {
        group: String,
        stream: String,
        line: String,
    },
    /// A function's invocation ended: what Lambda's REPORT line says, what the function was asked and what it answered (as
    /// JSON, its secrets hidden, cut where it is long), and where its lines are.
    Invocation {
        function: String,
        request_id: String,
        /// Succeeded, Failed (the function answered with an error), TimedOut, or Crashed.
        outcome: String,
        error: Option<String>,
        duration: Duration,
        billed: Duration,
        init: Option<Duration>,
        memory_size_mb: u32,
        max_memory_used_mb: u32,
        attempt: u32,
        event: Arc<str>,
        answer: Arc<str>,
        log_group: String,
        log_stream: String,
    },
    /// An image manifest was put to a repository.
    ImagePushed {
        repository: String,
        tag: Option<String>,
        digest: String,
    },
    /// An event came to the default bus: the event, its secrets hidden, and what each rule with a pattern made of it.
    EventSent {
        event: Arc<serde_json::Value>,
        rules: Arc<[RuleConsidered]>,
    },
    /// An event matched a rule and went to a target.
    RuleMatched {
        rule: String,
        target: String,
        detail_type: String,
    },
    /// An asynchronous delivery was given up and went to its failure destination.
    DeliveryFailed { target: String, reason: String },
    /// IAM decided about a call; the permissions test reads these. `source` is the resource on whose behalf a service
    /// called, such as a rule. `reason` says which statement decided; the administrator needs none.
    Authorized {
        principal: String,
        source: Option<String>,
        action: String,
        resource: String,
        allowed: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Arc<Reason>>,
    },
    /// Which way images are built and jobs run: with this engine, or without one.
    Containers { engine: Option<String>, text: String },
    /// Something that whoever reads along should know: which way a thing ran, what was skipped.
    Note { text: String },
}

/// What a rule made of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleConsidered {
    /// The rule's name.
    pub rule: String,
    /// Whether it wants the event.
    pub matched: bool,
    /// Why not, where it does not.
    pub reason: Option<String>,
}

/// A test case that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTest {
    /// Its name, with what it is unique in.
    pub test: String,
    /// Why.
    pub message: String,
}

impl Happening {
    /// About how many bytes it has beyond those that every one has.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Invocation { event, answer, .. } => event.len() + answer.len(),
            Self::EventSent { event, .. } => size(event),
            _ => 0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn size(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(items) => items.iter().map(|item| 8 + size(item)).sum(),
        serde_json::Value::Object(members) => members.iter().map(|(name, value)| name.len() + 8 + size(value)).sum(),
        _ => 8,
    }
}

/// A happening and when it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: each is one more than the one before, and the account's next run goes on counting.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub happening: Happening,
}
