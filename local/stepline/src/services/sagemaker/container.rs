//! Runs a job's command in its image, one of two ways.
//!
//! *In a namespace*: an unprivileged mount namespace has the image's files and `/opt/ml` at their own paths
//! ([`mounts`](super::mounts)). *By paths*: where the machine does not allow namespaces, the command's paths into the
//! image are mapped to where the image was unpacked, and `ML_ROOT` says where `/opt/ml` is.

use super::mounts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::{fs, io};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// What is to be run.
#[derive(Debug, Clone)]
pub(super) struct Container {
    /// The job's own folder, with `image` (unpacked) and `ml` in it.
    pub(super) folder: PathBuf,
    pub(super) command: Vec<String>,
    pub(super) working_directory: String,
    pub(super) environment: BTreeMap<String, String>,
}

/// Which way a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Namespace,
    Paths,
}

impl Way {
    /// For the job's log.
    pub(super) fn describe(self) -> &'static str {
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
    output: Vec<JoinHandle<()>>,
}

impl Container {
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
    pub(super) fn start(&self, way: Way, log: impl Fn(String) + Clone + Send + 'static) -> io::Result<Process> {
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
        let mut output = Vec::new();
        output.extend(child.stdout.take().map(|lines| follow(lines, log.clone())));
        output.extend(child.stderr.take().map(|lines| follow(lines, log)));
        Ok(Process { child, output })
    }

    fn in_namespace(&self) -> io::Result<Command> {
        let root = self.folder.join("root");
        fs::create_dir_all(&root)?;
        let script = mounts::script(&self.image(), &self.ml())?;
        let mut command = Command::new("unshare");
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

    fn by_paths(&self) -> io::Result<Command> {
        let mut parts = self.command.iter().map(|part| self.mapped(part));
        let program = parts.next().ok_or_else(|| io::Error::other("the job has no command"))?;
        let directory = self.image().join(self.working_directory.trim_start_matches('/'));
        let mut command = Command::new(program);
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
    pub(super) fn was_ready(&self) -> bool {
        self.ready().exists()
    }
}

/// Whether this machine lets an ordinary user make namespaces.
pub(super) async fn namespaces() -> bool {
    let tried = Command::new("unshare")
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
    /// Waits for the command's end.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits for the last lines of a command that has ended, but not for what it left in the background.
    pub(super) async fn last_lines(self) {
        for lines in self.output {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), lines).await;
        }
    }

    /// Sends a signal to the command and all that it started.
    pub(super) fn signal(&self, signal: &str) {
        if let Some(group) = self.child.id() {
            let group = format!("-{group}");
            // Nothing is left to be ended where it fails.
            let _ = std::process::Command::new("kill")
                .args(["-s", signal, "--", &group])
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Makes the folders of the `/opt/ml` contract.
pub(super) fn make_ml(ml: &Path) -> io::Result<()> {
    for folder in ["config", "output", "processing"] {
        fs::create_dir_all(ml.join(folder))?;
    }
    Ok(())
}
