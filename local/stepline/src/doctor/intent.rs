//! What a deployment will make: the stacks, and every name that they will take.
//!
//! The environment is deployed into an empty local account with the caller's account id and region. The names in it are
//! the names that a deployment to AWS will take. So no name is written down a second time.

use super::names::ResourceKind;
use crate::cloud::Cloud;
use crate::deploy::{self, DeployError, DeployedStack};
use crate::template::SamConfig;
use platform::account::Account;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What the deployment of an environment will make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The environment: `dev` or `prod`.
    pub environment: String,
    /// The region that it goes to.
    pub region: String,
    /// The ARN of the connection to the repository's host.
    pub connection: String,
    /// The repository whose merges run the pipeline.
    pub repository: String,
    /// The branch whose merges run it.
    pub branch: String,
    /// The stack that lets the workflow deploy, where samconfig.toml has it.
    pub deployer: Option<DeployerIntent>,
    /// The instance type of the processing job, if a parameter says one.
    pub instance_type: Option<String>,
    /// The stacks of another environment that have to be there already.
    pub before: Vec<StackIntent>,
    /// The stacks, in the order in which they are deployed.
    pub stacks: Vec<StackIntent>,
}

/// The stack of `sam/deployer.yaml`: the roles that the deploy workflow assumes, and the permissions boundary of all
/// other roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployerIntent {
    /// The stack's name.
    pub stack: String,
    /// The role of the environment.
    pub role: String,
    /// What GitHub calls the environment.
    pub environment: String,
    /// The ARN of the permissions boundary of every other role of the environment.
    pub boundary: String,
}

/// A stack that the deployment will make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackIntent {
    /// Its name.
    pub name: String,
    /// What `sam deploy --config-env` is given for it.
    pub config_environment: String,
    /// The names that its resources take.
    pub names: Vec<Named>,
}

/// A name that a resource will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What kind of thing has it.
    pub kind: ResourceKind,
    /// The name.
    pub name: String,
    /// What CloudFormation knows it by: the name, an ARN, or a URL.
    pub physical_id: String,
    /// The stack that makes it.
    pub stack: String,
    /// The value that it is made with, if it is a parameter.
    pub value: Option<String>,
}

/// What `samconfig.toml` calls the roles of the workflow.
const DEPLOYER: &str = "deployer";

impl Intent {
    /// Finds out what the deployment of `environment` from the repository at `root` will make in the account with this
    /// id.
    ///
    /// # Errors
    /// The files that deploy are wrong.
    pub async fn read(root: &Path, environment: &str, account_id: &str) -> Result<Self, DeployError> {
        let account = deploy::account_of(root, environment)?;
        let account = Account {
            partition: partition_of(&account.region).to_owned(),
            id: account_id.to_owned(),
            ..account
        };
        let pipeline = format!("pipeline-{environment}");
        let config = SamConfig::read(&root.join("sam/samconfig.toml"))?;
        let values = config.deployed(&pipeline)?.values;
        let deployer = if config.environments().contains(&DEPLOYER) {
            Some(DeployerIntent {
                stack: config.deployed(DEPLOYER)?.stack,
                role: format!("stepline-deployer-{environment}-{}", account.region),
                environment: environment.to_owned(),
                boundary: account.global_arn(
                    "iam",
                    format_args!("policy/stepline-boundary-{environment}-{}", account.region),
                ),
            })
        } else {
            None
        };
        let cloud = Cloud::new(account, root.to_owned());
        let deployment = deploy::deploy(&cloud, environment).await?;
        let before = deployment.before.iter().map(|stack| StackIntent {
            name: stack.name.clone(),
            config_environment: stack.environment.clone(),
            // The doctor of the other environment looks at them.
            names: Vec::new(),
        });
        let before = before.collect();
        let mut stacks = Vec::new();
        for stack in &deployment.stacks {
            stacks.push(StackIntent {
                name: stack.name.clone(),
                config_environment: stack.environment.clone(),
                names: names(&cloud, stack).await,
            });
        }
        let value = |name: &str| values.get(name).cloned().unwrap_or_default();
        let all = stacks.iter().flat_map(|stack| &stack.names);
        let mut parameters = all.filter(|named| named.kind == ResourceKind::Parameter);
        let instance_type = parameters.find(|parameter| parameter.name.ends_with("/instance-type"));
        Ok(Self {
            environment: environment.to_owned(),
            region: cloud.account.region.clone(),
            connection: value("ConnectionArn"),
            repository: value("Repository"),
            branch: value("Branch"),
            deployer,
            instance_type: instance_type.and_then(|parameter| parameter.value.clone()),
            before,
            stacks,
        })
    }

    /// All names, stack by stack.
    pub fn names(&self) -> impl Iterator<Item = &Named> {
        self.stacks.iter().flat_map(|stack| &stack.names)
    }

    /// Whether samconfig.toml still has the placeholder for the repository.
    pub(super) fn names_no_repository(&self) -> bool {
        self.repository.contains("OWNER")
    }

    /// How many functions there will be.
    pub fn functions(&self) -> usize {
        self.names()
            .filter(|named| named.kind == ResourceKind::Function)
            .count()
    }
}

/// The partition of a region.
pub(super) fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

async fn names(cloud: &Arc<Cloud>, stack: &DeployedStack) -> Vec<Named> {
    let parameters = values(cloud, stack).await;
    let named = stack.resources.values().filter_map(|(kind, made)| {
        let kind = ResourceKind::of(kind)?;
        let physical_id = made.reference.as_str()?.to_owned();
        let name = match kind {
            ResourceKind::StateMachine => physical_id.rsplit(':').next().unwrap_or_default().to_owned(),
            ResourceKind::Queue => physical_id.rsplit('/').next().unwrap_or_default().to_owned(),
            _ => physical_id.clone(),
        };
        Some(Named {
            value: parameters
                .get(&name)
                .filter(|_| kind == ResourceKind::Parameter)
                .cloned(),
            kind,
            name,
            physical_id,
            stack: stack.name.clone(),
        })
    });
    named.collect()
}

/// The values of the stack's parameters, as Parameter Store has them after the deployment.
async fn values(cloud: &Arc<Cloud>, stack: &DeployedStack) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (kind, made) in stack.resources.values() {
        if ResourceKind::of(kind) != Some(ResourceKind::Parameter) {
            continue;
        }
        let input = json!({"Name": made.reference});
        let answer = cloud
            .call(&Principal::Administrator, "ssm", "GetParameter", input)
            .await;
        if let (Some(name), Ok(answer)) = (made.reference.as_str(), answer)
            && let Some(value) = answer.pointer("/Parameter/Value").and_then(Value::as_str)
        {
            values.insert(name.to_owned(), value.to_owned());
        }
    }
    values
}
