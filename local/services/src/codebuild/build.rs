//! The record of one build, as BatchGetBuilds shows it.

use super::project::Project;
use jiff::Timestamp;
use platform::input::seconds;
use platform::store::{Changing, Record, Shelf};
use platform::{Account, Principal};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A phase: when it began, how it ended, and why it failed if it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PhaseRecord {
    pub(super) name: Word,
    pub(super) started: Timestamp,
    pub(super) ended: Option<(Word, Duration)>,
    /// A code, such as `COMMAND_EXECUTION_ERROR`, and a sentence.
    pub(super) context: Option<(String, String)>,
}

/// A build.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Build {
    /// `project:uuid`.
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) number: u64,
    pub(super) project: String,
    pub(super) initiator: String,
    pub(super) role_arn: String,
    pub(super) source: Value,
    pub(super) source_version: Option<String>,
    pub(super) artifacts: Value,
    pub(super) environment: Value,
    pub(super) log_group: String,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    /// `IN_PROGRESS`, `SUCCEEDED`, `FAILED`, `FAULT`, `TIMED_OUT` or `STOPPED`.
    pub(super) status: Word,
    pub(super) phases: Vec<PhaseRecord>,
    pub(super) exported: Vec<(String, String)>,
    pub(super) reports: Vec<String>,
}

/// A word of CodeBuild's: the name of a phase, or a status.
pub(super) type Word = Cow<'static, str>;

const IN_PROGRESS: &str = "IN_PROGRESS";

impl Build {
    /// Ends a build that was under way when the command that ran it ended.
    pub(super) fn cut_off(&mut self) {
        if self.status != IN_PROGRESS {
            return;
        }
        let now = Timestamp::now();
        self.status = Word::Borrowed("STOPPED");
        self.ended = Some(now);
        if let Some(phase) = self.phases.last_mut().filter(|phase| phase.ended.is_none()) {
            let took = now.duration_since(phase.started).unsigned_abs();
            phase.ended = Some((Word::Borrowed("STOPPED"), took));
        }
    }

    /// A build of a project that starts now.
    pub(super) fn new(account: &Account, caller: &Principal, project: &Project, number: u64) -> Self {
        let id = format!("{}:{}", project.name, uuid::Uuid::new_v4());
        Self {
            arn: account.arn("codebuild", format_args!("build/{id}")),
            id,
            number,
            project: project.name.clone(),
            initiator: match caller {
                Principal::RoleSession { role, session, .. } => format!("{role}/{session}"),
                Principal::User { name, .. } => name.clone(),
                other => other.arn(account),
            },
            role_arn: project.service_role.clone(),
            source: json!(project.source),
            source_version: project.source_version.clone(),
            artifacts: project.artifacts.clone(),
            environment: json!(project.environment),
            log_group: project.log_group(),
            started: Timestamp::now(),
            ended: None,
            status: Word::Borrowed(IN_PROGRESS),
            phases: Vec::new(),
            exported: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// The name of the log's stream: the part of the id after the project's name.
    pub(super) fn stream(&self) -> &str {
        self.id.rsplit(':').next().unwrap_or_default()
    }

    /// The build as BatchGetBuilds and StartBuild answer it:
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>.
    pub(super) fn json(&self) -> Value {
        let phases = self.phases.iter().map(|phase| {
            let mut shown = json!({"phaseType": phase.name, "startTime": seconds(phase.started)});
            if let Some((status, took)) = &phase.ended {
                shown["phaseStatus"] = status.as_ref().into();
                shown["durationInSeconds"] = took.as_secs().into();
                shown["endTime"] = seconds(phase.started + *took);
            }
            if let Some((code, message)) = &phase.context {
                shown["contexts"] = json!([{"statusCode": code, "message": message}]);
            }
            shown
        });
        let exported = self
            .exported
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        let mut shown = json!({
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "startTime": seconds(self.started),
            "currentPhase": self.phases.last().map_or("SUBMITTED", |phase| phase.name.as_ref()),
            "buildStatus": self.status,
            "projectName": self.project,
            "phases": phases.collect::<Vec<_>>(),
            "source": self.source,
            "artifacts": artifacts(self),
            "environment": self.environment,
            "serviceRole": self.role_arn,
            "logs": {"groupName": self.log_group, "streamName": self.stream()},
            "buildComplete": self.ended.is_some(),
            "initiator": self.initiator,
            "exportedEnvironmentVariables": exported.collect::<Vec<_>>(),
            "reportArns": self.reports,
        });
        if let Some(ended) = self.ended {
            shown["endTime"] = seconds(ended);
        }
        if let Some(version) = &self.source_version {
            shown["sourceVersion"] = version.as_str().into();
            shown["resolvedSourceVersion"] = version.as_str().into();
        }
        shown
    }
}

/// A build while it runs, and afterwards.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) build: Record<Build>,
    pub(super) stop: watch::Sender<bool>,
}

impl Running {
    /// A build whose record is a row of these.
    pub(super) fn new(rows: &Shelf, build: Build) -> Arc<Self> {
        Arc::new(Self {
            build: Record::new(rows, &build.id.clone(), build),
            stop: watch::Sender::new(false),
        })
    }

    pub(super) fn lock(&self) -> Changing<'_, Build> {
        self.build.lock()
    }
}

/// What a build shows of its artifacts, which is not what its project has:
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildArtifacts.html>.
fn artifacts(build: &Build) -> Value {
    let of = |name: &str| build.artifacts[name].as_str();
    let mut shown = json!({});
    if let (Some("S3"), Some(bucket), Some(name)) = (of("type"), of("location"), of("name")) {
        let partition = build.arn.split(':').nth(1).unwrap_or("aws");
        let path = of("path").unwrap_or_default().trim_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        shown["location"] = format!("arn:{partition}:s3:::{bucket}/{path}{slash}{name}").into();
    }
    shown
}
