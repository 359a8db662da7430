//! A thousand jobs through several processes at once, their events duplicated and in any order, with a Step Functions
//! that throttles, lags and loses answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use shared::fakes::Put;
use shared::ports::code_pipeline::JobSuccess;
use shared::ports::step_functions::ExecutionStatus;
use test_support::Process;

use crate::aws::{Reply, Services, event, operation, refusal};

const JOBS: usize = 1_000;
const PROCESSES: usize = 8;

/// The services with their bad days.
struct Moody {
    services: Services,
    calls: AtomicUsize,
}

impl Moody {
    fn call(&self, target: &str, body: &Value) -> Reply {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match (operation(target), call % 200) {
            // The SDK itself calls again after a pause: few of them, or the test is all pauses.
            (_, 13) => refusal(400, "ThrottlingException", "Rate exceeded"),
            ("StartExecution" | "PutJobSuccessResult", 29) => {
                let _lost = self.services.call(target, body);
                refusal(503, "ServiceUnavailable", "try later")
            }
            ("DescribeExecution", 40..80) => refusal(400, "ExecutionDoesNotExist", "not yet"),
            _ => self.services.call(target, body),
        }
    }
}

/// The jobs of one action.
struct Action {
    parameters: String,
    /// The job that CodePipeline waits for, with its token.
    open: Option<(String, Option<String>)>,
    final_answers: Vec<Put>,
}

#[test]
fn each_job_has_one_execution_and_one_final_answer() {
    let moody = Arc::new(Moody {
        services: Services::new(),
        calls: AtomicUsize::new(0),
    });
    moody.services.states.ends_after(
        2,
        ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        },
    );
    let mut processes: Vec<Process> = (0..PROCESSES)
        .map(|_| {
            let behind = Arc::clone(&moody);
            Process::start(env!("CARGO_BIN_EXE_pipeline-action"), &[], move |target, body| {
                behind.call(target, body)
            })
        })
        .collect();
    let pipelines = &moody.services.pipelines;
    let mut actions: Vec<Action> = (0..JOBS)
        .map(|number| {
            let parameters = format!(
                r#"{{"stateMachine":"ml","pipelineExecutionId":"run-{number}","input":{{"number":{number}}}}}"#
            );
            let id = format!("job-{number}");
            pipelines.open(&id);
            Action {
                parameters,
                open: Some((id, None)),
                final_answers: Vec::new(),
            }
        })
        .collect();

    for round in 0..60 {
        // Every third event comes twice, and the second half of them in the other direction.
        let mut deliveries: Vec<Value> = Vec::new();
        for (number, action) in actions.iter().enumerate() {
            let Some((id, token)) = &action.open else { continue };
            for _ in 0..=usize::from((number + round) % 3 == 0) {
                deliveries.push(event(id, &action.parameters, token.as_deref()));
            }
        }
        if deliveries.is_empty() {
            break;
        }
        let half = deliveries.len() / 2;
        deliveries[half..].reverse();
        let deliveries = Mutex::new(deliveries);
        thread::scope(|scope| {
            for process in &mut processes {
                let deliveries = &deliveries;
                scope.spawn(move || {
                    while let Some(event) = { deliveries.lock().unwrap().pop() } {
                        // An error is that no answer could be given: the event comes again in the next round.
                        let _again = process.invoke(&event);
                    }
                });
            }
        });
        for (number, action) in actions.iter_mut().enumerate() {
            let Some((id, _)) = &action.open else { continue };
            match pipelines.answer(id) {
                None => {}
                Some(Put::Success(JobSuccess::Continue { continuation_token })) => {
                    let next = format!("job-{number}-{round}");
                    pipelines.open(&next);
                    action.open = Some((next, Some(continuation_token)));
                }
                Some(end) => {
                    action.open = None;
                    action.final_answers.push(end);
                }
            }
        }
    }

    let mut executions: BTreeMap<String, usize> = BTreeMap::new();
    for run in moody.services.states.runs() {
        let input: Value = serde_json::from_str(&run.input).expect("JSON");
        *executions.entry(input["number"].to_string()).or_default() += 1;
    }
    assert_eq!(executions.len(), JOBS);
    assert!(executions.values().all(|count| *count == 1), "{executions:?}");
    for (number, action) in actions.iter().enumerate() {
        let ended = matches!(&action.final_answers[..], [Put::Success(JobSuccess::Done { .. })]);
        assert!(ended, "{number}: {:?}", action.final_answers);
    }
}
