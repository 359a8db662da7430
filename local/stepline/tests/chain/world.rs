//! An account with `dev` deployed, from a copy of the repository that a test may change.

use platform::journal::{Follower, Happening};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Overrides};
use stepline::gateway;
use tokio::net::TcpListener;

/// How long anything may take before a test gives up: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(120);

/// The container's own tests need packages, and so an index to get them from.
const UNTESTED: (&str, &str) = ("Test", "off");

/// The account, and the repository that it runs.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) pipeline: String,
    folder: tempfile::TempDir,
}

impl World {
    /// Deploys `dev`, whose pipeline starts the sample, and builds the functions.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same, with these parameters of the pipeline's stack.
    pub(crate) async fn with(of_pipeline: &[(&str, &str)]) -> Self {
        let of_pipeline = [of_pipeline, &[UNTESTED]].concat();
        Self::made("dev", overrides("hello", &[], &of_pipeline), |_| ()).await
    }

    /// Deploys an environment, with what its pipeline needs of another, from a repository that was changed before.
    pub(crate) async fn changed(environment: &str, change: impl FnOnce(&Path)) -> Self {
        Self::made(environment, overrides("hello", &[], &[UNTESTED]), change).await
    }

    /// Deploys `dev`, whose pipeline runs these tests of the container before it builds it: with a pytest that is no
    /// package.
    pub(crate) async fn tested(tests: &str) -> Self {
        Self::made("dev", overrides("hello", &[], &[]), |repository| {
            let pytest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pytest.py");
            std::fs::copy(pytest, repository.join("pytest.py")).expect("the module can be copied");
            let folder = repository.join("container/tests");
            std::fs::remove_dir_all(&folder).expect("the tests can be removed");
            std::fs::create_dir(&folder).expect("the folder can be made");
            std::fs::write(folder.join("requirements.txt"), "# nothing\n").expect("the file can be written");
            std::fs::write(folder.join("test_it.py"), tests).expect("the file can be written");
        })
        .await
    }

    /// Deploys `dev`, whose pipeline trains: with programs that need no packages (`fixtures/training`), and these
    /// parameters.
    pub(crate) async fn training(of_environment: &[(&str, &str)]) -> Self {
        Self::training_with(of_environment, &[]).await
    }

    /// The same, with these parameters of the pipeline's stack, too.
    pub(crate) async fn training_with(of_environment: &[(&str, &str)], of_pipeline: &[(&str, &str)]) -> Self {
        let of_pipeline = [of_pipeline, &[UNTESTED]].concat();
        Self::made(
            "dev",
            overrides("training", of_environment, &of_pipeline),
            |repository| {
                let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/training");
                for name in ["evaluate.py", "serve.py", "train.py"] {
                    let to = repository.join("container/app/src").join(name);
                    std::fs::copy(fixtures.join(name), to).expect("the program can be copied");
                }
            },
        )
        .await
    }

    async fn made(environment: &str, overrides: Overrides, change: impl FnOnce(&Path)) -> Self {
        let folder = copy();
        change(folder.path());
        let account = deploy::account_of(folder.path(), environment).expect("samconfig.toml can be read");
        let cloud = Cloud::new(account, folder.path().to_owned());
        cloud.pace.set_poll_interval(Duration::from_millis(20));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        gateway::serve(cloud.clone(), listener).expect("a gateway");
        let deployment = deploy::deploy_with(&cloud, environment, &overrides).await;
        let deployment = deployment.unwrap_or_else(|error| panic!("{error}"));
        let built = cloud.lambda.prepare_from(&repository(), |_| ()).await;
        built.unwrap_or_else(|error| panic!("{error}"));
        let pipeline = deployment.references("AWS::CodePipeline::Pipeline")[0].to_owned();
        Self {
            cloud,
            pipeline,
            folder,
        }
    }

    /// Calls a service as whoever deploys.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let output = self
            .cloud
            .call(&Principal::Administrator, service, operation, input)
            .await;
        output.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Adds lines to what the processing job runs.
    pub(crate) fn append_to_program(&self, lines: &str) {
        let path = self.folder.path().join("container/app/src/hello.py");
        let program = std::fs::read_to_string(&path).expect("the program");
        std::fs::write(&path, program + lines).expect("the program can be written");
    }

    /// Changes a file of the repository.
    pub(crate) fn change(&self, path: &str, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join(path);
        let text = std::fs::read_to_string(&path).expect("the file");
        std::fs::write(&path, change(text)).expect("the file can be written");
    }

    /// Has a scan of the image that is built find this: the local ECR reads it in a label.
    pub(crate) fn scan_finds(&self, findings: &Value) {
        let path = self.folder.path().join("container/Dockerfile");
        let file = std::fs::read_to_string(&path).expect("the Dockerfile");
        let label = json!({"imageScanFindings": {"findings": findings}});
        std::fs::write(&path, format!("{file}\nLABEL stepline.scan='{label}'\n"))
            .expect("the Dockerfile can be written");
    }

