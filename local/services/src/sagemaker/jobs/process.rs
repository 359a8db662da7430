//! Runs a job's command as a process of this machine, one of two ways.
//!
//! *In a namespace*: an unprivileged mount namespace has the image's files and `/opt/ml` at their own paths
//! ([`mounts`](super::mounts)). *By paths*: if the machine does not allow namespaces, the paths in the command that
//! lead into the image are changed to where the image was unpacked, and `ML_ROOT` says where `/opt/ml` is.

use super::image::{Image, Settings};
use super::mounts;
use super::work::{Started, Work};
use crate::python::{Environments, Missing};
use crate::watchdog::Watched;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use std::{fs, io};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{self, Child};
use tokio::task::JoinHandle;

/// What is to be run.
pub(super) struct Command {
    /// The job's own folder, with `image` (unpacked) and `ml` in it.
    folder: PathBuf,
    command: Vec<String>,
    working_directory: String,
    environment: BTreeMap<String, String>,
}

/// Which way a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Namespace,
    Paths,
}

impl Way {
    fn describe(self) -> &'static str {
        match self {
            Self::Namespace => "a process in a mount namespace, with the image's files and /opt/ml at their own paths",
            Self::Paths => {
                "a plain process, with the image's paths mapped and /opt/ml in ML_ROOT: this machine allows no namespaces"
            }
        }
    }
}

/// A command that runs.
pub(super) struct Process {
    child: Child,
    /// The command and all that it started; also when it is at its end itself.
    group: Option<Pid>,
    output: Vec<JoinHandle<()>>,
    way: Way,
    _watched: Option<Watched>,
}

/// Starts a job's command: in a namespace where that works, else by paths.
pub(super) async fn start(
    environments: &Environments,
    work: &Work,
    image: Image,
    folder: &Path,
    log: impl Fn(String) + Clone + Send + 'static,
) -> io::Result<Process> {
    let mut command = Command::of(work, &image.settings, folder);
    let (into, environments, say) = (command.image(), environments.clone(), log.clone());
    let unpacked = tokio::task::spawn_blocking(move || {
        image.unpack(&into)?;
        packages(&environments, &image.settings, &into, say)
    });
    if let Some(environment) = unpacked.await?? {
        command.use_packages(&environment);
    }
    if namespaces().await {
        let mut process = command.start(Way::Namespace, log.clone())?;
        // Either the command was started, or the namespace could not be made and the script has ended.
        loop {
            if command.was_ready() {
                return Ok(process);
            }
            tokio::select! {
                _ = process.child.wait() => break,
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
        if command.was_ready() {
            return Ok(process);
        }
    }
    command.start(Way::Paths, log)
}

/// The virtual environment with the image's Python packages, if it has any. A build has made it already, unless it was
/// taken away since.
fn packages(
    environments: &Environments,
    settings: &Settings,
    image: &Path,
    say: impl Fn(String),
) -> io::Result<Option<PathBuf>> {
    let read = |path: &str| {
        let file = image.join(path.trim_start_matches('/'));
        fs::read_to_string(file).map_err(|error| error.to_string())
    };
    let wanted = settings.installs().iter().map(|install| install.wanted(read)).collect();
    let wanted: Result<Vec<_>, String> = wanted;
    let wanted = wanted.map_err(io::Error::other)?;
    match environments.with(&wanted, &mut |line| say(line.to_owned())) {
        // Whether the program needs them shows when it runs.
        Err(unreachable @ Missing::Unreachable(_)) => {
            say(unreachable.to_string());
            Ok(None)
        }
        found => found.map_err(io::Error::other),
    }
}

impl Command {
    /// Has the command run with this virtual environment's Python.
    fn use_packages(&mut self, environment: &Path) {
        let path = self.environment.entry("PATH".into()).or_default();
        *path = format!("{}:{path}", environment.join("bin").display());
        let folder = environment.display().to_string();
        self.environment.insert("VIRTUAL_ENV".into(), folder);
    }

    fn of(work: &Work, settings: &Settings, folder: &Path) -> Self {
        let mut environment = settings.variables();
        let own = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
        // The machine's programs stand for those of the base image.
        let path = environment
            .remove("PATH")
            .map_or_else(|| own.clone(), |path| format!("{path}:{own}"));
        environment.insert("PATH".into(), path);
        for name in ["HOME", "LANG", "PYENV_ROOT", "RUSTUP_HOME"] {
            if let Ok(value) = std::env::var(name) {
                environment.entry(name.to_owned()).or_insert(value);
            }
        }
        environment.extend(work.environment.clone());
        let working_directory = match settings.working_dir.as_str() {
            "" => "/".to_owned(),
            given => given.to_owned(),
        };
        Self {
            folder: folder.to_owned(),
            command: work.command.clone(),
            working_directory,
            environment,
        }
    }

    fn image(&self) -> PathBuf {
        self.folder.join("image")
    }

    fn ml(&self) -> PathBuf {
        self.folder.join("ml")
    }

    fn ready(&self) -> PathBuf {
        self.folder.join("ready")
    }

    /// Starts the command one way.
    fn start(&self, way: Way, log: impl Fn(String) + Clone + Send + 'static) -> io::Result<Process> {
        let mut command = match way {
            Way::Namespace => self.in_namespace()?,
            Way::Paths => self.by_paths()?,
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let watched = Watched::group_of(child.id());
        let mut output = Vec::new();
        output.extend(child.stdout.take().map(|lines| follow(lines, log.clone())));
        output.extend(child.stderr.take().map(|lines| follow(lines, log)));
        Ok(Process {
            group: child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)),
            child,
            output,
            way,
            _watched: watched,
        })
    }

    fn in_namespace(&self) -> io::Result<process::Command> {
        let root = self.folder.join("root");
        fs::create_dir_all(&root)?;
        let script = mounts::script(&self.image(), &self.ml())?;
        let mut command = process::Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "--", "sh", "-c", &script, "job"])
            .args([&root, &self.ready()])
            .arg(&self.working_directory)
            .arg(self.environment.get("PATH").map_or("", String::as_str))
            .args(&self.command)
            .env_clear()
            .envs(&self.environment);
        Ok(command)
    }

    fn by_paths(&self) -> io::Result<process::Command> {
        let mut parts = self.command.iter().map(|part| self.mapped(part));
        let program = parts.next().ok_or_else(|| io::Error::other("the job has no command"))?;
        let directory = self.image().join(self.working_directory.trim_start_matches('/'));
        let mut command = process::Command::new(program);
        command
            .args(parts)
            .current_dir(if directory.is_dir() {
                directory
            } else {
                self.folder.clone()
            })
            .env_clear()
            .envs(&self.environment)
            .env("ML_ROOT", self.ml());
        Ok(command)
    }

    /// A path into the image or `/opt/ml`, as it is on this machine; any other text as it is.
    fn mapped(&self, text: &str) -> String {
        let inner = match text.strip_prefix("/opt/ml") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => self.ml().join(rest.trim_start_matches('/')),
            _ if text.starts_with('/') => self.image().join(text.trim_start_matches('/')),
            _ => return text.to_owned(),
        };
        if inner.exists() || text.starts_with("/opt/ml") {
            inner.to_string_lossy().into_owned()
        } else {
            text.to_owned()
        }
    }

    /// Whether a namespace was made: its script leaves a file just before it runs the command.
    fn was_ready(&self) -> bool {
        self.ready().exists()
    }
}

