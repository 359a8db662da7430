//! Jobs: what a Lambda action hands to its function, and the answers that come back.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>.

use platform::ServiceError;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many jobs are kept after nobody waits for them any more. One of them may still be answered, or answered again.
const KEPT: usize = 10_000;

/// The jobs whose answer is waited for, and the latest of the others.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    jobs: HashMap<String, Job>,
    /// Those that nobody waits for, the oldest first.
    over: VecDeque<String>,
}

#[derive(Debug)]
struct Job {
    answer: Option<Answer>,
    waiting: Option<oneshot::Sender<Answer>>,
    abandoned: bool,
}

/// What a job was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `PutJobSuccessResult` with a continuation token: the action goes on with a new job.
    Continuation(String),
    /// `PutJobSuccessResult` without one.
    Success(Success),
    /// `PutJobFailureResult`.
    Failure(FailureDetails),
}

impl Answer {
    /// The answer in one word, for the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Continuation(_) => "Continuation",
            Self::Success(_) => "Success",
            Self::Failure(_) => "Failure",
        }
    }
}

/// What a successful job says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Success {
    /// The action's output variables.
    pub variables: BTreeMap<String, String>,
    /// The id of what the job ran elsewhere.
    pub external_id: Option<String>,
    /// What it says of it.
    pub summary: Option<String>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailureDetails {
    /// JobFailed, ConfigurationError, PermissionError, RevisionOutOfSync, RevisionUnavailable or SystemUnavailable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason.
    pub message: String,
    /// The id of what the job ran elsewhere.
    #[serde(default)]
    pub external_execution_id: Option<String>,
}

/// The input of PutJobSuccessResult.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutJobSuccessResult {
    job_id: String,
    continuation_token: Option<String>,
    execution_details: Option<ExecutionDetails>,
    #[serde(default)]
    output_variables: BTreeMap<String, String>,
    current_revision: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExecutionDetails {
    summary: Option<String>,
    external_execution_id: Option<String>,
    percent_complete: Option<u32>,
}

/// The input of PutJobFailureResult.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutJobFailureResult {
    job_id: String,
    failure_details: FailureDetails,
}

/// An action's output variables, all together, in bytes.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const VARIABLES_LIMIT: usize = 122_880;

const FAILURE_TYPES: [&str; 6] = [
    "JobFailed",
    "ConfigurationError",
    "PermissionError",
    "RevisionOutOfSync",
    "RevisionUnavailable",
    "SystemUnavailable",
];

/// The job that succeeded, and its answer.
///
/// # Errors
/// ValidationException for what breaks the API's limits; the job can still be answered then.
fn success(input: PutJobSuccessResult) -> Result<(String, Answer), ServiceError> {
    if input.current_revision.is_some() {
        return Err(ServiceError::not_in_local_run(
            "codepipeline",
            "PutJobSuccessResult with currentRevision",
        ));
    }
    let details = input.execution_details.unwrap_or_default();
    within("executionDetails.summary", details.summary.as_deref(), 0, 2048)?;
    within(
        "executionDetails.externalExecutionId",
        details.external_execution_id.as_deref(),
        1,
        1500,
    )?;
    if details.percent_complete.is_some_and(|percent| percent > 100) {
        return Err(ServiceError::validation(
            "executionDetails.percentComplete is not between 0 and 100",
        ));
    }
    if let Some(name) = input.output_variables.keys().find(|name| !is_variable_name(name)) {
        return Err(ServiceError::validation(format_args!(
            "outputVariables: `{name}` does not match [A-Za-z0-9@\\-_]+"
        )));
    }
    let size: usize = input
        .output_variables
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > VARIABLES_LIMIT {
        return Err(ServiceError::new(
            "OutputVariablesSizeExceededException",
            format_args!("the output variables have {size} bytes, and an action may have {VARIABLES_LIMIT}"),
        ));
    }
    let Some(token) = input.continuation_token else {
        let success = Success {
            variables: input.output_variables,
            external_id: details.external_execution_id,
            summary: details.summary,
        };
        return Ok((input.job_id, Answer::Success(success)));
    };
    within("continuationToken", Some(&token), 1, 2048)?;
    if !input.output_variables.is_empty() {
        return Err(ServiceError::validation(
            "Output variables cannot be given together with a continuation token",
        ));
    }
    Ok((input.job_id, Answer::Continuation(token)))
}

