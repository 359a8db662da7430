//! The account on the roof: the one place that knows all services. It is in one region, and in others as soon as
//! somebody asks for one.

use platform::store::{Store, StoreError};
use platform::{Account, Platform, Service, ServiceError};
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
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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
    s3: Arc<S3>,
    /// The same account in other regions, by their names. What is there knows of no further ones.
    elsewhere: Mutex<BTreeMap<String, Arc<Cloud>>>,
    begins: OnceLock<fn(&Arc<Cloud>)>,
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
        let functions = folder(&root).join("functions");
        let s3 = Arc::new(S3::open(store)?);
        Self::compose(store, &containers, &s3, functions, |services| {
            Platform::lasting(account, root, services, store.clone())
        })
    }

    /// The services of one region, on the platform that is made of them. S3 and what runs containers are one for all
    /// regions, and the functions' folder is the region's own.
    fn compose(
        store: &Store,
        containers: &Arc<Containers>,
        s3: &Arc<S3>,
        functions: PathBuf,
        platform: impl FnOnce(Vec<Arc<dyn Service>>) -> Result<Arc<Platform>, StoreError>,
    ) -> Result<Arc<Self>, StoreError> {
        let cloudformation = Arc::new(CloudFormation::open(store)?);
        let codepipeline = Arc::new(CodePipeline::open(store));
        let ecr = Arc::new(Ecr::open(store)?);
        let ecs = Arc::new(Ecs::open(store, containers.clone())?);
        let load_balancing = Arc::new(ElasticLoadBalancing::open(store)?);
        let events: Arc<EventBridge> = Arc::default();
        let lambda = Arc::new(Lambda::new(functions, containers.clone()));
        let servicequotas: Arc<ServiceQuotas> = Arc::default();
        let ssm = Arc::new(Ssm::open(store)?);
        let states = Arc::new(StepFunctions::open(store)?);
        let platform = platform(vec![
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
            s3.clone(),
            Arc::new(SageMaker::open(store, containers.clone())?),
            servicequotas.clone(),
            Arc::new(Sns::open(store)?),
            Arc::new(Sqs::open(store)?),
            ssm.clone(),
            states.clone(),
            Arc::<Sts>::default(),
        ])?;
        Ok(Arc::new(Self {
            platform,
            containers: containers.clone(),
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
            s3: s3.clone(),
            elsewhere: Mutex::default(),
            begins: OnceLock::new(),
        }))
    }
}

impl Cloud {
    fn elsewhere(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Self>>> {
        self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account in this region: an empty one where nobody has asked for it, with what is kept of it. IAM, S3's buckets
    /// and what happens are one for all regions; everything else is each region's own, as on AWS.
    ///
    /// # Errors
    /// What is kept of it cannot be read.
    pub fn in_region(self: &Arc<Self>, region: &str) -> Result<Arc<Self>, StoreError> {
        if region == self.account.region {
            return Ok(self.clone());
        }
        let mut elsewhere = self.elsewhere();
        if let Some(known) = elsewhere.get(region) {
            return Ok(known.clone());
        }
        let store = self.store.in_region(region)?;
        let functions = folder(&self.root).join("functions").join(region);
        let cloud = Self::compose(&store, &self.containers, &self.s3, functions, |services| {
            Ok(self.platform.in_region(region, services, store.clone()))
        })?;
        if let Some(begins) = self.begins.get() {
            begins(&cloud);
        }
        elsewhere.insert(region.to_owned(), cloud.clone());
        Ok(cloud)
    }

    /// Does this with the account in each further region, before anybody asks it for something. The first one counts.
    pub(crate) fn on_new_region(&self, begins: fn(&Arc<Self>)) {
        self.begins.get_or_init(|| begins);
    }

    /// The account in each region that somebody has asked for in this run, its own first.
    pub(crate) fn regions(self: &Arc<Self>) -> Vec<Arc<Self>> {
        let elsewhere = self.elsewhere();
        std::iter::once(self).chain(elsewhere.values()).cloned().collect()
    }

    /// The account in the other regions that somebody has asked for, or of which something is kept.
    ///
    /// # Errors
    /// What is kept of one cannot be read.
    pub(crate) fn other_regions(self: &Arc<Self>) -> Result<Vec<Arc<Self>>, StoreError> {
        for (region, _) in self.store.folder().map(Store::regions).unwrap_or_default() {
            self.in_region(&region)?;
        }
        Ok(self.elsewhere().values().cloned().collect())
    }

    /// Ends the functions' processes in all regions, and waits until everything lasts.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) async fn end(&self) -> Result<(), StoreError> {
        self.lambda.shut_down();
        self.elsewhere().values().for_each(|cloud| cloud.lambda.shut_down());
        self.settled().await
    }

    /// Waits until everything lasts that has been answered until now, in all regions.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) async fn settled(&self) -> Result<(), StoreError> {
        self.store.settled().await?;
        let stores: Vec<Store> = self.elsewhere().values().map(|cloud| cloud.store.clone()).collect();
        for store in stores {
            store.settled().await?;
        }
        Ok(())
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
