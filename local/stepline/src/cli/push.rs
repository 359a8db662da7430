//! `stepline push`: an image from outside the pipeline.

use super::options::Common;
use super::session::{self, Lasts, Session, Standing, Trouble, need_python};
use crate::cloud::Cloud;
use crate::display::Display;
use base64::Engine;
use platform::journal::{Happening, Unheard};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// A repository and a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    repository: String,
    tag: String,
}

impl Image {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((repository, tag)) if !repository.is_empty() && !tag.is_empty() => Ok(Self {
                repository: repository.to_owned(),
                tag: tag.to_owned(),
            }),
            _ => Err(format!(
                "`{text}` is not REPOSITORY:TAG, such as ml-pipeline-release-dev:release-1"
            )),
        }
    }
}

pub(super) async fn push(image: Image, common: Common, standing: &Standing) -> Result<ExitCode, Trouble> {
    let containers = session::containers(&common).await?;
    need_python(&containers)?;
    // What the function decided about the image stands in its own lines: here they are the answer.
    let display = Display::new(common.json, true);
    let session = Session::start(&common, containers, session::LOOPBACK, display, standing, Lasts::Yes).await?;
    let name = format!("{}:{}", image.repository, image.tag);
    // Asked first, because its answer names what is wrong better than a push does.
    let repositories = json!({"repositoryNames": [image.repository]});
    call(&session.cloud, "DescribeRepositories", repositories).await?;
    let mut journal = session.cloud.journal.follow();
    docker_push(&session.cloud, &image).await?;
    // What the push set off is in the journal by now: the rules that it matched.
    let mut aftermath = Aftermath::default();
    loop {
        while let Ok(Some(entry)) = journal.try_recv() {
            aftermath.see(entry.happening);
        }
        if aftermath.is_over() {
            break;
        }
        match journal.recv().await {
            Ok(entry) => aftermath.see(entry.happening),
            Err(Unheard::Lagged(_)) => {}
            Err(Unheard::Closed) => return Err(Trouble::Other("the journal is closed".into())),
        }
    }
    let (last, code) = aftermath.verdict(&name);
    session.end(&last).await;
    Ok(code)
}

