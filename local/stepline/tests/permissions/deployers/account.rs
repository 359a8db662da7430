//! An account with both environments in it, and the ARNs of everything there.

use crate::world::{SWITCHED_ON, repository};
use platform::Requirement;
use platform::account::Account;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};
use stepline::template::{Made, SamConfig};
use tokio::sync::OnceCell;

/// The environments.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["dev", "prod"];

/// A resource of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The environment whose stack has it.
    pub(crate) environment: &'static str,
    /// Its name in the template.
    pub(crate) id: String,
    /// Its type.
    pub(crate) kind: String,
    /// Its ARN; None for what is a part of another resource, such as a queue's policy.
    pub(crate) arn: Option<String>,
}

/// The account.
pub(crate) struct Deployed {
    /// What enforces its policies.
    pub(crate) cloud: Arc<Cloud>,
    /// The resources of the four stacks.
    pub(crate) resources: Vec<Placed>,
}

/// The account, deployed once for all tests.
pub(crate) async fn deployed() -> &'static Deployed {
    static DEPLOYED: OnceCell<Deployed> = OnceCell::const_new();
    DEPLOYED.get_or_init(|| deploy_with(SWITCHED_ON)).await
}

/// An account with these stacks: their names in samconfig.toml, and their parameters.
pub(crate) async fn deploy_with(stacks: &[(&str, &[(&str, &str)])]) -> Deployed {
    let config = SamConfig::read(&repository().join("sam/samconfig.toml")).expect("samconfig.toml can be read");
    let cloud = Cloud::new(Account::local(), repository());
    let mut resources = Vec::new();
    for (name, parameters) in stacks {
        let mut deployed = config.deployed(name).expect("the environment is there");
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        deployed.values.extend(parameters);
        let stack = deploy::deploy_stack(&cloud, &deployed, &Deployment::default()).await;
        let stack = stack.unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(environment) = ENVIRONMENTS.into_iter().find(|environment| name.ends_with(environment)) else {
            continue;
        };
        for (id, (kind, made)) in stack.resources {
            let arn = arn(&cloud.account, &kind, &made);
            resources.push(Placed {
                environment,
                id,
                kind,
                arn,
            });
        }
    }
    Deployed { cloud, resources }
}

/// The ARN that IAM is asked about.
fn arn(account: &Account, kind: &str, made: &Made) -> Option<String> {
    let reference = made.reference.as_str().unwrap_or_default();
    if let Some(arn) = made.attributes.get("Arn").and_then(Value::as_str) {
        return Some(arn.to_owned());
    }
    match kind {
        "AWS::SSM::Parameter" => Some(account.arn("ssm", format_args!("parameter{reference}"))),
        "AWS::CodePipeline::Pipeline" => Some(account.arn("codepipeline", reference)),
        "AWS::EC2::SecurityGroup" => Some(account.arn("ec2", format_args!("security-group/{reference}"))),
        _ => reference.starts_with("arn:").then(|| reference.to_owned()),
    }
}

impl Deployed {
    /// The ARNs of an environment's resources of a type.
    pub(crate) fn arns(&self, environment: &str, kind: &str) -> Vec<String> {
        let matching = |placed: &&Placed| placed.environment == environment && placed.kind == kind;
        let resources = self.resources.iter().filter(matching);
        resources.filter_map(|placed| placed.arn.clone()).collect()
    }

    /// Everything of an environment that a call can be about: its stacks' resources and what is in them, the stacks, the
    /// code that waits for its deployment, and what the account keeps for its deployments.
    pub(crate) fn everything_of(&self, environment: &str) -> Vec<String> {
        let account = &self.cloud.account;
        let mut arns: Vec<String> = Vec::new();
        // A security group has no name in its ARN: whose it is, its tags say.
        let is_named = |placed: &&Placed| placed.kind != "AWS::EC2::SecurityGroup";
        let placed = self.resources.iter().filter(|placed| placed.environment == environment);
        let placed = placed.filter(is_named);
        for arn in placed.filter_map(|placed| placed.arn.clone()) {
            match arn.split(':').nth(2).unwrap_or_default() {
                "s3" => arns.push(format!("{arn}/Source/abcdefg")),
                "lambda" => arns.extend(["$LATEST", "1"].map(|qualifier| format!("{arn}:{qualifier}"))),
                "codepipeline" => {
                    for inside in [
                        "Approval",
                        "Approval/Approval",
                        "Execute",
                        "Execute/Execute",
                        "Execute/Outcome",
                        "Rehearse/Outcome",
                        "webhook",
                    ] {
                        arns.push(format!("{arn}/{inside}"));
                    }
                }
                "codebuild" => arns.push(arn.replace(":project/", ":build/") + ":0123-4567"),
                "logs" => {
                    // The star at its end stands for the streams.
                    let group = arn.trim_end_matches(":*").to_owned();
                    arns.extend([format!("{group}:log-stream:one"), group]);
                    continue;
                }
                "states" if arn.contains(":stateMachine:") => {
                    let execution = arn.replace(":stateMachine:", ":execution:");
                    arns.extend([format!("{arn}:live"), format!("{arn}:1"), format!("{execution}:one")]);
                }
                _ => {}
            }
            arns.push(arn);
        }
        for stack in [
            format!("stepline-{environment}"),
            format!("stepline-pipeline-{environment}"),
            format!("stepline-serving-{environment}"),
        ] {
            arns.push(account.arn("cloudformation", format_args!("stack/{stack}/11111111-2222")));
            arns.push(account.arn("cloudformation", format_args!("changeSet/{stack}/11111111-2222")));
            let bucket = "aws-sam-cli-managed-default-samclisourcebucket-abc";
            arns.push(account.s3_arn(bucket, Some(&format!("{stack}/0123456789abcdef"))));
            arns.push(account.s3_arn(bucket, Some(&format!("{stack}/0123456789abcdef.template"))));
        }
        arns.extend(self.of_deployer(environment));
        arns.sort();
        arns.dedup();
        arns
    }

