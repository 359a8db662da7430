//! Builds without a project, on the compute that CodePipeline manages: those of its actions that run commands.
//!
//! They are of no project that anybody made, run as the role of the action, and log to the pipeline's group. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html>.

use super::project::Project;
use platform::{Call, Principal, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who may ask for one.
pub(super) const CODEPIPELINE: &str = "codepipeline.amazonaws.com";

/// What CodePipeline asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RunManagedBuild {
    pipeline: String,
    role: String,
    /// The first is where the commands run. Each has a name, and a bucket and a key with a slash between them.
    sources: Vec<(String, String)>,
    buildspec: Value,
    /// As a project has them.
    environment_variables: Vec<Value>,
    /// The bucket and the key of what it makes.
    artifact: Option<(String, String)>,
}

impl RunManagedBuild {
    /// Whether the caller is the one service that may ask. For everybody else there is no such operation.
    pub(super) fn allow(call: &Call) -> Result<(), ServiceError> {
        match &call.caller {
            Principal::Service { name, .. } if name == CODEPIPELINE => Ok(()),
            _ => Err(ServiceError::not_in_local_run("codebuild", "RunManagedBuild")),
        }
    }

    /// The project that such a build would have.
    pub(super) fn project(self) -> Result<Project, ServiceError> {
        let mut sources = self
            .sources
            .into_iter()
            .map(|(name, location)| json!({"type": "S3", "location": location, "sourceIdentifier": name}));
        let mut source = sources.next().unwrap_or_else(|| json!({"type": "NO_SOURCE"}));
        source["buildspec"] = format!("{}\n", self.buildspec).into();
        let artifacts = match self.artifact {
            None => json!({"type": "NO_ARTIFACTS"}),
            Some((bucket, key)) => json!({"type": "S3", "location": bucket, "name": key, "packaging": "ZIP"}),
        };
        platform::input::read(json!({
            "name": format!("codepipeline-{}", self.pipeline),
            "source": source,
            "secondarySources": sources.collect::<Vec<_>>(),
            "artifacts": artifacts,
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": true,
                "environmentVariables": self.environment_variables,
            },
            "serviceRole": self.role,
            "logsConfig": {"cloudWatchLogs": {"groupName": format!("/aws/codepipeline/{}", self.pipeline)}},
        }))
    }
}
