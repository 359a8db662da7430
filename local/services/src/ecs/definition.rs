//! A task definition: what is asked for, and whether AWS Fargate would run it.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>.

use super::errors::{client, invalid, refused};
use super::tags::{self, Tag};
use platform::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What RegisterTaskDefinition is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewDefinition {
    pub(super) family: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) execution_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_mode: Option<String>,
    pub(super) container_definitions: Vec<Container>,
    #[serde(default)]
    volumes: Vec<Value>,
    #[serde(default)]
    placement_constraints: Vec<Value>,
    #[serde(default)]
    requires_compatibilities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_platform: Option<RuntimePlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage: Option<EphemeralStorage>,
    #[serde(default, skip_serializing)]
    pub(super) tags: Vec<Tag>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuntimePlatform {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operating_system_family: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EphemeralStorage {
    #[serde(rename = "sizeInGiB")]
    size: u32,
}

/// A container of a task definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Container {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) image: String,
    #[serde(default)]
    pub(super) cpu: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_reservation: Option<u32>,
    #[serde(default)]
    pub(super) port_mappings: Vec<PortMapping>,
    #[serde(default = "yes")]
    essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry_point: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Vec<String>>,
    #[serde(default)]
    pub(super) environment: Vec<Pair>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) working_directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readonly_root_filesystem: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linux_parameters: Option<LinuxParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_timeout: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) health_check: Option<HealthCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_configuration: Option<LogConfiguration>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    docker_labels: BTreeMap<String, String>,
    #[serde(default)]
    mount_points: Vec<Value>,
    #[serde(default)]
    volumes_from: Vec<Value>,
    #[serde(default)]
    system_controls: Vec<Value>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PortMapping {
    pub(super) container_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_protocol: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pair {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) value_from: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LinuxParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    init_process_enabled: Option<bool>,
}

/// The health check of a container:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HealthCheck {
    command: Vec<String>,
    #[serde(default = "interval")]
    pub(super) interval: u32,
    #[serde(default = "timeout")]
    pub(super) timeout: u32,
    #[serde(default = "retries")]
    pub(super) retries: u32,
    #[serde(default)]
    pub(super) start_period: u32,
}

fn interval() -> u32 {
    30
}

fn timeout() -> u32 {
    5
}

fn retries() -> u32 {
    3
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LogConfiguration {
    pub(super) log_driver: String,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secret_options: Vec<Value>,
}

impl HealthCheck {
    /// The command to run; None where there is nothing to check.
    pub(super) fn command(&self) -> Option<Vec<String>> {
        match self.command.split_first()? {
            (kind, _) if kind == "NONE" => None,
            (kind, rest) if kind == "CMD" => Some(rest.to_vec()),
            (kind, rest) if kind == "CMD-SHELL" => {
                let shell = ["/bin/sh", "-c"].map(str::to_owned);
                Some(shell.into_iter().chain([rest.join(" ")]).collect())
            }
            _ => Some(self.command.clone()),
        }
    }

    fn check(&self) -> Result<(), ServiceError> {
        for (name, value, least, most) in [
            ("interval", self.interval, 5, 300),
            ("timeout", self.timeout, 2, 120),
            ("retries", self.retries, 1, 10),
            ("startPeriod", self.start_period, 0, 300),
        ] {
            if !(least..=most).contains(&value) {
                return Err(client(format_args!(
                    "The health check's {name} must be between {least} and {most}."
                )));
            }
        }
        if self.command.is_empty() {
            return Err(client("The health check must have a command."));
        }
        Ok(())
    }
}

impl Container {
    fn check(&self, definition: &NewDefinition) -> Result<(), ServiceError> {
        let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if self.name.len() > 255 || !self.name.chars().all(fits) {
            return Err(client(format_args!("Invalid container name '{}'.", self.name)));
        }
        if !self.essential {
            return Err(client("A task definition must have at least one essential container."));
        }
        for (what, list) in [
            ("mount points", &self.mount_points),
            ("volumes from other containers", &self.volumes_from),
            ("system controls", &self.system_controls),
        ] {
            if !list.is_empty() {
                return Err(refused(format_args!("{what} of containers")));
            }
        }
        if self.port_mappings.len() > 1 {
            return Err(refused("containers with several ports"));
        }
        for port in &self.port_mappings {
            if port.host_port.is_some_and(|host| host != port.container_port) {
                let message =
                    "When networkMode=awsvpc, the host ports and container ports in port mappings must match.";
                return Err(client(message));
            }
            if port.protocol.as_deref().is_some_and(|protocol| protocol != "tcp") {
                return Err(refused("ports of another protocol than tcp"));
            }
        }
        if self.stop_timeout.is_some_and(|seconds| !(2..=120).contains(&seconds)) {
            return Err(client("stopTimeout must be between 2 and 120 seconds on Fargate."));
        }
        self.health_check.as_ref().map_or(Ok(()), HealthCheck::check)?;
        self.check_log(definition)
    }

    fn check_log(&self, definition: &NewDefinition) -> Result<(), ServiceError> {
        let Some(log) = &self.log_configuration else {
            return Ok(());
        };
        if log.log_driver != "awslogs" {
            return Err(refused(format_args!("the log driver `{}`", log.log_driver)));
        }
        if !log.secret_options.is_empty() {
            return Err(refused("secret options of log drivers"));
        }
        for option in ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"] {
            if !log.options.contains_key(option) {
                let message = format_args!("Log driver awslogs requires options: {option}");
                return Err(client(message));
            }
        }
        let known = [
            "awslogs-create-group",
            "awslogs-group",
            "awslogs-region",
            "awslogs-stream-prefix",
            "mode",
            "max-buffer-size",
        ];
        if let Some(other) = log.options.keys().find(|option| !known.contains(&option.as_str())) {
            return Err(refused(format_args!("the option `{other}` of awslogs")));
        }
        if definition.execution_role_arn.is_none() {
            let message = "Fargate requires task definition to have execution role ARN to support log driver awslogs.";
            return Err(client(message));
        }
        Ok(())
    }
}

