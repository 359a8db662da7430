//! One AWS account in one process: its services behind one door.

use crate::account::Account;
use crate::containers::Containers;
use crate::error::ServiceError;
use crate::iam::Iam;
use crate::journal::{Happening, Journal};
use crate::pace::Pace;
use crate::principal::Principal;
use crate::services::cloudformation::CloudFormation;
use crate::services::codebuild::CodeBuild;
use crate::services::codeconnections::CodeConnections;
use crate::services::codepipeline::CodePipeline;
use crate::services::ecr::Ecr;
use crate::services::events::EventBridge;
use crate::services::iam::IamApi;
use crate::services::lambda::Lambda;
use crate::services::logs::Logs;
use crate::services::s3::S3;
use crate::services::sagemaker::SageMaker;
use crate::services::servicequotas::ServiceQuotas;
use crate::services::sqs::Sqs;
use crate::services::ssm::Ssm;
use crate::services::states::StepFunctions;
use crate::services::sts::Sts;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What a call needs from IAM: an action on a resource, and the condition keys that policies may look at.
///
/// An operation can need several (`SendMessage`-like ones need one; `CreateProcessingJob` also needs `iam:PassRole`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The action, such as `states:StartExecution`.
    pub action: String,
    /// The resource's ARN, or `*` for actions that know no resources.
    pub resource: String,
    /// Condition keys and their values, such as (`iam:PassedToService`, `sagemaker.amazonaws.com`).
    pub context: Vec<(String, String)>,
}

impl Requirement {
    /// An action on a resource, without condition keys.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
        }
    }

    /// The same with one more condition key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.push((key.into(), value.into()));
        self
    }
}

/// A service of the cloud that speaks one of AWS's JSON protocols.
///
/// Operation names and field names are AWS's own (PascalCase or camelCase, as the service has them), so that the gateway
/// only carries JSON to and fro.
#[async_trait::async_trait]
pub trait Service: Send + Sync {
    /// The name that SigV4 credential scopes carry: `ssm`, `states`, `codepipeline`.
    fn signing_name(&self) -> &'static str;

    /// What IAM must allow for this call. Unknown operations are refused here, with
    /// [`ServiceError::not_in_local_run`], before anything else looks at them.
    ///
    /// # Errors
    /// The operation is not in the local run, or the input names no resource.
    fn requirements(&self, cloud: &Cloud, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError>;

    /// Carries out a call that IAM has allowed.
    ///
    /// # Errors
    /// What AWS answers in the same place.
    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError>;
}

/// The account with its services.
pub struct Cloud {
    /// The account and its region.
    pub account: Account,
    /// What happened so far.
    pub journal: Journal,
    /// How long the waits are that AWS makes one wait.
    pub pace: Pace,
    /// The repository whose files are run.
    pub root: PathBuf,
    /// What builds images and runs them, where a container engine does.
    pub containers: Containers,
    /// Roles, their policies and the credentials of their sessions.
    pub iam: Iam,
    /// Parameter Store.
    pub ssm: Ssm,
    /// Security Token Service.
    pub sts: Sts,
    /// S3.
    pub s3: S3,
    /// SQS.
    pub sqs: Sqs,
    /// ECR.
    pub ecr: Ecr,
    /// EventBridge.
    pub events: EventBridge,
    /// Step Functions.
    pub states: StepFunctions,
    /// SageMaker.
    pub sagemaker: SageMaker,
    /// Lambda.
    pub lambda: Lambda,
    /// CodePipeline.
    pub codepipeline: CodePipeline,
    /// CodeBuild.
    pub codebuild: CodeBuild,
    /// Which stacks have been deployed.
    pub cloudformation: CloudFormation,
    /// Connections to where repositories are.
    pub codeconnections: CodeConnections,
    /// What the account may have of a thing.
    pub servicequotas: ServiceQuotas,
    iam_api: IamApi,
    logs: Logs,
    endpoint: OnceLock<String>,
}

impl Cloud {
    /// An empty account for the repository at `root`.
    pub fn new(account: Account, root: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            account,
            journal: Journal::default(),
            pace: Pace::default(),
            root,
            containers: Containers::default(),
            iam: Iam::default(),
            ssm: Ssm::default(),
            sts: Sts::default(),
            s3: S3::default(),
            sqs: Sqs::default(),
            ecr: Ecr::default(),
            events: EventBridge::default(),
            states: StepFunctions::default(),
            sagemaker: SageMaker::default(),
            lambda: Lambda::default(),
            codepipeline: CodePipeline::default(),
            codebuild: CodeBuild::default(),
            cloudformation: CloudFormation::default(),
            codeconnections: CodeConnections::default(),
            servicequotas: ServiceQuotas::default(),
            iam_api: IamApi::default(),
            logs: Logs::default(),
            endpoint: OnceLock::new(),
        })
    }

    /// Where the gateway answers, such as `http://127.0.0.1:4566`: what `AWS_ENDPOINT_URL` must say. None before
    /// [`gateway::serve`](crate::gateway::serve).
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.get().map(String::as_str)
    }

    /// Says where the gateway answers; the first one counts.
    pub(crate) fn set_endpoint(&self, endpoint: String) {
        self.endpoint.get_or_init(|| endpoint);
    }

    fn services(&self) -> [&dyn Service; 16] {
        [
            &self.ssm,
            &self.sts,
            &self.s3,
            &self.sqs,
            &self.ecr,
            &self.events,
            &self.states,
            &self.sagemaker,
            &self.lambda,
            &self.codepipeline,
            &self.codebuild,
            &self.cloudformation,
            &self.codeconnections,
            &self.servicequotas,
            &self.iam_api,
            &self.logs,
        ]
    }

    /// The one door: asks IAM, then has the service carry out the call.
    ///
    /// # Errors
    /// The service or the operation is not in the local run, IAM does not allow the call, or the service's own error.
    pub async fn call(
        self: &Arc<Self>,
        caller: &Principal,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let found = self
            .services()
            .into_iter()
            .find(|candidate| candidate.signing_name() == service);
        let Some(found) = found else {
            return Err(ServiceError::not_in_local_run(service, operation));
        };
        self.authorize(caller, &found.requirements(self, operation, &input)?)?;
        found.call(self, caller, operation, input).await
    }

    /// Asks IAM whether `caller` may have all of `requirements`, and writes each decision to the journal.
    ///
    /// # Errors
    /// AccessDenied, in the words of AWS, for the first one that no policy allows.
    pub fn authorize(&self, caller: &Principal, requirements: &[Requirement]) -> Result<(), ServiceError> {
        for requirement in requirements {
            let decision = self.iam.decide(&self.account, caller, requirement);
            self.journal.record(Happening::Authorized {
                principal: caller.arn(&self.account),
                source: caller.source_arn().map(str::to_owned),
                action: requirement.action.clone(),
                resource: requirement.resource.clone(),
                allowed: decision.is_ok(),
            });
            decision?;
        }
        Ok(())
    }
}
