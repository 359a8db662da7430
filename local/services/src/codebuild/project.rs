//! Projects, and what StartBuild changes in them for one build.

use jiff::Timestamp;
use platform::error::ServiceError;
use platform::input::seconds;
use platform::{Account, Platform};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A build project: <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Project {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    pub(super) source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_version: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secondary_sources: Vec<Source>,
    pub(super) artifacts: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secondary_artifacts: Vec<Value>,
    pub(super) environment: Environment,
    pub(super) service_role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timeout_in_minutes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued_timeout_in_minutes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption_key: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache: Option<Value>,
    #[serde(default)]
    pub(super) logs_config: LogsConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concurrent_build_limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    badge_enabled: Option<bool>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Source {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) buildspec: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_identifier: Option<String>,
}

impl Source {
    /// What a secondary source is called.
    pub(super) fn identifier(&self) -> &str {
        self.source_identifier.as_deref().unwrap_or_default()
    }
}

/// What a build runs in. The local run only shows the image: a build runs on this machine.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Environment {
    #[serde(rename = "type")]
    kind: String,
    pub(super) image: String,
    compute_type: String,
    #[serde(default)]
    pub(super) environment_variables: Vec<Variable>,
    #[serde(default)]
    privileged_mode: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image_pull_credentials_type: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    #[serde(rename = "type", default)]
    pub(super) kind: VariableKind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum VariableKind {
    #[default]
    Plaintext,
    ParameterStore,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LogsConfig {
    #[serde(default)]
    cloud_watch_logs: CloudWatchLogs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3_logs: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CloudWatchLogs {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    group_name: Option<String>,
}

impl Project {
    pub(super) fn log_group(&self) -> String {
        let given = self.logs_config.cloud_watch_logs.group_name.clone();
        given.unwrap_or_else(|| format!("/aws/codebuild/{}", self.name))
    }

    pub(super) fn logs(&self) -> bool {
        self.logs_config.cloud_watch_logs.status.as_deref() != Some("DISABLED")
    }

    /// Checks how many minutes a build may take, and how many it may wait before it begins.
    ///
    /// # Errors
    /// InvalidInputException.
    fn check_times(&self) -> Result<(), ServiceError> {
        for (field, minutes, longest) in [
            ("timeoutInMinutes", self.timeout_in_minutes, 2160),
            ("queuedTimeoutInMinutes", self.queued_timeout_in_minutes, 480),
        ] {
            if minutes.is_some_and(|minutes| !(5..=longest).contains(&minutes)) {
                let message = format_args!("Invalid {field}: must be between 5 and {longest}");
                return Err(ServiceError::new("InvalidInputException", message));
            }
        }
        Ok(())
    }

    /// Checks what must be right when a project is made or changed.
    ///
    /// # Errors
    /// InvalidInputException.
    pub(super) fn check(&self, account: &Account) -> Result<(), ServiceError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let begins = self.name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || !(2..=150).contains(&self.name.len()) || !self.name.chars().all(fits) {
            return Err(invalid(
                "Invalid project name: a name has 2 to 150 letters, digits, hyphens and underscores, and begins with a \
                 letter or a digit",
            ));
        }
        let role = self.service_role.split(':').collect::<Vec<_>>();
        let [_, _, "iam", _, of, thing] = role[..] else {
            return Err(invalid("Invalid service role: it is no ARN of a role"));
        };
        if of != account.id || !thing.starts_with("role/") {
            return Err(invalid(
                "Invalid service role: Service role account ID does not match caller's account",
            ));
        }
        self.check_times()
    }

    /// The project with what it is where nobody says anything.
    fn shown(&self, account: &Account) -> Value {
        let mut shown = json!(self);
        for (member, usual) in [
            ("timeoutInMinutes", json!(60)),
            ("queuedTimeoutInMinutes", json!(480)),
            ("encryptionKey", account.arn("kms", "alias/aws/s3").into()),
            ("cache", json!({"type": "NO_CACHE"})),
        ] {
            if shown[member].is_null() {
                shown[member] = usual;
            }
        }
        let badge = self.badge_enabled.unwrap_or(false);
        shown["badge"] = json!({"badgeEnabled": badge});
        if let Some(members) = shown.as_object_mut() {
            members.remove("badgeEnabled");
        }
        shown
    }
}

/// A project that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) project: Project,
    created: Timestamp,
    modified: Timestamp,
}

impl Made {
    pub(super) fn new(project: Project) -> Self {
        let now = Timestamp::now();
        Self {
            project,
            created: now,
            modified: now,
        }
    }

    /// The same project, changed now.
    pub(super) fn changed(&mut self, project: Project) {
        self.project = project;
        self.modified = Timestamp::now();
    }

