//! Tasks and their definitions, and what IAM must allow.

use super::world::{World, get, text};
use platform::{Principal, ServiceError};
use serde_json::{Value, json};

/// What runs one task.
fn run(definition: &str) -> Value {
    json!({
        "cluster": "main", "taskDefinition": definition, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    })
}

/// Runs a task to its end: its description.
async fn ran(world: &World, definition: &str) -> Value {
    let started = world.ok("ecs", "RunTask", run(definition)).await;
    let arn = text(&started, "/tasks/0/taskArn");
    world.platform.ongoing.end(&arn).await;
    let described = world
        .ok("ecs", "DescribeTasks", json!({"cluster": "main", "tasks": [arn]}))
        .await;
    described["tasks"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_goes_through_its_stages_and_tells_of_them() {
    let world = World::new().await;
    let definition = world.register(json!({"EXIT": "0"})).await;
    let task = ran(&world, &definition).await;
    assert_eq!(
        (&task["lastStatus"], &task["group"]),
        (&json!("STOPPED"), &json!("family:app"))
    );
    assert_eq!(task["containers"][0]["exitCode"], 0);
    for time in [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "executionStoppedAt",
        "stoppedAt",
    ] {
        assert!(task[time].is_number(), "{time} in {task:#}");
    }
    let mut stages: Vec<Value> = world
        .events("ECS Task State Change")
        .iter()
        .map(|event| event["lastStatus"].clone())
        .collect();
    stages.dedup();
    assert_eq!(
        stages,
        [
            "PENDING",
            "ACTIVATING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_does_not_listen_is_killed_in_the_end() {
    let world = World::new().await;
    let definition = world.register(json!({"DEAF": "1", "ANSWER": "deaf"})).await;
    let started = world.ok("ecs", "RunTask", run(&definition)).await;
    let arn = text(&started, "/tasks/0/taskArn");
    let describe = json!({"cluster": "main", "tasks": [arn]});
    let mut address = String::new();
    world
        .until("it serves", async || {
            let found = world.ok("ecs", "DescribeTasks", describe.clone()).await;
            let port = found["tasks"][0]["containers"][0]["networkBindings"][0]["hostPort"].as_u64();
            address = format!("127.0.0.1:{}", port.unwrap_or_default());
            matches!(get(&address, "/").await, Ok((200, _)))
        })
        .await;
    world
        .ok("ecs", "StopTask", json!({"cluster": "main", "task": arn}))
        .await;
    world.platform.ongoing.end(&arn).await;
    let found = world.ok("ecs", "DescribeTasks", describe).await;
    let task = &found["tasks"][0];
    assert_eq!(task["containers"][0]["exitCode"], 137);
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("UserInitiated"), &json!("Task stopped by user"))
    );
    get(&address, "/").await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_checked_by_its_own_command() {
    let world = World::new().await;
    let mut definition = world.definition(&json!({"ANSWER": "checked"}));
    let check =
        r#"python3 -c "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'])""#;
    let container = &mut definition["containerDefinitions"][0];
    container["healthCheck"] = json!({"command": ["CMD-SHELL", check], "interval": 5, "startPeriod": 60});
    let registered = world.ok("ecs", "RegisterTaskDefinition", definition.clone()).await;
    let good = text(&registered, "/taskDefinition/taskDefinitionArn");
    let created = world.ok("ecs", "CreateService", World::service(&good, None)).await;
    assert!(world.ended(&created).await, "{:#?}", world.told().await);
    assert_eq!(world.tasks("RUNNING").await[0]["healthStatus"], "HEALTHY");

    definition["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "false"], "retries": 1});
    let registered = world.ok("ecs", "RegisterTaskDefinition", definition).await;
    let bad = text(&registered, "/taskDefinition/taskDefinitionArn");
    let update = json!({"cluster": "main", "service": "app", "taskDefinition": bad});
    let updated = world.ok("ecs", "UpdateService", update).await;
    assert!(!world.ended(&updated).await);
    assert!(world.ended(&created).await);
    let stopped = world.tasks("STOPPED").await;
    let reasons = stopped
        .iter()
        .filter(|task| task["stoppedReason"] == "Task failed container health checks");
    assert_eq!(reasons.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_execution_role_may_not_do_keeps_a_task_from_starting() {
    let all = ["ecr:GetAuthorizationToken", "ecr:*", "logs:*"];
    for (allowed, expected) in [
        (
            &all[1..1],
            "ResourceInitializationError: unable to pull secrets or registry auth",
        ),
        (&all[..1], "CannotPullContainerError: pull image manifest"),
        (&all[..2], "ResourceInitializationError: failed to validate logger args"),
    ] {
        let mut actions = allowed.to_vec();
        actions.push("none:Nothing");
        let world = World::with_role(json!({"Effect": "Allow", "Action": actions, "Resource": "*"})).await;
        let definition = world.register(json!({"EXIT": "0"})).await;
        let task = ran(&world, &definition).await;
        let reason = text(&task, "/stoppedReason");
        assert!(reason.starts_with(expected), "{reason}");
        assert!(reason.contains("is not authorized to perform"), "{reason}");
        assert_eq!(
            (&task["stopCode"], &task["startedAt"]),
            (&json!("TaskFailedToStart"), &Value::Null)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_has_to_trust_ecs_and_an_image_has_to_be_there() {
    let world = World::new().await;
    world.caller(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let mut definition = world.definition(&json!({}));
    definition["taskRoleArn"] = world.role("dev").into();
    let registered = world.ok("ecs", "RegisterTaskDefinition", definition.clone()).await;
    let task = ran(&world, &text(&registered, "/taskDefinition/taskDefinitionArn")).await;
    let reason = text(&task, "/stoppedReason");
    assert!(
        reason.contains("unable to assume the role") && reason.contains("role/dev"),
        "{reason}"
    );

    definition["taskRoleArn"] = world.role("task").into();
    let gone = format!("{}/app:gone", world.platform.account.registry());
    definition["containerDefinitions"][0]["image"] = gone.into();
    let registered = world.ok("ecs", "RegisterTaskDefinition", definition).await;
    let task = ran(&world, &text(&registered, "/taskDefinition/taskDefinitionArn")).await;
    let reason = text(&task, "/stoppedReason");
    assert!(
        reason.starts_with("CannotPullContainerError") && reason.contains("app:gone"),
        "{reason}"
    );
    assert_eq!(task["containers"][0]["reason"], reason);
}

async fn denied(world: &World, caller: &Principal, operation: &str, input: Value) -> String {
    let answer: Result<Value, ServiceError> = world.platform.call(caller, "ecs", operation, input).await;
    let error = answer.expect_err(operation);
    assert_eq!(error.code, "AccessDeniedException", "{error}");
    error.message
}

#[tokio::test]
async fn iam_is_asked_for_each_resource() {
    let world = World::new().await;
    let account = &world.platform.account;
    let caller = world.caller(json!([
        {"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": account.arn("ecs", "task-definition/app:*")},
        {"Effect": "Allow", "Action": ["ecs:UpdateService", "ecs:DescribeServices"], "Resource": account.arn("ecs", "service/main/app")},
    ]));
    let definition = world.definition(&json!({}));
    let message = denied(&world, &caller, "RegisterTaskDefinition", definition.clone()).await;
    assert!(
        message.contains("iam:PassRole") && message.contains("role/task"),
        "{message}"
    );
    let mut other = definition.clone();
    other["family"] = "other".into();
    denied(&world, &caller, "RegisterTaskDefinition", other).await;
    let update = json!({"cluster": "main", "service": "other", "desiredCount": 1});
    denied(&world, &caller, "UpdateService", update).await;
    let describe = json!({"cluster": "other", "services": ["app"]});
    denied(&world, &caller, "DescribeServices", describe).await;
    denied(
        &world,
        &caller,
        "DescribeTaskDefinition",
        json!({"taskDefinition": "app"}),
    )
    .await;
    denied(&world, &caller, "ListTasks", json!({"cluster": "main"})).await;
}

#[tokio::test]
async fn definitions_have_revisions() {
    let world = World::new().await;
    let first = world.register(json!({"A": "1"})).await;
    let second = world.register(json!({"A": "2"})).await;
    assert!(first.ends_with("task-definition/app:1") && second.ends_with(":2"));
    let found = world
        .ok("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "app"}))
        .await;
    let found = &found["taskDefinition"];
    assert_eq!((&found["revision"], &found["status"]), (&json!(2), &json!("ACTIVE")));
    let port = json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]);
    assert_eq!(found["containerDefinitions"][0]["portMappings"], port);
    world
        .ok("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "app:2"}))
        .await;
    let found = world
        .ok("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "app"}))
        .await;
    assert_eq!(found["taskDefinition"]["revision"], 1);
    let listed = world
        .ok(
            "ecs",
            "ListTaskDefinitions",
            json!({"familyPrefix": "app", "status": "INACTIVE"}),
        )
        .await;
    assert_eq!(listed["taskDefinitionArns"], json!([second]));
    let listed = world.ok("ecs", "ListTaskDefinitionFamilies", json!({})).await;
    assert_eq!(listed["families"], json!(["app"]));
    let error = world.refused("RunTask", run(&second)).await;
    assert_eq!(error.message, "TaskDefinition is inactive");
    for (definition, code, message) in [
        ("app", "ClientException", "Revision is missing."),
        (
            "app:x",
            "InvalidParameterException",
            "Invalid revision number. Number: x",
        ),
        ("app:9", "ClientException", "Unable to describe task definition."),
    ] {
        let input = json!({"taskDefinition": definition});
        let error = world.refused("DeregisterTaskDefinition", input).await;
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message));
    }
    let mut other = run(&second);
    other["launchType"] = "SOMETHING".into();
    let error = world.refused("RunTask", other).await;
    assert_eq!(error.message, "launch type should be one of [EC2,FARGATE,EXTERNAL]");
    let tag = json!({"resourceArn": first, "tags": [{"key": "k", "value": "v"}]});
    world.ok("ecs", "TagResource", tag).await;
    let described = world
        .ok(
            "ecs",
            "DescribeTaskDefinition",
            json!({"taskDefinition": "app", "include": ["TAGS"]}),
        )
        .await;
    assert_eq!(described["tags"], json!([{"key": "k", "value": "v"}]));
}

#[tokio::test]
async fn what_aws_refuses_and_what_is_not_here_is_refused() {
    let world = World::new().await;
    let definition = world.definition(&json!({}));
    for (pointer, value, code, part) in [
        ("/networkMode", json!("bridge"), "ClientException", "awsvpc"),
        ("/memory", json!("100"), "ClientException", "No Fargate configuration"),
        (
            "/executionRoleArn",
            Value::Null,
            "ClientException",
            "execution role ARN",
        ),
        ("/requiresCompatibilities", json!(["EC2"]), "NotInLocalRun", "FARGATE"),
        (
            "/containerDefinitions/0/portMappings/0/hostPort",
            json!(80),
            "ClientException",
            "must match",
        ),
        (
            "/containerDefinitions/0/stopTimeout",
            json!(500),
            "ClientException",
            "stopTimeout",
        ),
        (
            "/containerDefinitions/0/logConfiguration/logDriver",
            json!("splunk"),
            "NotInLocalRun",
            "splunk",
        ),
        (
            "/containerDefinitions/0/firelensConfiguration",
            json!({}),
            "NotInLocalRun",
            "firelensConfiguration",
        ),
        ("/volumes", json!([{"name": "v"}]), "NotInLocalRun", "volumes"),
        ("/requiresCompatibilities", json!(["EC2"]), "NotInLocalRun", "FARGATE"),
        ("/requiresCompatibilities", json!([]), "NotInLocalRun", "FARGATE"),
        ("/networkMode", json!("bridge"), "ClientException", "awsvpc"),
        (
            "/containerDefinitions/0/image",
            json!(""),
            "ClientException",
            "Container.image should not be null or empty.",
        ),
        (
            "/containerDefinitions/0/name",
            json!(""),
            "ClientException",
            "Container.name should not be null or empty.",
        ),
        (
            "/containerDefinitions",
            json!([{"image": "i"}]),
            "ClientException",
            "Container.name should not be null or empty.",
        ),
    ] {
        let mut changed = definition.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[field] = value;
        let error = world.refused("RegisterTaskDefinition", changed).await;
        assert_eq!(error.code, code, "{pointer}: {error}");
        assert!(error.message.contains(part), "{pointer}: {error}");
    }
    let registered = world.register(json!({})).await;
    let (group, _) = world.load_balancer().await;
    let service = World::service(&registered, Some(&group));
    for (pointer, value, code, part) in [
        ("/launchType", json!("EC2"), "NotInLocalRun", "FARGATE"),
        (
            "/taskDefinition",
            json!("none"),
            "ClientException",
            "TaskDefinition not found",
        ),
        (
            "/cluster",
            json!("none"),
            "ClusterNotFoundException",
            "Cluster not found",
        ),
        (
            "/deploymentConfiguration/strategy",
            json!("BLUE_GREEN"),
            "NotInLocalRun",
            "BLUE_GREEN",
        ),
        (
            "/deploymentConfiguration/strategy",
            json!("CANARY"),
            "NotInLocalRun",
            "CANARY",
        ),
        (
            "/deploymentConfiguration/maximumPercent",
            json!(100),
            "InvalidParameterException",
            "block deployments",
        ),
        ("/deploymentConfiguration/alarms", json!({}), "NotInLocalRun", "alarms"),
        (
            "/networkConfiguration",
            Value::Null,
            "InvalidParameterException",
            "Network Configuration",
        ),
        (
            "/networkConfiguration/awsvpcConfiguration/subnets",
            json!(["x"]),
            "InvalidParameterException",
            "'x'",
        ),
        (
            "/loadBalancers/0/containerPort",
            json!(1),
            "InvalidParameterException",
            "container port 1",
        ),
        (
            "/loadBalancers/0/targetGroupArn",
            json!("none"),
            "InvalidParameterException",
            "does not exist",
        ),
        (
            "/enableExecuteCommand",
            json!(true),
            "NotInLocalRun",
            "enableExecuteCommand",
        ),
    ] {
        let mut changed = service.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[field] = value;
        let error = world.refused("CreateService", changed).await;
        assert_eq!(error.code, code, "{pointer}: {error}");
        assert!(error.message.contains(part), "{pointer}: {error}");
    }
    let found = world
        .ok(
            "ecs",
            "DescribeServices",
            json!({"cluster": "main", "services": ["app"]}),
        )
        .await;
    assert_eq!(found["failures"][0]["reason"], "MISSING");
}
