//! Arrays of events: each is decided by itself.

use std::time::Duration;

use image_push::{Handled, HandlerError};
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::fakes::images::manifests;

use crate::world::{World, event, outcomes, pushed, repository, rule};

/// The events as one delivery.
fn together(events: Vec<LambdaEvent<Value>>) -> LambdaEvent<Value> {
    let context = events[0].context.clone();
    let with_id = |(number, event): (usize, LambdaEvent<Value>)| {
        let mut payload = event.payload;
        if payload["id"].is_string() {
            payload["id"] = format!("event-{number}").into();
        }
        payload
    };
    LambdaEvent::new(events.into_iter().enumerate().map(with_id).collect(), context)
}

/// A registry with two releases, and the events of their pushes.
fn two_releases() -> (World, Vec<LambdaEvent<Value>>) {
    let world = World::new();
    let release = |tag: &str| {
        let manifest = manifests::docker_image(tag);
        let digest = world
            .registry
            .push(&repository("ml"), Some(tag), &manifest, world.now());
        pushed("ml", &digest, Some(tag))
    };
    let events = vec![release("release-1"), release("release-2")];
    (world, events)
}

#[tokio::test]
async fn every_event_of_an_array_is_decided_and_reported_by_itself() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    events.insert(1, event("aws.ecr", "ECR Image Scan", json!({})));
    let answer = function
        .handle(together(events), &world.clock)
        .await
        .expect("an answer");
    let Handled::Each(reports) = answer else {
        panic!("{answer:?}")
    };
    let said: Vec<(Option<String>, Vec<String>)> = reports
        .into_iter()
        .map(|reported| (reported.event, outcomes(Ok(reported.report))))
        .collect();
    let names: Vec<String> = world.executions().into_iter().map(|execution| execution.name).collect();
    let expected = [
        ("event-0", format!("started {}", names[0])),
        (
            "event-1",
            "ignored: `ECR Image Scan` says nothing of an image to run".to_owned(),
        ),
        ("event-2", format!("started {}", names[1])),
    ];
    assert_eq!(said, expected.map(|(id, outcome)| (Some(id.to_owned()), vec![outcome])));
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_alone_and_comes_again_with_them() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    events.insert(1, event("aws.ecr", "ECR Image Action", json!({})));
    events.push(LambdaEvent::new(json!("no event"), events[0].context.clone()));
    for _ in 0..2 {
        let error = function
            .handle(together(events.clone()), &world.clock)
            .await
            .expect_err("two fail");
        let HandlerError::Incomplete(failures) = error else {
            panic!("{error:?}")
        };
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(
            failures[0].starts_with("event 2 (`event-1`): the detail of `ECR Image Action`"),
            "{failures:?}"
        );
        assert!(
            failures[1].starts_with("event 4: the event is not one of EventBridge"),
            "{failures:?}"
        );
        // The same events again start nothing again.
        assert_eq!(world.executions().len(), 2);
    }
}

#[tokio::test]
async fn the_same_event_twice_in_an_array_starts_once() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    let event = events.remove(0);
    let answer = function
        .handle(together(vec![event.clone(), event]), &world.clock)
        .await;
    assert!(matches!(answer, Ok(Handled::Each(reports)) if reports.len() == 2));
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test]
async fn an_array_of_none_is_answered_with_none_and_one_event_as_ever() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    let none = LambdaEvent::new(json!([]), events[0].context.clone());
    assert_eq!(function.handle(none, &world.clock).await, Ok(Handled::Each(Vec::new())));
    let one = function.handle(events.remove(0), &world.clock).await;
    assert!(matches!(one, Ok(Handled::One(report)) if report.decisions.len() == 1));
}

#[tokio::test]
async fn what_no_time_is_left_for_comes_again() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    for event in &mut events {
        event.context.deadline = u64::try_from(world.now().as_millis()).expect("after 1970");
    }
    let error = function
        .handle(together(events), &world.clock)
        .await
        .expect_err("no time");
    let HandlerError::Incomplete(failures) = error else {
        panic!("{error:?}")
    };
    let expected = ["event 1 (`event-0`): no time left", "event 2 (`event-1`): no time left"];
    assert_eq!(failures, expected);
    assert_eq!(world.executions().len(), 0);
}

#[tokio::test]
async fn one_that_hangs_is_cut_off_and_leaves_nothing_to_those_after_it() {
    let (world, mut events) = two_releases();
    let function = world.function(&json!([rule("ml")]), &[]);
    for event in &mut events {
        // A third of it is kept to answer in.
        event.context.deadline = u64::try_from(world.now().as_millis() + 150).expect("after 1970");
    }
    world.step_functions.script(|_| Fault::Hang);
    let time_passes = async { world.pass(Duration::from_millis(150)) };
    let (answer, ()) = tokio::join!(function.handle(together(events), &world.clock), time_passes);
    let error = answer.expect_err("no time");
    let HandlerError::Incomplete(failures) = error else {
        panic!("{error:?}")
    };
    let expected = [
        "event 1 (`event-0`): the function's time was nearly over",
        "event 2 (`event-1`): no time left",
    ];
    assert_eq!(failures, expected);
}
