//! A stage that is retried again and again, its events duplicated, interleaved and late, with a Step Functions that
//! throttles and loses answers: each retry redrives one execution or starts one, never both and never twice.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use shared::fakes::{Attempt, Fault};
use shared::ports::CallErrorKind::{Throttled, Unavailable};
use shared::ports::step_functions::ExecutionStatus;

use crate::histories::{CAUGHT, UNCAUGHT, failed, history};
use crate::interleaved::Dice;
use crate::support::{Answer, Bench, Job, POLL, error, parameters};

const SEEDS: u64 = 100;
/// Longer than a redrive's client token lasts.
const LONG: Duration = Duration::from_secs(16 * 60);

fn faults(attempt: Attempt) -> Fault {
    match attempt.nth % 7 {
        2 => Fault::Before(error(Throttled, "ThrottlingException")),
        5 => Fault::After(error(Unavailable, "ServiceUnavailable")),
        _ => Fault::None,
    }
}

/// Ends all executions that run, each with a history that leads into a Fail state or to work.
fn end_executions(bench: &Bench, dice: &mut Dice) {
    let states = bench.world().states.inner();
    for run in bench.runs() {
        if run.status == ExecutionStatus::Running {
            states.end(&run.execution_arn, failed());
            let events = if dice.below(2) == 0 { &CAUGHT[..] } else { &UNCAUGHT[..] };
            states.write_history(&run.execution_arn, history(events));
        }
    }
}

/// How often an execution was started or redriven.
fn begun(bench: &Bench) -> usize {
    bench.runs().iter().map(|run| 1 + run.redrives).sum()
}

/// Delivers these events, all under way at once.
fn deliver(bench: &Bench, dice: &mut Dice, events: Vec<Value>) {
    type Delivery<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
    let mut deliveries: Vec<Delivery<'_>> = Vec::new();
    for event in events {
        deliveries.push(Box::pin(async move {
            // Where no answer could be given, the event is delivered again.
            let _again = bench.deliver(event).await;
        }));
    }
    let mut context = Context::from_waker(Waker::noop());
    while !deliveries.is_empty() {
        let at = dice.below(deliveries.len());
        if deliveries[at].as_mut().poll(&mut context) == Poll::Ready(()) {
            drop(deliveries.swap_remove(at));
        }
    }
}

/// Has an action go on until it has failed: its first job, and those that follow. `delivered` are all events so far, of
/// earlier actions too.
fn play(bench: &Bench, dice: &mut Dice, wanted: &Value, action: usize, delivered: &mut Vec<Value>) -> Answer {
    let mut job = Job {
        id: format!("action-{action}-job-0"),
        ..Job::first(wanted.clone())
    };
    bench.open(&job);
    for number in 1..200 {
        delivered.push(job.event());
        let mut events = vec![job.event()];
        for _ in 0..dice.below(4) {
            events.push(delivered[dice.below(delivered.len())].clone());
        }
        deliver(bench, dice, events);
        bench
            .world()
            .clock
            .advance(if dice.below(4) == 0 { LONG } else { POLL });
        if dice.below(2) == 0 {
            end_executions(bench, dice);
        }
        if bench.world().pipelines.inner().answer(&job.id).is_none() {
            continue;
        }
        match bench.answer(&job.id) {
            Answer::Continue(token) => {
                job = Job {
                    id: format!("action-{action}-job-{number}"),
                    ..Job::following(wanted.clone(), &token)
                };
                bench.open(&job);
            }
            end => return end,
        }
    }
    panic!("action {action} does not end")
}

#[test]
fn each_retry_starts_or_redrives_one_execution_once() {
    let (mut redriven, mut anew) = (0, 0);
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let bench = Bench::new();
        bench.world().states.script(faults);
        bench.world().pipelines.script(faults);
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let mut delivered = Vec::new();
        for action in 0..4 {
            let (before, runs) = (begun(&bench), bench.runs().len());
            let end = play(&bench, &mut dice, &wanted, action, &mut delivered);
            assert!(matches!(end, Answer::Fail(..)), "seed {seed}, action {action}: {end:?}");
            assert_eq!(
                begun(&bench),
                before + 1,
                "seed {seed}, action {action}: {:#?}",
                bench.runs()
            );
            if action > 0 {
                anew += bench.runs().len() - runs;
                redriven += 1 - (bench.runs().len() - runs);
            }
            end_executions(&bench, &mut dice);
            bench.world().clock.advance(POLL);
        }
        // All events once more, when nothing is open any more.
        let before = begun(&bench);
        deliver(&bench, &mut dice, delivered);
        assert_eq!(begun(&bench), before, "seed {seed}: {:#?}", bench.runs());
    }
    let some = usize::try_from(SEEDS / 2).unwrap_or_default();
    assert!(redriven > some && anew > some, "{redriven} redriven, {anew} anew");
}
