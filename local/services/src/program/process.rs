//! Runs a program as a process of this machine, one of two ways.
//!
//! *In a namespace*: an unprivileged mount namespace has the image's files and the program's own folder at
//! their own paths ([`mounts`](super::mounts)). *By paths*: where the system has no namespaces, as macOS has none, or the
//! machine does not allow them, the paths in the command that lead into the image are changed to where the image was
//! unpacked, and a variable says where the program's own folder is.

use super::guard::Guard;
use super::image::{Image, Settings};
use super::mounts;
use super::work::{Beside, Own, Program, Started};
use crate::containers::{Containers, Group, Groups};
use crate::machine::System;
use crate::python::{Environments, Missing};
use rustix::process::{Pid, Signal};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{self, Child};
use tokio::task::JoinHandle;

/// What is to be run.
struct Command {
    /// Where the image is unpacked, and what else has to lie somewhere.
    folder: PathBuf,
    own: Option<Own>,
    command: Vec<String>,
    working_directory: String,
    environment: BTreeMap<String, String>,
    system: &'static dyn System,
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
            Self::Namespace => "a process in a mount namespace, with the image's files at their own paths",
            Self::Paths => "a plain process, with the image's paths mapped: this machine allows no namespaces",
        }
    }
}

/// A program that runs.
pub(super) struct Process {
    child: Child,
    /// The program and all that it started, until all of it has ended.
    group: Option<Group>,
    _guard: Option<Guard>,
    command: Arc<Command>,
    output: Vec<JoinHandle<()>>,
    way: Way,
}

