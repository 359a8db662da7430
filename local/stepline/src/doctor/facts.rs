//! The questions to AWS and to the repository's host, as ports, and the facts that they answer.

use super::intent::{Intent, Named};
use super::quotas;
use crate::aws::{Looked, LookupError};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's id.
    pub account: String,
    /// The ARN of the user or the session.
    pub arn: String,
}

/// A service quota.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its code, such as `L-0123ABCD`. An increase is requested by it.
    pub code: String,
    /// Its name, such as `ml.t3.medium for processing job usage`.
    pub name: String,
    /// Its value in this account and region.
    pub value: f64,
}

/// Whether a name is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has the name.
    Free,
    /// A resource of this stack has it.
    OfStack(String),
    /// Something that no stack made has it.
    OfNobody,
}

/// The questions to an AWS account. Each only reads.
///
/// A method that needs one operation of AWS has its name.
#[async_trait::async_trait]
pub trait Account: Send + Sync + 'static {
    /// Whose the credentials are. <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    async fn get_caller_identity(&self) -> Looked<Identity>;

    /// The status of a connection; None where there is no such connection.
    /// <https://docs.aws.amazon.com/codeconnections/latest/APIReference/API_GetConnection.html>
    async fn get_connection_status(&self, arn: &str) -> Looked<Option<String>>;

    /// The status of a stack; None where there is no such stack.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
    async fn describe_stack_status(&self, name: &str) -> Looked<Option<String>>;

    /// The stack that made the resource which CloudFormation knows by this id; None where no stack did.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html>
    async fn describe_stack_of(&self, physical_id: &str) -> Looked<Option<String>>;

    /// Whether something has the name, and whose it is.
    async fn standing(&self, named: &Named) -> Looked<Standing>;

    /// The quotas of a service in this account and region. A quota that never changed has its default value.
    /// <https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html>
    async fn list_service_quotas(&self, service: &str) -> Looked<Vec<Quota>>;

    /// Which subjects of GitHub's tokens a role trusts; None where there is no such role.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
    async fn get_role_subjects(&self, role: &str) -> Looked<Option<Vec<String>>>;

    /// How many invocations may run at once, without those that are reserved for single functions.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>
    async fn get_unreserved_concurrency(&self) -> Looked<u64>;
}

/// The host of the repository. It is asked with Git's own credentials.
#[async_trait::async_trait]
pub trait RepositoryHost: Send + Sync + 'static {
    /// The branches of a repository, `owner/name`, as `git ls-remote` lists them.
    async fn list_branches(&self, repository: &str) -> Looked<Vec<String>>;
}

/// Everything that AWS and the repository's host said.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Whose the credentials are.
    pub identity: Looked<Identity>,
    /// The region that the environment or the profile says, if one does.
    pub configured_region: Option<String>,
    /// The status of the pipeline's connection.
    pub connection: Looked<Option<String>>,
    /// The repository's branches; None where no repository is named yet.
    pub branches: Option<Looked<Vec<String>>>,
    /// The stack that made the permissions boundary of the environment's roles; None where samconfig.toml has no
    /// deployer.
    pub boundary: Option<Looked<Option<String>>>,
    /// Which subjects the workflow's role trusts; None where samconfig.toml has no deployer.
    pub trusted: Option<Looked<Option<Vec<String>>>>,
    /// The status of each stack, by name.
    pub stacks: BTreeMap<String, Looked<Option<String>>>,
    /// The standing of each name.
    pub names: Vec<(Named, Looked<Standing>)>,
    /// The quotas of each service that was asked for them, by its code.
    pub quotas: BTreeMap<String, Looked<Vec<Quota>>>,
    /// How many invocations may run at once.
    pub concurrency: Looked<u64>,
}

impl Facts {
    /// The facts where AWS does not know the caller: only the error is known.
    fn without_identity(error: LookupError, configured_region: Option<String>) -> Self {
        Self {
            identity: Err(error.clone()),
            configured_region,
            connection: Err(error.clone()),
            branches: None,
            boundary: None,
            trusted: None,
            stacks: BTreeMap::new(),
            names: Vec::new(),
            quotas: BTreeMap::new(),
            concurrency: Err(error),
        }
    }
}

/// Asks everything that the intent needs. The names are asked about at the same time. Without an identity nothing else
/// is asked: each call would fail in the same way.
pub(crate) async fn gather<A: Account>(
    account: Arc<A>,
    host: &impl RepositoryHost,
    intent: &Intent,
    identity: Looked<Identity>,
    configured_region: Option<String>,
) -> Facts {
    if let Err(error) = identity {
        return Facts::without_identity(error, configured_region);
    }
    let mut names = JoinSet::new();
    for (index, named) in intent.names().cloned().enumerate() {
        let account = Arc::clone(&account);
        names.spawn(async move {
            let standing = account.standing(&named).await;
            (index, named, standing)
        });
    }
    let mut stacks = BTreeMap::new();
    let named = intent.before.iter().chain(&intent.stacks).map(|stack| &stack.name);
    for stack in named.chain(intent.deployer.iter().map(|deployer| &deployer.stack)) {
        stacks.insert(stack.clone(), account.describe_stack_status(stack).await);
    }
    let (boundary, trusted) = match &intent.deployer {
        Some(deployer) => (
            Some(account.describe_stack_of(&deployer.boundary).await),
            Some(account.get_role_subjects(&deployer.role).await),
        ),
        None => (None, None),
    };
    let branches = if intent.names_no_repository() {
        None
    } else {
        Some(host.list_branches(&intent.repository).await)
    };
    let mut quotas = BTreeMap::new();
    for service in quotas::services() {
        quotas.insert(service.to_owned(), account.list_service_quotas(service).await);
    }
    let connection = account.get_connection_status(&intent.connection).await;
    let concurrency = account.get_unreserved_concurrency().await;
    let mut names = names.join_all().await;
    names.sort_by_key(|(index, ..)| *index);
    Facts {
        identity,
        configured_region,
        connection,
        branches,
        boundary,
        trusted,
        stacks,
        names: names
            .into_iter()
            .map(|(_, named, standing)| (named, standing))
            .collect(),
        quotas,
        concurrency,
    }
}

/// The statuses of a stack that is there and can be updated.
pub(super) const STANDING: &[&str] = &[
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
];
