//! What gives a model to the service: how it ends for everything that the service can do with a new model.
//!
//! The definition runs in simulated time against an ECS of the few facts that it reads.

mod world;

use serde_json::{Value, json};
use world::{Fate, IMAGE, NEW, World, revision};

#[track_caller]
fn fails(result: Result<Value, (String, String)>, name: &str, parts: &[&str]) {
    let (error, cause) = result.expect_err("it fails");
    assert_eq!(error, name, "{cause}");
    for part in parts {
        assert!(cause.contains(part), "`{part}` is not in: {cause}");
    }
}

#[test]
fn an_approved_model_is_served_and_its_registration_says_where() {
    let mut world = World::serving("arn:other/1");
    let output = world.deploy().expect("it is deployed");
    assert_eq!(
        (
            &output["version"],
            &output["image"],
            &output["commit"],
            &output["model"]["arn"]
        ),
        (&json!(2), &json!(IMAGE), &json!("3f9d2c1"), &json!(NEW))
    );
    assert_eq!(output["taskDefinition"], revision(2));
    let summary = output["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("version 2 is served at http://"), "{summary}");

    let registered = world.of("Register")[0];
    let container = &registered["ContainerDefinitions"][0];
    assert_eq!(
        (&container["Image"], &container["Command"]),
        (&json!(IMAGE), &json!(["serve"]))
    );
    for pair in [
        json!({"Name": "MODEL_PACKAGE_ARN", "Value": NEW}),
        json!({"Name": "IMAGE_URI", "Value": IMAGE}),
        json!({"Name": "COMMIT", "Value": "3f9d2c1"}),
    ] {
        let variables = container["Environment"].as_array().expect("a list");
        assert!(variables.contains(&pair), "{pair}");
    }
    for (key, value) in [
        ("model-package", NEW),
        ("commit", "3f9d2c1"),
        ("previous-task-definition", &revision(1)),
    ] {
        let tags = registered["Tags"].as_array().expect("a list");
        assert!(tags.contains(&json!({"Key": key, "Value": value})), "{key}");
    }
    assert_eq!(world.ends_with(), (revision(2).as_str(), 2));
    let expected = &world.of("AskService")[0]["Payload"]["expect"];
    assert_eq!(
        *expected,
        json!({"modelPackageArn": NEW, "image": IMAGE, "commit": "3f9d2c1"})
    );
    let recorded = &world.of("Record")[0]["CustomerMetadataProperties"];
    assert_eq!(recorded["deployment"], revision(2));
    assert!(
        recorded["deployedAt"].as_str().is_some_and(|time| time.ends_with('Z')),
        "{recorded}"
    );
}

#[test]
fn an_execution_names_the_model_where_the_pipeline_does_not_know_it() {
    let mut world = World::new();
    let execution = "arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-training-dev:one";
    let output = world
        .run(&json!({"execution": execution, "commit": "3f9d2c1"}))
        .expect("it is deployed");
    assert_eq!(output["model"]["arn"], NEW);
    for input in [
        json!({}),
        json!({"model": {"arn": ""}}),
        json!({"model": {"arn": 1}}),
        json!({"execution": "one"}),
    ] {
        fails(
            World::new().run(&input),
            "ModelNotGiven",
            &["{\"model\": {\"arn\": \"ARN\"}}"],
        );
    }
}

#[test]
fn only_an_approved_model_is_served() {
    // An approval in the pipeline shows a moment later.
    let mut world = World::new();
    world.statuses = vec!["PendingManualApproval", "PendingManualApproval", "Approved"];
    world.deploy().expect("it is deployed");
    for (status, looks) in [("PendingManualApproval", 11), ("Rejected", 1)] {
        let mut world = World::serving("arn:other/1");
        world.statuses = vec![status];
        let told = format!("{NEW} is {status} (not better), and only an approved model is served");
        fails(
            world.deploy(),
            "ModelNotApproved",
            &[&told, "aws sagemaker update-model-package"],
        );
        assert_eq!(
            (world.of("LookAtModel").len(), world.of("LookAtService").len()),
            (looks, 0)
        );
    }
}

#[test]
fn what_the_service_does_not_take_is_taken_back() {
    for (fate, told) in [
        (Fate::Fails, "its rollout failed (ECS deployment ecs-svc/2 failed.)"),
        (
            Fate::IsTakenBack,
            "its rollout failed (ECS deployment ecs-svc/2 failed.)",
        ),
        (Fate::Hangs, "its rollout did not end in 60 minutes"),
    ] {
        let mut world = World::serving("arn:other/1");
        world.fate = fate;
        fails(
            world.deploy(),
            "DeploymentFailed",
            &[
                told,
                "exit code 1",
                "task 0a1b: Essential container in task exited",
                &format!("Back at {}", revision(1)),
            ],
        );
        assert_eq!(world.ends_with(), (revision(1).as_str(), 2), "{fate:?}");
        assert_eq!(
            world.of("RollBack").len(),
            usize::from(fate != Fate::IsTakenBack),
            "{fate:?}"
        );
        assert!(world.of("Record").is_empty());
    }
    let mut world = World::serving("arn:other/1");
    world.fate = Fate::Fails;
    let (_, cause) = world.deploy().expect_err("it fails");
    assert!(
        cause.contains("ECS: (service stepline-service-dev) deployment failed: tasks failed to start; task"),
        "{cause}"
    );
    assert!(!cause.contains("long ago") && !cause.contains("has started"), "{cause}");
}

#[test]
fn a_first_deployment_that_fails_leaves_no_task() {
    // What serves nothing cannot be rolled out with tasks, which ECS tries where it goes back by itself.
    for (fate, fate_of_rollback) in [
        (Fate::Fails, Fate::Completes),
        (Fate::IsTakenBack, Fate::Completes),
        (Fate::IsTakenBack, Fate::Fails),
    ] {
        let mut world = World::new();
        world.fate = fate;
        world.fate_of_rollback = fate_of_rollback;
        fails(
            world.deploy(),
            "DeploymentFailed",
            &["There was nothing to go back to: stepline-service-dev has no tasks again"],
        );
        assert_eq!(world.ends_with(), (revision(1).as_str(), 0), "{fate:?}");
    }
}

#[test]
fn a_service_that_answers_wrongly_is_taken_back() {
    for error in ["VersionMismatch", "ServiceNotHealthy", "ServiceNotReached"] {
        let mut world = World::serving("arn:other/1");
        world.asked = vec![Err((error, "`http://a/version` says no"))];
        fails(
            world.deploy(),
            "DeploymentFailed",
            &[&format!("{error}: `http://a/version` says no"), "Back at"],
        );
        assert_eq!(world.of("AskService").len(), 4);
        assert_eq!(world.ends_with(), (revision(1).as_str(), 2));
    }
    // A load balancer that forgets the old tasks late.
    let mut world = World::serving("arn:other/1");
    world.asked = vec![Err(("VersionMismatch", "the one before")), Ok(())];
    world.deploy().expect("it is deployed");
}

#[test]
fn a_rollback_that_fails_has_both_reasons() {
    for (fate, told) in [
        (Fate::Fails, "the rollout of what was served before failed"),
        (
            Fate::Hangs,
            "the rollout of what was served before did not end in 60 minutes",
        ),
    ] {
        let mut world = World::serving("arn:other/1");
        world.fate = Fate::Fails;
        world.fate_of_rollback = fate;
        let both = [
            "its rollout failed",
            &format!("And going back to {} failed: {told}", revision(1)),
        ];
        fails(world.deploy(), "RollbackFailed", &both);
    }
    let mut world = World::serving("arn:other/1");
    world.fate = Fate::Fails;
    world.errors = vec![("RollBack", "Ecs.ClientException", "TaskDefinition is inactive")];
    fails(
        world.deploy(),
        "RollbackFailed",
        &["its rollout failed", "TaskDefinition is inactive"],
    );
}

#[test]
fn what_somebody_else_deploys_meanwhile_is_left_alone() {
    let mut world = World::serving("arn:other/1");
    world.fate = Fate::IsReplaced;
    fails(
        world.deploy(),
        "DeploymentSuperseded",
        &[&revision(3), "arn:other/7", "Nothing was taken back"],
    );
    assert_eq!(world.ends_with(), (revision(3).as_str(), 2));
}

#[test]
fn an_execution_that_is_started_twice_changes_nothing() {
    let mut world = World::serving("arn:other/1");
    let first = world.deploy().expect("it is deployed");
    let second = world.deploy().expect("it is followed");
    assert_eq!(first, second);
    assert_eq!(
        (
            world.of("Register").len(),
            world.of("Update").len(),
            world.of("Record").len()
        ),
        (1, 1, 2)
    );

    // While the first one is under way: the second follows it, and knows what to go back to.
    let mut world = World::serving("arn:other/1");
    world
        .revisions
        .push((NEW.to_owned(), IMAGE.to_owned(), revision(1), "2".to_owned()));
    world.begin(&revision(2));
    world.fate = Fate::Fails;
    fails(world.deploy(), "DeploymentFailed", &["Back at"]);
    assert_eq!(
        (world.of("Register").len(), world.ends_with()),
        (0, (revision(1).as_str(), 2))
    );

    // What had come to its end before is not taken back.
    let mut world = World::serving(NEW);
    world.asked = vec![Err(("ServiceNotReached", "no answer"))];
    fails(
        world.deploy(),
        "DeploymentFailed",
        &["Nothing was taken back: it had been deployed before"],
    );
    assert_eq!(world.ends_with(), (revision(1).as_str(), 2));
}

#[test]
fn why_tasks_ended_need_not_be_known_to_go_back() {
    let mut world = World::serving("arn:other/1");
    world.fate = Fate::Fails;
    world.errors = vec![("FindStopped", "Ecs.EcsException", "denied")];
    fails(world.deploy(), "DeploymentFailed", &["its rollout failed", "Back at"]);
    // What nothing catches can be redriven.
    let mut world = World::serving("arn:other/1");
    world.errors = vec![("Update", "Ecs.EcsException", "denied")];
    fails(world.deploy(), "Ecs.EcsException", &["denied"]);
}
