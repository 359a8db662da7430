//! One build from its start to its end.
//!
//! Phases follow one another as on AWS: a failed INSTALL or PRE_BUILD ends the build, a failed BUILD goes on to
//! POST_BUILD, UPLOAD_ARTIFACTS comes after both, and `on-failure` may say otherwise:
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases>.

use super::build::{PhaseRecord, Running, Word};
use super::buildspec::{BuildSpec, OnFailure, Phase};
use super::project::Project;
use super::reports::{Kept, Maker};
use super::shell::{Ended, Shell};
use super::unpacking::{self, Unpacked};
use super::{artifacts, environment, notes};
use crate::containers::Containers;
use jiff::Timestamp;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::{Line, Platform, Requirement, Underway};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Why a phase failed: CodeBuild's code, and a sentence.
type Failure = (String, String);

/// What builds have in common.
pub(super) struct Means {
    pub(super) platform: Arc<Platform>,
    /// What a build's stand-in for `docker` builds with.
    pub(super) containers: Arc<Containers>,
    pub(super) reports: Arc<Kept>,
}

/// Runs a build; its record says how it went.
pub(super) async fn run(means: Means, project: Project, running: Arc<Running>, underway: Underway) {
    let Means {
        platform,
        containers,
        reports,
    } = means;
    let id = running.lock().id.clone();
    let folder = platform.root.join(".stepline/builds").join(id.replace(':', "-"));
    let minutes = project.timeout_in_minutes.unwrap_or(60);
    let mut runner = Runner {
        platform: &platform,
        containers: &containers,
        reports: &reports,
        project: &project,
        running: &running,
        folder: &folder,
        unpacked: OnceLock::new(),
    };
    let mut stop = running.stop.subscribe();
    let status = tokio::select! {
        succeeded = runner.build() => if succeeded { "SUCCEEDED" } else { "FAILED" },
        () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => "TIMED_OUT",
        _ = stop.wait_for(|stop| *stop) => "STOPPED",
    };
    let open = running.lock().phases.last().is_some_and(|phase| phase.ended.is_none());
    if open {
        runner.end_phase(status, None);
    }
    // Of a build that was cut off, commands may still be ending: nothing of it is kept.
    let unpacked = runner
        .unpacked
        .take()
        .filter(|_| matches!(status, "SUCCEEDED" | "FAILED"));
    clear(folder.clone(), unpacked).await;
    runner.phase("FINALIZING");
    runner.end_phase("SUCCEEDED", None);
    runner.phase("COMPLETED");
    {
        let mut build = running.lock();
        build.status = Word::Borrowed(status);
        build.ended = Some(Timestamp::now());
    }
    underway.ended(status == "SUCCEEDED");
}

/// Removes the folder of a build, and leaves its source to the next one.
async fn clear(folder: PathBuf, unpacked: Option<Unpacked>) {
    let cleared = tokio::task::spawn_blocking(move || {
        if let Some(unpacked) = unpacked {
            unpacking::leave(&unpacked, &folder.join("src"));
        }
        std::fs::remove_dir_all(&folder)
    });
    // What cannot be removed does no harm where it is.
    let _ = cleared.await;
}

struct Runner<'a> {
    platform: &'a Arc<Platform>,
    containers: &'a Containers,
    reports: &'a Kept,
    project: &'a Project,
    running: &'a Arc<Running>,
    folder: &'a Path,
    /// What the source has, once it is there.
    unpacked: OnceLock<Unpacked>,
}

/// How the phases with commands ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commands {
    Succeeded,
    Failed,
    /// Nothing follows, artifacts and reports included.
    Aborted,
}

/// Where a build's commands run, and what they have.
struct Workplace {
    spec: BuildSpec,
    source: PathBuf,
    variables: BTreeMap<String, String>,
    /// Absent before the first command, and after one that ended it.
    shell: Option<Shell>,
}