/// What Fargate has for so many CPU units: the least and the most memory in MiB, and its steps:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html>.
fn fits(cpu: u32, memory: u32) -> bool {
    let (least, most, step) = match cpu {
        256 => return matches!(memory, 512 | 1024 | 2048),
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16_384, 1024),
        4096 => (8192, 30_720, 1024),
        8192 => (16_384, 61_440, 4096),
        16_384 => (32_768, 122_880, 8192),
        _ => return false,
    };
    (least..=most).contains(&memory) && memory.is_multiple_of(step)
}

/// CPU or memory as a number: `1024`, `1 vCPU`, `2 GB`.
fn units(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let number = text.trim_end_matches(|character: char| character.is_alphabetic() || character == ' ');
    let factor = if number.len() == text.len() { 1.0 } else { 1024.0 };
    let value = number.parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit is no size that Fargate has"
    )]
    (value > 0.0).then_some(value as u32)
}

impl NewDefinition {
    /// Checks what AWS checks, and refuses what the local run does not do.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let fits_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if !(1..=255).contains(&self.family.len()) || !self.family.chars().all(fits_name) {
            return Err(client(
                "Family contains invalid characters: only letters, digits, hyphens and underscores.",
            ));
        }
        self.check_containers()?;
        // What does not ask for Fargate is for container instances, which are not here.
        if self.requires_compatibilities != ["FARGATE"] {
            return Err(refused(
                "task definitions for anything but `FARGATE`: say so in requiresCompatibilities",
            ));
        }
        if self.network_mode.as_deref() != Some("awsvpc") {
            return Err(client("Fargate only supports network mode ‘awsvpc’."));
        }
        for (what, list) in [
            ("volumes", &self.volumes),
            ("placement constraints", &self.placement_constraints),
        ] {
            if !list.is_empty() {
                return Err(refused(format_args!("{what} of task definitions")));
            }
        }
        let size = |text: &Option<String>| text.as_deref().and_then(units);
        let (Some(cpu), Some(memory)) = (size(&self.cpu), size(&self.memory)) else {
            return Err(client(
                "Fargate requires that 'cpu' and 'memory' be defined at the task level.",
            ));
        };
        if !fits(cpu, memory) {
            return Err(client("No Fargate configuration exists for given values."));
        }
        if let Some(storage) = &self.ephemeral_storage
            && !(21..=200).contains(&storage.size)
        {
            return Err(invalid("Ephemeral storage must be between 21 and 200 GiB."));
        }
        let windows = |family: &String| family != "LINUX";
        let platform = self.runtime_platform.as_ref();
        if platform
            .and_then(|platform| platform.operating_system_family.as_ref())
            .is_some_and(windows)
        {
            return Err(refused("other operating systems than LINUX"));
        }
        match self.container_definitions.as_slice() {
            [] => return Err(client("Container list cannot be empty.")),
            [container] => container.check(self)?,
            _ => return Err(refused("tasks of several containers")),
        }
        tags::check(&self.tags)?;
        self.check_image()
    }

    /// What each container must have, whatever runs it.
    fn check_containers(&self) -> Result<(), ServiceError> {
        for container in &self.container_definitions {
            for (member, value) in [("name", &container.name), ("image", &container.image)] {
                if value.is_empty() {
                    return Err(client(format_args!("Container.{member} should not be null or empty.")));
                }
            }
        }
        Ok(())
    }

    /// An image of ECR is pulled as the execution role.
    fn check_image(&self) -> Result<(), ServiceError> {
        let is_of_ecr = |container: &Container| container.image.contains(".dkr.ecr.");
        if self.execution_role_arn.is_none() && self.container_definitions.iter().any(is_of_ecr) {
            return Err(client(
                "Fargate requires task definition to have execution role ARN to support ECR images.",
            ));
        }
        if self.execution_role_arn.is_none()
            && self
                .container_definitions
                .iter()
                .any(|container| !container.secrets.is_empty())
        {
            return Err(client(
                "Fargate requires task definition to have execution role ARN to support secrets.",
            ));
        }
        Ok(())
    }

    /// What the answer adds where nothing was said.
    pub(super) fn completed(mut self) -> Self {
        for container in &mut self.container_definitions {
            for port in &mut container.port_mappings {
                port.host_port = Some(port.container_port);
                port.protocol.get_or_insert_with(|| "tcp".into());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fargate_has_some_sizes_and_no_others() {
        for (cpu, memory, expected) in [
            ("256", "512", true),
            (".25 vCPU", "0.5 GB", true),
            ("1 vCPU", "2GB", true),
            ("256", "4096", false),
            ("1024", "2500", false),
            ("100", "512", false),
            ("x", "512", false),
        ] {
            let found = units(cpu)
                .zip(units(memory))
                .is_some_and(|(cpu, memory)| fits(cpu, memory));
            assert_eq!(found, expected, "{cpu} {memory}");
        }
    }
}
