//! What a task needs before its container runs: roles, the image, the log, secrets, a port.
//!
//! The execution role does all of it, and the container has the task role's credentials:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html>.

use super::definition::{Container, LogConfiguration, NewDefinition};
use super::task::Task;
use crate::program::{self, ENDPOINT, Image, Port, Program};
use jiff::{SignedDuration, Timestamp};
use platform::{Line, Platform, Principal, Requirement, ServiceError};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

/// How long a task's credentials last. On AWS they are renewed while the task runs, for which there is nobody here.
const CREDENTIALS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why a task did not start, in ECS's words:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.
#[derive(Debug)]
pub(super) struct NotStarted {
    pub(super) reason: String,
    /// What the container shows of it.
    pub(super) container: Option<String>,
}

impl NotStarted {
    pub(super) fn new(reason: impl Display) -> Self {
        Self {
            reason: reason.to_string(),
            container: None,
        }
    }

    pub(super) fn of_container(reason: impl Display) -> Self {
        let reason = reason.to_string();
        Self {
            container: Some(reason.clone()),
            reason,
        }
    }
}

/// What a task is started from.
pub(super) struct Start<'a> {
    pub(super) platform: &'a Arc<Platform>,
    pub(super) task: &'a Task,
    pub(super) definition: &'a NewDefinition,
    pub(super) container: &'a Container,
}

/// Where the lines of a task go.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) platform: Arc<Platform>,
    pub(super) group: String,
    pub(super) stream: String,
    /// Whether CloudWatch Logs keeps them.
    pub(super) is_kept: bool,
}

impl Log {
    pub(super) fn write(&self, text: String) {
        let line = Line {
            group: self.group.clone(),
            stream: self.stream.clone(),
            text,
        };
        self.platform.log(line, self.is_kept);
    }
}

