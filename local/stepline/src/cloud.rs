//! The account on the roof: the one place that knows all services.

use platform::store::{Store, StoreError};
use platform::{Account, Platform, ServiceError};
use services::cloudformation::CloudFormation;
use services::codebuild::CodeBuild;
use services::codeconnections::CodeConnections;
use services::codepipeline::CodePipeline;
use services::containers::Containers;
use services::ecr::Ecr;
use services::ecs::Ecs;
use services::elasticloadbalancing::ElasticLoadBalancing;
use services::events::EventBridge;
use services::iam::IamApi;
use services::lambda::Lambda;
use services::logs::Logs;
use services::python::Environments;
use services::s3::S3;
use services::sagemaker::SageMaker;
use services::servicequotas::ServiceQuotas;
use services::sns::Sns;
use services::sqs::Sqs;
use services::ssm::Ssm;
use services::states::StepFunctions;
use services::sts::Sts;
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The account with its services. It is its [`Platform`], and beside that it knows those services that a run is set up
/// with and looked at by other ways than their APIs.
#[derive(Debug)]
pub struct Cloud {
    platform: Arc<Platform>,
    /// What builds images and runs them, where a container engine does.
    pub containers: Arc<Containers>,
    /// Which stacks have been deployed.
    pub cloudformation: Arc<CloudFormation>,
    /// CodePipeline.
    pub codepipeline: Arc<CodePipeline>,
    /// ECR.
    pub ecr: Arc<Ecr>,
    ecs: Arc<Ecs>,
    load_balancing: Arc<ElasticLoadBalancing>,
    /// EventBridge.
    pub events: Arc<EventBridge>,
    /// Lambda.
    pub lambda: Arc<Lambda>,
    /// What the account may have of a thing.
    pub servicequotas: Arc<ServiceQuotas>,
    /// Parameter Store, which keeps secrets that Secrets Manager would have.
    pub ssm: Arc<Ssm>,
    /// Step Functions, for mocks.
    pub states: Arc<StepFunctions>,
}

impl Deref for Cloud {
    type Target = Arc<Platform>;

    fn deref(&self) -> &Self::Target {
        &self.platform
    }
}

impl Cloud {
    /// An empty account for the repository at `root`. Nothing of it lasts.
    ///
    /// # Panics
    /// Never: a store without a folder has nothing that cannot be read.
    pub fn new(account: Account, root: PathBuf) -> Arc<Self> {
        match Self::open(account, root, &Store::default()) {
            Ok(cloud) => cloud,
            Err(error) => unreachable!("{error}"),
        }
    }

    /// The account for the repository at `root`, with what this store keeps of it.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub fn open(account: Account, root: PathBuf, store: &Store) -> Result<Arc<Self>, StoreError> {
        let python = folder(&root).join("python");
        let containers = Arc::new(Containers::new(Environments::new(python)));
        let cloudformation = Arc::new(CloudFormation::open(store)?);
        let codepipeline = Arc::new(CodePipeline::open(store));
        let ecr = Arc::new(Ecr::open(store)?);
        let ecs = Arc::new(Ecs::open(store, containers.clone())?);
        let load_balancing = Arc::new(ElasticLoadBalancing::open(store)?);
        let events: Arc<EventBridge> = Arc::default();
        let lambda = Arc::new(Lambda::new(folder(&root).join("functions"), containers.clone()));
        let servicequotas: Arc<ServiceQuotas> = Arc::default();
        let ssm = Arc::new(Ssm::open(store)?);
        let states = Arc::new(StepFunctions::open(store)?);
        let platform = Platform::lasting(
            account,
            root,
            vec![
                cloudformation.clone(),
                Arc::new(CodeBuild::open(store, containers.clone())?),
                Arc::<CodeConnections>::default(),
                codepipeline.clone(),
                ecr.clone(),
                ecs.clone(),
                load_balancing.clone(),
                events.clone(),
                Arc::<IamApi>::default(),
                lambda.clone(),
                Arc::new(Logs::open(store)?),
                Arc::new(S3::open(store)?),
                Arc::new(SageMaker::open(store, containers.clone())?),
                servicequotas.clone(),
                Arc::new(Sns::open(store)?),
                Arc::new(Sqs::open(store)?),
                ssm.clone(),
                states.clone(),
                Arc::<Sts>::default(),
            ],
            store.clone(),
        )?;
        Ok(Arc::new(Self {
            platform,
            containers,
            cloudformation,
            codepipeline,
            ecr,
            ecs,
            load_balancing,
            events,
            lambda,
            servicequotas,
            ssm,
            states,
        }))
    }
}

impl Cloud {
    /// Has the load balancers go on that an earlier run has left.
    ///
    /// # Errors
    /// This machine has no port for one of them.
    pub(crate) fn resume_load_balancers(&self) -> Result<(), ServiceError> {
        self.load_balancing.resume(&self.platform)
    }

    /// Has the services of ECS go on that an earlier run has left. Their roles must be there.
    pub(crate) fn resume_services(&self) {
        self.ecs.resume(&self.platform);
    }
}

/// The folder of the local run in a repository that has no `target/`, and of what is under way in any.
const OWN: &str = ".stepline";

/// Where everything is that the local run leaves: below the `target/` of a repository with Rust, or where
/// `CARGO_TARGET_DIR` says; in `.stepline/` of any other.
pub(crate) fn folder(root: &Path) -> PathBuf {
    if !root.join("Cargo.toml").is_file() {
        return root.join(OWN);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("stepline")
}

/// Sees to it that git passes over what the local run leaves in a repository.
///
/// # Errors
/// The folder cannot be made, such as in a repository that is read-only.
pub(crate) fn hide_from_git(root: &Path) -> std::io::Result<()> {
    let ignore = root.join(OWN).join(".gitignore");
    if ignore.is_file() {
        return Ok(());
    }
    std::fs::create_dir_all(root.join(OWN))?;
    std::fs::write(ignore, "*\n")
}

/// The services that are here and their operations, as a table in Markdown.
pub(crate) fn operations() -> String {
    let mut table = "| service | operations |\n| --- | --- |\n".to_owned();
    for (service, operations) in Cloud::new(Account::local(), PathBuf::new()).operations() {
        let _ = writeln!(table, "| `{service}` | {} |", operations.join(", "));
    }
    table
}