    /// Starts the pipeline; the id of its execution.
    pub(crate) async fn start_pipeline(&self) -> String {
        let started = self
            .call("codepipeline", "StartPipelineExecution", json!({"name": self.pipeline}))
            .await;
        started["pipelineExecutionId"].as_str().expect("an id").to_owned()
    }

    /// Runs the pipeline to its end, with all that it sets off; its status. A model is approved if somebody is asked.
    pub(crate) async fn run_pipeline(&self) -> String {
        self.run_pipeline_and(Some(("Approved", "as good as it looks"))).await
    }

    /// The same, but the model is answered for like this; without an answer this ends when it is asked for.
    pub(crate) async fn run_pipeline_and(&self, answer: Option<(&str, &str)>) -> String {
        let mut journal = self.cloud.journal.follow();
        self.start_pipeline().await;
        self.until_the_end(&mut journal, answer).await
    }

    /// Waits for the pipeline's end, answers for the model, and waits until the registry knows the answer.
    pub(crate) async fn until_the_end(&self, journal: &mut Follower, answer: Option<(&str, &str)>) -> String {
        self.until_recorded(journal, answer, 0).await
    }

    /// The same, where so many answers were given that the registry does not know yet.
    async fn until_recorded(&self, journal: &mut Follower, answer: Option<(&str, &str)>, given: u32) -> String {
        let (mut status, mut unrecorded) = (None, given);
        loop {
            let is_it = |happening: &Happening| match happening {
                Happening::PipelineEnded { .. } => true,
                Happening::ApprovalAsked { action, .. } => action == "Approve",
                Happening::ExecutionEnded { execution_arn, .. } => {
                    execution_arn.contains(":ml-pipeline-record-approval-")
                }
                _ => false,
            };
            match (self.wait(journal, is_it).await, answer) {
                (Happening::ApprovalAsked { token, .. }, Some((status, summary))) => {
                    unrecorded += 1;
                    self.answer(&token, status, summary).await;
                }
                (Happening::ApprovalAsked { .. }, None) => return "InProgress".to_owned(),
                (Happening::PipelineEnded { status: ended, .. }, _) => status = Some(ended),
                (_, _) => unrecorded = unrecorded.saturating_sub(1),
            }
            if let (Some(status), 0) = (&status, unrecorded) {
                self.cloud.lambda.settled().await;
                return status.clone();
            }
        }
    }

    /// Answers for the model that is asked for, and waits for the end of the pipeline and until the registry knows it.
    pub(crate) async fn end_with(&self, token: &str, status: &str, summary: &str) -> String {
        let mut journal = self.cloud.journal.follow();
        self.answer(token, status, summary).await;
        self.until_recorded(&mut journal, None, 1).await
    }

    /// Answers for the model.
    pub(crate) async fn answer(&self, token: &str, status: &str, summary: &str) {
        let answer = json!({
            "pipelineName": self.pipeline,
            "stageName": "Approve",
            "actionName": "Approve",
            "token": token,
            "result": {"status": status, "summary": summary},
        });
        self.call("codepipeline", "PutApprovalResult", answer).await;
    }

    /// Waits for something to happen.
    pub(crate) async fn wait(&self, journal: &mut Follower, is_it: impl Fn(&Happening) -> bool) -> Happening {
        let happened = async {
            loop {
                let entry = journal.recv().await.expect("the journal goes on");
                if is_it(&entry.happening) {
                    return entry.happening;
                }
            }
        };
        let happened = tokio::time::timeout(PATIENCE, happened).await;
        happened.unwrap_or_else(|_| panic!("it did not happen within {PATIENCE:?}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cloud.lambda.shut_down();
    }
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the workspace's folder").to_owned()
}

/// These parameters, and in both stacks what the pipeline starts.
fn overrides(machine: &str, environment: &[(&str, &str)], pipeline: &[(&str, &str)]) -> Overrides {
    let values = [("Machine", machine)];
    let values = values.iter().chain(environment).chain(pipeline);
    Overrides {
        asked: values
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Overrides::default()
    }
}

/// A repository with what is deployed and built, and without the Rust sources.
fn copy() -> tempfile::TempDir {
    let (from, to) = (repository(), tempfile::tempdir().expect("a temporary folder"));
    let listed = git(
        &from,
        &[
            "ls-files",
            "-z",
            "--",
            "config",
            "container",
            "sam",
            "seed",
            "statemachine",
        ],
    );
    for path in listed.split_terminator('\0') {
        let target = to.path().join(path);
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("the folder can be made");
        // What git knows may have been removed since.
        if from.join(path).is_file() {
            std::fs::copy(from.join(path), target).expect("the file can be copied");
        }
    }
    without_packages(to.path());
    git(to.path(), &["init", "--quiet"]);
    to
}

/// The sample needs no packages, and so no index to get them from.
fn without_packages(repository: &Path) {
    let requirements = repository.join("container/app/requirements.txt");
    std::fs::write(requirements, "# nothing\n").expect("the file can be written");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("paths are UTF-8")
}
