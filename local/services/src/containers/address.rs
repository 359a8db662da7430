//! Where an engine may be: found as the `docker` command finds it.
//!
//! `DOCKER_HOST`, else the context of `DOCKER_CONTEXT` or of `docker context use`, else the default socket:
//! <https://docs.docker.com/engine/manage-resources/contexts/>.

use crate::manifest::digest;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where Docker listens unless it is told otherwise.
const DEFAULT: &str = "unix:///var/run/docker.sock";

/// How to reach an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// Host and port, without TLS.
    Tcp(String),
}

/// Why there is no address to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The address asks for another way of connecting.
    #[error("the engine's address `{0}` cannot be used here: it must be unix:///PATH or tcp://HOST:PORT")]
    Kind(String),
    /// The engine wants certificates.
    #[error("the engine at `{0}` wants TLS, which the local run does not speak to engines")]
    Tls(String),
    /// The context that is in use has no description.
    #[error(
        "the docker context `{name}` cannot be read ({why}): choose another with `docker context use`, or set DOCKER_HOST"
    )]
    Context {
        /// The context's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError::Kind(text.to_owned());
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp" | "http", place)) => {
                let place = place.trim_end_matches('/');
                let port = place.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
                port.map(|_| Self::Tcp(place.to_owned())).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
        }
    }
}

/// The address that `docker` would use with these environment variables.
///
/// # Errors
/// It would use one that cannot be used here, or a context that cannot be read.
pub(crate) fn active(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Address, AddressError> {
    let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
    let text = |name: &str| text(name).filter(|value| !value.is_empty());
    if let Some(host) = text("DOCKER_HOST") {
        return without_tls(host.parse()?, text("DOCKER_TLS_VERIFY").is_some());
    }
    let home = || Some(PathBuf::from(variable("HOME")?).join(".docker"));
    let Some(config) = variable("DOCKER_CONFIG").map(PathBuf::from).or_else(home) else {
        return DEFAULT.parse();
    };
    match text("DOCKER_CONTEXT").or_else(|| current_context(&config)) {
        Some(name) if name != "default" => of_context(&config, &name),
        _ => DEFAULT.parse(),
    }
}

fn without_tls(address: Address, wants_tls: bool) -> Result<Address, AddressError> {
    match &address {
        Address::Tcp(_) if wants_tls => Err(AddressError::Tls(address.to_string())),
        _ => Ok(address),
    }
}

/// What `docker context use` chose.
fn current_context(config: &Path) -> Option<String> {
    let text = std::fs::read(config.join("config.json")).ok()?;
    let config: Value = serde_json::from_slice(&text).ok()?;
    Some(config["currentContext"].as_str()?.to_owned())
}

/// A context's description is in a folder that has the digest of its name.
fn of_context(config: &Path, name: &str) -> Result<Address, AddressError> {
    let unreadable = |why: &dyn fmt::Display| AddressError::Context {
        name: name.to_owned(),
        why: why.to_string(),
    };
    let folder = digest(name.as_bytes()).replacen("sha256:", "", 1);
    let contexts = config.join("contexts");
    let text =
        std::fs::read(contexts.join("meta").join(&folder).join("meta.json")).map_err(|error| unreadable(&error))?;
    let meta: Value = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
    let host = meta["Endpoints"]["docker"]["Host"].as_str();
    let address = host.ok_or_else(|| unreadable(&"it names no host"))?.parse()?;
    without_tls(address, contexts.join("tls").join(&folder).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sockets_or_ports() {
        for (text, expected) in [
            ("unix:///var/run/docker.sock", Some("unix:///var/run/docker.sock")),
            ("tcp://127.0.0.1:2375", Some("tcp://127.0.0.1:2375")),
            ("tcp://[::1]:2375", Some("tcp://[::1]:2375")),
            ("http://engine:80/", Some("tcp://engine:80")),
            ("tcp://engine", None),
            ("ssh://me@engine", None),
            ("npipe:////./pipe/docker_engine", None),
            ("unix://docker.sock", None),
            ("/var/run/docker.sock", None),
        ] {
            let address = text.parse::<Address>().map(|address| address.to_string());
            assert_eq!(address.ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_engine_is_the_one_that_docker_would_use() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join(".docker");
        // The SHA-256 of `mine`, `remote` and `empty`, as docker names their folders.
        let contexts = [
            ("mine", r#"{"Endpoints": {"docker": {"Host": "unix:///mine.sock"}}}"#),
            (
                "remote",
                r#"{"Endpoints": {"docker": {"Host": "tcp://10.0.0.1:2376"}}}"#,
            ),
            ("empty", "{}"),
        ];
        for (name, meta) in contexts {
            let id = digest(name.as_bytes()).replacen("sha256:", "", 1);
            let meta_folder = config.join("contexts/meta").join(&id);
            std::fs::create_dir_all(&meta_folder).unwrap();
            std::fs::write(meta_folder.join("meta.json"), meta).unwrap();
            if name == "remote" {
                std::fs::create_dir_all(config.join("contexts/tls").join(&id)).unwrap();
            }
        }
        let home = folder.path().to_str().unwrap();
        for (current, variables, expected) in [
            (None, vec![], "unix:///var/run/docker.sock"),
            (Some("mine"), vec![], "unix:///mine.sock"),
            (
                Some("mine"),
                vec![("DOCKER_CONTEXT", "default")],
                "unix:///var/run/docker.sock",
            ),
            (None, vec![("DOCKER_CONTEXT", "mine")], "unix:///mine.sock"),
            (Some("mine"), vec![("DOCKER_HOST", "tcp://h:1")], "tcp://h:1"),
            (Some("mine"), vec![("DOCKER_HOST", "")], "unix:///mine.sock"),
            (None, vec![("DOCKER_HOST", "ssh://h")], "`ssh://h` cannot be used"),
            (
                None,
                vec![("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1")],
                "`tcp://h:1` wants TLS",
            ),
            (Some("remote"), vec![], "`tcp://10.0.0.1:2376` wants TLS"),
            (Some("gone"), vec![], "the docker context `gone` cannot be read"),
            (Some("empty"), vec![], "names no host"),
        ] {
            let current = current.map_or_else(|| "{}".to_owned(), |name| format!(r#"{{"currentContext": "{name}"}}"#));
            std::fs::write(config.join("config.json"), &current).unwrap();
            let found = active(&|name| {
                let given = variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| *value);
                given.or_else(|| (name == "HOME").then_some(home)).map(OsString::from)
            });
            let found = found.map_or_else(|error| error.to_string(), |address| address.to_string());
            assert!(found.contains(expected), "{current} {variables:?}: {found}");
        }
        assert_eq!(active(&|_| None).unwrap().to_string(), DEFAULT);
    }
}
