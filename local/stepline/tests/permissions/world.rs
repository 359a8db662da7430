//! A whole account with everything deployed, on a copy of the repository whose files a scenario may change.

use super::environments::fold;
use super::grants::calls;
use super::judge::Denial;
use super::scenarios;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};
use stepline::gateway;
use stepline::template::SamConfig;
use tokio::net::TcpListener;

/// How long anything may take before the test gives up: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(120);

/// The container's program.
const PROGRAM: &str = "container/app/src/hello.py";

/// What the templates leave open and this test switches on: the stack's name in samconfig.toml, and its parameters.
pub(crate) const SWITCHED_ON: &[(&str, &[(&str, &str)])] = &[
    ("deployer", &[("DevExpressStateMachine", scenarios::EXPRESS)]),
    (
        "dev",
        &[
            ("ExpressStateMachine", scenarios::EXPRESS),
            ("EnhancedScanning", "true"),
            ("Machine", "hello"),
        ],
    ),
    ("pipeline-dev", &[("Machine", "hello")]),
    ("serving-dev", &[]),
    ("prod", &[("Machine", "hello")]),
    ("serving-prod", &[]),
    (
        "pipeline-prod",
        &[
            ("Machine", "hello"),
            ("ApprovalTopicArn", "arn:aws:sns:us-east-1:123456789012:approvals"),
            // Prod's executions are waited for by event, and dev's by polling: both ways are played.
            ("Wait", "event"),
        ],
    ),
];

/// An account, and the repository that it runs.
pub(crate) struct World {
    /// The account.
    pub(crate) cloud: Arc<Cloud>,
    folder: tempfile::TempDir,
    expected_denials: Mutex<Vec<Denial>>,
}

pub(crate) fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .nth(2)
        .expect("the package lies two folders deep")
        .to_owned()
}

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A repository of its own with what is deployed and built, without the Rust sources.
fn copy() -> tempfile::TempDir {
    let (from, to) = (repository(), tempfile::tempdir().expect("a temporary folder"));
    let folders = ["config", "container", "events", "sam", "seed", "statemachine"];
    let listing = [
        &["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"],
        &folders[..],
    ]
    .concat();
    let paths = String::from_utf8(git(&from, &listing)).expect("paths are UTF-8");
    for path in paths.split_terminator('\0') {
        let target = to.path().join(path);
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("the folder can be made");
        // What git knows may have been removed since.
        if from.join(path).is_file() {
            std::fs::copy(from.join(path), target).expect("the file can be copied");
        }
    }
    // The programs of this test need no packages, and so no index to get them from.
    for name in ["evaluate.py", "serve.py", "train.py"] {
        let fixture = from.join("local/stepline/tests/fixtures/training").join(name);
        std::fs::copy(fixture, to.path().join("container/app/src").join(name)).expect("the program can be copied");
    }
    for name in ["app", "tests"] {
        let file = to.path().join("container").join(name).join("requirements.txt");
        std::fs::write(file, "# nothing\n").expect("the file can be written");
    }
    // Nor do its tests, of which only what they are run with is of any interest here.
    let tests = to.path().join("container/tests");
    for entry in std::fs::read_dir(&tests).expect("the tests are there").flatten() {
        if entry.file_name().to_string_lossy().starts_with("test_") {
            std::fs::remove_file(entry.path()).expect("the file can be removed");
        }
    }
    let pytest = from.join("local/stepline/tests/fixtures/pytest.py");
    std::fs::copy(pytest, to.path().join("pytest.py")).expect("the module can be copied");
    git(to.path(), &["init", "--quiet"]);
    git(to.path(), &["add", "--all"]);
    let identity = [
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@localhost",
        "-c",
        "commit.gpgsign=false",
    ];
    git(
        to.path(),
        &[&identity[..], &["commit", "--quiet", "--message", "start"]].concat(),
    );
    to
}