/// Starts a program: in a namespace where that works, else by paths.
pub(super) async fn start(
    containers: &Containers,
    program: &Program,
    image: Image,
    folder: &Path,
    log: impl Fn(String) + Clone + Send + 'static,
) -> io::Result<Process> {
    let mut command = Command::of(program, &image.settings, folder, containers.system());
    let groups = containers.groups();
    let (into, environments, say) = (command.image(), containers.environments().clone(), log.clone());
    let unpacked = tokio::task::spawn_blocking(move || {
        image.unpack(&into)?;
        packages(&environments, &image.settings, &into, say)
    });
    if let Some(environment) = unpacked.await?? {
        command.use_packages(&environment);
    }
    let command = Arc::new(command);
    if has_namespaces(command.system).await {
        let mut process = command.start(Way::Namespace, groups, log.clone())?;
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
    command.start(Way::Paths, groups, log)
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

    fn of(program: &Program, settings: &Settings, folder: &Path, system: &'static dyn System) -> Self {
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
        environment.extend(program.environment.clone());
        environment.extend(program.port.into_iter().flat_map(|port| port.environment()));
        let working_directory = program.working_directory.as_ref().unwrap_or(&settings.working_dir);
        let working_directory = match working_directory.as_str() {
            "" => "/".to_owned(),
            given => given.to_owned(),
        };
        Self {
            folder: folder.to_owned(),
            own: program.own.clone(),
            command: program.command.clone(),
            working_directory,
            environment,
            system,
        }
    }

    fn image(&self) -> PathBuf {
        self.folder.join("image")
    }

    fn ready(&self) -> PathBuf {
        self.folder.join("ready")
    }

    /// How a command is run one way.
    fn prepared(&self, way: Way, command: &[String], ready: &Path) -> io::Result<process::Command> {
        match way {
            Way::Namespace => self.in_namespace(command, ready),
            Way::Paths => self.by_paths(command),
        }
    }

    /// Starts the program one way.
    fn start(
        self: &Arc<Self>,
        way: Way,
        groups: &Arc<Groups>,
        log: impl Fn(String) + Clone + Send + 'static,
    ) -> io::Result<Process> {
        let mut command = self.prepared(way, &self.command, &self.ready())?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let group = match id {
            Some(id) => Some(groups.enter(id).ok_or_else(|| io::Error::other("the run is ending"))?),
            // It has ended already.
            None => None,
        };
        let guard = group.as_ref().map(|group| Guard::of(group.id())).transpose()?;
        let mut output = Vec::new();
        output.extend(child.stdout.take().map(|lines| follow(lines, log.clone())));
        output.extend(child.stderr.take().map(|lines| follow(lines, log)));
        Ok(Process {
            group,
            _guard: guard,
            command: Arc::clone(self),
            child,
            output,
            way,
        })
    }

    fn in_namespace(&self, arguments: &[String], ready: &Path) -> io::Result<process::Command> {
        let root = self.folder.join("root");
        fs::create_dir_all(&root)?;
        let packages = self.environment.get("VIRTUAL_ENV").map(Path::new);
        let script = mounts::script(&self.image(), self.own.as_ref(), packages)?;
        let namespace = self.system.in_namespace();
        let mut command = namespace.ok_or_else(|| io::Error::other("this system has no mount namespaces"))?;
        command
            .args(["sh", "-c", &script, "job"])
            .args([&root, ready])
            .arg(&self.working_directory)
            .arg(self.environment.get("PATH").map_or("", String::as_str))
            .args(arguments)
            .env_clear()
            .envs(&self.environment);
        Ok(command)
    }

    fn by_paths(&self, arguments: &[String]) -> io::Result<process::Command> {
        let mut parts = arguments.iter().map(|part| self.mapped(part));
        let program = parts
            .next()
            .ok_or_else(|| io::Error::other("there is no command to run"))?;
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
            .envs(self.own.iter().map(|own| (own.variable, &own.folder)));
        Ok(command)
    }

    /// A path into the image or the program's own folder, as it is on this machine; any other text as it is.
    fn mapped(&self, text: &str) -> String {
        if let Some(own) = &self.own
            && let Some(rest) = text.strip_prefix(own.path)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            let inner = own.folder.join(rest.trim_start_matches('/'));
            return inner.to_string_lossy().into_owned();
        }
        let inner = match text {
            _ if text.starts_with('/') => self.image().join(text.trim_start_matches('/')),
            _ => return text.to_owned(),
        };
        if inner.exists() {
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

/// Whether the system has namespaces, and this machine lets an ordinary user make them.
async fn has_namespaces(system: &dyn System) -> bool {
    let Some(mut command) = system.in_namespace() else {
        return false;
    };
    let tried = command
        .arg("true")
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

/// Where a program runs.
struct BesideProcess {
    command: Arc<Command>,
    way: Way,
}

#[async_trait::async_trait]
impl Beside for BesideProcess {
    async fn run(&self, command: &[String]) -> io::Result<i64> {
        let ready = self.command.folder.join("ready-beside");
        let mut command = self.command.prepared(self.way, command, &ready)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.process_group(0).kill_on_drop(true).status().await?;
        Ok(status.code().map_or(137, i64::from))
    }
}

#[async_trait::async_trait]
impl Started for Process {
    fn describe(&self) -> String {
        self.way.describe().to_owned()
    }

    async fn wait(&mut self) -> io::Result<i64> {
        let status = self.child.wait().await?;
        // What the program left in the background goes with its container.
        self.group = None;
        // The exit code of a container that a signal has ended.
        let signal = || status.signal().map_or(137, |signal| 128 + i64::from(signal));
        Ok(status.code().map_or_else(signal, i64::from))
    }

    fn beside(&self) -> Box<dyn Beside> {
        Box::new(BesideProcess {
            command: Arc::clone(&self.command),
            way: self.way,
        })
    }

    async fn stop(&mut self, grace: Duration) -> io::Result<()> {
        if let Some(group) = &self.group {
            group.signal(Signal::TERM);
        }
        // Whether it has ended in time or not: what is left goes now.
        let _ = tokio::time::timeout(grace, self.child.wait()).await;
        self.group = None;
        self.child.wait().await.map(drop)
    }

    /// Its own folder is where the program has written all along.
    async fn leave(self: Box<Self>, _paths: &[String]) -> io::Result<Vec<String>> {
        // The last lines of a program that has ended, but not of what it left in the background.
        for lines in self.output {
            let _ = tokio::time::timeout(Duration::from_secs(1), lines).await;
        }
        Ok(Vec::new())
    }
}
