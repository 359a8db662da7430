//! However often and however badly an event is delivered: one execution.

use std::time::Duration;

use futures_util::future::join_all;
use image_push::Outcome;
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::fakes::images::manifests;

use crate::world::{START, World, machine, outcomes, pushed, repository, rule, scheduled};

#[tokio::test]
async fn a_push_delivered_a_hundred_times_at_once_with_throttling_in_between_starts_once() {
    let world = World::new();
    let ml = repository("ml");
    let digest = world
        .registry
        .push(&ml, Some("release-1"), &manifests::oci_image("1"), world.now());
    // Two calls in three are throttled, and the answer to the first that is not gets lost.
    world.throttle(3, 300);
    let rules = json!([rule("ml-pipeline"), rule(&format!("{}:live", machine("other")))]);
    // As many processes as deliveries: none knows of another.
    let deliver = async || {
        let function = world.function(&rules, &[]);
        // Lambda delivers again what failed.
        for deliveries in 1..100 {
            match function
                .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
                .await
            {
                Ok(report) => return (report, deliveries),
                Err(error) => assert!(error.to_string().contains("StartExecution"), "{error}"),
            }
        }
        panic!("not handled");
    };
    let reports = join_all((0..100).map(|_| deliver())).await;
    let executions = world.executions();
    assert_eq!(executions.len(), 2, "one for each rule");
    assert!(
        reports.iter().any(|(_, deliveries)| *deliveries > 1),
        "some were throttled"
    );
    for (report, _) in &reports {
        for (decision, execution) in report.decisions.iter().zip(["ml-pipeline", "other"]) {
            let (Outcome::Started { execution_arn } | Outcome::Adopted { execution_arn }) = &decision.outcome else {
                panic!("{decision:?}")
            };
            assert!(
                execution_arn.contains(&format!(":execution:{execution}:push-release-1-")),
                "{execution_arn}"
            );
        }
    }
}

#[tokio::test]
async fn an_execution_that_has_ended_is_adopted_too() {
    let (world, digest) = World::with_release();
    let rules = json!([rule("ml")]);
    let first = world
        .function(&rules, &[])
        .handle_one(pushed("ml", &digest, Some("release-1")), START)
        .await;
    let started = outcomes(first);
    world.end_all();
    let now = world.now();
    let second = world
        .function(&rules, &[])
        .handle_one(pushed("ml", &digest, Some("release-1")), now)
        .await;
    assert_eq!(outcomes(second), [started[0].replace("started", "adopted")]);
    let look = world.function(&rules, &[]).handle_one(scheduled(), now).await;
    let said = outcomes(look);
    assert!(said[0].starts_with("ignored: it has an execution"), "{said:?}");
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test]
async fn rules_that_start_the_same_state_machine_start_it_once_each() {
    let (world, digest) = World::with_release();
    let rule =
        |stage: &str| json!({"repository": "ml", "tag": "release-*", "stateMachine": "ml", "input": {"stage": stage}});
    let rules = json!([rule("train"), rule("test")]);
    for _ in 0..2 {
        let handled = world
            .function(&rules, &[])
            .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
            .await;
        handled.expect("handled");
    }
    let stages: Vec<_> = world
        .executions()
        .into_iter()
        .map(|execution| execution.input["stage"].clone())
        .collect();
    assert_eq!(stages, ["train", "test"]);
}

/// Rules for one state machine, each with an input of its own.
fn rules(stages: &[&str]) -> Value {
    stages
        .iter()
        .map(|stage| json!({"repository": "ml", "tag": "release-*", "stateMachine": "ml", "input": {"stage": stage}}))
        .collect()
}

