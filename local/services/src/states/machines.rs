//! The operations on state machines.

use super::StepFunctions;
use super::arn::{Arn, check_name};
use super::machine::{Machine, Revision};
use super::registry::machine_not_found;
use jiff::Timestamp;
use platform::error::ServiceError;
use platform::input::{page, read, required, seconds};
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{ExecutionType, StateMachine};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    key: String,
    value: String,
}

fn parse(definition: &str) -> Result<StateMachine, ServiceError> {
    StateMachine::parse(definition).map_err(|error| ServiceError::new("InvalidDefinition", error))
}

/// The rule by which Step Functions hears from SageMaker how a job goes:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html>.
const MANAGED_RULE: &str = "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule";

/// What AWS checks of a role when a state machine is given it. A role that this account does not have is not looked at:
/// a machine without tasks runs all the same.
fn check_role(platform: &Platform, role: &str, machine_arn: &str, definition: &str) -> Result<(), ServiceError> {
    if !role.starts_with("arn:") || role.split(':').count() < 6 {
        return Err(super::arn::invalid_arn(format_args!("Invalid ARN prefix: {role}")));
    }
    let trusted = platform
        .iam
        .trusts_service(&platform.account, role, "states.amazonaws.com", Some(machine_arn));
    match trusted {
        Err(_) => return Ok(()),
        Ok(false) => {
            return Err(ServiceError::access_denied(
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
            ));
        }
        Ok(true) => {}
    }
    if definition.contains(":states:::sagemaker:createProcessingJob.sync") {
        let rule = platform.account.arn("events", MANAGED_RULE);
        let needed = ["events:PutTargets", "events:PutRule", "events:DescribeRule"];
        let needed = needed.map(|action| Requirement::new(action, rule.as_str()));
        let session = Principal::role_session(role.rsplit('/').next().unwrap_or_default(), "StepFunctions");
        platform.authorize(&session, &needed).map_err(|_| {
            ServiceError::access_denied(format_args!("'{role}' is not authorized to create managed-rule."))
        })?;
    }
    Ok(())
}

fn unlogged() -> Value {
    json!({"level": "OFF", "includeExecutionData": false})
}

impl StepFunctions {
    pub(super) fn create_state_machine(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: Create = read(input)?;
        check_name(&input.name)?;
        let kind = match input.kind.as_deref() {
            None | Some("STANDARD") => ExecutionType::Standard,
            Some("EXPRESS") => ExecutionType::Express,
            Some(other) => {
                return Err(ServiceError::validation(format_args!(
                    "1 validation error detected: Value '{other}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]"
                )));
            }
        };
        if input.version_description.is_some() && !input.publish {
            return Err(ServiceError::validation(
                "Version description can only be set when publish is true",
            ));
        }
        let machine = parse(&input.definition)?;
        let arn = platform
            .account
            .arn("states", format_args!("stateMachine:{}", input.name));
        check_role(platform, &input.role_arn, &arn, &input.definition)?;
        let now = Timestamp::now();
        let revision = Revision {
            id: uuid::Uuid::new_v4().to_string(),
            machine,
            role_arn: input.role_arn,
            logging: input.logging_configuration.unwrap_or_else(unlogged),
            tracing: input.tracing_configuration.unwrap_or_else(|| json!({"enabled": false})),
            encryption: input
                .encryption_configuration
                .unwrap_or_else(|| json!({"type": "AWS_OWNED_KEY"})),
        };
        let mut registry = self.lock();
        if let Some(known) = registry.machines.get(&input.name) {
            let same = known.kind == kind
                && known.current.machine.definition() == input.definition
                && known.current.logging == revision.logging
                && known.current.tracing == revision.tracing
                && known.current.encryption == revision.encryption;
            if !same {
                return Err(ServiceError::new(
                    "StateMachineAlreadyExists",
                    format_args!("State Machine Already Exists: '{arn}'"),
                ));
            }
            return Ok(json!({"stateMachineArn": arn, "creationDate": seconds(known.created)}));
        }
        let mut machine = Machine {
            name: input.name.clone(),
            arn: arn.clone(),
            kind,
            created: now,
            current: Revision {
                // Until it is updated, a state machine's revision is its first.
                id: "INITIAL".into(),
                ..revision
            },
            versions: BTreeMap::new(),
            last_version: 0,
            aliases: BTreeMap::new(),
            tags: input.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        let mut answer = json!({"stateMachineArn": arn, "creationDate": seconds(now)});
        if input.publish {
            let version = machine.publish(input.version_description, now).number;
            answer["stateMachineVersionArn"] = format!("{arn}:{version}").into();
        }
        registry.machines.insert(input.name, machine);
        Ok(answer)
    }

    pub(super) fn update_state_machine(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: Update = read(input)?;
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let changes = [
            input.definition.is_some(),
            input.role_arn.is_some(),
            input.logging_configuration.is_some(),
            input.tracing_configuration.is_some(),
            input.encryption_configuration.is_some(),
        ];
        if !changes.contains(&true) {
            return Err(ServiceError::new(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration, or the TracingConfiguration must be specified",
            ));
        }
        let machine = input.definition.as_deref().map(parse).transpose()?;
        let now = Timestamp::now();
        let mut registry = self.lock();
        let found = registry.machine(&arn)?;
        let current = found.current.clone();
        let revision = Revision {
            id: uuid::Uuid::new_v4().to_string(),
            machine: machine.unwrap_or(current.machine),
            role_arn: input.role_arn.unwrap_or(current.role_arn),
            logging: input.logging_configuration.unwrap_or(current.logging),
            tracing: input.tracing_configuration.unwrap_or(current.tracing),
            encryption: input.encryption_configuration.unwrap_or(current.encryption),
        };
        check_role(platform, &revision.role_arn, &found.arn, revision.machine.definition())?;
        found.current = revision;
        let mut answer = json!({"updateDate": seconds(now), "revisionId": found.current.id});
        if input.publish {
            let version = found.publish(input.version_description, now).number;
            answer["stateMachineVersionArn"] = format!("{}:{version}", found.arn).into();
        }
        Ok(answer)
    }

    pub(super) fn delete_state_machine(&self, input: &Value) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(required(input, "stateMachineArn")?, "stateMachine")?;
        // Deleting what is not there succeeds, on AWS too. Executions that run go on to their ends.
        self.lock().machines.remove(arn.machine);
        Ok(json!({}))
    }

