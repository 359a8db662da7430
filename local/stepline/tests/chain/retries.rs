//! A job fails, its cause is mended, the stage is retried: the job runs again, and the pipeline ends well.

use crate::world::World;
use platform::journal::{Follower, Happening};
use serde_json::{Value, json};
use std::path::Path;

const DEFINITION: &str = "statemachine/ml-pipeline.asl.json";
const PIPELINE: &str = "sam/pipeline.yaml";

/// A pipeline whose job fails until something outside of it is mended.
struct Broken {
    world: World,
    /// The job looks for a file in this folder.
    outside: tempfile::TempDir,
    journal: Follower,
    id: String,
}

/// What a retry comes to: the executions, and the jobs in the order in which they began.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    executions: usize,
    jobs: Vec<String>,
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let changed = change(text.clone());
    assert_ne!(changed, text, "{} was to be changed", path.display());
    std::fs::write(path, changed).expect("the file can be written");
}

fn restart(root: &Path) {
    edit(&root.join(PIPELINE), |text| {
        text.replace("\"onRetry\":\"redrive\"", "\"onRetry\":\"restart\"")
    });
}

fn redrive(root: &Path) {
    let text = std::fs::read_to_string(root.join(PIPELINE)).expect("the template");
    assert_eq!(text.matches("\"onRetry\":\"redrive\"").count(), 3);
}

/// Nothing catches what the job fails with.
fn uncaught(definition: &mut Value) {
    let catches = definition["States"]["SageMaker-Hello-World"]["Catch"].as_array_mut();
    let catches = catches.expect("the state catches");
    catches.retain(|catch| catch["ErrorEquals"] != json!(["States.ALL"]));
}

fn edit_definition(root: &Path, change: impl FnOnce(&mut Value)) {
    edit(&root.join(DEFINITION), |text| {
        let mut definition = serde_json::from_str(&text).expect("the definition is JSON");
        change(&mut definition);
        definition.to_string()
    });
}

impl Broken {
    /// Runs an environment's pipeline until its job has failed in `stage`: the action's message says why.
    async fn run(environment: &str, stage: &str, change: impl FnOnce(&Path)) -> (Self, String) {
        // Not below /tmp: a job has a /tmp of its own.
        let outside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let world = World::changed(environment, change).await;
        let mended = outside.path().join("mended");
        world.append_to_program(&format!(
            "\nimport os\nif not os.path.exists({:?}):\n    raise RuntimeError(\"not mended yet\")\n",
            mended.display().to_string()
        ));
        let journal = world.cloud.journal.follow();
        let id = world.start_pipeline().await;
        let mut broken = Self {
            world,
            outside,
            journal,
            id,
        };
        let message = broken.ends("Failed").await.expect("the failure has a reason");
        assert!(message.contains(&format!("in stage {stage} failed")), "{message}");
        (broken, message)
    }

    /// Waits for the pipeline's end, giving the approvals that are asked for.
    async fn ends(&mut self, expected: &str) -> Option<String> {
        loop {
            let happened = self
                .world
                .wait(&mut self.journal, |happening| {
                    matches!(
                        happening,
                        Happening::PipelineEnded { .. } | Happening::ApprovalAsked { .. }
                    )
                })
                .await;
            match happened {
                Happening::ApprovalAsked {
                    stage, action, token, ..
                } => {
                    let approve = json!({
                        "pipelineName": self.world.pipeline, "stageName": stage, "actionName": action, "token": token,
                        "result": {"status": "Approved", "summary": "it went well"},
                    });
                    self.world.call("codepipeline", "PutApprovalResult", approve).await;
                }
                Happening::PipelineEnded { status, reason, .. } => {
                    assert_eq!(status, expected, "{reason:?}");
                    self.world.cloud.lambda.settled().await;
                    return reason;
                }
                other => panic!("neither was waited for: {other:?}"),
            }
        }
    }

    fn mend(&self) {
        std::fs::write(self.outside.path().join("mended"), "").expect("the file can be written");
    }