#[tokio::test]
async fn a_rule_that_is_put_in_front_runs_by_itself_and_the_others_not_again() {
    let (world, digest) = World::with_release();
    for (stages, outcomes_of) in [
        (&["train"][..], &["started"][..]),
        (&["check", "train"], &["started", "adopted"]),
        (&["train", "check"], &["adopted", "adopted"]),
    ] {
        let handled = world
            .function(&rules(stages), &[])
            .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
            .await;
        let outcomes = outcomes(handled);
        for (outcome, expected) in outcomes.iter().zip(outcomes_of) {
            assert!(outcome.starts_with(expected), "{stages:?}: {outcomes:?}");
        }
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(world.executions().len(), 2, "one for each rule");
}

#[tokio::test]
async fn a_rule_runs_once_though_another_cannot_be_looked_up_for_a_while() {
    let (world, digest) = World::with_release();
    let mut rules = rules(&["train", "test"]);
    rules[0]["stateMachine"] = json!("ssm:/stepline/machine");
    let deliver = async || {
        world
            .function(&rules, &[])
            .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
            .await
    };
    deliver().await.expect_err("the first rule's parameter is not there");
    world.parameters.put_string("/stepline/machine", &machine("ml"));
    deliver().await.expect("handled");
    let mut stages: Vec<_> = world
        .executions()
        .into_iter()
        .map(|execution| execution.input["stage"].clone())
        .collect();
    stages.sort_unstable_by_key(ToString::to_string);
    assert_eq!(stages, ["test", "train"]);
}

#[tokio::test]
async fn rules_that_would_run_the_same_run_it_once() {
    let (world, digest) = World::with_release();
    let mut twice = rules(&["train", "train"]);
    twice[1]["tag"] = json!("*-1");
    let handled = world
        .function(&twice, &[])
        .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
        .await;
    handled.expect("handled");
    assert_eq!(world.executions().len(), 1);
}

/// The event of a push, dated so long after everything began.
fn pushed_at(digest: &str, tag: &str, after: Duration) -> LambdaEvent<Value> {
    let mut event = pushed("ml", digest, Some(tag));
    let minutes = after.as_secs() / 60;
    event.payload["time"] = json!(format!(
        "2026-11-{:02}T{:02}:{:02}:00Z",
        23 + (30 + 16 * 60 + minutes) / 1_440,
        (30 + 16 * 60 + minutes) / 60 % 24,
        (30 + minutes) % 60
    ));
    event
}

#[tokio::test]
async fn a_parameter_that_moves_between_two_deliveries_starts_once() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let world = World::new();
    let ml = repository("ml");
    world.parameters.put_string("/machine", "ml");
    let digest = world
        .registry
        .push(&ml, Some("release-1"), &manifests::oci_image("1"), world.now());
    let rules = json!([rule("ssm:/machine")]);
    let function = world.function(&rules, &[]);
    let deliver = async || {
        let event = pushed("ml", &digest, Some("release-1"));
        outcomes(function.handle_one(event, world.now()).await)
    };
    assert!(deliver().await[0].starts_with("started"));
    for (number, other) in ["other", "a", "b"].into_iter().enumerate() {
        world.pass(HOUR);
        world.parameters.put_string_at("/machine", other, world.now());
        world.pass(HOUR);
        assert!(deliver().await[0].starts_with("adopted"), "{number} moves");
        outcomes(function.handle_one(scheduled(), world.now()).await);
        assert_eq!(world.executions().len(), 1, "{number} moves");
    }
    // A tag that the image gets days later is another arrival: it goes where the parameter leads by then.
    world.pass(48 * HOUR);
    world
        .registry
        .push(&ml, Some("release-2"), &manifests::oci_image("1"), world.now());
    let event = || pushed_at(&digest, "release-2", 54 * HOUR);
    outcomes(function.handle_one(event(), world.now()).await);
    world.pass(HOUR);
    world.parameters.put_string_at("/machine", "ml", world.now());
    outcomes(function.handle_one(event(), world.now()).await);
    let machines: Vec<String> = world.executions().into_iter().map(|run| run.started_by).collect();
    assert_eq!(machines, [machine("ml"), machine("b")]);
}

#[tokio::test]
async fn a_parameter_counts_as_it_was_at_the_push_for_as_long_as_a_look_would_find_the_image() {
    const MINUTE: Duration = Duration::from_secs(60);
    for (minutes, expected) in [(24 * 60, "ml"), (24 * 60 + 1, "other")] {
        let world = World::new();
        world.parameters.put_string("/machine", "ml");
        let image = manifests::docker_image("1");
        let digest = world
            .registry
            .push(&repository("ml"), Some("release-1"), &image, world.now());
        world.pass(MINUTE);
        world.parameters.put_string_at("/machine", "other", world.now());
        world.pass(MINUTE * (minutes - 1));
        let event = pushed_at(&digest, "release-1", MINUTE * minutes);
        outcomes(
            world
                .function(&json!([rule("ssm:/machine")]), &[])
                .handle_one(event, world.now())
                .await,
        );
        assert_eq!(world.executions()[0].started_by, machine(expected), "{minutes}");
    }
}