    /// The roles and policies with which an environment is deployed.
    pub(crate) fn of_deployer(&self, environment: &str) -> Vec<String> {
        let region = &self.cloud.account.region;
        let arn = |what: &str| {
            self.cloud
                .account
                .global_arn("iam", format_args!("{what}-{environment}-{region}"))
        };
        [
            "role/stepline-deployer",
            "policy/stepline-deployer",
            "policy/stepline-deployer-roles",
            "policy/stepline-deployer-serving",
            "policy/stepline-boundary",
            "policy/stepline-boundary-serving",
        ]
        .map(arn)
        .into()
    }

    /// The name of the role with which an environment is deployed.
    pub(crate) fn deployer(&self, environment: &str) -> String {
        format!("stepline-deployer-{environment}-{}", self.cloud.account.region)
    }

    /// The ARN of an environment's permissions boundary.
    pub(crate) fn boundary(&self, environment: &str) -> String {
        let region = &self.cloud.account.region;
        let name = format_args!("policy/stepline-boundary-{environment}-{region}");
        self.cloud.account.global_arn("iam", name)
    }

    /// The ARN of the boundary of an environment's roles of the service.
    pub(crate) fn boundary_of_service(&self, environment: &str) -> String {
        let region = &self.cloud.account.region;
        let name = format_args!("policy/stepline-boundary-serving-{environment}-{region}");
        self.cloud.account.global_arn("iam", name)
    }

    /// A role's policies.
    pub(crate) fn policies(&self, role: &str) -> Vec<Value> {
        let role = self.cloud.iam.role(role).expect("the role is there");
        role.policies.into_values().collect()
    }

    /// Whether a role may do something, with these condition keys.
    pub(crate) fn allows(&self, role: &str, action: &str, resource: &str, context: &[(&str, String)]) -> bool {
        may(&self.cloud, role, action, resource, context)
    }

    /// What can be said in a request of an environment's deployer so that every condition of its policies holds.
    pub(crate) fn favourable(&self, environment: &str) -> Vec<(&'static str, String)> {
        vec![
            ("iam:PermissionsBoundary", self.boundary(environment)),
            ("iam:PassedToService", "lambda.amazonaws.com".to_owned()),
        ]
    }
}

/// Whether a role of an account may do something.
pub(crate) fn may(cloud: &Cloud, role: &str, action: &str, resource: &str, context: &[(&str, String)]) -> bool {
    let mut requirement = Requirement::new(action, resource);
    for (key, value) in context {
        requirement = requirement.with(*key, value);
    }
    let caller = Principal::role_session(role, "session");
    cloud.iam.decide(&cloud.account, &caller, &requirement).is_ok()
}

/// An account with one role, which has these policies and this boundary.
pub(crate) fn alone(role: &str, policies: Vec<Value>, boundary: Option<Value>) -> Arc<Cloud> {
    let cloud = Cloud::new(Account::local(), repository());
    let mut new = NewRole::for_service(role, "lambda.amazonaws.com");
    if let Some(document) = boundary {
        let arn = cloud.account.global_arn("iam", "policy/boundary");
        cloud
            .iam
            .create_policy(&arn, document)
            .expect("the boundary can be made");
        new.permissions_boundary = Some(arn);
    }
    let named: BTreeMap<String, Value> = policies
        .into_iter()
        .enumerate()
        .map(|(index, document)| (format!("policy-{index}"), document))
        .collect();
    new.policies = named.into_iter().collect();
    cloud
        .iam
        .create_role(&cloud.account, new)
        .expect("the role can be made");
    cloud
}
