//! A thousand jobs at once, their events duplicated and interleaved, with a Step Functions that throttles, lags and
//! loses answers: each action ends with exactly one final answer, and has exactly one execution.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use shared::fakes::{Attempt, Fault};
use shared::ports::CallErrorKind::{NotFound, Throttled, Unavailable};
use shared::ports::step_functions::ExecutionStatus;

use crate::support::{Answer, Bench, Job, POLL, error, parameters};

const JOBS: usize = 1_000;

/// Numbers that look random, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Which call of an operation meets which fault: every fifth or so.
fn faults(attempt: Attempt) -> Fault {
    match (attempt.operation, attempt.nth % 11) {
        (_, 3) => Fault::Before(error(Throttled, "ThrottlingException")),
        (_, 7) => Fault::After(error(Unavailable, "ServiceUnavailable")),
        ("DescribeExecution", 5) => Fault::Before(error(NotFound, "ExecutionDoesNotExist")),
        _ => Fault::None,
    }
}

/// The jobs of one action, from its first to its last.
struct Action {
    wanted: Value,
    /// The job that CodePipeline waits for.
    open: Option<Job>,
    final_answers: Vec<Answer>,
}

type Delivery<'a> = (usize, String, Pin<Box<dyn Future<Output = ()> + 'a>>);

#[test]
fn a_thousand_interleaved_jobs_have_one_execution_and_one_final_answer_each() {
    let bench = Bench::new();
    bench.world().states.inner().ends_after(
        3,
        ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        },
    );
    bench.world().states.script(faults);
    bench.world().pipelines.script(faults);
    let mut dice = Dice(2026);
    let mut actions: Vec<Action> = (0..JOBS)
        .map(|number| {
            let wanted =
                parameters(json!({"input": {"number": number}, "pipelineExecutionId": format!("run-{number}")}));
            let first = Job {
                id: format!("job-{number}-0"),
                ..Job::first(wanted.clone())
            };
            bench.open(&first);
            Action {
                wanted,
                open: Some(first),
                final_answers: Vec::new(),
            }
        })
        .collect();

    for round in 1..200 {
        // Each open job's event is delivered one to three times, in any order, all of them under way at once.
        let mut deliveries: Vec<Delivery<'_>> = Vec::new();
        for (number, action) in actions.iter().enumerate() {
            let Some(job) = &action.open else { continue };
            for _ in 0..=dice.below(3) {
                let at = dice.below(deliveries.len() + 1);
                deliveries.insert(at, (number, job.id.clone(), Box::pin(deliver(&bench, job.event()))));
            }
        }
        if deliveries.is_empty() {
            break;
        }
        let mut context = Context::from_waker(Waker::noop());
        while !deliveries.is_empty() {
            let at = dice.below(deliveries.len());
            if deliveries[at].2.as_mut().poll(&mut context) == Poll::Ready(()) {
                drop(deliveries.swap_remove(at));
            }
        }
        bench.world().clock.advance(POLL);
        for (number, action) in actions.iter_mut().enumerate() {
            let Some(job) = action.open.take() else { continue };
            // No answer: Lambda calls again with the same event.
            if bench.world().pipelines.inner().answer(&job.id).is_none() {
                action.open = Some(job);
                continue;
            }
            match bench.answer(&job.id) {
                Answer::Continue(token) => {
                    let next = Job {
                        id: format!("job-{number}-{round}"),
                        ..Job::following(action.wanted.clone(), &token)
                    };
                    bench.open(&next);
                    action.open = Some(next);
                }
                end => action.final_answers.push(end),
            }
        }
    }

    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for run in bench.runs() {
        let input: Value = serde_json::from_str(&run.input).unwrap();
        *runs.entry(input["number"].to_string()).or_default() += 1;
    }
    assert_eq!(runs.len(), JOBS);
    assert!(runs.values().all(|count| *count == 1), "{runs:?}");
    for (number, action) in actions.iter().enumerate() {
        assert!(
            matches!(&action.final_answers[..], [Answer::Succeed(_)]),
            "{number}: {:?}",
            action.final_answers
        );
    }
    for operation in ["StartExecution", "DescribeExecution", "PutJobSuccessResult"] {
        assert!(
            bench.world().states.count(operation) + bench.world().pipelines.count(operation) > JOBS,
            "{operation}"
        );
    }
}

async fn deliver(bench: &Bench, event: Value) {
    // An error is what it should be where no answer could be given: the event is delivered again.
    let _again = bench.deliver(event).await;
}