    async fn retry(&self, stage: &str) {
        let retry = json!({
            "pipelineName": self.world.pipeline,
            "stageName": stage,
            "pipelineExecutionId": self.id,
            "retryMode": "FAILED_ACTIONS",
        });
        self.world.call("codepipeline", "RetryStageExecution", retry).await;
    }

    /// What came of the executions of one environment's state machine.
    fn came(&self, environment: &str) -> Came {
        let mut came = Came {
            executions: 0,
            jobs: Vec::new(),
        };
        let of_environment = format!(":execution:ml-pipeline-{environment}:");
        let mut names = Vec::new();
        for entry in self.world.cloud.journal.entries() {
            match entry.happening {
                Happening::ExecutionStarted { execution_arn } if execution_arn.contains(&of_environment) => {
                    came.executions += 1;
                    names.extend(execution_arn.rsplit(':').next().map(str::to_owned));
                }
                // A job is named after its execution, and how often that was redriven.
                Happening::Job { job, .. } => {
                    let Some((at, rest)) = names
                        .iter()
                        .enumerate()
                        .find_map(|(at, name)| Some((at, job.strip_prefix(name.as_str())?)))
                    else {
                        continue;
                    };
                    let job = format!("execution {}{rest}", at + 1);
                    if !came.jobs.contains(&job) {
                        came.jobs.push(job);
                    }
                }
                _ => {}
            }
        }
        came
    }

    fn said(&self, words: &str) -> bool {
        self.world.cloud.journal.entries().into_iter().any(|entry| {
            matches!(entry.happening, Happening::LogLine { line, group, .. }
                if group.starts_with("/aws/lambda/stepline-pipeline-action-") && line.contains(words))
        })
    }
}

fn came(executions: usize, jobs: &[&str]) -> Came {
    Came {
        executions,
        jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
    }
}

/// The shipped definition catches everything into a Fail state, which a redrive would only enter again.
async fn a_retry_runs_the_job_again(environment: &str, stage: &str, change: impl FnOnce(&Path), promise: &str) {
    let (mut broken, message) = Broken::run(environment, stage, change).await;
    assert!(message.contains("RuntimeError: not mended yet"), "{message}");
    assert!(message.contains(promise), "{promise} is not in: {message}");
    assert_eq!(broken.came("dev"), came(1, &["execution 1-0-0"]));
    // Before the mend a retry fails as well, and promises the same.
    broken.retry(stage).await;
    let message = broken.ends("Failed").await.expect("a reason");
    assert!(message.contains(promise), "{promise} is not in: {message}");
    broken.mend();
    broken.retry(stage).await;
    broken.ends("Succeeded").await;
    assert_eq!(
        broken.came("dev"),
        came(3, &["execution 1-0-0", "execution 2-0-0", "execution 3-0-0"])
    );
}

const STARTS: &str = "Retrying the stage starts a new execution.";
const STARTS_ANEW: &str = "Retrying the stage starts a new execution: this one ended in the Fail state `FailState`, which \
                           a redrive would only enter again.";