impl Runner<'_> {
    fn phase(&self, name: &'static str) {
        let mut build = self.running.lock();
        build.phases.push(PhaseRecord {
            name: Word::Borrowed(name),
            started: Timestamp::now(),
            ended: None,
            context: None,
        });
        self.record(&build.id, name, None, None);
    }

    fn end_phase(&self, status: &'static str, failure: Option<&Failure>) {
        // Before its end is told, so that the log's last lines say why.
        if let Some((code, message)) = failure {
            self.log(format!(
                "[Container] Phase context status code: {code} Message: {message}"
            ));
        }
        let mut build = self.running.lock();
        let id = build.id.clone();
        let Some(phase) = build.phases.last_mut() else { return };
        let took = Timestamp::now().duration_since(phase.started).unsigned_abs();
        phase.ended = Some((Word::Borrowed(status), took));
        phase.context = failure.cloned();
        let name = phase.name.clone();
        self.record(&id, &name, Some(status), Some(took));
    }

    fn record(&self, build: &str, phase: &str, status: Option<&str>, took: Option<Duration>) {
        self.platform.journal.record(Happening::BuildPhase {
            build: build.to_owned(),
            phase: phase.to_owned(),
            status: status.map(str::to_owned),
            took,
        });
    }

    fn log(&self, line: String) {
        let (group, stream) = {
            let build = self.running.lock();
            (build.log_group.clone(), build.stream().to_owned())
        };
        let line = Line {
            group,
            stream,
            text: line,
        };
        self.platform.log(line, self.project.logs());
    }

    /// Says in the log what is otherwise here than on AWS, and notes it.
    fn differs(&self, what: &str) {
        self.log(format!("[Container] {what}"));
        self.note(what);
    }

    fn note(&self, what: &str) {
        let text = format!("{}: {what}", self.project.name);
        self.platform.journal.record(Happening::Note { text });
    }

    /// Whether the build succeeded.
    async fn build(&self) -> bool {
        for name in ["SUBMITTED", "QUEUED", "PROVISIONING"] {
            self.phase(name);
            let failure = (name == "PROVISIONING").then(|| self.may_log().err()).flatten();
            self.end_phase(if failure.is_none() { "SUCCEEDED" } else { "FAILED" }, failure.as_ref());
            if failure.is_some() {
                return false;
            }
        }
        self.phase("DOWNLOAD_SOURCE");
        let mut workplace = match self.prepare().await {
            Ok(workplace) => workplace,
            Err(failure) => {
                self.end_phase("FAILED", Some(&failure));
                return false;
            }
        };
        self.end_phase("SUCCEEDED", None);
        let left_out = workplace.spec.left_out();
        if !left_out.is_empty() {
            self.differs(&format!("Not in the local run, left out: {}", left_out.join(", ")));
        }
        if let Some(asked) = workplace.spec.python()
            && let Some(other) = environment::other_python(&asked, &workplace.variables).await
        {
            self.differs(&other);
        }
        let commands = self.commands(&mut workplace).await;
        let exported = &workplace.spec.env.exported_variables;
        let exported = exported.iter().filter_map(|name| {
            let value = workplace.variables.get(name)?;
            Some((name.clone(), value.clone()))
        });
        self.running.lock().exported = exported.collect();
        if commands == Commands::Aborted {
            return false;
        }
        self.phase("UPLOAD_ARTIFACTS");
        let reported = self.report(&workplace);
        let uploaded = reported.and(self.upload(&workplace).await);
        match &uploaded {
            Ok(()) => self.end_phase("SUCCEEDED", None),
            Err(failure) => self.end_phase("FAILED", Some(failure)),
        }
        uploaded.is_ok() && commands == Commands::Succeeded
    }

    /// Makes the test reports, of tests that failed above all.
    fn report(&self, workplace: &Workplace) -> Result<(), Failure> {
        let (build, project) = {
            let build = self.running.lock();
            (build.arn.clone(), build.project.clone())
        };
        let maker = Maker {
            platform: self.platform,
            role: &self.role()?,
            project: &project,
            build_arn: &build,
            source: &workplace.source,
        };
        let (arns, made) = maker.make(self.reports, &workplace.spec.reports);
        self.running.lock().reports = arns;
        made.map_err(|why| ("CLIENT_ERROR".to_owned(), why))
    }

    /// The build's role may write the log, or the build does not begin.
    fn may_log(&self) -> Result<(), Failure> {
        if !self.project.logs() {
            return Ok(());
        }
        let (group, stream) = {
            let build = self.running.lock();
            (build.log_group.clone(), build.stream().to_owned())
        };
        let arn = self
            .platform
            .account
            .arn("logs", format_args!("log-group:{group}:log-stream:{stream}"));
        let requirements =
            ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| Requirement::new(action, arn.as_str()));
        let role = self.role()?;
        self.platform.authorize(&role, &requirements).map_err(|error| {
            (
                "ACCESS_DENIED".to_owned(),
                format!(
                    "Service role {} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build {arn}. Error message: {error}",
                    self.project.service_role
                ),
            )
        })
    }

    fn role(&self) -> Result<Principal, Failure> {
        let session = environment::session(&self.running.lock());
        self.platform
            .iam
            .session(&self.project.service_role, &session, Vec::new())
            .map_err(|error| ("ACCESS_DENIED".to_owned(), error.to_string()))
    }

    /// Gets the source, reads the build specification and collects the variables.
    async fn prepare(&self) -> Result<Workplace, Failure> {
        let client = |error: &dyn std::fmt::Display| ("CLIENT_ERROR".to_owned(), error.to_string());
        let role = self.role()?;
        let source = self.folder.join("src");
        tokio::fs::create_dir_all(&source)
            .await
            .map_err(|error| client(&error))?;
        if let (Some(location), "S3") = (&self.project.source.location, self.project.source.kind.as_str()) {
            let unpacked = artifacts::download((self.platform, &role), location, &source).await;
            let _ = self.unpacked.set(unpacked.map_err(|error| client(&error))?);
        }
        super::stand_in::install(&self.folder.join("bin")).map_err(|error| client(&error))?;
        let wrong = |error: String| ("YAML_FILE_ERROR".to_owned(), error);
        let text = self.buildspec(&source).map_err(wrong)?;
        let spec = BuildSpec::parse(&text).map_err(wrong)?;
        let own = {
            let build = self.running.lock();
            environment::own(
                (self.platform, self.containers),
                &build,
                self.project,
                self.folder,
                &source,
            )
        };
        let mut variables = own.map_err(|error| client(&error))?;
        for other in &self.project.secondary_sources {
            let (name, location) = (other.identifier(), other.location.as_deref().unwrap_or_default());
            let into = self.folder.join(format!("src_{name}"));
            artifacts::download((self.platform, &role), location, &into)
                .await
                .map_err(|error| client(&error))?;
            variables.insert(format!("CODEBUILD_SRC_DIR_{name}"), into.display().to_string());
        }
        environment::given(self.platform, &role, &spec.env, self.project, &mut variables)
            .await
            .map_err(|error| ("Decrypted Variables Error".to_owned(), error))?;
        if let Some(told) = environment::refuse_strangers(self.platform, &mut variables) {
            self.differs(&told);
        }
        Ok(Workplace {
            spec,
            source,
            variables,
            shell: None,
        })
    }

    /// The text of the build specification: given itself, or by its path in the source.
    fn buildspec(&self, source: &Path) -> Result<String, String> {
        let given = self.project.source.buildspec.as_deref().unwrap_or("buildspec.yml");
        if given.contains('\n') {
            return Ok(given.to_owned());
        }
        std::fs::read_to_string(source.join(given))
            .map_err(|error| format!("the file `{given}` of the source: {error}"))
    }

    /// Runs the phases that have commands.
    async fn commands(&self, workplace: &mut Workplace) -> Commands {
        let mut outcome = Commands::Succeeded;
        let phases = workplace.spec.phases.clone();
        for (name, phase) in phases.in_order() {
            // AWS shows a phase without commands too, as one that took no time.
            self.phase(name);
            let Some(phase) = phase else {
                self.end_phase("SUCCEEDED", None);
                continue;
            };
            let succeeded = self.attempts(workplace, phase).await;
            match &succeeded {
                Ok(()) => self.end_phase("SUCCEEDED", None),
                Err(failure) => self.end_phase("FAILED", Some(failure)),
            }
            if succeeded.is_err() && phase.on_failure != Some(OnFailure::Continue) {
                outcome = Commands::Failed;
                workplace
                    .variables
                    .insert("CODEBUILD_BUILD_SUCCEEDING".into(), "0".into());
                // The shell is started again, so that the commands to come see it.
                workplace.shell = None;
                let is_early = matches!(name, "INSTALL" | "PRE_BUILD");
                if is_early || phase.on_failure == Some(OnFailure::Abort) {
                    return Commands::Aborted;
                }
            }
        }
        outcome
    }

    /// Runs a phase, again where it failed and says so.
    async fn attempts(&self, workplace: &mut Workplace, phase: &Phase) -> Result<(), Failure> {
        let most = match phase.on_failure {
            Some(OnFailure::Retry(times)) => times + 1,
            None | Some(OnFailure::Abort | OnFailure::Continue) => 1,
        };
        let mut last = Ok(());
        for _ in 0..most {
            last = self.sequence(workplace, &phase.commands).await;
            // What stands under `finally` runs in any case, and fails the phase too.
            let finally = self.sequence(workplace, &phase.finally).await;
            last = last.and(finally);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Runs commands until one fails.
    async fn sequence(&self, workplace: &mut Workplace, commands: &[String]) -> Result<(), Failure> {
        for command in commands {
            let first = command.trim().lines().next().unwrap_or_default();
            self.log(format!("[Container] Running command {first}"));
            let began = Instant::now();
            let status = self.command(workplace, command).await.map_err(|error| {
                (
                    "COMMAND_EXECUTION_ERROR".to_owned(),
                    format!("Error while executing command: {first}. Reason: {error}"),
                )
            })?;
            tracing::debug!(command = first, status, took = ?began.elapsed(), "build command");
            if status != 0 {
                return Err((
                    "COMMAND_EXECUTION_ERROR".to_owned(),
                    format!("Error while executing command: {first}. Reason: exit status {status}"),
                ));
            }
        }
        Ok(())
    }

    async fn command(&self, workplace: &mut Workplace, command: &str) -> std::io::Result<i32> {
        let mut shell = match workplace.shell.take() {
            Some(shell) => shell,
            None => self.shell(workplace)?,
        };
        let ended = shell.run(command).await?;
        for note in notes::take(&notes::file(self.folder)) {
            self.note(&note);
        }
        let gone = matches!(ended, Ended::Shell(_));
        // The variables of a shell that was killed are lost, those before it are not.
        if let Ok(variables) = shell.environment(gone).await {
            workplace.variables = variables;
        }
        let (Ended::Command(status) | Ended::Shell(status)) = ended;
        if !gone {
            workplace.shell = Some(shell);
        }
        Ok(status)
    }

    fn shell(&self, workplace: &Workplace) -> std::io::Result<Shell> {
        let (group, stream) = {
            let build = self.running.lock();
            (build.log_group.clone(), build.stream().to_owned())
        };
        let (platform, logs) = (Arc::clone(self.platform), self.project.logs());
        // A new shell goes on where the last one was.
        let last = workplace.variables.get("PWD").map(PathBuf::from);
        let directory = last
            .filter(|folder| folder.is_dir())
            .unwrap_or_else(|| workplace.source.clone());
        Shell::start(
            workplace.spec.env.shell,
            &directory,
            &workplace.variables,
            self.folder,
            move |line| {
                let line = Line {
                    group: group.clone(),
                    stream: stream.clone(),
                    text: line,
                };
                platform.log(line, logs);
            },
        )
    }

    /// Puts the artifacts to S3, where the build has any. One that the build specification does not have is not made.
    async fn upload(&self, workplace: &Workplace) -> Result<(), Failure> {
        let Some(artifacts) = &workplace.spec.artifacts else {
            return Ok(());
        };
        let named = |artifact: &Value| {
            artifacts
                .secondary_artifacts
                .get(artifact["artifactIdentifier"].as_str()?)
        };
        let secondary = self.project.secondary_artifacts.iter();
        let all = secondary.filter_map(|to| Some((to, named(to)?)));
        for (to, artifacts) in std::iter::once((&self.project.artifacts, artifacts)).chain(all) {
            if to["type"] == "S3" {
                artifacts::upload((self.platform, &self.role()?), to, artifacts, &workplace.source)
                    .await
                    .map_err(|error| ("CLIENT_ERROR".to_owned(), error))?;
            }
        }
        Ok(())
    }
}
