//! What a state was given when it ran: to be tried again with the same.

use crate::account::{Definition, Described, Execution, Machine};
use crate::served::Served;
use crate::trace::{Trace, Visit};
use crate::views::{Recorded, Selection, TrialForm};
use serde_json::{Map, Value, json};
use state_graph::{Kind, StateOf, Status};

/// How many executions of each state machine are looked at: the newest.
const LOOKED_AT: usize = 8;

/// What the form of a trial is filled with.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) form: TrialForm,
    /// The recorded visits that an input can be taken from.
    pub(super) visits: Vec<Recorded>,
    /// The execution whose input was taken; empty for none.
    pub(super) of: String,
}

/// Fills the form with the visit that is asked for: without a word the newest one, and an empty input where there is none.
pub(super) async fn fill(
    served: &Served,
    machines: &[&Described],
    definition: &Definition,
    state: &StateOf,
    selection: &Selection,
) -> Filled {
    let visits = visits(served, machines, &state.name).await;
    let asked = selection.get("of");
    let chosen = match asked {
        "-" => None,
        "" => visits.first(),
        arn => visits.iter().find(|visit| visit.execution.arn == arn),
    };
    let mut form = TrialForm {
        file: definition.name.clone(),
        state: state.name.clone(),
        input: "{}".into(),
        mock: if is_mocked(&state.kind) {
            "result".into()
        } else {
            String::new()
        },
        result: if is_mocked(&state.kind) {
            "{}".into()
        } else {
            String::new()
        },
        retries: "0".into(),
        level: "DEBUG".into(),
        ..TrialForm::default()
    };
    if let Some(chosen) = chosen {
        take(served, &chosen.execution, &state.name, &mut form).await;
    }
    Filled {
        form,
        of: chosen.map(|it| it.execution.arn.clone()).unwrap_or_default(),
        visits,
    }
}

/// Whether a state does work, for which a mock stands.
fn is_mocked(kind: &Kind) -> bool {
    matches!(kind, Kind::Task | Kind::Parallel | Kind::Map | Kind::Unknown(_))
}

/// The last visit of a state in each of the newest executions.
async fn visits(served: &Served, machines: &[&Described], state: &str) -> Vec<Recorded> {
    let mut found = Vec::new();
    for described in machines {
        let machine = Machine {
            arn: described.arn.clone(),
            name: described.name.clone(),
            kind: described.kind.clone(),
        };
        let executions = served.reader.executions(&machine, LOOKED_AT).await.unwrap_or_default();
        for execution in executions {
            let Ok(known) = served.executions.trace(&served.reader, &execution.arn).await else {
                continue;
            };
            let known = known.lock().await;
            if let Some(visit) = last(&known.trace, state) {
                found.push(Recorded {
                    at: visit.from,
                    execution,
                });
            }
        }
    }
    found.sort_by_key(|recorded| std::cmp::Reverse(recorded.at));
    found
}

fn last<'a>(trace: &'a Trace, state: &str) -> Option<&'a Visit> {
    trace
        .visits
        .iter()
        .rev()
        .find(|visit| &*visit.state == state && visit.input.is_some())
}

/// Takes what the state was given in an execution: input, variables, context object, and what its work brought.
async fn take(served: &Served, execution: &Execution, state: &str, form: &mut TrialForm) {
    let Ok(known) = served.executions.trace(&served.reader, &execution.arn).await else {
        return;
    };
    let known = known.lock().await;
    let Some(visit) = last(&known.trace, state) else { return };
    form.input = pretty(visit.input.as_deref().unwrap_or("{}"));
    let variables = variables(&known.trace, visit);
    if !variables.is_empty() {
        form.variables = pretty(&Value::Object(variables).to_string());
    }
    if let Some(attempt) = visit.attempts.last() {
        match (&attempt.output, &attempt.error) {
            (Some(output), None) if attempt.status == Status::Succeeded => form.result = pretty(output),
            (_, Some(error)) => {
                form.mock = "error".into();
                form.error = error.to_string();
                form.cause = attempt.cause.as_deref().unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
    drop(known);
    if let Ok(execution) = served.reader.execution(&execution.arn).await {
        form.context = pretty(&context_object(&execution).to_string());
    }
}

/// The variables that the states before it had assigned.
fn variables(trace: &Trace, of: &Visit) -> Map<String, Value> {
    let is_before = |visit: &&Visit| visit.to.is_some() && visit.events.last().is_some_and(|last| *last < of.entered);
    let is_around = |visit: &&Visit| visit.within.is_none() || visit.within == of.within;
    let mut assigned = Map::new();
    for visit in trace.visits.iter().filter(is_before).filter(is_around) {
        for (name, value) in &visit.assigned {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_string()));
            assigned.insert(name.clone(), value);
        }
    }
    assigned
}

/// The context object of an execution: <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>.
fn context_object(execution: &Execution) -> Value {
    let raw = &execution.raw;
    let input: Value = serde_json::from_str(raw["input"].as_str().unwrap_or("{}")).unwrap_or_default();
    json!({
        "Execution": {
            "Id": execution.arn,
            "Input": input,
            "Name": execution.name,
            "StartTime": execution.started.map(|at| at.to_string()),
        },
        "StateMachine": {"Id": raw["stateMachineArn"], "Name": execution.machine},
    })
}

/// JSON with line breaks; other text as it is.
fn pretty(text: &str) -> String {
    let read: Result<Value, _> = serde_json::from_str(text);
    read.ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}
