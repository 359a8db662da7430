//! The whole chain: from this repository's files to a finished state machine, asserted by the path that it takes.

mod approving;
mod gate;
mod retries;
mod rollout;
mod serving;
mod tested;
mod training;
mod waiting;
mod world;

use platform::journal::Happening;
use serde_json::{Value, json};
use world::World;

/// The path of a run: stages, actions, states and jobs, each as it ended. How often a job goes on depends on how long
/// the machine takes, so that repetitions count once.
fn path(world: &World) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    for entry in world.cloud.journal.entries() {
        let step = match entry.happening {
            Happening::StageEnded { stage, status, .. } => format!("stage {stage}: {status}"),
            Happening::ActionEnded { action, status, .. } => format!("action {action}: {status}"),
            Happening::JobAnswered { answer, .. } => format!("job: {answer}"),
            Happening::ExecutionStarted { .. } => "execution started".into(),
            Happening::ExecutionEnded { status, .. } => format!("execution: {status}"),
            Happening::PipelineEnded { status, .. } => format!("pipeline: {status}"),
            _ => continue,
        };
        // Continuations come in between whatever else happens.
        if step != "job: Continuation" || !path.contains(&step) {
            path.push(step);
        }
    }
    path
}

/// The states that were left, with the errors of those that failed.
fn states(world: &World) -> Vec<(String, Option<String>)> {
    let entries = world.cloud.journal.entries().into_iter();
    entries
        .filter_map(|entry| match entry.happening {
            Happening::StateExited { state, error, .. } => Some((state, error)),
            _ => None,
        })
        .collect()
}

/// What an action said at its end.
fn message(world: &World, of: &str) -> Option<String> {
    let mut entries = world.cloud.journal.entries().into_iter();
    entries.find_map(|entry| match entry.happening {
        Happening::ActionEnded { action, message, .. } if action == of => message,
        _ => None,
    })
}