/// Whether this machine lets an ordinary user make namespaces.
async fn namespaces() -> bool {
    let tried = process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.await.is_ok_and(|status| status.success())
}

fn follow(lines: impl AsyncRead + Unpin + Send + 'static, log: impl Fn(String) + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(lines);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            log(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned());
            line.clear();
        }
    })
}

impl Process {
    /// Sends a signal to the command and all that it started.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Nothing is left to be ended where it fails.
            let _ = kill_process_group(group, signal);
        }
    }
}

#[async_trait::async_trait]
impl Started for Process {
    fn describe(&self) -> String {
        self.way.describe().to_owned()
    }

    async fn wait(&mut self) -> io::Result<i64> {
        let status = self.child.wait().await?;
        // What the command left in the background goes with its container.
        self.signal(Signal::KILL);
        // The exit code of a container that a signal has ended.
        let signal = || status.signal().map_or(137, |signal| 128 + i64::from(signal));
        Ok(status.code().map_or_else(signal, i64::from))
    }

    async fn stop(&mut self, grace: Duration) -> io::Result<()> {
        self.signal(Signal::TERM);
        // Whether it has ended in time or not: what is left goes now.
        let _ = tokio::time::timeout(grace, self.child.wait()).await;
        self.signal(Signal::KILL);
        self.child.wait().await.map(drop)
    }

    /// The job's folder is where the command has written all along.
    async fn leave(self: Box<Self>, _paths: &[String]) -> io::Result<Vec<String>> {
        // The last lines of a command that has ended, but not of what it left in the background.
        for lines in self.output {
            let _ = tokio::time::timeout(Duration::from_secs(1), lines).await;
        }
        Ok(Vec::new())
    }
}
