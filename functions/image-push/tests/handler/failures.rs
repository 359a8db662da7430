//! What cannot be done is an error, with a name that stays; what can be done beside it is done.

use image_push::{HandlerError, ImagePush};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use shared::fakes::images::manifests;
use shared::fakes::{Fault, Faulty};
use shared::ports::{CallError, CallErrorKind};

use crate::step_functions::Reach;
use crate::world::{START, World, event, machine, outcomes, pushed, rule, scheduled, settings};

fn name_and_message(error: HandlerError) -> (String, String) {
    let Diagnostic {
        error_type,
        error_message,
        ..
    } = error.into();
    (error_type, error_message)
}

#[tokio::test]
async fn a_rule_that_fails_holds_no_other_back_and_fails_the_whole() {
    let (world, digest) = World::with_release();
    let rules = json!([rule("express"), rule("ssm:/none"), rule("ml")]);
    for happened in [pushed("ml", &digest, Some("release-1")), scheduled()] {
        let error = world
            .function(&rules, &[])
            .handle_one(happened, START)
            .await
            .expect_err("two rules fail");
        let (name, message) = name_and_message(error);
        assert_eq!(name, "ImagePushIncomplete");
        assert!(
            message.contains("rule 1: `arn:aws:states:us-east-1:123456789012:stateMachine:express` is Express"),
            "{message}"
        );
        assert!(message.contains("rule 2: there is no parameter `/none`"), "{message}");
        assert!(!message.contains("rule 3"), "{message}");
    }
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test]
async fn a_throttled_start_is_an_error_and_done_when_the_event_comes_again() {
    let (world, digest) = World::with_release();
    world.throttle(2, 4);
    let function = world.function(&json!([rule("a"), rule("b")]), &[]);
    let error = function
        .handle_one(pushed("ml", &digest, Some("release-1")), START)
        .await
        .expect_err("throttled");
    let (name, message) = name_and_message(error);
    assert_eq!(name, "ImagePushIncomplete");
    assert_eq!(
        message,
        "rule 2: `StartExecution` was throttled (ThrottlingException): Rate exceeded"
    );
    let again = function
        .handle_one(pushed("ml", &digest, Some("release-1")), world.now())
        .await;
    assert!(
        again.is_err(),
        "every second call is throttled, and this was the fourth"
    );
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test]
async fn poison_is_an_error_with_a_name() {
    let (world, _) = World::with_release();
    let function = world.function(&json!([rule("ml")]), &[]);
    let detail = json!({"result": "SUCCESS", "action-type": "PUSH", "repository-name": "ml", "image-digest": "latest"});
    let cases = [
        (event("aws.ecr", "ECR Image Action", detail), "EventInvalid"),
        (event("aws.s3", "Object Created", json!({})), "EventInvalid"),
        (LambdaEvent::new(Value::Null, scheduled().context), "EventInvalid"),
    ];
    for (happened, name) in cases {
        let error = function.handle_one(happened, START).await.expect_err(name);
        assert_eq!(name_and_message(error).0, name);
    }
    assert_eq!(world.registry.calls(), <[&str; 0]>::default());
}

