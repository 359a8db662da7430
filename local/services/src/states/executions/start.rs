//! Starting executions, and waiting for the end of those that answer with their output.

use super::known::Known;
use super::running::Running;
use crate::states::arn::{Arn, check_name};
use crate::states::machines::machine::{Chosen, Machine};
use crate::states::mocks::with_case;
use crate::states::registry::{Registry, StepFunctions, machine_not_found};
use crate::states::rows::{on_machine, on_qualified};
use crate::states::tasks::fields;
use jiff::Timestamp;
use platform::input::seconds;
use platform::{Account, Call, Operation, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Activities, Execution, ExecutionType, Refused, StartOptions, Status};
use std::sync::Arc;

/// The rows of these operations.
pub(super) fn operations() -> [Operation<StepFunctions>; 2] {
    [
        on_machine(
            "StartExecution",
            |it: &Start| with_case(&it.state_machine_arn).0,
            StepFunctions::start_execution,
        ),
        Operation::waiting(
            "StartSyncExecution",
            |_, _, it: &Start| {
                let (arn, _) = with_case(&it.state_machine_arn);
                Ok(vec![on_qualified("StartSyncExecution", arn)?])
            },
            StepFunctions::start_sync_execution,
        ),
    ]
}

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

/// An execution that was made and not begun; or the one that was begun before with the same name and input.
enum Made {
    New(Arc<Running>),
    Known(Arc<Running>),
}

fn options(
    account: &Account,
    machine: &Machine,
    chosen: &Chosen,
    arn: &Arn<'_>,
    name: &str,
    seed: u64,
) -> StartOptions {
    let express = machine.kind == ExecutionType::Express;
    let express = express.then(|| {
        let id = uuid::Uuid::new_v4();
        account.arn("states", format_args!("express:{}:{name}:{id}", machine.name))
    });
    StartOptions {
        name: name.into(),
        state_machine_name: machine.name.as_str().into(),
        role_arn: chosen.revision.role_arn.as_str().into(),
        partition: account.partition.as_str().into(),
        region: account.region.as_str().into(),
        account: account.id.as_str().into(),
        execution_type: machine.kind,
        random_seed: seed,
        qualified_arn: arn.rest.map(|_| arn.text.into()),
        arn: express.map(Into::into),
        refusal: Some(fields::refusal),
        ..StartOptions::default()
    }
}

/// The execution that has this ARN already, if the same start is asked for again while it runs.
///
/// # Errors
/// ExecutionAlreadyExists if it has ended, or has another input.
fn known(registry: &Registry<'_>, arn: &str, input: &str) -> Result<Option<Arc<Running>>, ServiceError> {
    let Some(known) = registry.known.executions.get(arn) else {
        return Ok(None);
    };
    if let Known::Running(known) = known {
        let state = known.lock();
        if state.execution.status() == Status::Running && state.execution.input() == input {
            return Ok(Some(Arc::clone(known)));
        }
    }
    Err(ServiceError::new(
        "ExecutionAlreadyExists",
        format_args!("Execution Already Exists: '{arn}'"),
    ))
}

pub(super) fn not_supported() -> ServiceError {
    ServiceError::new(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
}

fn invalid_input(refused: Refused) -> ServiceError {
    let why = match refused {
        Refused::InvalidInput(why) => why,
        other => other.to_string(),
    };
    ServiceError::new(
        "InvalidExecutionInput",
        format_args!("Invalid State Machine Execution Input: '{why}'"),
    )
}

impl StepFunctions {
    fn make(&self, platform: &Platform, start: Start, sync: bool) -> Result<Made, ServiceError> {
        let (arn, case) = with_case(&start.state_machine_arn);
        let arn = Arn::of_kind(arn, "stateMachine")?;
        let name = start.name.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        check_name(&name)?;
        let input = start.input.unwrap_or_else(|| "{}".into());
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        if sync && machine.kind == ExecutionType::Standard {
            return Err(not_supported());
        }
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        let chosen = machine
            .choose(arn.rest, seed % 100)
            .ok_or_else(|| machine_not_found(arn.text))?;
        let mut options = options(&platform.account, machine, &chosen, &arn, &name, seed);
        let (machine_arn, machine_name, kind) = (machine.arn.clone(), machine.name.clone(), machine.kind);
        if kind == ExecutionType::Standard
            && let Some(known) = known(&registry, &options.execution_arn(), &input)?
        {
            return Ok(Made::Known(known));
        }
        let mocked = self.mocked(&registry, &machine_name, chosen.revision.definition.text(), case)?;
        if let Some(part) = registry.known.ready.remove(&machine_arn) {
            part.apply(&mut options, &input);
        }
        let (activities, mocks) = (Arc::clone(&self.activities), mocked.clone());
        options.activities = Some(Activities::new(move |state, arn| {
            mocks.has(state) || activities.have(arn)
        }));
        let execution = Execution::start(chosen.revision.definition.machine()?, options, &input, Timestamp::now());
        let execution = execution.map_err(invalid_input)?;
        let execution_arn = execution.arn().to_owned();
        let running = Running::new(
            name,
            machine_arn.clone(),
            machine_name,
            chosen,
            start.trace_header,
            execution,
            (registry.known.tokens.clone(), Arc::clone(&self.activities), mocked),
        );
        // Express executions cannot be asked about by their ARNs.
        if kind == ExecutionType::Standard {
            running.keep_in(registry.known.kept.keeping(&execution_arn));
            let known = Known::Running(Arc::clone(&running));
            registry.known.add(machine_arn, execution_arn, known);
        }
        Ok(Made::New(running))
    }

    fn start_execution(&self, call: &Call, input: Start) -> Result<Value, ServiceError> {
        let running = match self.make(&call.platform, input, false)? {
            Made::New(running) => {
                running.begin(&call.platform);
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

    async fn start_sync_execution(self: Arc<Self>, call: Call, input: Start) -> Result<Value, ServiceError> {
        let (Made::New(running) | Made::Known(running)) = self.make(&call.platform, input, true)?;
        running.begin(&call.platform);
        let arn = running.lock().execution.arn().to_owned();
        call.platform.ongoing.end(&arn).await;
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
}