impl Start<'_> {
    /// A session of one of the task's roles.
    fn session(&self, role: &str) -> Result<Principal, NotStarted> {
        let iam = &self.platform.iam;
        let trusts = iam.trusts_service(
            &self.platform.account,
            role,
            "ecs-tasks.amazonaws.com",
            Some(&self.task.arn),
        );
        let session = iam.session(role, &self.task.id, Vec::new());
        match (trusts, session) {
            (Ok(true), Ok(session)) => Ok(session),
            _ => Err(NotStarted::new(format_args!(
                "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role \
                 being passed has the proper trust relationship and permissions and that your IAM user has permissions \
                 to pass this role."
            ))),
        }
    }

    fn execution_role(&self) -> Result<Option<Principal>, NotStarted> {
        let role = self.definition.execution_role_arn.as_deref();
        role.map(|role| self.session(role)).transpose()
    }

    /// Brings the image, the log and the secrets.
    pub(super) async fn prepare(&self) -> Result<(Image, Program, Log), NotStarted> {
        let execution = self.execution_role()?;
        let image = self.pull(execution.as_ref()).await?;
        let secrets = self.secrets(execution.as_ref()).await?;
        let log = self.log(execution.as_ref()).await?;
        let mut environment = self.environment()?;
        environment.extend(secrets);
        let container = self.container;
        let command = program::command(
            &image.settings,
            container.entry_point.as_deref(),
            container.command.as_deref(),
            image.settings.cmd.as_deref().unwrap_or_default(),
        );
        if command.is_empty() {
            let reason = "CannotStartContainerError: the image has no command, and the task definition gives none";
            return Err(NotStarted::of_container(reason));
        }
        let program = Program {
            name: self.task.id.clone(),
            command,
            working_directory: container.working_directory.clone(),
            environment,
            is_isolated: false,
            own: None,
            port: self.port()?,
        };
        Ok((image, program, log))
    }

    async fn pull(&self, execution: Option<&Principal>) -> Result<Image, NotStarted> {
        let Some(role) = execution else {
            let image = &self.container.image;
            let reason =
                format_args!("CannotPullContainerError: the local run has no registry with the image `{image}`");
            return Err(NotStarted::of_container(reason));
        };
        let image = &self.container.image;
        program::pull(self.platform, role, image).await.map_err(|error| match error.code.as_str() {
            "AccessDeniedException" if error.message.contains("ecr:GetAuthorizationToken") => {
                NotStarted::new(format_args!(
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
                     failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): {error}"
                ))
            }
            _ => NotStarted::of_container(format_args!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: \
                 {error}"
            )),
        })
    }

    /// The values of parameters that the container finds in its environment.
    async fn secrets(&self, execution: Option<&Principal>) -> Result<BTreeMap<String, String>, NotStarted> {
        let mut values = BTreeMap::new();
        let Some(role) = execution else { return Ok(values) };
        for secret in &self.container.secrets {
            let from = &secret.value_from;
            let name = match from.split_once(":parameter") {
                Some((_, name)) => name,
                None if from.starts_with("arn:") => {
                    let reason = format_args!("ResourceInitializationError: the local run has no secret `{from}`");
                    return Err(NotStarted::new(reason));
                }
                None => from,
            };
            let input = json!({"Names": [name], "WithDecryption": true});
            let found = self.platform.call(role, "ssm", "GetParameters", input).await;
            let value = found.and_then(|found| match found.pointer("/Parameters/0/Value") {
                Some(value) => Ok(value.as_str().unwrap_or_default().to_owned()),
                None => Err(ServiceError::new(
                    "ParameterNotFound",
                    format_args!("invalid parameters: {name}"),
                )),
            });
            let value = value.map_err(|error| {
                NotStarted::new(format_args!(
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
                     failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): {error}"
                ))
            })?;
            values.insert(secret.name.clone(), value);
        }
        Ok(values)
    }

    /// The log stream of the container, which must be there before the container starts.
    async fn log(&self, execution: Option<&Principal>) -> Result<Log, NotStarted> {
        let (name, id) = (&self.container.name, &self.task.id);
        let (Some(configuration), Some(role)) = (&self.container.log_configuration, execution) else {
            return Ok(Log {
                platform: Arc::clone(self.platform),
                group: format!("/ecs/{}", self.definition.family),
                stream: format!("{name}/{id}"),
                is_kept: false,
            });
        };
        let option = |name: &str| configuration.options.get(name).map_or("", String::as_str);
        let log = Log {
            platform: Arc::clone(self.platform),
            group: option("awslogs-group").to_owned(),
            stream: format!("{}/{name}/{id}", option("awslogs-stream-prefix")),
            is_kept: true,
        };
        let made = self.make_stream(role, &log, configuration).await;
        made.map_err(|error| {
            NotStarted::new(format_args!(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
                 failed to create Cloudwatch log stream: {error}"
            ))
        })?;
        Ok(log)
    }

    async fn make_stream(
        &self,
        role: &Principal,
        log: &Log,
        configuration: &LogConfiguration,
    ) -> Result<(), ServiceError> {
        let (group, stream) = (&log.group, &log.stream);
        let creates = configuration.options.get("awslogs-create-group");
        if creates.is_some_and(|creates| creates == "true") {
            let made = self
                .platform
                .call(role, "logs", "CreateLogGroup", json!({"logGroupName": group}))
                .await;
            match made {
                Err(error) if error.code != "ResourceAlreadyExistsException" => return Err(error),
                _ => {}
            }
        }
        let input = json!({"logGroupName": group, "logStreamName": stream});
        self.platform.call(role, "logs", "CreateLogStream", input).await?;
        let thing = format_args!("log-group:{group}:log-stream:{stream}");
        let put = Requirement::new("logs:PutLogEvents", self.platform.account.arn("logs", thing));
        self.platform.authorize(role, &[put])
    }

    /// What the container's definition says, and by which SDKs find the services as the task's role.
    fn environment(&self) -> Result<BTreeMap<String, String>, NotStarted> {
        let pairs = self.container.environment.iter();
        let mut environment: BTreeMap<String, String> =
            pairs.map(|pair| (pair.name.clone(), pair.value.clone())).collect();
        let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
        let region = self.platform.account.region.as_str();
        set("AWS_REGION", region);
        set("AWS_DEFAULT_REGION", region);
        set("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE");
        // Whoever has no role has no credentials, not those of the person at this machine.
        for name in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
            set(name, "/dev/null");
        }
        set("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(url) = self.platform.endpoint() {
            set(ENDPOINT, url);
        }
        if let Some(role) = &self.definition.task_role_arn {
            self.session(role)?;
            let until = Timestamp::now() + CREDENTIALS;
            let credentials = self
                .platform
                .iam
                .assume_role_until(role, &self.task.id, Vec::new(), until);
            let credentials = credentials.map_err(NotStarted::new)?;
            for (name, value) in credentials.environment() {
                set(name, value);
            }
        }
        Ok(environment)
    }

    /// Where the container serves: at any port of this machine that is free, as several tasks cannot have the same.
    fn port(&self) -> Result<Option<Port>, NotStarted> {
        let Some(mapping) = self.container.port_mappings.first() else {
            return Ok(None);
        };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let host = free
            .map_err(|error| NotStarted::new(format_args!("no port is free: {error}")))?
            .port();
        Ok(Some(Port {
            container: mapping.container_port,
            host,
        }))
    }
}
