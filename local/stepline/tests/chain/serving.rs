//! From an approved model to a service that answers with it, and back where the service does not take it.

use crate::world::World;
use crate::{message, states};
use platform::journal::Happening;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An account whose pipeline trains and serves.
async fn world() -> World {
    let world = World::training_with(&[("Hyperparameters", r#"{"quality": 0.9}"#)], &[("Serving", "ecs")]).await;
    world.cloud.pace.set_patience(Duration::from_secs(3));
    world
}

/// Has the next image serve like this.
fn serve(world: &World, how: &str) {
    world.change("container/app/src/serve.py", |program| {
        let before = program
            .lines()
            .find(|line| line.starts_with("HOW = "))
            .expect("it is said")
            .to_owned();
        program.replace(&before, &format!("HOW = {how:?}"))
    });
}

/// Where the load balancer answers, without `http://`.
async fn address(world: &World) -> String {
    let found = world
        .call("elasticloadbalancing", "DescribeLoadBalancers", json!({}))
        .await;
    found["LoadBalancers"][0]["DNSName"]
        .as_str()
        .expect("a name")
        .to_owned()
}

/// One request: the body of its answer.
async fn ask(world: &World, request: &str, body: &str) -> Value {
    let address = address(world).await;
    let text = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it answers");
        stream.write_all(text.as_bytes()).expect("it is asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    });
    let answer = answer.await.expect("an answer");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

async fn service(world: &World) -> Value {
    let which = json!({"cluster": "stepline-dev", "services": ["stepline-service-dev"]});
    world.call("ecs", "DescribeServices", which).await["services"][0].clone()
}

fn package(version: u32) -> String {
    format!("arn:aws:sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev/{version}")
}

/// What the last action `Deploy` said when it failed.
fn reason(world: &World) -> String {
    let entries = world.cloud.journal.entries().into_iter().rev();
    let mut messages = entries.filter_map(|entry| match entry.happening {
        Happening::ActionEnded { action, message, .. } if action == "Deploy" => message,
        _ => None,
    });
    messages.next().expect("a failure's message")
}

/// Runs what deploys, by hand: its status, error and cause.
async fn deploy(world: &World, version: u32) -> (String, String, String) {
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:deploy-service-dev:live";
    let input = json!({"model": {"arn": package(version)}}).to_string();
    let started = world
        .call(
            "states",
            "StartExecution",
            json!({"stateMachineArn": machine, "input": input}),
        )
        .await;
    let execution = started["executionArn"].as_str().expect("an ARN").to_owned();
    world.cloud.ongoing.end(&execution).await;
    let described = world
        .call("states", "DescribeExecution", json!({"executionArn": execution}))
        .await;
    let text = |field: &str| described[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("error"), text("cause"))
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_models_are_served_one_after_the_other_and_bad_ones_are_taken_back() {
    let world = world().await;
    assert_eq!(
        world.run_pipeline().await,
        "Succeeded",
        "{:?}\n{:?}",
        message(&world, "Deploy"),
        states(&world)
    );
    let said = ask(&world, "GET /version", "").await;
    assert_eq!(said["modelPackageArn"], package(1));
    let rows = ask(&world, "POST /invocations", "a,b\n1,2\n3,4\n").await;
    assert_eq!(rows, json!({"predictions": 2}));
    let registered = world
        .call(
            "sagemaker",
            "DescribeModelPackage",
            json!({"ModelPackageName": package(1)}),
        )
        .await;
    let known = &registered["CustomerMetadataProperties"];
    assert_eq!(known["deployment"], service(&world).await["taskDefinition"]);
    assert_eq!(known["service"], service(&world).await["serviceArn"]);
    assert_eq!(said["image"], known["image"]);

    // The second merge meets the first one's model.
    serve(&world, "well, and anew");
    assert_eq!(
        world.run_pipeline().await,
        "Succeeded",
        "{:?}",
        message(&world, "Deploy")
    );
    assert_eq!(ask(&world, "GET /version", "").await["modelPackageArn"], package(2));

    for (how, parts) in [
        (
            "not at all",
            &[
                "DeploymentFailed",
                "version 3",
                "exit code 1",
                "aws logs tail /aws/ecs/stepline-service-dev",
            ][..],
        ),
        ("badly", &["DeploymentFailed", "version 4", "health"]),
        (
            "another",
            &["DeploymentFailed", "version 5", "VersionMismatch", "`arn:another/1`"],
        ),
    ] {
        serve(&world, how);
        assert_eq!(world.run_pipeline().await, "Failed", "{how}");
        let reason = reason(&world);
        for part in parts
            .iter()
            .chain(&["Back at arn:aws:ecs:us-east-1:123456789012:task-definition/stepline-service-dev:3"])
        {
            assert!(reason.contains(part), "{how}: {part}: {reason}");
        }
        assert_eq!(
            ask(&world, "GET /version", "").await["modelPackageArn"],
            package(2),
            "{how}"
        );
        let service = service(&world).await;
        assert_eq!(
            (&service["desiredCount"], &service["runningCount"]),
            (&json!(1), &json!(1)),
            "{how}"
        );
    }

    // Back to the first one, by hand, twice at once.
    let (one, other) = tokio::join!(deploy(&world, 1), deploy(&world, 1));
    assert_eq!(
        (one.0.as_str(), other.0.as_str()),
        ("SUCCEEDED", "SUCCEEDED"),
        "{one:?} {other:?}"
    );
    assert_eq!(ask(&world, "GET /version", "").await["modelPackageArn"], package(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_model_that_is_not_taken_leaves_no_task() {
    let world = world().await;
    serve(&world, "not at all");
    assert_eq!(world.run_pipeline().await, "Failed");
    let reason = reason(&world);
    for part in ["DeploymentFailed", "exit code 1", "There was nothing to go back to"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let service = service(&world).await;
    assert_eq!(
        (&service["desiredCount"], &service["runningCount"]),
        (&json!(0), &json!(0)),
        "{service}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_nobody_approved_is_not_served() {
    let world = world().await;
    assert_eq!(world.run_pipeline_and(Some(("Rejected", "not yet"))).await, "Failed");
    let reject =
        json!({"ModelPackageArn": package(1), "ModelApprovalStatus": "Rejected", "ApprovalDescription": "not yet"});
    world.call("sagemaker", "UpdateModelPackage", reject).await;
    let (status, error, cause) = deploy(&world, 1).await;
    assert_eq!(
        (status.as_str(), error.as_str()),
        ("FAILED", "ModelNotApproved"),
        "{cause}"
    );
    assert!(
        cause.contains("is Rejected (not yet), and only an approved model is served"),
        "{cause}"
    );
    assert_eq!(service(&world).await["desiredCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_waits_by_event_deploys_too() {
    let world = World::training_with(
        &[("Hyperparameters", r#"{"quality": 0.9}"#)],
        &[("Serving", "ecs"), ("Wait", "event")],
    )
    .await;
    assert_eq!(
        world.run_pipeline().await,
        "Succeeded",
        "{:?}",
        message(&world, "Deploy")
    );
    assert_eq!(ask(&world, "GET /version", "").await["modelPackageArn"], package(1));
}
