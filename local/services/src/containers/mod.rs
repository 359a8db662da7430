//! Real containers, where a container engine answers: what builds images then, and what runs them.
//!
//! An engine is whatever speaks the Docker Engine API, <https://docs.docker.com/reference/api/engine/>: Docker itself,
//! Docker Desktop, Podman's service. It is spoken to over that API and not with the `docker` command: a build has its
//! own `docker` first in its `PATH`, the API is there where the command is not, and its answers need no parsing of
//! text that is meant for people. Where no engine answers, CodeBuild's stand-in builds images by itself and a
//! job of SageMaker is a process.
//!
//! The engine is a guest's: no name is given to an image in it, so that nothing which is there already is replaced and
//! nothing can be pushed from it to where the name points; every container carries [`SESSION`] as a label and is removed
//! when it has ended, or with [`Containers::clean_up`].

pub mod address;
mod api;
mod body;
mod engine;
mod groups;
mod images;
mod jobs;
mod stream;

pub use address::{Address, AddressError};
pub use api::{Api, EngineError};
pub use engine::{Engine, Reach};
pub(crate) use groups::{Group, Groups};
pub use images::ImageBuild;
pub use jobs::{NewContainer, SESSION};

use crate::machine::{self, System};
use crate::python::Environments;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::RwLock;

/// How long the end of a run waits for its last containers to be gone.
const CLEANING: Duration = Duration::from_secs(10);

/// Which way the user wants containers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// With a container engine where one answers, else as processes
    #[default]
    Auto,
    /// With a container engine, or not at all
    Engine,
    /// As processes of this machine, without an engine
    Process,
}

/// Which way there is.
#[derive(Debug, Clone)]
pub enum Found {
    /// This engine answered.
    Engine(Engine),
    /// No engine: why not.
    Nothing(String),
}

/// Looks for an engine, as the `docker` command does, where `choice` wants one.
pub async fn find(choice: Choice) -> Found {
    if choice == Choice::Process {
        return Found::Nothing("no engine is used, as asked".into());
    }
    let address = match address::active(&|name| std::env::var_os(name)) {
        Ok(address) => address,
        Err(error) => return Found::Nothing(error.to_string()),
    };
    match Engine::at(address).await {
        Ok(engine) => Found::Engine(engine),
        Err(error) => Found::Nothing(error.to_string()),
    }
}

impl Found {
    /// The engine, if there is one.
    pub fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Engine(engine) => Some(engine),
            Self::Nothing(_) => None,
        }
    }
}

/// What the output says of it.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(engine) => write!(f, "{engine} builds images and runs jobs"),
            Self::Nothing(why) => write!(
                f,
                "{why}: images are made of COPY, ENV and WORKDIR, and jobs are processes"
            ),
        }
    }
}

/// The containers of one account.
#[derive(Debug)]
pub struct Containers {
    engine: OnceLock<Engine>,
    environments: Environments,
    system: &'static dyn System,
    groups: Arc<Groups>,
    session: String,
    /// Whether no more containers are made. Whoever makes one holds it while doing so.
    closed: RwLock<bool>,
}

impl Default for Containers {
    /// Python packages are kept among the machine's temporary files.
    fn default() -> Self {
        Self::new(Environments::new(std::env::temp_dir().join("stepline-python")))
    }
}

impl Containers {
    /// Containers of an engine that is yet to be found. As long as there is none, the Python packages of images are in
    /// `environments`.
    pub fn new(environments: Environments) -> Self {
        Self {
            engine: OnceLock::new(),
            environments,
            system: machine::this(),
            groups: Arc::default(),
            session: uuid::Uuid::new_v4().to_string(),
            closed: RwLock::new(false),
        }
    }

    /// Where the Python packages of images are if no engine has them in containers.
    pub(crate) fn environments(&self) -> &Environments {
        &self.environments
    }

    /// The same on a system that may be another one than this machine's.
    #[cfg(test)]
    pub(crate) fn on(self, system: &'static dyn System) -> Self {
        Self { system, ..self }
    }

    /// The system that programs run on which are no containers.
    pub(crate) fn system(&self) -> &'static dyn System {
        self.system
    }

    /// The programs that run as processes.
    pub(crate) fn groups(&self) -> &Arc<Groups> {
        &self.groups
    }

    /// Has an engine build and run from now on; the first one counts.
    pub fn use_engine(&self, engine: Engine) {
        self.engine.get_or_init(|| engine);
    }

    /// The engine, if there is one.
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.get()
    }

    /// Makes a container that [`clean_up`](Self::clean_up) knows, and answers with its id. It does not run yet.
    ///
    /// # Errors
    /// The engine refuses, or the run is at its end.
    pub async fn create(&self, engine: &Engine, container: &NewContainer) -> Result<String, EngineError> {
        let closed = self.closed.read().await;
        if *closed {
            return Err(EngineError::Ending);
        }
        engine.api.create(container, &self.session).await
    }

    /// Removes every container of this run, running or not, ends every process, and lets no more be made.
    pub async fn clean_up(&self) {
        self.groups.end().await;
        let Some(engine) = self.engine.get() else { return };
        // Waits for whoever is making one at this moment.
        *self.closed.write().await = true;
        let removed = tokio::time::timeout(CLEANING, engine.api.remove_all(&self.session));
        match removed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "containers may be left in the engine"),
            Err(_) => tracing::warn!("the engine is slow: containers may be left in it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_engine_the_output_says_why_and_what_is_done_instead() {
        let found = find(Choice::Process).await;
        assert_eq!(
            found.to_string(),
            "no engine is used, as asked: images are made of COPY, ENV and WORKDIR, and jobs are processes"
        );
        // Nothing to be cleaned, and nobody to be asked.
        Containers::default().clean_up().await;
    }
}
