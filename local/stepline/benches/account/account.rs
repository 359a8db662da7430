//! The accounts that are measured: processes that are started here, or servers that are there.

use crate::Fallible;
use crate::report::Figure;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One account.
pub(crate) struct Account {
    name: String,
    place: Place,
    running: Option<Running>,
}

/// Where an account is.
enum Place {
    /// A program that is started, in this folder.
    Program(PathBuf, PathBuf),
    /// A server that somebody has started.
    Address(String),
}

/// A process that is up.
struct Running {
    process: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Account {
    /// This build, where its sources are.
    pub(crate) fn here() -> Fallible<Self> {
        Self::there("stepline", env!("CARGO_BIN_EXE_stepline"))
    }

    /// A program or an address.
    pub(crate) fn there(name: &str, place: &str) -> Fallible<Self> {
        let place = match std::fs::canonicalize(place) {
            Ok(program) => {
                let target = program.ancestors().find(|folder| folder.ends_with("target"));
                let folder = target.and_then(Path::parent).map(Path::to_owned);
                let folder = folder.ok_or(format!("`{place}` does not stand in a `target` beside its sources"))?;
                Place::Program(program, folder)
            }
            Err(_) if place.parse::<std::net::SocketAddr>().is_ok() => Place::Address(place.to_owned()),
            Err(_) => return Err(format!("`{name}={place}`: neither a program nor an address").into()),
        };
        Ok(Self {
            name: name.to_owned(),
            place,
            running: None,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it answers, as `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        match (&self.place, &self.running) {
            (Place::Address(address), _) => address,
            (_, Some(running)) => &running.address,
            (_, None) => "",
        }
    }

    /// Has an account that remembers nothing.
    pub(crate) fn start_fresh(&mut self) -> Fallible<()> {
        self.stop();
        let state = self.state();
        std::fs::remove_dir_all(&state).ok();
        self.start(&state)?;
        Ok(())
    }

    /// Starts it with what it has kept, and says how long that took; then stops it. None of a server that is there.
    pub(crate) fn start_again(&mut self) -> Fallible<Option<Figure>> {
        self.stop();
        let state = self.state();
        if !state.exists() {
            self.start(&state)?;
            self.stop();
        }
        let began = Instant::now();
        let is_ours = self.start(&state)?;
        let figure = Figure::took(began.elapsed(), self.processor());
        self.stop();
        Ok(is_ours.then_some(figure))
    }

    /// Plays the chain with what says hello, and says how long that took. None of a server that is there.
    pub(crate) fn run_hello(&self) -> Fallible<Option<Figure>> {
        let Place::Program(program, folder) = &self.place else {
            return Ok(None);
        };
        let began = Instant::now();
        let output = Command::new(program)
            .args(["run", "--machine", "hello"])
            .current_dir(folder)
            .output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(Some(Figure::took(began.elapsed(), None)))
    }

    /// Ends the process, if it is one of ours.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// The time that it has computed, where the system says it.
    pub(crate) fn processor(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process()?)).ok()?;
        // Behind the name, which may have anything in it: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        // Linux has a hundred of them in a second.
        Some(Duration::from_millis((user + system) * 10))
    }

    /// The most memory that it has had, in MB, where the system says it.
    pub(crate) fn memory_at_most(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes / 1024)
    }

    fn process(&self) -> Option<u32> {
        Some(self.running.as_ref()?.process.id())
    }

    fn state(&self) -> PathBuf {
        std::env::temp_dir().join(format!("stepline-figures-{}-{}", std::process::id(), self.name))
    }

    /// Starts the program until it says that it is ready. False where there is no program to start.
    fn start(&mut self, state: &Path) -> Fallible<bool> {
        let Place::Program(program, folder) = &self.place else {
            return Ok(false);
        };
        let mut process = Command::new(program)
            .args(["up", "--port", "0", "--state"])
            .arg(state)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let said = process.stdout.take().ok_or("no output")?;
        let mut running = Running {
            process,
            address: String::new(),
        };
        let mut lines = BufReader::new(said).lines();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("export AWS_ENDPOINT_URL=http://") {
                running.address = address.to_owned();
            }
            if line == "ready" {
                // Nobody may write into a pipe that has no reader.
                std::thread::spawn(move || lines.for_each(drop));
                self.running = Some(running);
                return Ok(true);
            }
        }
        Err(format!("{}: `up` did not get ready in {}", self.name, folder.display()).into())
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.stop();
        std::fs::remove_dir_all(self.state()).ok();
    }
}
