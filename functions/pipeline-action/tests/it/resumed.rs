//! What a retry with `onRetry` `redrive` goes on with: how far back it looks, and what is gone when it comes to it.

use std::time::Duration;

use pipeline_action::token::{Retry, Token};
use serde_json::{Value, json};
use shared::ports::CallErrorKind::NotFound;

use crate::histories::{CAUGHT, UNCAUGHT, failed, history};
use crate::support::{Bench, Job, POLL, always, assert_continues, parameters, run};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn wanted() -> Value {
    parameters(json!({"onRetry": "redrive", "timeoutMinutes": 60}))
}

/// A world in which the action's execution failed, and the stage is retried.
async fn after_failure() -> (Bench, String) {
    let bench = Bench::new();
    let _started = bench.started(wanted()).await;
    let arn = bench.runs()[0].execution_arn.clone();
    bench.world().clock.advance(POLL);
    bench.world().states.inner().end(&arn, failed());
    bench.world().states.inner().write_history(&arn, history(&UNCAUGHT));
    (bench, arn)
}

/// The answer to the first job of the retry.
async fn decided(bench: &Bench) -> Token {
    let job = Job {
        id: "retry-of-the-stage".to_owned(),
        ..Job::first(wanted())
    };
    assert_continues(bench.job(job).await)
}

#[test]
fn an_execution_is_looked_for_as_far_back_as_aws_redrives_it() {
    run(async {
        // It can have run for an hour, and then be redriven for 14 days.
        let longest = DAY * 14 + Duration::from_secs(3600);
        for (ago, is_found) in [
            (DAY, true),
            (longest - POLL, true),
            (longest, true),
            (longest + POLL, false),
        ] {
            let (bench, arn) = after_failure().await;
            // What others have started since fills the first page, whose last is the one that tells.
            for number in 0..2 {
                let job = Job {
                    id: format!("other-{number}"),
                    ..Job::first(json!({"stateMachine": "ml"}))
                };
                assert_continues(bench.job(job).await);
            }
            bench.world().clock.advance(ago);
            let token = decided(&bench).await;
            let expected = is_found.then_some(Retry::Redrive(arn));
            assert_eq!(
                (token.retry, bench.runs().len()),
                (expected, if is_found { 3 } else { 4 }),
                "{ago:?}"
            );
        }
    });
}

#[test]
fn the_latest_execution_is_gone_on_with_and_none_before_it() {
    run(async {
        let (bench, first) = after_failure().await;
        bench.world().states.inner().write_history(&first, history(&CAUGHT));
        let other = Job {
            id: "other".to_owned(),
            ..Job::first(json!({"stateMachine": "ml"}))
        };
        assert_continues(bench.job(other).await);
        // The first one ended in a Fail state, so that the stage's first retry starts another, which fails, too. The
        // first is on the next page then.
        let anew = decided(&bench).await;
        assert_eq!(anew.retry, Some(Retry::StartAnew));
        let job = Job {
            id: "start-anew".to_owned(),
            ..Job::following(wanted(), &anew)
        };
        let second = assert_continues(bench.job(job).await).execution.unwrap();
        bench.world().clock.advance(POLL);
        bench.world().states.inner().end(&second, failed());
        bench.world().states.inner().write_history(&second, history(&UNCAUGHT));
        let again = Job {
            id: "second-retry-of-the-stage".to_owned(),
            ..Job::first(wanted())
        };
        let token = assert_continues(bench.job(again).await);
        assert_eq!(token.retry, Some(Retry::Redrive(second)));
    });
}

#[test]
fn an_execution_that_is_gone_when_it_is_to_be_redriven_is_asked_for_again_before_a_new_one_starts() {
    run(async {
        let (bench, arn) = after_failure().await;
        let mut token = decided(&bench).await;
        assert_eq!(token.retry, Some(Retry::Redrive(arn.clone())));
        let script = always("DescribeExecution", NotFound, "ExecutionDoesNotExist");
        bench.world().states.script(script);
        let mut tries = Vec::new();
        for number in 0..4 {
            bench.world().clock.advance(POLL);
            let job = Job {
                id: format!("redrive-{number}"),
                ..Job::following(wanted(), &token)
            };
            token = assert_continues(bench.job(job).await);
            tries.push((token.tries, token.misses, token.retry.clone()));
        }
        let again = |tries| (tries, 0, Some(Retry::Redrive(arn.clone())));
        assert_eq!(tries, [again(1), again(2), again(3), (0, 0, Some(Retry::StartAnew))]);
        assert_eq!(
            (bench.runs().len(), bench.world().states.count("RedriveExecution")),
            (1, 0)
        );
    });
}