    /// See <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html>.
    pub(super) fn json(&self, platform: &Platform) -> Value {
        let mut shown = self.project.shown(&platform.account);
        shown["arn"] = project_arn(platform, &self.project.name).into();
        shown["created"] = seconds(self.created);
        shown["lastModified"] = seconds(self.modified);
        shown
    }
}

/// What breaks a rule of CodeBuild.
pub(super) fn invalid(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("InvalidInputException", message)
}

/// The input of StartBuild: what this build has in place of the project's own values.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StartBuild {
    pub(super) project_name: String,
    pub(super) source_version: Option<String>,
    source_type_override: Option<String>,
    source_location_override: Option<String>,
    secondary_sources_override: Option<Vec<Source>>,
    artifacts_override: Option<Value>,
    secondary_artifacts_override: Option<Vec<Value>>,
    #[serde(default)]
    environment_variables_override: Vec<Variable>,
    buildspec_override: Option<String>,
    timeout_in_minutes_override: Option<u64>,
    #[expect(dead_code, reason = "a build is never started twice for one call here")]
    idempotency_token: Option<String>,
}

impl StartBuild {
    /// The project as this build has it.
    ///
    /// # Errors
    /// InvalidInputException for a source that the local run cannot read.
    pub(super) fn over(&self, project: &Project) -> Result<Project, ServiceError> {
        let mut project = project.clone();
        if let Some(kind) = &self.source_type_override {
            project.source.kind.clone_from(kind);
        }
        if self.source_location_override.is_some() {
            project.source.location.clone_from(&self.source_location_override);
        }
        if self.buildspec_override.is_some() {
            project.source.buildspec.clone_from(&self.buildspec_override);
        }
        if self.source_version.is_some() {
            project.source_version.clone_from(&self.source_version);
        }
        if let Some(sources) = &self.secondary_sources_override {
            project.secondary_sources.clone_from(sources);
        }
        if let Some(artifacts) = &self.secondary_artifacts_override {
            project.secondary_artifacts.clone_from(artifacts);
        }
        if let Some(artifacts) = &self.artifacts_override {
            project.artifacts = artifacts.clone();
        }
        if self.timeout_in_minutes_override.is_some() {
            project.timeout_in_minutes = self.timeout_in_minutes_override;
        }
        let variables = &mut project.environment.environment_variables;
        variables.retain(|known| {
            self.environment_variables_override
                .iter()
                .all(|given| given.name != known.name)
        });
        variables.extend(self.environment_variables_override.iter().cloned());
        project.check_times()?;
        project.check_places()?;
        Ok(project)
    }
}

impl Project {
    /// Checks that sources and artifacts are where the local run reads and writes.
    ///
    /// # Errors
    /// InvalidInputException.
    fn check_places(&self) -> Result<(), ServiceError> {
        let invalid = |message: String| Err(ServiceError::new("InvalidInputException", message));
        for source in &self.secondary_sources {
            let is_object = source
                .location
                .as_deref()
                .is_some_and(|location| location.contains('/'));
            let name = source.identifier();
            let is_named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-@.".contains(&b));
            if source.kind != "S3" || !is_object || !is_named {
                return invalid(
                    "Invalid secondary source: the local run reads those of the type S3, with a bucket and a key as location \
                     and a sourceIdentifier"
                        .into(),
                );
            }
        }
        match (self.source.kind.as_str(), &self.source.location) {
            ("S3", Some(location)) if location.contains('/') => {}
            ("S3", _) => return invalid("Invalid project source: location must be a bucket and a key".into()),
            ("NO_SOURCE", _) if self.source.buildspec.is_some() => {}
            ("NO_SOURCE", _) => {
                return invalid("Invalid project source: buildspec must be given where there is no source".into());
            }
            (kind, _) => {
                return invalid(format!(
                    "Cannot start a build with the source type {kind}: the local run reads S3 and NO_SOURCE"
                ));
            }
        }
        match self.artifacts["type"].as_str() {
            Some("S3" | "NO_ARTIFACTS") => Ok(()),
            other => invalid(format!(
                "Cannot start a build with the artifacts type {}: the local run writes S3 and NO_ARTIFACTS",
                other.unwrap_or("(none)")
            )),
        }
    }
}

/// The ARN of a project.
pub(super) fn project_arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("codebuild", format_args!("project/{name}"))
}

/// The name of a project that is given by its name or its ARN.
pub(super) fn project_name(given: &str) -> &str {
    let named = given.rsplit_once(":project/");
    named
        .filter(|_| given.starts_with("arn:"))
        .map_or(given, |(_, name)| name)
}