#[tokio::test(flavor = "multi_thread")]
async fn in_dev_s_execute_with_redrive() {
    a_retry_runs_the_job_again("dev", "Execute", redrive, STARTS_ANEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_dev_s_execute_with_restart() {
    a_retry_runs_the_job_again("dev", "Execute", restart, STARTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_prod_s_rehearse_with_redrive() {
    a_retry_runs_the_job_again("prod", "Rehearse", redrive, STARTS_ANEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_prod_s_rehearse_with_restart() {
    a_retry_runs_the_job_again("prod", "Rehearse", restart, STARTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_catch_the_same_execution_goes_on_from_the_job() {
    let change = |root: &Path| edit_definition(root, uncaught);
    let (mut broken, message) = Broken::run("dev", "Execute", change).await;
    let promise = "Retrying the stage redrives this execution from its failed state.";
    assert!(message.contains(promise), "{message}");
    // It fails once more after its redrive, and can be redriven again.
    broken.retry("Execute").await;
    let message = broken.ends("Failed").await.expect("a reason");
    assert!(message.contains(promise), "{message}");
    broken.mend();
    broken.retry("Execute").await;
    broken.ends("Succeeded").await;
    assert_eq!(
        broken.came("dev"),
        came(1, &["execution 1-0-0", "execution 1-1-0", "execution 1-2-0"])
    );
    assert!(broken.said("the last execution is redriven"));
    // The command tells of the state each time.
    let failed = || Some("States.TaskFailed".to_owned());
    let job = || "SageMaker-Hello-World".to_owned();
    let mut jobs = super::states(&broken.world);
    jobs.retain(|(state, _)| *state == job());
    assert_eq!(jobs, [(job(), failed()), (job(), failed()), (job(), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_field_fails_at_once_and_a_retry_takes_the_mended_definition() {
    let misspell = |root: &Path| {
        edit_definition(root, |definition| {
            let job = &mut definition["States"]["SageMaker-Hello-World"]["Parameters"];
            job["AppSpecification"]["ContainerEntrypont"] = job["AppSpecification"]["ContainerEntrypoint"].take();
        });
    };
    let (mut broken, message) = Broken::run("dev", "Execute", misspell).await;
    for part in [
        "State `SageMaker-Hello-World` failed with `States.Runtime`",
        "The task's parameters are refused: The field \"ContainerEntrypont\" is not supported by Step Functions",
        "Retrying the stage starts a new execution: `States.Runtime` comes of this one's definition and input",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert_eq!(broken.came("dev"), came(1, &[]));
    let retried = broken.world.cloud.journal.entries().into_iter();
    let retried = retried.filter(|entry| matches!(entry.happening, Happening::StateRetried { .. }));
    assert_eq!(retried.count(), 0);
    // The mended definition is deployed: another version, to which the alias moves.
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";
    let described = json!({"stateMachineArn": machine});
    let described = broken.world.call("states", "DescribeStateMachine", described).await;
    let definition = described["definition"].as_str().expect("a definition");
    let mended = definition.replace("ContainerEntrypont", "ContainerEntrypoint");
    let update = json!({"stateMachineArn": machine, "definition": mended, "publish": true});
    let version = broken.world.call("states", "UpdateStateMachine", update).await;
    let route = json!({
        "stateMachineAliasArn": format!("{machine}:live"),
        "routingConfiguration": [{"stateMachineVersionArn": version["stateMachineVersionArn"], "weight": 100}],
    });
    broken.world.call("states", "UpdateStateMachineAlias", route).await;
    broken.mend();
    broken.retry("Execute").await;
    broken.ends("Succeeded").await;
    assert_eq!(broken.came("dev"), came(2, &["execution 2-0-0"]));
}

/// The role of the state machine may not create jobs, whichever way its template says so.
fn without_permission(root: &Path) {
    edit(&root.join("sam/template.yaml"), |text| {
        text.replace("sagemaker:CreateProcessingJob", "sagemaker:ListProcessingJobs")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_retried_by_the_old_definition_alone() {
    let old = |root: &Path| {
        without_permission(root);
        edit_definition(root, |definition| {
            let retrier = &mut definition["States"]["SageMaker-Hello-World"]["Retry"][0];
            let names = retrier["ErrorEquals"].as_array_mut().expect("names");
            names.push("SageMaker.AmazonSageMakerException".into());
            // As it was, but for the time that it took.
            retrier["IntervalSeconds"] = 1.into();
            retrier["BackoffRate"] = 1.into();
            retrier["MaxAttempts"] = 2.into();
        });
    };
    for (expected, definition) in [(0, true), (2, false)] {
        let change = |root: &Path| {
            if definition {
                without_permission(root)
            } else {
                old(root)
            }
        };
        let (broken, message) = Broken::run("dev", "Execute", change).await;
        for part in ["`SageMaker.AmazonSageMakerException`", "is not authorized to perform"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        let retries: Vec<(u32, u32)> = broken
            .world
            .cloud
            .journal
            .entries()
            .into_iter()
            .filter_map(|entry| match entry.happening {
                Happening::StateRetried {
                    attempt, max_attempts, ..
                } => Some((attempt, max_attempts)),
                _ => None,
            })
            .collect();
        assert_eq!(retries, [(1, 2), (2, 2)][..expected]);
        assert_eq!(broken.came("dev"), came(1, &[]));
    }
}
