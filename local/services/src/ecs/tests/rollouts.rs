//! Services that begin, change, fail and go.

use super::world::{ADMIN, World, get, text};
use crate::ecs::Ecs;
use crate::elasticloadbalancing::ElasticLoadBalancing;
use crate::testing::hand_over;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_serves_behind_its_load_balancer() {
    let world = World::new().await;
    let (group, address) = world.load_balancer().await;
    assert_eq!(get(&address, "/").await.unwrap().0, 503);
    let definition = world.register(json!({"ANSWER": "one"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&definition, Some(&group)))
        .await;
    assert_eq!(created["service"]["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(world.ended(&created).await, "{:#?}", world.told().await);
    assert_eq!(get(&address, "/").await.unwrap(), (200, "one".to_owned()));
    world
        .until("steady", async || {
            world.told().await.last().is_some_and(|last| last.contains("steady"))
        })
        .await;
    let service = world.described().await;
    assert_eq!(
        (&service["runningCount"], &service["pendingCount"]),
        (&json!(1), &json!(0))
    );
    let deployment = &service["deployments"][0];
    assert_eq!(
        (&deployment["status"], &deployment["rolloutState"]),
        (&json!("PRIMARY"), &json!("COMPLETED"))
    );
    let tasks = world.tasks("RUNNING").await;
    let id = tasks[0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap();
    let deployment = deployment["id"].as_str().unwrap();
    assert_eq!(
        world.told().await,
        [
            format!("(service app) has started 1 tasks: (task {id})."),
            format!("(service app) registered 1 targets in (target-group {group})"),
            format!("(service app) (deployment {deployment}) deployment completed."),
            "(service app) has reached a steady state.".to_owned(),
        ]
    );
    let names: Vec<Value> = world
        .events("ECS Deployment State Change")
        .into_iter()
        .map(|event| event["eventName"].clone())
        .collect();
    assert_eq!(
        names,
        ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    );
    assert_eq!(
        world.events("ECS Service Action")[0]["eventName"],
        "SERVICE_STEADY_STATE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_replaces_tasks_and_fails_no_request() {
    let world = World::new().await;
    let (group, address) = world.load_balancer().await;
    let one = world.register(json!({"ANSWER": "one", "DELAY": "0.05"})).await;
    let mut service = World::service(&one, Some(&group));
    service["desiredCount"] = json!(2);
    let created = world.ok("ecs", "CreateService", service).await;
    assert!(world.ended(&created).await, "{:#?}", world.told().await);
    let (goes_on, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let clients = (0..4).map(|_| {
        let (address, goes_on, asked) = (address.clone(), Arc::clone(&goes_on), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut failures = Vec::new();
            while goes_on.load(Ordering::Relaxed) {
                match get(&address, "/").await {
                    Ok((200, answer)) if answer == "one" || answer == "two" => {}
                    other => failures.push(format!("{other:?}")),
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
            failures
        })
    });
    let clients: Vec<_> = clients.collect();
    let two = world.register(json!({"ANSWER": "two"})).await;
    let update = json!({"cluster": "main", "service": "app", "taskDefinition": two});
    let updated = world.ok("ecs", "UpdateService", update).await;
    assert_eq!(updated["service"]["deployments"].as_array().unwrap().len(), 2);
    assert!(world.ended(&updated).await, "{:#?}", world.told().await);
    goes_on.store(false, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.await.unwrap(), Vec::<String>::new());
    }
    assert!(asked.load(Ordering::Relaxed) > 10);
    assert_eq!(get(&address, "/").await.unwrap(), (200, "two".to_owned()));
    let service = world.described().await;
    assert_eq!(service["taskDefinition"], two);
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    for task in world.tasks("STOPPED").await {
        let reason = text(&task, "/stoppedReason");
        assert!(
            reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"),
            "{reason}"
        );
        assert_eq!(task["stopCode"], "ServiceSchedulerInitiated");
        // It has ended by itself when it was asked to.
        assert_eq!(task["containers"][0]["exitCode"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_gets_healthy_is_rolled_back() {
    let world = World::new().await;
    let (group, address) = world.load_balancer().await;
    let good = world.register(json!({"ANSWER": "good"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&good, Some(&group)))
        .await;
    assert!(world.ended(&created).await);
    let first = text(&created, "/service/deployments/0/id");
    let bad = world.register(json!({"ANSWER": "bad", "STATUS": "404"})).await;
    let update = json!({"cluster": "main", "service": "app", "taskDefinition": bad});
    let updated = world.ok("ecs", "UpdateService", update).await;
    let second = text(&updated, "/service/deployments/0/id");
    assert!(!world.ended(&updated).await);
    // The first one is under way again.
    assert!(world.ended(&created).await, "{:#?}", world.told().await);
    assert_eq!(get(&address, "/").await.unwrap(), (200, "good".to_owned()));
    let service = world.described().await;
    assert_eq!(
        (&service["taskDefinition"], &service["deployments"][0]["id"]),
        (&json!(good), &json!(first))
    );
    let told = world.told().await;
    for expected in [
        format!("(service app) (deployment {second}) deployment failed: tasks failed to start."),
        format!("(service app) rolling back to deployment {first}."),
        format!("(service app) (deployment {first}) deployment completed."),
    ] {
        assert!(told.contains(&expected), "{expected} in {told:#?}");
    }
    let unhealthy = "due to (reason Health checks failed with these codes: [404]).";
    assert_eq!(
        told.iter().filter(|told| told.ends_with(unhealthy)).count(),
        3,
        "{told:#?}"
    );
    let failed = world.events("ECS Deployment State Change");
    let failed = failed
        .iter()
        .find(|event| event["eventName"] == "SERVICE_DEPLOYMENT_FAILED")
        .unwrap();
    assert_eq!(
        failed["reason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    assert_eq!(
        (&failed["deploymentId"], &failed["eventType"]),
        (&json!(second), &json!("ERROR"))
    );
    let stopped = world.tasks("STOPPED").await;
    let reason = format!("Task failed ELB health checks in (target-group {group})");
    assert_eq!(stopped.iter().filter(|task| task["stoppedReason"] == reason).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_deployment_to_go_back_to_it_just_fails() {
    let world = World::new().await;
    let definition = world.register(json!({"EXIT": "7"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&definition, None))
        .await;
    assert!(!world.ended(&created).await);
    let service = world.described().await;
    let deployment = &service["deployments"][0];
    assert_eq!(
        (&deployment["rolloutState"], &deployment["failedTasks"]),
        (&json!("FAILED"), &json!(3))
    );
    assert_eq!(
        deployment["rolloutStateReason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    let tasks = world.tasks("STOPPED").await;
    assert_eq!(tasks.len(), 3);
    for task in &tasks {
        assert_eq!(task["containers"][0]["exitCode"], 7);
        assert_eq!(task["stoppedReason"], "Essential container in task exited");
        assert_eq!(task["stopCode"], "EssentialContainerExited");
    }
    // What it printed before that can be read.
    let id = tasks[0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap();
    let stream = json!({"logGroupName": "/ecs/app", "logStreamName": format!("app/server/{id}")});
    let events = world.ok("logs", "GetLogEvents", stream).await;
    assert_eq!(events["events"][0]["message"], "no model");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_scales_up_and_down_and_goes() {
    let world = World::new().await;
    let definition = world.register(json!({"ANSWER": "one"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&definition, None))
        .await;
    assert!(world.ended(&created).await);
    let running = async |number: usize| {
        let what = format!("{number} tasks");
        world
            .until(&what, async || world.described().await["runningCount"] == number)
            .await;
    };
    let scale = async |number: usize| {
        let update = json!({"cluster": "main", "service": "app", "desiredCount": number});
        let updated = world.ok("ecs", "UpdateService", update).await;
        assert_eq!(updated["service"]["deployments"].as_array().unwrap().len(), 1);
        running(number).await;
    };
    scale(3).await;
    let delete = json!({"cluster": "main", "service": "app"});
    let error = world.refused("DeleteService", delete.clone()).await;
    assert_eq!(
        error.message,
        "The service cannot be stopped while it is scaled above 0."
    );
    scale(0).await;
    let deleted = world.ok("ecs", "DeleteService", delete).await;
    assert_eq!(deleted["service"]["status"], "DRAINING");
    world
        .until("gone", async || world.described().await["status"] == "INACTIVE")
        .await;
    assert_eq!(world.tasks("RUNNING").await, Vec::<Value>::new());
    world.ok("ecs", "DeleteCluster", json!({"cluster": "main"})).await;
    let error = world.refused("ListTasks", json!({"cluster": "main"})).await;
    assert_eq!(error.code, "ClusterNotFoundException");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_run_and_the_next_one_goes_on() {
    let world = World::new().await;
    let (group, address) = world.load_balancer().await;
    let definition = world.register(json!({"ANSWER": "one"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&definition, Some(&group)))
        .await;
    assert!(world.ended(&created).await);
    let port = world.tasks("RUNNING").await[0]["containers"][0]["networkBindings"][0]["hostPort"].clone();
    let (ecs, elb): (Arc<Ecs>, Arc<ElasticLoadBalancing>) = Default::default();
    {
        let (mut from, mut to) = (world.ecs.rows(), ecs.rows());
        hand_over(&mut from.clusters, &mut to.clusters);
        hand_over(&mut from.definitions, &mut to.definitions);
        hand_over(&mut from.services, &mut to.services);
        hand_over(&mut from.tasks, &mut to.tasks);
    }
    world.ecs.containers.clean_up().await;
    get(&format!("127.0.0.1:{port}"), "/").await.unwrap_err();

    world.elb.hand_over(&elb);
    let platform = world.again(Arc::clone(&ecs), Arc::clone(&elb));
    elb.resume(&platform).unwrap();
    ecs.resume(&platform);
    world
        .until("it serves again", async || {
            matches!(get(&address, "/").await, Ok((200, _)))
        })
        .await;
    let describe = json!({"cluster": "main", "services": ["app"]});
    let found = platform
        .call(&ADMIN, "ecs", "DescribeServices", describe)
        .await
        .unwrap();
    assert_eq!(found["services"][0]["runningCount"], 1);
    let listed = json!({"cluster": "main", "desiredStatus": "STOPPED"});
    let stopped = platform.call(&ADMIN, "ecs", "ListTasks", listed).await.unwrap();
    assert_eq!(stopped["taskArns"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_breaks_is_replaced() {
    let world = World::new().await;
    let (group, address) = world.load_balancer().await;
    let definition = world.register(json!({"ANSWER": "one"})).await;
    let created = world
        .ok("ecs", "CreateService", World::service(&definition, Some(&group)))
        .await;
    assert!(world.ended(&created).await);
    let task = world.tasks("RUNNING").await[0]["taskArn"].clone();
    let stopped = world
        .ok(
            "ecs",
            "StopTask",
            json!({"cluster": "main", "task": task, "reason": "a test"}),
        )
        .await;
    assert_eq!(stopped["task"]["desiredStatus"], "STOPPED");
    world.platform.ongoing.end(task.as_str().unwrap()).await;
    world
        .until("another one", async || {
            let tasks = world.tasks("RUNNING").await;
            let answered = tokio::time::timeout(Duration::from_secs(1), get(&address, "/")).await;
            tasks.iter().any(|other| other["taskArn"] != task) && matches!(answered, Ok(Ok((200, _))))
        })
        .await;
    let stopped = &world.tasks("STOPPED").await[0];
    assert_eq!(
        (&stopped["stopCode"], &stopped["stoppedReason"]),
        (&json!("UserInitiated"), &json!("a test"))
    );
}