#[tokio::test]
async fn rules_in_a_parameter_are_read_when_they_are_needed_and_refused_by_field() {
    let (world, digest) = World::with_release();
    let function = world.function(&json!("ssm:/stepline/dev/rules"), &[]);
    let happened = || pushed("ml", &digest, Some("release-1"));
    let error = function.handle_one(happened(), START).await.expect_err("no rules");
    assert_eq!(
        name_and_message(error),
        (
            "ParameterNotFound".to_owned(),
            "the rules cannot be read: there is no parameter `/stepline/dev/rules`".to_owned()
        )
    );
    world
        .parameters
        .put_string("/stepline/dev/rules", r#"[{"repository": "ml", "tag": "*"}]"#);
    let error = world
        .function(&json!("ssm:/stepline/dev/rules"), &[])
        .handle_one(happened(), START)
        .await
        .expect_err("ill-formed");
    assert_eq!(
        name_and_message(error),
        (
            "RulesInvalid".to_owned(),
            "rule 1: `stateMachine` is missing or empty".to_owned()
        )
    );
    world.parameters.put_string(
        "/stepline/dev/rules",
        &json!([rule("ssm:/stepline/dev/state-machine")]).to_string(),
    );
    world
        .parameters
        .put_string("/stepline/dev/state-machine", &format!("{}:live", machine("ml")));
    let function = world.function(&json!("ssm:/stepline/dev/rules"), &[]);
    for _ in 0..2 {
        function.handle_one(happened(), world.now()).await.expect("handled");
    }
    let executions = world.executions();
    assert_eq!(executions.len(), 1);
    assert_eq!(
        executions[0].started_by,
        format!("{}:live", machine("ml")),
        "the alias is what is started"
    );
    assert_eq!(
        world.step_functions.count("DescribeStateMachine"),
        1,
        "a type never changes"
    );
    world
        .parameters
        .put_string("/stepline/dev/state-machine", "no arn: at all");
    let error = world
        .function(&json!("ssm:/stepline/dev/rules"), &[])
        .handle_one(happened(), START)
        .await
        .expect_err("no machine");
    let message = name_and_message(error).1;
    assert_eq!(
        message,
        "rule 1: parameter `/stepline/dev/state-machine` holds neither the ARN nor the name of a state machine"
    );
}

#[tokio::test]
async fn an_event_of_another_region_is_none_of_ours_and_one_of_another_account_is() {
    let (world, digest) = World::with_release();
    let function = world.function(&json!([rule("ml")]), &[]);
    let mut elsewhere = pushed("ml", &digest, Some("release-1"));
    elsewhere.payload["region"] = json!("eu-west-1");
    let said = outcomes(function.handle_one(elsewhere, START).await);
    assert_eq!(
        said,
        ["ignored: it is in `eu-west-1`, and this function looks at `us-east-1`"]
    );
    let theirs = shared::ports::images::Repository {
        registry_id: "210987654321".to_owned(),
        name: "ml".to_owned(),
    };
    let digest = world
        .registry
        .push(&theirs, Some("release-1"), &manifests::docker_image("theirs"), START);
    let mut shared_with_us = pushed("ml", &digest, Some("release-1"));
    shared_with_us.payload["account"] = json!("210987654321");
    function.handle_one(shared_with_us, START).await.expect("handled");
    let input = &world.executions()[0].input;
    assert_eq!(
        input["image"]["uri"],
        format!("210987654321.dkr.ecr.us-east-1.amazonaws.com/ml@{digest}")
    );
}

#[tokio::test]
async fn where_lambda_is_only_played_the_event_says_where_it_is() {
    let (world, digest) = World::with_release();
    let mut context = Context::default();
    context.invoked_function_arn = "function-arn".to_owned();
    for payload in [pushed("ml", &digest, Some("release-1")).payload, scheduled().payload] {
        let happened = LambdaEvent::new(payload, context.clone());
        world
            .function(&json!([rule("ml")]), &[])
            .handle_one(happened, world.now())
            .await
            .expect("handled");
    }
    let executions = world.executions();
    assert_eq!(executions.len(), 1);
    assert_eq!(executions[0].started_by, machine("ml"));
}

fn throttled(operation: &'static str) -> Fault {
    Fault::Before(CallError::new(operation, CallErrorKind::Throttled, "Rate exceeded"))
}

#[tokio::test]
async fn an_image_that_the_registry_does_not_tell_of_for_now_is_a_failure_and_not_one_that_is_gone() {
    let (world, digest) = World::with_release();
    let registry = Faulty::new(&world.registry);
    registry.script(|attempt| throttled(attempt.operation));
    let rules = settings(&json!([rule("ml")]), &[]);
    let function = ImagePush::new(rules, registry, Reach(&world.step_functions), &world.parameters);
    let error = function
        .handle_one(pushed("ml", &digest, Some("release-1")), START)
        .await
        .expect_err("throttled");
    let (name, message) = name_and_message(error);
    assert_eq!(name, "ImagePushIncomplete");
    assert!(message.contains("`DescribeImages` was throttled"), "{message}");
}

#[tokio::test]
async fn a_look_starts_nothing_that_it_cannot_see_is_missing() {
    let (world, _) = World::with_release();
    world.step_functions.script(|attempt| match attempt.operation {
        "DescribeExecution" => throttled(attempt.operation),
        _ => Fault::None,
    });
    let error = world
        .function(&json!([rule("ml")]), &[])
        .handle_one(scheduled(), START)
        .await
        .expect_err("throttled");
    let message = name_and_message(error).1;
    assert!(message.contains("`DescribeExecution` was throttled"), "{message}");
    assert_eq!(world.executions().len(), 0);
}
