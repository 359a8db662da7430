//! Providers of actions that AWS has and the local run does not. A pipeline with one of them is no wrong pipeline: it cannot be
//! made here, and the error says so in the local run's own name.

use super::declaration::Declaration;
use super::parts::ActionType;
use super::providers::Kind;
use platform::error::ServiceError;

/// Their owners, categories and names, as far as AWS says them.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-valid-providers.html>.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("AWS", "Source", "CodeCommit"),
    ("AWS", "Source", "ECR"),
    ("ThirdParty", "Source", "GitHub"),
    ("Custom", "Build", "CloudBees"),
    ("Custom", "Build", "Jenkins"),
    ("Custom", "Test", "Jenkins"),
    ("AWS", "Test", "DeviceFarm"),
    ("AWS", "Deploy", "AppConfig"),
    ("AWS", "Deploy", "CloudFormationStackInstances"),
    ("AWS", "Deploy", "CloudFormationStackSet"),
    ("AWS", "Deploy", "CodeDeploy"),
    ("AWS", "Deploy", "CodeDeployToECS"),
    ("AWS", "Deploy", "EC2"),
    ("AWS", "Deploy", "EKS"),
    ("AWS", "Deploy", "ElasticBeanstalk"),
    ("AWS", "Deploy", "Lambda"),
    ("AWS", "Deploy", "OpsWorks"),
    ("AWS", "Deploy", "ServiceCatalog"),
    ("ThirdParty", "Deploy", "AlexaSkillsKit"),
    ("AWS", "Invoke", "CodePipeline"),
    ("AWS", "Invoke", "InspectorScan"),
];

/// Whether an action is one of those.
fn is_elsewhere(kind: &ActionType) -> bool {
    let named = (&*kind.owner, &*kind.category, &*kind.provider);
    ELSEWHERE.contains(&named)
}

impl Declaration {
    /// Refuses a pipeline whose action only AWS has.
    pub(super) fn check_is_here(&self) -> Result<(), ServiceError> {
        for stage in &self.stages {
            for action in &stage.actions {
                if let (Err(message), true) = (Kind::of(&action.action_type_id), is_elsewhere(&action.action_type_id)) {
                    let message = format!(
                        "Pipeline `{}`: action `{}` in stage `{}`: {message}",
                        self.name, action.name, stage.name
                    );
                    return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
                }
            }
        }
        Ok(())
    }
}