/// The job that failed, and its answer.
///
/// # Errors
/// ValidationException for what breaks the API's limits.
fn failure(input: PutJobFailureResult) -> Result<(String, Answer), ServiceError> {
    let details = &input.failure_details;
    within("failureDetails.message", Some(&details.message), 1, 5000)?;
    within(
        "failureDetails.externalExecutionId",
        details.external_execution_id.as_deref(),
        1,
        1500,
    )?;
    if !FAILURE_TYPES.contains(&details.kind.as_str()) {
        return Err(ServiceError::validation(format_args!(
            "failureDetails.type `{}` is not one of {}",
            details.kind,
            FAILURE_TYPES.join(", ")
        )));
    }
    Ok((input.job_id, Answer::Failure(input.failure_details)))
}

fn within(field: &str, value: Option<&str>, least: usize, most: usize) -> Result<(), ServiceError> {
    match value.map(|value| value.chars().count()) {
        Some(length) if !(least..=most).contains(&length) => Err(ServiceError::validation(format_args!(
            "`{field}` has {length} characters, not between {least} and {most}"
        ))),
        _ => Ok(()),
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '-' | '_'))
}

impl Jobs {
    pub(super) fn succeeded(&self, input: PutJobSuccessResult) -> Result<Value, ServiceError> {
        let (id, answer) = success(input)?;
        self.answer(&id, answer)?;
        Ok(json!({}))
    }

    pub(super) fn failed(&self, input: PutJobFailureResult) -> Result<Value, ServiceError> {
        let (id, answer) = failure(input)?;
        self.answer(&id, answer)?;
        Ok(json!({}))
    }

    /// Opens a job; its answer arrives on the receiver.
    pub(super) fn open(&self, id: &str) -> oneshot::Receiver<Answer> {
        let (waiting, answer) = oneshot::channel();
        let job = Job {
            answer: None,
            waiting: Some(waiting),
            abandoned: false,
        };
        self.known().jobs.insert(id.to_owned(), job);
        answer
    }

    /// Nobody waits for this job's answer any more. A first answer that still comes is accepted, and changes nothing.
    pub(super) fn close(&self, id: &str) {
        let mut known = self.known();
        let Some(job) = known.jobs.get_mut(id) else { return };
        job.abandoned = job.answer.is_none();
        job.waiting = None;
        known.over.push_back(id.to_owned());
        if known.over.len() > KEPT
            && let Some(oldest) = known.over.pop_front()
        {
            known.jobs.remove(&oldest);
        }
    }

