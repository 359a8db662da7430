//! Standing up the services and deploying to them: what every command starts with.

use super::kept;
use super::mocks::{self, MocksError};
use super::options::Common;
use super::page::{self, PageError, PageServed};
use crate::cloud::{self, Cloud};
use crate::deploy::{self, DeployError, Deployment};
use crate::display::{Display, Shown};
use crate::functions;
use crate::gateway;
use crate::project::{self, Overrides, Project, ProjectError};
use crate::samples::SampleError;
use platform::account::Account;
use platform::error::ServiceError;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::store::StoreError;
use serde_json::Value;
use services::containers::{self, Choice, Found};
use services::lambda::{BuildError, Progress};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;

/// Why a command could not do its work at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Project(#[from] ProjectError),
    #[error(
        "no `python3` is on the PATH: without a container engine jobs run the container's programs with it; install Python 3, or start Docker"
    )]
    NoPython,
    #[error("{0}: start one, set DOCKER_HOST, or take --containers auto")]
    NoEngine(String),
    #[error("port {port} is taken ({source}): choose another one with --port, or --port 0 for any that is free")]
    BusyPort { port: u16, source: std::io::Error },
    #[error("{0} is no address of this machine: give --host one that it has, such as that of the containers' bridge")]
    NotOurAddress(IpAddr),
    #[error("cannot deploy: {0}")]
    Deploy(#[from] DeployError),
    #[error("{0}")]
    Build(#[from] BuildError),
    #[error("{0}")]
    Service(#[from] ServiceError),
    #[error("{0}")]
    Sample(#[from] SampleError),
    #[error("{0}")]
    Mocks(#[from] MocksError),
    #[error("{0}")]
    Page(#[from] PageError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Other(String),
    #[error("interrupted")]
    Interrupted,
}

impl Trouble {
    /// 2 where the command line asked for what does not exist, 130 for an interrupt, else 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Project(
                ProjectError::Nothing(_)
                | ProjectError::UnknownEnvironment { .. }
                | ProjectError::SeveralTemplates { .. },
            )
            | Self::Deploy(DeployError::NoParameter(_))
            | Self::NoEngine(_)
            | Self::Usage(_) => ExitCode::from(2),
            Self::Sample(SampleError::Unreadable { .. } | SampleError::NotJson { .. }) | Self::Mocks(_) => {
                ExitCode::from(2)
            }
            Self::Interrupted => ExitCode::from(130),
            _ => ExitCode::FAILURE,
        }
    }
}

/// The account that stands, if one does: for what must not outlive the command, however that ends.
#[derive(Default)]
pub(super) struct Standing(OnceLock<Arc<Cloud>>);

impl Standing {
    /// Takes away what would stay behind: containers, which are no processes of this one.
    pub(super) async fn clear(&self) {
        if let Some(cloud) = self.0.get() {
            cloud.containers.clean_up().await;
        }
    }
}

/// Which way containers run here, as the options want it.
pub(super) async fn containers(common: &Common) -> Result<Found, Trouble> {
    match containers::find(common.containers).await {
        Found::Nothing(why) if common.containers == Choice::Engine => Err(Trouble::NoEngine(why)),
        found => Ok(found),
    }
}

/// Any free port of loopback.
pub(super) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Whether an account is the one that lasts from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasts {
    /// It is.
    Yes,
    /// It is one of its own, and gone at the end.
    No,
}

/// The services, deployed to and ready.
pub(super) struct Session {
    pub(super) cloud: Arc<Cloud>,
    pub(super) deployment: Deployment,
    /// The page, for as long as the session is there.
    _page: PageServed,
    shown: Shown,
    environment: String,
}

impl Session {
    /// Stands the services up at `address`, deploys the environment and builds its functions.
    pub(super) async fn start(
        common: &Common,
        containers: Found,
        address: SocketAddr,
        display: Display,
        standing: &Standing,
        lasts: Lasts,
    ) -> Result<Self, Trouble> {
        let session = Self::deployed(common, containers, address, display, standing, lasts).await?;
        session.build_functions().await?;
        Ok(session)
    }

    /// The same, with functions still to be built: an invocation before that waits for it.
    pub(super) async fn deployed(
        common: &Common,
        containers: Found,
        address: SocketAddr,
        display: Display,
        standing: &Standing,
        lasts: Lasts,
    ) -> Result<Self, Trouble> {
        let root = repository()?;
        let project = Project::open(&root)?;
        let environment = project.environment(common.env.as_deref())?;
        let overrides = common.overrides(&project, &environment)?;
        let mocks = mocks::read(common)?;
        cloud::hide_from_git(&root)
            .map_err(|error| Trouble::Other(format!("cannot write below {}: {error}", root.display())))?;
        // Before anything is opened: who asked for a port that is taken has to know that first.
        let listener = listen(address).await?;
        let account = project.account(&environment)?;
        let cloud = open(common, account, root, lasts)?;
        deploy::stand_behind(&cloud);
        cloud.states.use_mocks(mocks);
        if let Some(interval) = common.poll_interval {
            cloud.pace.set_poll_interval(interval);
        }
        let display = display.with_logs(new_logs(&cloud));
        let shown = display.follow(&cloud.journal);
        announce(&cloud, common, &overrides, &containers);
        if let Found::Engine(engine) = containers {
            cloud.containers.use_engine(engine);
        }
        standing.0.get_or_init(|| cloud.clone());
        gateway::serve(cloud.clone(), listener).map_err(|error| Trouble::Other(error.to_string()))?;
        let page = page::serve(&cloud, &environment, common.page_port, true).await?;
        let text = format!("watch it at {}", page.url);
        cloud.journal.record(Happening::Note { text });
        display.busy(&format!("Deploying {environment} to this machine"));
        let deployment = deploy::deploy_with(&cloud, &environment, &overrides).await?;
        deploy::resume(&cloud).await;
        for there in cloud.other_regions()? {
            deploy::resume(&there).await;
            there.resume_services();
        }
        mocks::look(&cloud, common)?;
        if !deployment.references("AWS::ECS::Service").is_empty() {
            cloud.resume_services();
        }
        display.rest();
        Ok(Self {
            cloud,
            deployment,
            _page: page,
            shown,
            environment,
        })
    }

    /// Gets the functions ready that are not.
    pub(super) async fn build_functions(&self) -> Result<(), BuildError> {
        let (lambda, display) = (&self.cloud.lambda, self.display());
        if lambda.names().is_empty() {
            return Ok(());
        }
        functions::provide(lambda, &self.cloud.root).await;
        display.begin_building();
        let workspace = functions::workspace(&self.cloud.root);
        let progress = |progress: Progress<'_>| display.building(progress);
        lambda.prepare_from(&workspace, progress).await?;
        lambda.prepare(&self.cloud, progress).await?;
        display.rest();
        Ok(())
    }

    /// The pipeline that is meant: the one that was asked for, or the environment's only one.
    pub(super) fn pipeline(&self, asked: Option<&str>) -> Result<String, Trouble> {
        let known = self.deployment.pipelines();
        match (asked, known.as_slice()) {
            (None, [only]) => Ok((*only).to_owned()),
            (Some(asked), known) if known.contains(&asked) => Ok(asked.to_owned()),
            (asked, _) => Err(Trouble::Usage(format!(
                "{}: choose one with --pipeline: {}",
                match asked {
                    Some(asked) => format!("`{}` has no pipeline `{asked}`", self.environment),
                    None => format!("`{}` has {} pipelines", self.environment, known.len()),
                },
                known.join(", ")
            ))),
        }
    }

    /// The environment's name.
    pub(super) fn environment(&self) -> &str {
        &self.environment
    }

    /// Where it is shown what happens.
    pub(super) fn display(&self) -> &Display {
        self.shown.display()
    }

    /// Calls a service as the person at the keyboard.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Trouble> {
        let called = self.cloud.call(&Principal::Administrator, service, operation, input);
        called.await.map_err(Trouble::from)
    }

    /// Ends every process, shows what is left to be shown, and says the last line.
    pub(super) async fn end(self, last: &str) {
        self.end_with(&[], last).await;
    }

    /// Says how it ended, and stays up until interrupted.
    pub(super) async fn hold_with(self, lines: &[String], last: &str) {
        self.shown.end(lines, last).await;
        super::interrupt::interrupted().await;
        if let Err(error) = self.cloud.end().await {
            complain!("stepline: {error}");
        }
    }

    /// The same as [`Self::end`], with lines before the last one.
    pub(super) async fn end_with(self, lines: &[String], last: &str) {
        if let Err(error) = self.cloud.end().await {
            complain!("stepline: {error}");
        }
        self.shown.end(lines, last).await;
    }
}

/// The account, with what lasts of it.
fn open(common: &Common, account: Account, root: PathBuf, lasts: Lasts) -> Result<Arc<Cloud>, Trouble> {
    Ok(match lasts {
        Lasts::Yes => {
            let store = kept::open(&kept::folder(&root, common.state.as_deref()), common.fresh)?;
            Cloud::open(account, root, &store)?
        }
        Lasts::No => Cloud::new(account, root),
    })
}

/// Says what is particular of this run: how containers run, and what is left out.
fn announce(cloud: &Cloud, common: &Common, overrides: &Overrides, containers: &Found) {
    cloud.journal.record(Happening::Containers {
        engine: containers.engine().map(ToString::to_string),
        text: containers.to_string(),
    });
    if common.test.is_none() && overrides.implied.get("Test").is_some_and(|test| test == "off") {
        let text = "the sample's container is not tested, so that nothing but Python is needed: --test on does".into();
        cloud.journal.record(Happening::Note { text });
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Trouble> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrNotAvailable => Trouble::NotOurAddress(address.ip()),
        _ => Trouble::BusyPort {
            port: address.port(),
            source,
        },
    })
}

