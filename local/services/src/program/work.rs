//! A program that is to run, and one that was started: the same in a container and in a process.

use super::image::Settings;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

/// A program and what it is given beside its image. It has no `Debug`: its environment has credentials.
#[derive(Clone)]
pub(crate) struct Program {
    /// Its name, for people.
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    /// Where it starts, if not where the image says.
    pub(crate) working_directory: Option<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Whether it asked for no network.
    pub(crate) is_isolated: bool,
    /// A folder that is its own.
    pub(crate) own: Option<Own>,
    /// Where it serves.
    pub(crate) port: Option<Port>,
}

/// A folder of a program's own, which lasts beyond it.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// Its path, as the program knows it.
    pub(crate) path: &'static str,
    /// The variable that says where it is if it cannot be at its path.
    pub(crate) variable: &'static str,
    /// Where it is on this machine.
    pub(crate) folder: PathBuf,
}

/// Where a program serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Port {
    /// The port of a container with a network of its own.
    pub(crate) container: u16,
    /// The port of this machine's loopback address.
    pub(crate) host: u16,
}

impl Port {
    /// What tells a program that shares this machine's network where to listen: several of them cannot all listen at
    /// the same port.
    pub(super) fn environment(self) -> [(String, String); 2] {
        [
            ("HOST".to_owned(), Ipv4Addr::LOCALHOST.to_string()),
            ("PORT".to_owned(), self.host.to_string()),
        ]
    }
}

/// A path in a program's own folder, as it is on this machine.
pub(crate) fn within(own: &Own, path: &str) -> PathBuf {
    let parts = path.trim_start_matches(own.path).split('/');
    parts
        .filter(|part| !part.is_empty() && *part != "..")
        .fold(own.folder.clone(), |path, part| path.join(part))
}

/// A command as `docker run` puts it together: `default` stands for the arguments where neither they nor an entry point
/// are given. A new entry point leaves the image's arguments out.
pub(crate) fn command(
    image: &Settings,
    entrypoint: Option<&[String]>,
    arguments: Option<&[String]>,
    default: &[String],
) -> Vec<String> {
    let mut command = match entrypoint {
        Some(given) => given.to_vec(),
        None => image.entrypoint.clone().unwrap_or_default(),
    };
    match (arguments, entrypoint) {
        (Some(arguments), _) => command.extend_from_slice(arguments),
        (None, None) => command.extend_from_slice(default),
        (None, Some(_)) => {}
    }
    command
}

/// Where SDKs find the services.
pub(crate) const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Runs commands where a program runs, such as its health check.
#[async_trait::async_trait]
pub(crate) trait Beside: Send + Sync {
    /// Runs a command to its end: its exit code.
    async fn run(&self, command: &[String]) -> io::Result<i64>;
}

/// A program that has been started.
#[async_trait::async_trait]
pub(crate) trait Started: Send + Sync {
    /// Which way it runs, behind "runs as".
    fn describe(&self) -> String;

    /// Waits for its end: its exit code.
    async fn wait(&mut self) -> io::Result<i64>;

    /// What runs other commands beside it.
    fn beside(&self) -> Box<dyn Beside>;

    /// Asks it to end, and ends it after `grace`.
    async fn stop(&mut self, grace: Duration) -> io::Result<()>;

    /// Takes away what still runs, after the last lines of the log; what the program left at `paths` is in its own
    /// folder then. Answers with what could not be brought there.
    async fn leave(self: Box<Self>, paths: &[String]) -> io::Result<Vec<String>>;
}