    /// Takes an answer, and says whether it is the job's first.
    ///
    /// # Errors
    /// JobNotFoundException, or InvalidJobStateException for another answer than the one that the job has.
    pub(super) fn answer(&self, id: &str, answer: Answer) -> Result<bool, ServiceError> {
        let mut known = self.known();
        let job = known
            .jobs
            .get_mut(id)
            .ok_or_else(|| ServiceError::new("JobNotFoundException", format_args!("Job {id} not found.")))?;
        if job.abandoned {
            return Ok(false);
        }
        match &job.answer {
            Some(earlier) if *earlier == answer => Ok(false),
            Some(_) => Err(ServiceError::new(
                "InvalidJobStateException",
                format_args!("Job {id} has been answered already, and with something else"),
            )),
            None => {
                job.answer = Some(answer.clone());
                if let Some(waiting) = job.waiting.take() {
                    // Fails where whoever waited gave up in this very moment.
                    let _ = waiting.send(answer);
                }
                Ok(true)
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::input::read;

    fn success(input: Value) -> Result<(String, Answer), ServiceError> {
        super::success(read(input)?)
    }

    fn failure(input: Value) -> Result<(String, Answer), ServiceError> {
        super::failure(read(input)?)
    }

    #[test]
    fn an_answer_is_taken_once_and_repeated_without_harm() {
        let jobs = Jobs::default();
        let mut waiting = jobs.open("j");
        let (id, yes) = success(json!({"jobId": "j"})).expect("a success");
        let (_, no) =
            failure(json!({"jobId": "j", "failureDetails": {"type": "JobFailed", "message": "m"}})).expect("a failure");
        assert_eq!(jobs.answer(&id, yes.clone()), Ok(true));
        assert_eq!(waiting.try_recv().ok(), Some(yes.clone()));
        assert_eq!(jobs.answer(&id, yes), Ok(false));
        assert_eq!(
            jobs.answer(&id, no).map_err(|error| error.code),
            Err("InvalidJobStateException".into())
        );
    }

    #[test]
    fn an_unknown_job_is_not_found_and_an_abandoned_one_changes_nothing() {
        let jobs = Jobs::default();
        let answer = Answer::Continuation("t".into());
        assert_eq!(
            jobs.answer("nobody", answer.clone()).map_err(|error| error.code),
            Err("JobNotFoundException".into())
        );
        let _waiting = jobs.open("j");
        jobs.close("j");
        assert_eq!(jobs.answer("j", answer.clone()), Ok(false));
        assert_eq!(jobs.answer("j", Answer::Success(Success::default())), Ok(false));
    }

    #[test]
    fn the_oldest_that_is_over_is_forgotten_when_there_are_too_many() {
        let jobs = Jobs::default();
        let _waiting = jobs.open("waited for");
        for number in 0..=KEPT {
            let id = number.to_string();
            let _answer = jobs.open(&id);
            jobs.close(&id);
        }
        let answer = |id: &str| {
            jobs.answer(id, Answer::Continuation("t".into()))
                .map_err(|error| error.code)
        };
        assert_eq!(answer("0"), Err("JobNotFoundException".into()));
        assert_eq!(answer("1"), Ok(false));
        assert_eq!(answer("waited for"), Ok(true));
    }

    #[test]
    fn answers_beyond_the_apis_limits_are_refused() {
        for (input, part) in [
            (json!({"jobId": "j", "continuationToken": ""}), "continuationToken"),
            (
                json!({"jobId": "j", "continuationToken": "t".repeat(2049)}),
                "continuationToken",
            ),
            (
                json!({"jobId": "j", "continuationToken": "t", "outputVariables": {"a": "b"}}),
                "continuation token",
            ),
            (json!({"jobId": "j", "outputVariables": {"a.b": "c"}}), "`a.b`"),
            (
                json!({"jobId": "j", "outputVariables": {"a": "b".repeat(122_880)}}),
                "122880",
            ),
            (
                json!({"jobId": "j", "executionDetails": {"summary": "s".repeat(2049)}}),
                "summary",
            ),
            (
                json!({"jobId": "j", "executionDetails": {"percentComplete": 101}}),
                "percentComplete",
            ),
            (json!({"jobId": "j", "surprise": 1}), "`surprise`"),
            (json!({}), "jobId"),
        ] {
            let error = success(input.clone()).expect_err("a refusal");
            assert!(error.message.contains(part), "{input}: {error}");
        }
        for (details, part) in [
            (json!({"type": "Broken", "message": "m"}), "`Broken`"),
            (json!({"type": "JobFailed", "message": ""}), "message"),
            (json!({"type": "JobFailed", "message": "m".repeat(5001)}), "message"),
        ] {
            let error = failure(json!({"jobId": "j", "failureDetails": details})).expect_err("a refusal");
            assert!(error.message.contains(part), "{error}");
        }
        let token = json!({"jobId": "j", "continuationToken": "t", "executionDetails": {"percentComplete": 50}});
        assert_eq!(success(token).expect("accepted").1, Answer::Continuation("t".into()));
    }
}