/// Builds `container/` and pushes it, with CodeBuild's stand-in for docker: this program under that name.
async fn docker_push(cloud: &Arc<Cloud>, image: &Image) -> Result<(), Trouble> {
    let trouble = |error: std::io::Error| Trouble::Other(format!("cannot push an image: {error}"));
    let uri = format!("{}/{}:{}", cloud.account.registry(), image.repository, image.tag);
    let folder = std::env::temp_dir().join(format!("stepline-push-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder).map_err(trouble)?;
    let pushed = async {
        let token = call(cloud, "GetAuthorizationToken", json!({})).await?;
        let token = token["authorizationData"][0]["authorizationToken"]
            .as_str()
            .unwrap_or_default();
        let registry = cloud.account.registry();
        let login = ["login", "--username", "AWS", "--password-stdin", &registry];
        docker(cloud, &folder, &login, &password(token)?).await?;
        // As config/buildspec.yml does.
        let output = "type=image,oci-mediatypes=false,push=true";
        let build = ["build", "--platform", "linux/amd64", "--provenance=false"];
        let image = ["--tag", &uri, "--output", output, "container"];
        docker(cloud, &folder, &[&build[..], &image[..]].concat(), "").await
    };
    let pushed = pushed.await;
    // Left behind, it would only be a few files in the system's folder for temporary ones.
    let _ = std::fs::remove_dir_all(&folder);
    pushed
}

async fn call(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Result<Value, Trouble> {
    let called = cloud.call(&Principal::Administrator, "ecr", operation, input);
    called.await.map_err(Trouble::from)
}

/// The password in ECR's token, which is `AWS:PASSWORD` in base64.
fn password(token: &str) -> Result<String, Trouble> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(token).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let password = text.as_deref().and_then(|text| text.strip_prefix("AWS:"));
    let refused = || Trouble::Other("ECR's authorization token is not AWS:PASSWORD in base64".into());
    password.map(str::to_owned).ok_or_else(refused)
}

/// Runs the stand-in with `stdin` on its standard input.
async fn docker(cloud: &Arc<Cloud>, folder: &Path, arguments: &[&str], stdin: &str) -> Result<(), Trouble> {
    let could_not = |error: std::io::Error| Trouble::Other(format!("cannot run the stand-in for docker: {error}"));
    let program = std::env::current_exe().map_err(could_not)?;
    let engine = cloud.containers.engine().map(|engine| engine.address().to_string());
    let mut command = tokio::process::Command::new(program);
    #[cfg(unix)]
    command.arg0("docker");
    let mut child = command
        .args(arguments)
        .current_dir(&cloud.root)
        .env("DOCKER_CONFIG", folder)
        .env("AWS_ENDPOINT_URL", cloud.endpoint().unwrap_or_default())
        .env("AWS_REGION", &cloud.account.region)
        .env("AWS_DEFAULT_REGION", &cloud.account.region)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_SESSION_TOKEN")
        // Which one to build with, if any: as in a build of CodeBuild's.
        .env_remove("DOCKER_HOST")
        .envs(engine.map(|address| ("DOCKER_HOST", address)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(could_not)?;
    if let Some(mut pipe) = child.stdin.take() {
        // A stand-in that does not read its input has ended, and says itself why.
        let _ = pipe.write_all(stdin.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(could_not)?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        cloud.journal.record(Happening::LogLine {
            group: "docker".into(),
            stream: arguments[0].into(),
            line: line.to_owned(),
        });
    }
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Trouble::Other(format!("docker {} failed: {said}", arguments[0])))
}

/// What follows from a push: rules call functions, and functions start executions.
#[derive(Debug, Default)]
struct Aftermath {
    /// Functions that were called and have not come to an end.
    pending: usize,
    running: BTreeSet<String>,
    started: usize,
    failed: Vec<String>,
}

impl Aftermath {
    fn see(&mut self, happening: Happening) {
        match happening {
            Happening::RuleMatched {
                target, detail_type, ..
            } if detail_type == "ECR Image Action" && target.contains(":function:") => self.pending += 1,
            Happening::Invocation {
                function, error: None, ..
            } if function.contains("image-push") => self.pending = self.pending.saturating_sub(1),
            Happening::Invocation {
                function,
                error: Some(error),
                ..
            } if function.contains("image-push") => self.failed.push(format!("{function}: {error}")),
            Happening::DeliveryFailed { .. } => self.pending = self.pending.saturating_sub(1),
            Happening::ExecutionStarted { execution_arn } => {
                self.started += 1;
                self.running.insert(execution_arn);
            }
            Happening::ExecutionEnded {
                execution_arn,
                status,
                error,
                cause,
                ..
            } => {
                self.running.remove(&execution_arn);
                if status != "SUCCEEDED" {
                    let why = [error, cause].into_iter().flatten().collect::<Vec<_>>().join(": ");
                    self.failed.push(format!("its execution ended {status}: {why}"));
                }
            }
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        self.pending == 0 && self.running.is_empty()
    }

    fn verdict(&self, image: &str) -> (String, ExitCode) {
        match (self.failed.last(), self.started) {
            (Some(why), _) => (format!("Failed: {image} was pushed, and {why}"), ExitCode::FAILURE),
            (None, 0) => (
                format!("Succeeded: {image} was pushed, and nothing was started with it"),
                ExitCode::SUCCESS,
            ),
            (None, 1) => (
                format!("Succeeded: {image} was pushed, and an execution ran with it"),
                ExitCode::SUCCESS,
            ),
            (None, several) => (
                format!("Succeeded: {image} was pushed, and {several} executions ran with it"),
                ExitCode::SUCCESS,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_image_is_a_repository_and_a_tag() {
        let image = Image::parse("team/ml-pipeline-release-dev:release-1").expect("an image");
        assert_eq!(
            (image.repository.as_str(), image.tag.as_str()),
            ("team/ml-pipeline-release-dev", "release-1")
        );
        for text in ["ml-pipeline-dev", ":release", "ml-pipeline-dev:"] {
            assert!(Image::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_push_is_over_when_what_it_started_is_over() {
        let mut aftermath = Aftermath::default();
        let ended = |status: &str| Happening::ExecutionEnded {
            execution_arn: "e".into(),
            status: status.into(),
            error: None,
            cause: None,
            took: Duration::ZERO,
        };
        assert!(aftermath.is_over());
        aftermath.see(Happening::RuleMatched {
            rule: "r".into(),
            target: "arn:aws:lambda:us-east-1:123456789012:function:stepline-image-push-dev".into(),
            detail_type: "ECR Image Action".into(),
        });
        aftermath.see(Happening::ExecutionStarted {
            execution_arn: "e".into(),
        });
        aftermath.see(ended("SUCCEEDED"));
        assert!(!aftermath.is_over());
        aftermath.see(Happening::Invocation {
            function: "stepline-image-push-dev".into(),
            request_id: "r".into(),
            outcome: "Succeeded".into(),
            error: None,
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            init: None,
            memory_size_mb: 128,
            max_memory_used_mb: 1,
            attempt: 1,
            event: "{}".into(),
            answer: "{}".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        });
        assert!(aftermath.is_over());
        assert!(aftermath.verdict("i").0.starts_with("Succeeded"));
        aftermath.see(ended("FAILED"));
        assert!(aftermath.verdict("i").0.starts_with("Failed"));
    }
}