/// The folder for the logs of a run.
pub(super) fn logs(cloud: &Cloud) -> PathBuf {
    cloud::folder(&cloud.root).join("logs")
}

/// An empty folder for the logs of a run. Those of earlier ones are in CloudWatch Logs.
fn new_logs(cloud: &Cloud) -> PathBuf {
    let logs = logs(cloud);
    // What cannot be removed is in nobody's way.
    let _ = std::fs::remove_dir_all(&logs);
    logs
}

/// The repository: that of the package that `cargo run` runs, else the one that we are in.
pub(super) fn repository() -> Result<PathBuf, Trouble> {
    let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let found = package.iter().chain([&here]).find_map(|from| project::find_root(from));
    found.ok_or(Trouble::Project(ProjectError::Nothing(here)))
}

/// The environment that is meant, where the repository has it.
pub(super) fn known(root: &Path, asked: Option<&str>) -> Result<String, Trouble> {
    Ok(Project::open(root)?.environment(asked)?)
}

/// A processing job needs Python where there is no engine to run its image.
pub(super) fn need_python(containers: &Found) -> Result<(), Trouble> {
    if containers.engine().is_some() {
        return Ok(());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join("python3").is_file());
    if is_there { Ok(()) } else { Err(Trouble::NoPython) }
}
