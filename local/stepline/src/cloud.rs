//! The account on the roof: the one place that knows all services.

use platform::{Account, Platform};
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
use std::path::PathBuf;
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
    /// EventBridge.
    pub events: Arc<EventBridge>,
    /// Lambda.
    pub lambda: Arc<Lambda>,
    /// What the account may have of a thing.
    pub servicequotas: Arc<ServiceQuotas>,
    /// Parameter Store, which keeps secrets that Secrets Manager would have.
    pub ssm: Arc<Ssm>,
}

impl Deref for Cloud {
    type Target = Arc<Platform>;

    fn deref(&self) -> &Self::Target {
        &self.platform
    }
}

impl Cloud {
    /// An empty account for the repository at `root`. What lasts longer than a run is below its `target/`, or where
    /// `CARGO_TARGET_DIR` says.
    pub fn new(account: Account, root: PathBuf) -> Arc<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let containers = Arc::new(Containers::new(Environments::new(target.join("stepline/python"))));
        let cloudformation: Arc<CloudFormation> = Arc::default();
        let codepipeline: Arc<CodePipeline> = Arc::default();
        let ecr: Arc<Ecr> = Arc::default();
        let events: Arc<EventBridge> = Arc::default();
        let lambda: Arc<Lambda> = Arc::default();
        let servicequotas: Arc<ServiceQuotas> = Arc::default();
        let ssm: Arc<Ssm> = Arc::default();
        let platform = Platform::new(
            account,
            root,
            vec![
                cloudformation.clone(),
                Arc::new(CodeBuild::new(containers.clone())),
                Arc::<CodeConnections>::default(),
                codepipeline.clone(),
                ecr.clone(),
                Arc::new(Ecs::new(containers.clone())),
                Arc::<ElasticLoadBalancing>::default(),
                events.clone(),
                Arc::<IamApi>::default(),
                lambda.clone(),
                Arc::<Logs>::default(),
                Arc::<S3>::default(),
                Arc::new(SageMaker::new(containers.clone())),
                servicequotas.clone(),
                Arc::<Sns>::default(),
                Arc::<Sqs>::default(),
                ssm.clone(),
                Arc::<StepFunctions>::default(),
                Arc::<Sts>::default(),
            ],
        );
        Arc::new(Self {
            platform,
            containers,
            cloudformation,
            codepipeline,
            ecr,
            events,
            lambda,
            servicequotas,
            ssm,
        })
    }
}

/// The services that are here and their operations, as a table in Markdown.
pub(crate) fn operations() -> String {
    let mut table = "| service | operations |\n| --- | --- |\n".to_owned();
    for (service, operations) in Cloud::new(Account::local(), PathBuf::new()).operations() {
        let _ = writeln!(table, "| `{service}` | {} |", operations.join(", "));
    }
    table
}