fn executions(world: &World) -> usize {
    let entries = world.cloud.journal.entries();
    let started = entries
        .iter()
        .filter(|entry| matches!(entry.happening, Happening::ExecutionStarted { .. }));
    started.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_becomes_a_finished_state_machine() {
    let world = World::new().await;
    assert_eq!(world.run_pipeline().await, "Succeeded");
    let path = path(&world);
    let mut sorted = path.clone();
    sorted.sort();
    let mut expected = [
        "action Source: Succeeded",
        "stage Source: Succeeded",
        "action Build: Succeeded",
        "stage Build: Succeeded",
        "execution started",
        "job: Continuation",
        "execution: SUCCEEDED",
        "job: Success",
        "action Execute: Succeeded",
        "stage Execute: Succeeded",
        "pipeline: Succeeded",
    ];
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    // In order, but for the first continuation, which runs beside the execution.
    let place = |step: &str| path.iter().position(|taken| taken == step);
    for (earlier, later) in [
        ("stage Source: Succeeded", "action Build: Succeeded"),
        ("stage Build: Succeeded", "job: Continuation"),
        // Which state machine the parameter names is answered first.
        ("job: Continuation", "execution started"),
        ("execution: SUCCEEDED", "job: Success"),
        ("job: Success", "action Execute: Succeeded"),
        ("stage Execute: Succeeded", "pipeline: Succeeded"),
    ] {
        assert!(
            place(earlier) < place(later),
            "{earlier} comes before {later} in {path:?}"
        );
    }
    let entered: Vec<String> = states(&world).into_iter().map(|(state, _)| state).collect();
    assert!(
        entered.starts_with(&["CheckImage".into(), "ResolveParameters".into()])
            && entered.ends_with(&["DecideOnScan".into(), "SageMaker-Hello-World".into()]),
        "{entered:?}"
    );
    // The scan was done before the first look: the gate holds nobody up here.
    assert!(!entered.contains(&"WaitForScan".into()), "{entered:?}");
    let said_hello = world.cloud.journal.entries().into_iter().any(|entry| {
        matches!(entry.happening, Happening::LogLine { group, line, .. }
            if group == "/aws/sagemaker/ProcessingJobs" && line == "Hello World!")
    });
    assert!(said_hello, "the processing job says Hello World!");
    let denied = world
        .cloud
        .journal
        .entries()
        .into_iter()
        .find_map(|entry| match entry.happening {
            Happening::Authorized {
                allowed: false,
                principal,
                action,
                resource,
                ..
            } => Some(format!("{principal} may not {action} on {resource}")),
            _ => None,
        });
    assert_eq!(denied, None);
    assert_credentials_are_hidden(&world);
}

/// The jobs of CodePipeline bring credentials to the function, and the journal has none of them.
fn assert_credentials_are_hidden(world: &World) {
    let entries = world.cloud.journal.entries();
    let jobs: Vec<Value> = entries
        .iter()
        .filter_map(|entry| match &entry.happening {
            Happening::Invocation { event, .. } => serde_json::from_str(event).ok(),
            _ => None,
        })
        .filter(|event: &Value| event.get("CodePipeline.job").is_some())
        .collect();
    assert!(!jobs.is_empty());
    for job in jobs {
        let credentials = &job["CodePipeline.job"]["data"]["artifactCredentials"];
        assert_eq!(credentials["secretAccessKey"], "••••••");
        assert_eq!(credentials["sessionToken"], "••••••");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_raises_fails_the_pipeline_with_the_state_and_the_reason() {
    let world = World::new().await;
    world.append_to_program("\nraise RuntimeError(\"broken on purpose\")\n");
    assert_eq!(world.run_pipeline().await, "Failed");
    let path = path(&world);
    let tail: Vec<&str> = path.iter().rev().take(5).map(String::as_str).collect();
    assert_eq!(
        tail,
        [
            "pipeline: Failed",
            "stage Execute: Failed",
            "action Execute: Failed",
            "job: Failure",
            "execution: FAILED",
        ]
    );
    let failed: Vec<String> = states(&world)
        .into_iter()
        .filter_map(|(state, error)| error.map(|_| state))
        .collect();
    assert_eq!(failed, ["SageMaker-Hello-World", "FailState"]);
    let message = message(&world, "Execute").expect("a failure's message");
    for part in [
        "SageMaker-Hello-World",
        "States.TaskFailed",
        "RuntimeError: broken on purpose",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_in_its_first_call_still_starts_one_execution_and_answers() {
    let world = World::new().await;
    let cloud = world.cloud.clone();
    let mut journal = cloud.journal.follow();
    let killer = tokio::spawn(async move {
        while let Ok(entry) = journal.recv().await {
            // It has asked for the execution and not heard of it yet.
            if matches!(&entry.happening, Happening::Authorized { action, .. } if action == "states:StartExecution") {
                cloud.lambda.kill("stepline-pipeline-action-dev");
                return;
            }
        }
    });
    let status = world.run_pipeline().await;
    assert_eq!(
        status,
        "Succeeded",
        "{:?}\n{:#?}",
        message(&world, "Execute"),
        path(&world)
    );
    killer.await.expect("the killer did its work");
    assert_eq!(executions(&world), 1);
    let crashed = world.cloud.journal.entries().into_iter().any(
        |entry| matches!(entry.happening, Happening::Invocation { outcome, attempt: 1, .. } if outcome == "Crashed"),
    );
    assert!(crashed, "the first attempt was killed");
    assert!(path(&world).contains(&"job: Success".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_pipeline_and_abandoning_its_action_stops_the_execution() {
    let world = World::new().await;
    world.append_to_program("\nimport time\ntime.sleep(120)\n");
    let mut journal = world.cloud.journal.follow();
    let id = world.start_pipeline().await;
    let started = |happening: &Happening| matches!(happening, Happening::ExecutionStarted { .. });
    world.wait(&mut journal, started).await;
    let stop = json!({
        "pipelineName": world.pipeline,
        "pipelineExecutionId": id,
        "abandon": true,
        "reason": "no longer wanted",
    });
    world.call("codepipeline", "StopPipelineExecution", stop).await;
    let ended = world
        .wait(&mut journal, |happening| {
            matches!(happening, Happening::ExecutionEnded { .. })
        })
        .await;
    assert!(
        matches!(&ended, Happening::ExecutionEnded { status, .. } if status == "ABORTED"),
        "{ended:?}"
    );
    assert!(path(&world).contains(&"action Execute: Abandoned".to_owned()));
    assert!(path(&world).contains(&"pipeline: Stopped".to_owned()));
}
