//! An account with `dev` deployed and with what the samples speak of, for one event at a time.

use platform::journal::{Follower, Happening};
use platform::principal::Principal;
use serde_json::{Value, json};
use services::codepipeline::Answer;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use stepline::{deploy, gateway, samples};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

/// How long anything may take before a test gives up: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(120);

/// The state machine that the templates make.
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";

/// The functions' binaries, built once.
static BINARIES: OnceCell<BTreeMap<String, PathBuf>> = OnceCell::const_new();

/// The account.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
}

/// What came of an event.
#[derive(Debug)]
pub(crate) struct Handled {
    /// What the function answered, or its error.
    pub(crate) answer: Result<Value, Value>,
    /// What its job was answered with, where it had one.
    pub(crate) job: Option<Answer>,
    /// The executions that it started.
    pub(crate) started: Vec<String>,
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the workspace's folder").to_owned()
}

/// The samples by their names.
pub(crate) fn samples() -> BTreeMap<String, Value> {
    let account = deploy::account_of(&repository(), "dev").expect("samconfig.toml can be read");
    let read = samples::read(&Cloud::new(account, repository()));
    read.unwrap_or_else(|error| panic!("{error}")).into_iter().collect()
}

/// One sample.
pub(crate) fn sample(name: &str) -> Value {
    samples()
        .remove(name)
        .unwrap_or_else(|| panic!("events/{name}.json is not there"))
}

impl World {
    /// A new account.
    pub(crate) async fn new() -> Self {
        let account = deploy::account_of(&repository(), "dev").expect("samconfig.toml can be read");
        let cloud = Cloud::new(account, repository());
        cloud.pace.set_poll_interval(Duration::from_millis(20));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        gateway::serve(cloud.clone(), listener).expect("a gateway");
        let overrides = deploy::Overrides {
            asked: [("Serving".to_owned(), "ecs".to_owned())].into(),
            ..deploy::Overrides::default()
        };
        let deployed = deploy::deploy_with(&cloud, "dev", &overrides).await;
        deployed.unwrap_or_else(|error| panic!("{error}"));
        let building = BINARIES.get_or_init(|| async {
            let built = cloud.lambda.prepare(&cloud, |_| ()).await;
            built.unwrap_or_else(|error| panic!("{error}"));
            cloud.lambda.built().await
        });
        for (binary, path) in building.await {
            cloud.lambda.provide(binary, path.clone()).await;
        }
        Self { cloud }
    }

    /// Calls a service as whoever deploys.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let output = self
            .cloud
            .call(&Principal::Administrator, service, operation, input)
            .await;
        output.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Provides what an event speaks of and hands it to a function.
    pub(crate) async fn handle(&self, function: &str, event: &Value) -> Handled {
        let before = self.started().len();
        let job = samples::provide(&self.cloud, event).await;
        let job = job.unwrap_or_else(|error| panic!("{error}"));
        let name = format!("stepline-{function}-dev");
        let mut output = self
            .call("lambda", "Invoke", json!({"FunctionName": name, "Payload": event}))
            .await;
        let payload = output["Payload"].take();
        Handled {
            answer: match output.get("FunctionError") {
                None => Ok(payload),
                Some(_) => Err(payload),
            },
            // The function has ended: either the answer is there, or there will be none.
            job: job.and_then(|mut answer| answer.try_recv().ok()),
            started: self.started().split_off(before),
        }
    }

    fn started(&self) -> Vec<String> {
        let entries = self.cloud.journal.entries().into_iter();
        let started = entries.filter_map(|entry| match entry.happening {
            Happening::ExecutionStarted { execution_arn } => Some(execution_arn),
            _ => None,
        });
        started.collect()
    }

    /// An execution, its input read.
    pub(crate) async fn execution(&self, arn: &str) -> Value {
        let mut execution = self
            .call("states", "DescribeExecution", json!({"executionArn": arn}))
            .await;
        let input = execution["input"].as_str().expect("an input");
        execution["input"] = serde_json::from_str(input).expect("an input of JSON");
        execution
    }

    /// Has the alias that the samples start run this one state from now on.
    pub(crate) async fn machine_is(&self, state: &Value) {
        let definition = json!({"StartAt": "Only", "States": {"Only": state}}).to_string();
        let updated = json!({"stateMachineArn": MACHINE, "definition": definition, "publish": true});
        let updated = self.call("states", "UpdateStateMachine", updated).await;
        let route = json!([{"stateMachineVersionArn": updated["stateMachineVersionArn"], "weight": 100}]);
        let alias = json!({"stateMachineAliasArn": format!("{MACHINE}:live"), "routingConfiguration": route});
        self.call("states", "UpdateStateMachineAlias", alias).await;
    }

    /// What happens from now on.
    pub(crate) fn follow(&self) -> Follower {
        self.cloud.journal.follow()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cloud.lambda.shut_down();
    }
}

/// Waits for the first thing of which `take` makes something.
pub(crate) async fn until<T>(journal: &mut Follower, take: impl Fn(Happening) -> Option<T>) -> T {
    let happens = async {
        loop {
            let entry = journal.recv().await.expect("the journal goes on");
            if let Some(taken) = take(entry.happening) {
                return taken;
            }
        }
    };
    let happened = tokio::time::timeout(PATIENCE, happens).await;
    happened.unwrap_or_else(|_| panic!("it did not happen within {PATIENCE:?}"))
}

/// Waits for the end of an execution: its status.
pub(crate) async fn execution_ended(journal: &mut Follower) -> String {
    until(journal, |happening| match happening {
        Happening::ExecutionEnded { status, .. } => Some(status),
        _ => None,
    })
    .await
}
