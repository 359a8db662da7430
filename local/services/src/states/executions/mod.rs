//! Executions: how they run, and the operations on them.

mod kept_history;
pub(crate) mod known;
mod map_run;
mod map_runs;
pub(crate) mod part;
pub(crate) mod past;
mod progress;
pub(crate) mod running;
mod shown;
mod start;
mod tokens;
mod work;

use super::arn::Arn;

use super::registry::StepFunctions;
use super::rows::{on, on_machine, paged};
use jiff::{SignedDuration, Timestamp};
use known::Known;
use past::Past;
use platform::input::seconds;
use platform::{Call, Operation, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{ExecutionType, Status};

/// The rows of the operations on executions, Map Runs and task tokens.
pub(super) fn operations() -> impl IntoIterator<Item = Operation<StepFunctions>> {
    let rows = [
        on(
            "DescribeExecution",
            |it: &Describe| &it.execution_arn,
            StepFunctions::describe_execution,
        ),
        on_machine(
            "ListExecutions",
            |it: &List| &it.state_machine_arn,
            StepFunctions::list_executions,
        ),
        on(
            "GetExecutionHistory",
            |it: &History| &it.execution_arn,
            StepFunctions::get_execution_history,
        ),
        on(
            "StopExecution",
            |it: &Stop| &it.execution_arn,
            StepFunctions::stop_execution,
        ),
        on(
            "RedriveExecution",
            |it: &Redrive| &it.execution_arn,
            StepFunctions::redrive_execution,
        ),
    ];
    rows.into_iter()
        .chain(start::operations())
        .chain(map_runs::operations())
        .chain(tokens::operations())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Describe {
    execution_arn: String,
    #[expect(dead_code, reason = "an answer has all the data, whatever is asked for")]
    included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    state_machine_arn: String,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl List {
    /// What stands for the list that is asked for, whatever its page.
    fn list(&self) -> String {
        let asked = format!(
            "{} {:?} {:?}",
            self.state_machine_arn, self.status_filter, self.redrive_filter
        );
        let digest = crate::manifest::digest(asked.as_bytes());
        digest.trim_start_matches("sha256:")[..16].to_owned()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct History {
    execution_arn: String,
    max_results: Option<usize>,
    #[serde(default)]
    reverse_order: bool,
    include_execution_data: Option<bool>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stop {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Redrive {
    execution_arn: String,
    client_token: Option<String>,
}

/// For this long, a redrive with the same client token as before starts nothing new.
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// For this long after its end, an execution can be redriven. AWS keeps its name for 90 days.
const REDRIVABLE_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The fields of a description that ListExecutions shows.
const LISTED: &[&str] = &[
    "executionArn",
    "stateMachineArn",
    "name",
    "status",
    "startDate",
    "stopDate",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "redriveCount",
    "redriveDate",
];

impl StepFunctions {
    fn describe_execution(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        Ok(self.lock().execution(&input.execution_arn)?.described())
    }

    fn list_executions(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let registry = self.lock();
        let machine = registry.machine(&arn)?;
        if machine.kind == ExecutionType::Express {
            return Err(start::not_supported());
        }
        let machine_arn = machine.arn.clone();
        let known = &registry.known;
        let started = known.started.get(&machine_arn).map_or(&[][..], Vec::as_slice);
        // The newest comes first.
        let executions = started.iter().rev().filter_map(|arn| known.executions.get(arn));
        let shown = executions.map(Known::described).filter(|shown| {
            let of_qualifier = arn.rest.is_none()
                || shown["stateMachineAliasArn"] == arn.text
                || shown["stateMachineVersionArn"] == arn.text;
            let redriven = shown["redriveCount"].as_u64().is_some_and(|count| count > 0);
            let of_redrive = match input.redrive_filter.as_deref() {
                Some("REDRIVEN") => redriven,
                Some("NOT_REDRIVEN") => !redriven,
                _ => true,
            };
            of_qualifier
                && of_redrive
                && input
                    .status_filter
                    .as_ref()
                    .is_none_or(|status| shown["status"] == status.as_str())
        });
        let shown = shown.map(|shown| {
            let kept = LISTED
                .iter()
                .filter_map(|field| Some(((*field).to_owned(), shown.get(*field)?.clone())));
            Value::Object(kept.collect())
        });
        // A token goes on with the list that it is from, not with another one.
        let list = input.list();
        let token = input.next_token.as_deref().map(|token| {
            let own = token.rsplit_once('.').filter(|(_, of)| *of == list);
            own.map(|(token, _)| token)
                .ok_or_else(|| ServiceError::new("InvalidToken", "Invalid Token: 'Input inconsistent with page token'"))
        });
        let mut answer = paged("executions", shown, input.max_results, token.transpose()?)?;
        if let Some(token) = answer.get("nextToken").and_then(Value::as_str) {
            answer["nextToken"] = format!("{token}.{list}").into();
        }
        Ok(answer)
    }

    fn get_execution_history(&self, _: &Call, input: History) -> Result<Value, ServiceError> {
        let execution = self.lock().execution(&input.execution_arn)?;
        let length = execution.length()?;
        let (most, token) = (input.max_results, input.next_token.as_deref());
        // A history can be long: only the events of the page are read.
        let mut page = paged("events", (0..length).map(Value::from), most, token)?;
        let places = page["events"].as_array().map_or(&[][..], Vec::as_slice);
        let place = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok());
        let mut events = match (place(places.first()), place(places.last())) {
            (Some(first), Some(last)) if input.reverse_order => {
                let mut events = execution.events(length - 1 - last..length - first)?;
                events.reverse();
                events
            }
            (Some(first), Some(last)) => execution.events(first..last + 1)?,
            _ => Vec::new(),
        };
        if input.include_execution_data == Some(false) {
            events.iter_mut().for_each(without_data);
        }
        page["events"] = events.into();
        Ok(page)
    }

    fn stop_execution(&self, call: &Call, input: Stop) -> Result<Value, ServiceError> {
        let running = match self.lock().execution(&input.execution_arn)? {
            Known::Running(running) => running,
            // It has ended, and stays as it is.
            Known::Past(past) => return Ok(json!({"stopDate": past.described()["stopDate"]})),
        };
        running.stop(&call.platform, input.error.as_deref(), input.cause.as_deref());
        let stopped = running.lock().execution.stopped_at();
        Ok(json!({"stopDate": seconds(stopped.unwrap_or_else(Timestamp::now))}))
    }

    fn redrive_execution(&self, call: &Call, input: Redrive) -> Result<Value, ServiceError> {
        let running = match self.lock().execution(&input.execution_arn)? {
            Known::Running(running) => running,
            Known::Past(past) => return Err(of_an_earlier_run(&past)),
        };
        let now = Timestamp::now();
        {
            let mut state = running.lock();
            if let (Some(given), Some((token, at))) = (&input.client_token, &state.redriven)
                && given == token
                && now.duration_since(*at) < TOKEN_HOLDS
            {
                return Ok(json!({"redriveDate": seconds(*at)}));
            }
            let status = state.execution.status();
            if matches!(status, Status::Running | Status::Succeeded) {
                return Err(not_redrivable(&format_args!(
                    "Execution is {} and cannot be redriven",
                    status.name()
                )));
            }
            let ended = state.execution.stopped_at();
            if ended.is_some_and(|ended| now.duration_since(ended) > REDRIVABLE_FOR) {
                return Err(not_redrivable(&"the execution ended more than 14 days ago"));
            }
            state
                .execution
                .redrive(now)
                .map_err(|refused| not_redrivable(&refused))?;
            state.redriven = input.client_token.map(|token| (token, now));
        }
        running.begin(&call.platform);
        Ok(json!({"redriveDate": seconds(now)}))
    }
}

fn not_redrivable(why: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::new(
        "ExecutionNotRedrivable",
        format_args!("Execution is not redrivable: '{why}'"),
    )
}

/// What is kept of an execution is what happened, and not where it stood. AWS could redrive it.
fn of_an_earlier_run(past: &Past) -> ServiceError {
    match past.described()["redriveStatusReason"].as_str() {
        Some(reason) => not_redrivable(&reason),
        None => not_redrivable(&"it is of an earlier run of this account, and the local run redrives those of its own"),
    }
}

/// Takes inputs and outputs out of an event, as `includeExecutionData` false does.
fn without_data(event: &mut Value) {
    for (_, details) in event.as_object_mut().into_iter().flatten() {
        if let Some(details) = details.as_object_mut() {
            for field in ["input", "output", "cause", "error", "parameters"] {
                details.remove(field);
            }
        }
    }
}
