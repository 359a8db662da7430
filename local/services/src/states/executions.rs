//! The operations on executions.

use super::StepFunctions;
use super::arn::{Arn, check_name};
use super::drive::Running;
use super::machines::Listed;
use super::registry::{Registry, machine_not_found};
use jiff::{SignedDuration, Timestamp};
use platform::Platform;
use platform::error::ServiceError;
use platform::input::{read, required, seconds};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Execution, ExecutionType, MapRun, Refused, StartOptions, Status};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Start {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    #[expect(dead_code, reason = "an answer has all the data, whatever is asked for")]
    included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
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

/// So long a redrive's client token makes it idempotent.
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// So long after its end an execution can be redriven, and its name is taken for 90.
const REDRIVABLE_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// An execution that was made and not begun; or the one that was begun before with the same name and input.
enum Made {
    New(Arc<Running>),
    Known(Arc<Running>),
}

impl StepFunctions {
    fn make(&self, platform: &Platform, input: Start, sync: bool) -> Result<Made, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let name = input.name.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        check_name(&name)?;
        let text = input.input.unwrap_or_else(|| "{}".into());
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        if sync && machine.kind == ExecutionType::Standard {
            return Err(ServiceError::new(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ));
        }
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        let chosen = machine
            .choose(arn.rest, seed % 100)
            .ok_or_else(|| machine_not_found(arn.text))?;
        let mut options = StartOptions {
            name: name.as_str().into(),
            state_machine_name: machine.name.as_str().into(),
            role_arn: chosen.revision.role_arn.as_str().into(),
            partition: platform.account.partition.as_str().into(),
            region: platform.account.region.as_str().into(),
            account: platform.account.id.as_str().into(),
            execution_type: machine.kind,
            random_seed: seed,
            qualified_arn: arn.rest.map(|_| arn.text.into()),
            refusal: Some(super::fields::refusal),
            ..StartOptions::default()
        };
        if machine.kind == ExecutionType::Express {
            let id = uuid::Uuid::new_v4();
            let express = platform
                .account
                .arn("states", format_args!("express:{}:{name}:{id}", machine.name));
            options.arn = Some(express.into());
        }
        let (machine_arn, machine_name) = (machine.arn.clone(), machine.name.clone());
        if machine.kind == ExecutionType::Standard
            && let Some(known) = registry.executions.get(&options.execution_arn())
        {
            // The same again while it runs is the same execution; anything else has the name already.
            let state = known.lock();
            if state.execution.status() == Status::Running && state.execution.input() == text {
                drop(state);
                return Ok(Made::Known(Arc::clone(known)));
            }
            return Err(ServiceError::new(
                "ExecutionAlreadyExists",
                format_args!("Execution Already Exists: '{}'", options.execution_arn()),
            ));
        }
        let execution = Execution::start(&chosen.revision.machine, options, &text, Timestamp::now());
        let execution = execution.map_err(|refused| {
            let why = match refused {
                Refused::InvalidInput(why) => why,
                other => other.to_string(),
            };
            ServiceError::new(
                "InvalidExecutionInput",
                format_args!("Invalid State Machine Execution Input: '{why}'"),
            )
        })?;
        let execution_arn = execution.arn().to_owned();
        let kind = execution.options().execution_type;
        let running = Running::new(
            name,
            machine_arn.clone(),
            machine_name,
            chosen,
            input.trace_header,
            execution,
            registry.tokens.clone(),
        );
        // Express executions cannot be asked about by their ARNs.
        if kind == ExecutionType::Standard {
            registry.executions.insert(execution_arn.clone(), Arc::clone(&running));
            registry.started.entry(machine_arn).or_default().push(execution_arn);
        }
        Ok(Made::New(running))
    }

    pub(super) fn start_execution(&self, platform: &Arc<Platform>, input: &Value) -> Result<Value, ServiceError> {
        let running = match self.make(platform, read(input)?, false)? {
            Made::New(running) => {
                running.begin(platform);
                running
            }
            Made::Known(running) => running,
        };
        let state = running.lock();
        Ok(json!({
            "executionArn": state.execution.arn(),
            "startDate": seconds(state.execution.started_at()),
        }))
    }

    pub(super) async fn start_sync_execution(
        &self,
        platform: &Arc<Platform>,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let (Made::New(running) | Made::Known(running)) = self.make(platform, read(input)?, true)?;
        running.begin(platform);
        let arn = running.lock().execution.arn().to_owned();
        platform.ongoing.end(&arn).await;
        let mut shown = running.describe();
        if let Some(fields) = shown.as_object_mut() {
            fields.retain(|name, _| !name.starts_with("redrive"));
        }
        let state = running.lock();
        let ended = state.execution.stopped_at().unwrap_or_else(Timestamp::now);
        let took = ended.duration_since(state.execution.started_at()).as_millis();
        // Express is billed by 100 milliseconds and 64 MB: https://aws.amazon.com/step-functions/pricing/
        let billed = u64::try_from(took).unwrap_or_default().max(1).next_multiple_of(100);
        shown["billingDetails"] = json!({"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": billed});
        Ok(shown)
    }

    pub(super) fn describe_execution(&self, input: &Value) -> Result<Value, ServiceError> {
        let running = self.lock().execution(required(input, "executionArn")?)?;
        Ok(running.describe())
    }

    pub(super) fn list_executions(&self, input: &Value) -> Result<Value, ServiceError> {
        let List {
            state_machine_arn,
            status_filter,
            redrive_filter,
            max_results,
            next_token,
        } = read(input)?;
        let listed = Listed {
            max_results,
            next_token,
        };
        let text = state_machine_arn.ok_or_else(|| ServiceError::validation("`stateMachineArn` is missing"))?;
        let arn = Arn::of_kind(&text, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        if machine.kind == ExecutionType::Express {
            return Err(ServiceError::new(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ));
        }
        let machine_arn = machine.arn.clone();
        let started = registry.started.get(&machine_arn).map_or(&[][..], Vec::as_slice);
        // The newest comes first.
        let executions = started.iter().rev().filter_map(|arn| registry.executions.get(arn));
        let shown = executions.map(|running| running.describe()).filter(|shown| {
            let of_qualifier = arn.rest.is_none()
                || shown["stateMachineAliasArn"] == arn.text
                || shown["stateMachineVersionArn"] == arn.text;
            let redriven = shown["redriveCount"].as_u64().is_some_and(|count| count > 0);
            let of_redrive = match redrive_filter.as_deref() {
                Some("REDRIVEN") => redriven,
                Some("NOT_REDRIVEN") => !redriven,
                _ => true,
            };
            of_qualifier
                && of_redrive
                && status_filter
                    .as_ref()
                    .is_none_or(|status| shown["status"] == status.as_str())
        });
        let fields = [
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
        let shown = shown.map(|shown| {
            let kept = fields
                .into_iter()
                .filter_map(|field| Some((field.to_owned(), shown.get(field)?.clone())));
            Value::Object(kept.collect())
        });
        listed.page("executions", shown)
    }

    pub(super) fn get_execution_history(&self, input: &Value) -> Result<Value, ServiceError> {
        let History {
            execution_arn,
            reverse_order,
            include_execution_data,
            max_results,
            next_token,
        } = read(input)?;
        let listed = Listed {
            max_results,
            next_token,
        };
        let running = self.lock().execution(&execution_arn)?;
        let state = running.lock();
        let history = state.execution.history();
        let show = |event: &states_language::HistoryEvent| {
            let mut shown = serde_json::to_value(event).unwrap_or_default();
            if include_execution_data == Some(false) {
                without_data(&mut shown);
            }
            shown
        };
        if reverse_order {
            listed.page("events", history.iter().rev().map(show))
        } else {
            listed.page("events", history.iter().map(show))
        }
    }

    pub(super) fn stop_execution(&self, platform: &Arc<Platform>, input: &Value) -> Result<Value, ServiceError> {
        let input: Stop = read(input)?;
        let running = self.lock().execution(&input.execution_arn)?;
        running.stop(platform, input.error.as_deref(), input.cause.as_deref());
        let stopped = running.lock().execution.stopped_at();
        Ok(json!({"stopDate": seconds(stopped.unwrap_or_else(Timestamp::now))}))
    }

    pub(super) fn redrive_execution(&self, platform: &Arc<Platform>, input: &Value) -> Result<Value, ServiceError> {
        let input: Redrive = read(input)?;
        let running = self.lock().execution(&input.execution_arn)?;
        let now = Timestamp::now();
        {
            let mut state = running.lock();
            if let (Some(given), Some((token, at))) = (&input.client_token, &state.redriven)
                && given == token
                && now.duration_since(*at) < TOKEN_HOLDS
            {
                return Ok(json!({"redriveDate": seconds(*at)}));
            }
            let not_redrivable = |why: &dyn std::fmt::Display| {
                ServiceError::new(
                    "ExecutionNotRedrivable",
                    format_args!("Execution is not redrivable: '{why}'"),
                )
            };
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
        running.begin(platform);
        Ok(json!({"redriveDate": seconds(now)}))
    }

    pub(super) fn list_map_runs(&self, input: &Value) -> Result<Value, ServiceError> {
        let listed: Listed = read(input)?;
        let running = self.lock().execution(required(input, "executionArn")?)?;
        let state = running.lock();
        let runs = state.execution.map_runs().iter().map(|run| {
            let mut shown = json!({
                "executionArn": &*run.execution_arn,
                "mapRunArn": &*run.arn,
                "stateMachineArn": running.machine_arn,
                "startDate": seconds(run.started_at),
            });
            if let Some(stopped) = run.stopped_at {
                shown["stopDate"] = seconds(stopped);
            }
            shown
        });
        listed.page("mapRuns", runs)
    }

    pub(super) fn describe_map_run(&self, input: &Value) -> Result<Value, ServiceError> {
        let text = required(input, "mapRunArn")?;
        Arn::of_kind(text, "mapRun")?;
        let registry = self.lock();
        map_run(&registry, text)
            .ok_or_else(|| ServiceError::new("ResourceNotFound", format_args!("Resource not found: '{text}'")))
    }
}

fn map_run(registry: &Registry, arn: &str) -> Option<Value> {
    registry.executions.values().find_map(|running| {
        let state = running.lock();
        state
            .execution
            .map_runs()
            .iter()
            .find(|run| &*run.arn == arn)
            .map(described)
    })
}

fn described(run: &MapRun) -> Value {
    let pending = run.total.saturating_sub(run.succeeded + run.failed + run.running);
    let counts = json!({
        "pending": pending,
        "running": run.running,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "timedOut": 0,
        "aborted": 0,
        "total": run.total,
        "resultsWritten": run.succeeded,
    });
    let mut shown = json!({
        "mapRunArn": &*run.arn,
        "executionArn": &*run.execution_arn,
        "status": run.status.name(),
        "startDate": seconds(run.started_at),
        "itemCounts": counts,
        "executionCounts": counts,
        "redriveCount": run.redrive_count,
    });
    if let Some(stopped) = run.stopped_at {
        shown["stopDate"] = seconds(stopped);
    }
    shown
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
