//! Actions and rules that run commands, on builds that end as a test says.

use super::stages::{BAD, GOOD, beside, check, work};
use super::world::{World, stage};
use platform::{Call, Operation, Operations, Served, ServiceError};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::watch;

/// CodeBuild whose builds end with these statuses, one after the other. Those behind them never end.
struct Builds {
    statuses: Mutex<VecDeque<&'static str>>,
    asked: watch::Sender<Vec<Value>>,
}

impl Served for Builds {
    const SIGNING_NAME: &'static str = "codebuild";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Builds>> = LazyLock::new(|| {
            let run = Operation::waiting("RunManagedBuild", |_, _, _: &Value| Ok(Vec::new()), Builds::run);
            Operations::new([run.internal()])
        });
        &TABLE
    }
}

impl Builds {
    fn ending(statuses: &[&'static str]) -> Arc<Self> {
        Arc::new(Self {
            statuses: Mutex::new(statuses.iter().copied().collect()),
            asked: watch::Sender::default(),
        })
    }

    async fn run(self: Arc<Self>, _: Call, input: Value) -> Result<Value, ServiceError> {
        self.asked.send_modify(|asked| asked.push(input));
        let status = self.statuses.lock().unwrap().pop_front();
        match status {
            Some(status) => Ok(json!({"build": {"id": "b", "buildStatus": status}})),
            None => std::future::pending().await,
        }
    }

    /// Waits until so many builds have begun.
    async fn begun(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        asked.wait_for(|asked| asked.len() == count).await.expect("it is here");
    }
}

/// A condition that runs a command.
fn commands(result: &str) -> Value {
    json!({"conditions": [{"result": result, "rules": [{
        "name": "Run",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "Commands", "version": "1"},
        "commands": ["true"],
        "inputArtifacts": [{"name": "Source"}],
    }]}]})
}

#[tokio::test]
async fn a_retry_that_succeeds_by_itself_has_to_meet_what_follows_success() {
    for (wanted, status) in [("no", "Failed"), (".+", "Succeeded")] {
        let world = beside(vec![Builds::ending(&["FAILED", "SUCCEEDED"])], &GOOD).await;
        let members = json!({"inputArtifacts": [{"name": "Source"}], "commands": ["true"]});
        let mut stage = stage("Work", "Compute", "Commands", json!({}), members);
        stage["onFailure"] = json!({"result": "RETRY"});
        stage["onSuccess"] = check("FAIL", wanted);
        let id = world.begin(&[stage]).await;
        assert_eq!(world.end(&id).await, status, "{wanted}");
        let state = world.second_stage().await;
        assert_eq!(state["retryStageMetadata"]["autoStageRetryAttempt"], 1);
        assert_eq!(state["onSuccessConditionState"]["latestExecution"]["status"], status);
    }
}

#[tokio::test]
async fn what_is_abandoned_while_a_condition_is_checked_stops_and_engages_nothing() {
    for (member, result, statuses, source) in [
        ("beforeEntry", "FAIL", &["SUCCEEDED"][..], &GOOD),
        ("beforeEntry", "SKIP", &["SUCCEEDED"], &GOOD),
        ("onSuccess", "ROLLBACK", &["SUCCEEDED"], &GOOD),
        ("onFailure", "ROLLBACK", &[], &BAD),
    ] {
        let builds = Builds::ending(statuses);
        let world = beside(vec![builds.clone()], &GOOD).await;
        let first = world.begin(&[work(json!({member: commands(result)}))]).await;
        assert_eq!(world.end(&first).await, "Succeeded", "{member}");
        world.put_source(source).await;
        let second = world.start().await;
        builds.begun(statuses.len() + 1).await;
        let stop = json!({"pipelineName": "p", "pipelineExecutionId": second, "abandon": true});
        world.call("codepipeline", "StopPipelineExecution", stop).await;
        assert_eq!(world.end(&second).await, "Stopped", "{member} {result}");
        assert_eq!(world.second_stage().await["latestExecution"]["status"], "Stopped");
        assert_eq!(world.latest().await["pipelineExecutionId"], second.as_str(), "{member}");
    }
}

/// A docker whose pushes of the tag `bad` fail.
const DOCKER: &str =
    "docker() { case \"$*\" in push*:bad) return 1;; push*) echo 't: digest: sha256:1a size: 2';; esac; }";

#[tokio::test]
async fn an_image_is_published_with_all_its_tags_or_the_action_fails() {
    let builds = Builds::ending(&["SUCCEEDED"]);
    let ecr = Arc::<crate::ecr::Ecr>::default();
    let statements = json!([{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]);
    let world = World::beside(vec![builds.clone(), ecr], statements, &GOOD).await;
    world
        .call("ecr", "CreateRepository", json!({"repositoryName": "repo"}))
        .await;
    let source = json!({"inputArtifacts": [{"name": "Source"}]});
    let configuration = json!({"ECRRepositoryName": "repo"});
    let id = world
        .begin(&[stage("Image", "Build", "ECRBuildAndPublish", configuration, source)])
        .await;
    assert_eq!(world.end(&id).await, "Succeeded");
    let commands = builds.asked.borrow()[0]["buildspec"]["phases"]["build"]["commands"].clone();
    let push = commands[2].as_str().expect("a command");
    let home = tempfile::tempdir().unwrap();
    for (tags, succeeds) in [
        ("one two", true),
        ("bad", false),
        ("one bad", false),
        ("one bad two", false),
    ] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{DOCKER}\n{push}")]);
        shell.env("HOME", home.path()).env("IMAGE_TAGS", tags);
        let ended = shell.env("REPOSITORY_URI", "host/r").output().unwrap();
        assert_eq!(ended.status.success(), succeeds, "{tags}: {ended:?}");
    }
}
