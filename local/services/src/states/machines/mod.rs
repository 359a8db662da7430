//! State machines: what each one is, and the operations on them.

mod definition;
mod express;
pub(crate) mod machine;
mod role;
mod test_state;
mod type_name;
mod validate;
mod versions;

use super::arn::{Arn, check_name};
use super::registry::{StepFunctions, machine_not_found, not_found};
use super::rows::{AllOfThem, on, on_all, on_machine, paged, pass_role};
use crate::tags::SmallTag;
use definition::Definition;
use jiff::Timestamp;
use machine::{Machine, Revision};
use platform::input::seconds;
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use type_name::kind_of;

/// The rows of the operations on state machines, versions, aliases and definitions.
pub(super) fn operations() -> impl IntoIterator<Item = Operation<StepFunctions>> {
    let rows = [
        Operation::new("CreateStateMachine", may_create, StepFunctions::create_state_machine),
        Operation::new("UpdateStateMachine", may_update, StepFunctions::update_state_machine),
        on(
            "DeleteStateMachine",
            |it: &Delete| &it.state_machine_arn,
            StepFunctions::delete_state_machine,
        ),
        on_machine(
            "DescribeStateMachine",
            |it: &Describe| &it.state_machine_arn,
            StepFunctions::describe_state_machine,
        ),
        on(
            "DescribeStateMachineForExecution",
            |it: &ForExecution| &it.execution_arn,
            StepFunctions::describe_state_machine_for_execution,
        ),
        on_all("ListStateMachines", StepFunctions::list_state_machines),
        Operation::new("TagResource", may_tag, StepFunctions::tag_resource),
        Operation::new("UntagResource", may_untag, StepFunctions::untag_resource),
        on(
            "ListTagsForResource",
            |it: &ListTags| &it.resource_arn,
            StepFunctions::list_tags,
        ),
    ];
    rows.into_iter()
        .chain(versions::operations())
        .chain([validate::operation(), test_state::operation()])
}

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
    tags: Vec<SmallTag>,
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Delete {
    state_machine_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Describe {
    state_machine_arn: String,
    #[expect(dead_code, reason = "an answer has all the data, whatever is asked for")]
    included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ForExecution {
    execution_arn: String,
    #[expect(dead_code, reason = "an answer has all the data, whatever is asked for")]
    included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TagResource {
    resource_arn: String,
    tags: Vec<SmallTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListTags {
    resource_arn: String,
}

fn may_create(_: &StepFunctions, platform: &Platform, input: &Create) -> Result<Vec<Requirement>, ServiceError> {
    // The state machine is not there yet: IAM is asked about the ARN that it is going to have.
    let arn = arn_of(platform, &input.name);
    let create = Requirement::new("states:CreateStateMachine", &arn).giving(&input.tags);
    Ok(may_put(create, Some(&input.role_arn), input.publish))
}

fn may_tag(_: &StepFunctions, _: &Platform, input: &TagResource) -> Result<Vec<Requirement>, ServiceError> {
    let tag = Requirement::new("states:TagResource", &input.resource_arn);
    Ok(vec![tag.giving(&input.tags)])
}

fn may_untag(_: &StepFunctions, _: &Platform, input: &UntagResource) -> Result<Vec<Requirement>, ServiceError> {
    let untag = Requirement::new("states:UntagResource", &input.resource_arn);
    Ok(vec![untag.taking(&input.tag_keys)])
}

fn may_update(_: &StepFunctions, _: &Platform, input: &Update) -> Result<Vec<Requirement>, ServiceError> {
    let role = input.role_arn.as_deref();
    let update = Requirement::new("states:UpdateStateMachine", &input.state_machine_arn);
    Ok(may_put(update, role, input.publish))
}

fn may_put(put: Requirement, role: Option<&str>, publish: bool) -> Vec<Requirement> {
    let publish = publish.then(|| Requirement::new("states:PublishStateMachineVersion", &put.resource));
    let role = role.map(pass_role);
    [put].into_iter().chain(role).chain(publish).collect()
}

fn arn_of(platform: &Platform, name: &str) -> String {
    platform.account.arn("states", format_args!("stateMachine:{name}"))
}

fn unlogged() -> Value {
    json!({"level": "OFF", "includeExecutionData": false})
}

impl StepFunctions {
    fn create_state_machine(&self, call: &Call, input: Create) -> Result<Value, ServiceError> {
        check_name(&input.name)?;
        let kind = kind_of(input.kind.as_deref())?;
        if input.version_description.is_some() && !input.publish {
            return Err(ServiceError::validation(
                "Version description can only be set when publish is true",
            ));
        }
        let definition = Definition::parse(&input.definition)?;
        express::check(kind, &input.definition)?;
        let arn = arn_of(&call.platform, &input.name);
        role::check(&call.platform, &input.role_arn, &arn, &input.definition)?;
        let revision = Revision {
            // Until it is updated, a state machine's revision is its first.
            id: "INITIAL".into(),
            definition,
            role_arn: input.role_arn,
            logging: input.logging_configuration.unwrap_or_else(unlogged),
            tracing: input.tracing_configuration.unwrap_or_else(|| json!({"enabled": false})),
            encryption: input
                .encryption_configuration
                .unwrap_or_else(|| json!({"type": "AWS_OWNED_KEY"})),
        };
        let mut registry = self.lock();
        if let Some(known) = registry.machines.get(&input.name) {
            if known.kind != kind || !known.current.does_the_same(&revision) {
                return Err(ServiceError::new(
                    "StateMachineAlreadyExists",
                    format_args!("State Machine Already Exists: '{arn}'"),
                ));
            }
            return Ok(json!({"stateMachineArn": arn, "creationDate": seconds(known.created)}));
        }
        let now = Timestamp::now();
        let mut answer = json!({"stateMachineArn": arn, "creationDate": seconds(now)});
        let mut machine = Machine {
            name: input.name.clone(),
            arn,
            kind,
            created: now,
            current: revision,
            versions: BTreeMap::new(),
            last_version: 0,
            aliases: BTreeMap::new(),
            tags: input.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        if input.publish {
            let version = machine.publish(input.version_description, now).number;
            answer["stateMachineVersionArn"] = format!("{}:{version}", machine.arn).into();
        }
        registry.machines.insert(input.name, machine);
        Ok(answer)
    }

    fn update_state_machine(&self, call: &Call, input: Update) -> Result<Value, ServiceError> {
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
        let definition = input.definition.as_deref().map(Definition::parse).transpose()?;
        let now = Timestamp::now();
        let mut registry = self.lock();
        let found = registry.machine_mut(&arn)?;
        input
            .definition
            .as_ref()
            .map_or(Ok(()), |definition| express::check(found.kind, definition))?;
        let current = found.current.clone();
        let revision = Revision {
            id: uuid::Uuid::new_v4().to_string(),
            definition: definition.unwrap_or(current.definition),
            role_arn: input.role_arn.unwrap_or(current.role_arn),
            logging: input.logging_configuration.unwrap_or(current.logging),
            tracing: input.tracing_configuration.unwrap_or(current.tracing),
            encryption: input.encryption_configuration.unwrap_or(current.encryption),
        };
        role::check(
            &call.platform,
            &revision.role_arn,
            &found.arn,
            revision.definition.text(),
        )?;
        found.current = revision;
        let mut answer = json!({"updateDate": seconds(now), "revisionId": found.current.id});
        if input.publish {
            let version = found.publish(input.version_description, now).number;
            answer["stateMachineVersionArn"] = format!("{}:{version}", found.arn).into();
        }
        Ok(answer)
    }

    fn delete_state_machine(&self, _: &Call, input: Delete) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        // Deleting what is not there succeeds, on AWS too. Executions that run go on to their ends.
        self.lock().machines.remove(arn.machine);
        Ok(json!({}))
    }

    fn describe_state_machine(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let registry = self.lock();
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

    fn describe_state_machine_for_execution(&self, _: &Call, input: ForExecution) -> Result<Value, ServiceError> {
        Ok(self.lock().execution(&input.execution_arn)?.machine())
    }

    fn list_state_machines(&self, _: &Call, input: AllOfThem) -> Result<Value, ServiceError> {
        let registry = self.lock();
        let machines = registry.machines.values().map(|machine| {
            json!({
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.type_name(),
                "creationDate": seconds(machine.created),
            })
        });
        paged(
            "stateMachines",
            machines,
            input.max_results,
            input.next_token.as_deref(),
        )
    }

    fn tag_resource(&self, _: &Call, input: TagResource) -> Result<Value, ServiceError> {
        let given = input.tags.into_iter().map(|tag| (tag.key, tag.value));
        self.tags(&input.resource_arn, |tags| tags.extend(given))?;
        Ok(json!({}))
    }

    fn untag_resource(&self, _: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        self.tags(&input.resource_arn, |tags| {
            tags.retain(|key, _| !input.tag_keys.contains(key))
        })?;
        Ok(json!({}))
    }

    fn list_tags(&self, _: &Call, input: ListTags) -> Result<Value, ServiceError> {
        let tags = self.tags(&input.resource_arn, |tags| tags.clone())?;
        let tags = tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
        Ok(json!({"tags": tags.collect::<Vec<_>>()}))
    }

    fn tags<T>(&self, arn: &str, then: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> Result<T, ServiceError> {
        if Arn::read(arn)?.kind == "activity" {
            return self.activities.tags(arn, then).map_err(|_| not_found(arn));
        }
        let found = Arn::of_kind(arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&found).map_err(|_| not_found(arn))?;
        Ok(then(&mut machine.tags))
    }
}