    pub(super) fn describe_state_machine(&self, input: &Value) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(required(input, "stateMachineArn")?, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        let shown = match arn.rest {
            None => machine.json(&machine.arn, &machine.current, None, machine.created),
            Some(number) => {
                let version = number.parse().ok().and_then(|number| machine.versions.get(&number));
                let version = version.ok_or_else(|| machine_not_found(arn.text))?;
                machine.json(
                    arn.text,
                    &version.revision,
                    version.description.as_ref(),
                    version.created,
                )
            }
        };
        Ok(shown)
    }

    pub(super) fn describe_state_machine_for_execution(&self, input: &Value) -> Result<Value, ServiceError> {
        let running = self.lock().execution(required(input, "executionArn")?)?;
        let revision = &running.chosen.revision;
        Ok(json!({
            "stateMachineArn": running.machine_arn,
            "name": running.machine_name,
            "definition": revision.machine.definition(),
            "roleArn": revision.role_arn,
            "updateDate": seconds(running.lock().execution.started_at()),
            "loggingConfiguration": revision.logging,
            "tracingConfiguration": revision.tracing,
            "encryptionConfiguration": revision.encryption,
            "revisionId": revision.id,
        }))
    }

    pub(super) fn list_state_machines(&self, input: &Value) -> Result<Value, ServiceError> {
        let listed: Listed = read(input)?;
        let registry = self.lock();
        let machines = registry.machines.values().map(|machine| {
            json!({
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.type_name(),
                "creationDate": seconds(machine.created),
            })
        });
        listed.page("stateMachines", machines)
    }

    pub(super) fn tag_resource(&self, input: &Value) -> Result<Value, ServiceError> {
        let tags: Vec<Tag> = read(&input["tags"])?;
        self.tags(input, |known| {
            known.extend(tags.into_iter().map(|tag| (tag.key, tag.value)))
        })?;
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&self, input: &Value) -> Result<Value, ServiceError> {
        let keys: Vec<String> = read(&input["tagKeys"])?;
        self.tags(input, |known| known.retain(|key, _| !keys.contains(key)))?;
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ServiceError> {
        let mut listed = Vec::new();
        self.tags(input, |known| {
            listed = known
                .iter()
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect();
        })?;
        Ok(json!({"tags": listed}))
    }

    fn tags(&self, input: &Value, then: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), ServiceError> {
        let text = required(input, "resourceArn")?;
        let arn = Arn::of_kind(text, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry
            .machine(&arn)
            .map_err(|_| ServiceError::new("ResourceNotFound", format_args!("Resource not found: '{text}'")))?;
        then(&mut machine.tags);
        Ok(())
    }
}

/// How every list is asked for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

impl Listed {
    /// A page of a list under its field's name.
    pub(super) fn page(&self, field: &str, items: impl Iterator<Item = Value>) -> Result<Value, ServiceError> {
        let size = match self.max_results {
            None | Some(0) => 100,
            Some(size) => size.min(1000),
        };
        let page = page(items, size, self.next_token.as_deref(), "InvalidToken")?;
        let mut answer = json!({});
        answer[field] = page.items.into();
        if let Some(token) = page.next_token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }
}