impl World {
    /// Deploys both environments, and builds the functions.
    pub(crate) async fn new() -> Self {
        let folder = copy();
        let account = deploy::account_of(folder.path(), "dev").expect("samconfig.toml can be read");
        let cloud = Cloud::new(account, folder.path().to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        gateway::serve(Arc::clone(&cloud), listener).expect("the gateway serves");
        cloud.pace.set_poll_interval(Duration::from_millis(20));
        let world = Self {
            cloud,
            folder,
            expected_denials: Mutex::default(),
        };
        world.deploy().await;
        let built = world.cloud.lambda.prepare_from(&repository(), |_| {}).await;
        built.unwrap_or_else(|error| panic!("{error}"));
        world
    }

    async fn deploy(&self) {
        let config =
            SamConfig::read(&self.folder.path().join("sam/samconfig.toml")).expect("samconfig.toml can be read");
        let mut deployment = Deployment::default();
        for (environment, parameters) in SWITCHED_ON {
            let mut deployed = config.deployed(environment).expect("the environment is there");
            let parameters = parameters.iter().map(|(name, value)| (*name, *value));
            deployed
                .values
                .extend(parameters.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let stack = deploy::deploy_stack(&self.cloud, &deployed, &deployment).await;
            deployment
                .stacks
                .push(stack.unwrap_or_else(|error| panic!("{environment}: {error}")));
        }
    }

    /// Calls a service as whoever deploys.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self
            .cloud
            .call(&Principal::Administrator, service, operation, input)
            .await;
        answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Has the processing job run this.
    pub(crate) fn program(&self, text: &str) {
        std::fs::write(self.folder.path().join(PROGRAM), text).expect("the program can be written");
    }

    /// Has the next image serve like this.
    pub(crate) fn serve(&self, how: &str) {
        let path = self.folder.path().join("container/app/src/serve.py");
        let program = std::fs::read_to_string(&path).expect("the program");
        let said = program
            .lines()
            .find(|line| line.starts_with("HOW = "))
            .expect("it is said");
        let program = program.replace(said, &format!("HOW = {how:?}"));
        std::fs::write(&path, program).expect("the program can be written");
    }

    /// Says that a call is about to be denied, and is meant to be. Names are those of `dev`.
    pub(crate) fn expect_denied(&self, role: &str, action: &str, resource: &str) {
        let denial = Denial {
            who: fold(role, Some("dev")),
            action: action.to_owned(),
            resource: fold(resource, Some("dev")),
        };
        self.denials().push(denial);
    }

    /// The calls that were meant to be denied.
    pub(crate) fn expected_denials(&self) -> Vec<Denial> {
        self.denials().clone()
    }

    fn denials(&self) -> MutexGuard<'_, Vec<Denial>> {
        self.expected_denials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a pipeline, and gives the id of its execution.
    pub(crate) async fn start_pipeline(&self, name: &str) -> String {
        let started = self
            .call("codepipeline", "StartPipelineExecution", json!({"name": name}))
            .await;
        started["pipelineExecutionId"].as_str().expect("an id").to_owned()
    }

    /// What happens from now on.
    pub(crate) fn follow(&self) -> Follower {
        Follower {
            journal: self.cloud.journal.follow(),
            cloud: Arc::clone(&self.cloud),
        }
    }

    /// Stops a pipeline's execution and abandons its action.
    pub(crate) async fn abandon(&self, name: &str, id: &str) {
        let stop = json!({
            "pipelineName": name,
            "pipelineExecutionId": id,
            "abandon": true,
            "reason": "changed my mind",
        });
        self.call("codepipeline", "StopPipelineExecution", stop).await;
    }

    /// Invokes a function with an event: the type of its error, if it ends in one.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Option<String> {
        let name = format!("stepline-{function}-dev");
        let answer = self
            .call("lambda", "Invoke", json!({"FunctionName": name, "Payload": event}))
            .await;
        answer.get("FunctionError")?;
        Some(answer["Payload"]["errorType"].as_str().unwrap_or_default().to_owned())
    }

    /// What functions, builds and jobs said last, for a test that fails.
    pub(crate) fn said(&self) -> String {
        let entries = self.cloud.journal.entries();
        let lines = entries.iter().filter_map(|entry| match &entry.happening {
            Happening::LogLine { group, line, .. } => Some(format!("{group}: {line}")),
            Happening::Invocation {
                function,
                outcome,
                error,
                ..
            } => Some(format!("{function}: {outcome}, {error:?}")),
            _ => None,
        });
        let lines: Vec<String> = lines.collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Ends the functions' processes.
    pub(crate) async fn end(self) {
        self.cloud.lambda.settled().await;
        self.cloud.lambda.shut_down();
    }
}

/// Someone who waits for things to happen.
pub(crate) struct Follower {
    journal: platform::journal::Follower,
    cloud: Arc<Cloud>,
}

impl Follower {
    /// Waits for the first thing of which `take` makes something.
    pub(crate) async fn until<T>(&mut self, what: &str, take: impl Fn(&Happening) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let entry = self.journal.recv().await.expect("the journal goes on");
                if let Some(taken) = take(&entry.happening) {
                    return taken;
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| {
            let denied: Vec<_> = calls(&self.cloud).into_iter().filter(|call| !call.allowed).collect();
            panic!("never happened: {what}; denied until now: {denied:#?}")
        })
    }

    /// Waits for the pipeline's end: its status, and the reason.
    pub(crate) async fn pipeline_ended(&mut self) -> (String, String) {
        self.until("the pipeline's end", |happening| match happening {
            Happening::PipelineEnded { status, reason, .. } => {
                Some((status.clone(), reason.clone().unwrap_or_default()))
            }
            _ => None,
        })
        .await
    }

    /// Waits until a processing job runs.
    pub(crate) async fn job_runs(&mut self) {
        self.until("the job runs", |happening| match happening {
            Happening::Job { status, .. } if status == "InProgress" => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the pipeline has heard of a job of its function that it is to ask again.
    pub(crate) async fn polled(&mut self) {
        self.until("a poll", |happening| match happening {
            Happening::JobAnswered { answer, .. } if answer == "Continuation" => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until a job of this kind runs.
    pub(crate) async fn job_of(&mut self, wanted: &str) {
        self.until("the job runs", |happening| match happening {
            Happening::Job { kind, status, .. } if kind == wanted && status == "InProgress" => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until an execution is in this state.
    pub(crate) async fn state_entered(&mut self, of: &str) {
        self.until("the state", |happening| match happening {
            Happening::StateEntered { state, .. } if state == of => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits for an approval that is asked for of somebody: its token and its text.
    pub(crate) async fn approval_asked(&mut self, of: &str) -> (String, String) {
        self.until("an approval", |happening| match happening {
            Happening::ApprovalAsked {
                token, text, action, ..
            } if action == of => Some((token.clone(), text.clone())),
            _ => None,
        })
        .await
    }

    /// Waits until a rule has put what it could not deliver into a queue.
    pub(crate) async fn kept(&mut self, rule: &str) {
        self.until(rule, |happening| match happening {
            Happening::Authorized {
                source: Some(source),
                action,
                ..
            } if action == "sqs:SendMessage" && source.ends_with(&format!("/{rule}")) => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits for the start of an execution of a state machine: its ARN.
    pub(crate) async fn execution_started(&mut self) -> String {
        self.until("an execution", |happening| match happening {
            Happening::ExecutionStarted { execution_arn, .. } => Some(execution_arn.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the end of an execution of a state machine: its status.
    pub(crate) async fn execution_ended(&mut self) -> String {
        self.until("an execution's end", |happening| match happening {
            Happening::ExecutionEnded { status, .. } => Some(status.clone()),
            _ => None,
        })
        .await
    }
}
