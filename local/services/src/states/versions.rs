//! The operations on versions and aliases.

use super::StepFunctions;
use super::arn::{Arn, check_name};
use super::machine::{Alias, Machine};
use super::machines::Listed;
use jiff::Timestamp;
use platform::error::ServiceError;
use platform::input::{read, required, seconds};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Publish {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutAlias {
    name: Option<String>,
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    #[serde(default)]
    routing_configuration: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Route {
    state_machine_version_arn: String,
    weight: u64,
}

fn conflict(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("ConflictException", message)
}

fn resource_not_found(arn: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFound",
        format_args!("Request references a resource that does not exist: '{arn}'"),
    )
}

/// The versions that an alias leads to, all of one machine.
fn routes(machine: &Machine, routes: &[Route]) -> Result<Vec<(u64, u64)>, ServiceError> {
    let invalid = |message: &str| ServiceError::validation(format_args!("Invalid routing configuration: {message}"));
    if !(1..=2).contains(&routes.len()) || routes.iter().map(|route| route.weight).sum::<u64>() != 100 {
        return Err(invalid("one version or two, whose weights make 100"));
    }
    let mut read = Vec::new();
    for route in routes {
        let arn = Arn::of_kind(&route.state_machine_version_arn, "stateMachine")?;
        let number = arn.rest.and_then(|rest| rest.parse().ok());
        let number = number.ok_or_else(|| invalid("a version's ARN ends with its number"))?;
        if arn.unqualified() != machine.arn {
            return Err(invalid("the versions must be of one state machine"));
        }
        if !machine.versions.contains_key(&number) {
            return Err(resource_not_found(arn.text));
        }
        read.push((number, route.weight));
    }
    Ok(read)
}

impl StepFunctions {
    pub(super) fn publish_version(&self, input: &Value) -> Result<Value, ServiceError> {
        let input: Publish = read(input)?;
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        if input.revision_id.as_ref().is_some_and(|id| *id != machine.current.id) {
            return Err(conflict(
                "Failed to publish the State Machine version for revision, because it is not the current one.",
            ));
        }
        let version = machine.publish(input.description, Timestamp::now());
        let (number, created) = (version.number, version.created);
        Ok(json!({"stateMachineVersionArn": format!("{}:{number}", machine.arn), "creationDate": seconds(created)}))
    }

    pub(super) fn list_versions(&self, input: &Value) -> Result<Value, ServiceError> {
        let listed: Listed = read(input)?;
        let arn = Arn::of_kind(required(input, "stateMachineArn")?, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        // The newest comes first.
        let versions = machine.versions.values().rev().map(|version| {
            json!({
                "stateMachineVersionArn": format!("{}:{}", machine.arn, version.number),
                "creationDate": seconds(version.created),
            })
        });
        listed.page("stateMachineVersions", versions)
    }

    pub(super) fn delete_version(&self, input: &Value) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(required(input, "stateMachineVersionArn")?, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        let number: u64 = arn.rest.and_then(|rest| rest.parse().ok()).unwrap_or_default();
        let used = machine
            .aliases
            .values()
            .find(|alias| alias.routes.iter().any(|(version, _)| *version == number));
        if let Some(alias) = used {
            return Err(conflict(format_args!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                alias.name
            )));
        }
        machine.versions.remove(&number);
        Ok(json!({}))
    }

    pub(super) fn create_alias(&self, input: &Value) -> Result<Value, ServiceError> {
        let input: PutAlias = read(input)?;
        let name = input
            .name
            .ok_or_else(|| ServiceError::validation("`name` is missing"))?;
        check_name(&name)?;
        if name.parse::<u64>().is_ok() {
            return Err(ServiceError::validation(
                "an alias cannot be named like a version, with a number",
            ));
        }
        let first = input.routing_configuration.first();
        let first = first.ok_or_else(|| ServiceError::validation("`routingConfiguration` is missing"))?;
        let arn = Arn::of_kind(&first.state_machine_version_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn).map_err(|_| resource_not_found(arn.text))?;
        let routes = routes(machine, &input.routing_configuration)?;
        let now = Timestamp::now();
        let alias_arn = format!("{}:{name}", machine.arn);
        if let Some(known) = machine.aliases.get(&name) {
            if known.routes != routes || known.description != input.description {
                return Err(conflict(format_args!(
                    "Failed to create alias because an alias with the same name and a different routing configuration already exists: {alias_arn}"
                )));
            }
            return Ok(json!({"stateMachineAliasArn": alias_arn, "creationDate": seconds(known.created)}));
        }
        let alias = Alias {
            name: name.clone(),
            description: input.description,
            routes,
            created: now,
            updated: now,
        };
        machine.aliases.insert(name, alias);
        Ok(json!({"stateMachineAliasArn": alias_arn, "creationDate": seconds(now)}))
    }

    /// Gives an alias, by its ARN in `stateMachineAliasArn`, to `then`.
    fn alias<T>(
        &self,
        text: &str,
        then: impl FnOnce(&mut Machine, &str) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let arn = Arn::of_kind(text, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn).map_err(|_| resource_not_found(text))?;
        match arn.rest.filter(|name| machine.aliases.contains_key(*name)) {
            Some(name) => then(machine, name),
            None => Err(resource_not_found(text)),
        }
    }

    pub(super) fn update_alias(&self, input: &Value) -> Result<Value, ServiceError> {
        let given: PutAlias = read(input)?;
        let text = given.state_machine_alias_arn.as_deref();
        let text = text.ok_or_else(|| ServiceError::validation("`stateMachineAliasArn` is missing"))?;
        self.alias(text, |machine, name| {
            let routes = match given.routing_configuration.as_slice() {
                [] => None,
                given => Some(routes(machine, given)?),
            };
            let now = Timestamp::now();
            if let Some(alias) = machine.aliases.get_mut(name) {
                alias.routes = routes.unwrap_or_else(|| std::mem::take(&mut alias.routes));
                alias.description = given.description.clone().or_else(|| alias.description.take());
                alias.updated = now;
            }
            Ok(json!({"updateDate": seconds(now)}))
        })
    }

    pub(super) fn describe_alias(&self, input: &Value) -> Result<Value, ServiceError> {
        self.alias(required(input, "stateMachineAliasArn")?, |machine, name| {
            Ok(machine
                .aliases
                .get(name)
                .map_or(Value::Null, |alias| machine.alias_json(alias)))
        })
    }

    pub(super) fn delete_alias(&self, input: &Value) -> Result<Value, ServiceError> {
        self.alias(required(input, "stateMachineAliasArn")?, |machine, name| {
            machine.aliases.remove(name);
            Ok(json!({}))
        })
    }

    pub(super) fn list_aliases(&self, input: &Value) -> Result<Value, ServiceError> {
        let listed: Listed = read(input)?;
        let arn = Arn::of_kind(required(input, "stateMachineArn")?, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        // Of a version: the aliases that lead to it.
        let version: Option<u64> = arn.rest.and_then(|rest| rest.parse().ok());
        let chosen = machine
            .aliases
            .values()
            .filter(|alias| version.is_none_or(|version| alias.routes.iter().any(|(number, _)| *number == version)));
        let aliases = chosen.map(|alias| {
            json!({
                "stateMachineAliasArn": format!("{}:{}", machine.arn, alias.name),
                "creationDate": seconds(alias.created),
            })
        });
        listed.page("stateMachineAliases", aliases)
    }
}
