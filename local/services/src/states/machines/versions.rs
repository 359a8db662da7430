//! The operations on versions and aliases.

use super::machine::{Alias, Machine};
use crate::states::arn::Arn;
use crate::states::registry::StepFunctions;
use crate::states::rows::{QUALIFIER, on, on_machine, paged};
use jiff::Timestamp;
use platform::input::seconds;
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The rows of these operations.
pub(super) fn operations() -> [Operation<StepFunctions>; 8] {
    [
        on(
            "PublishStateMachineVersion",
            |it: &Publish| &it.state_machine_arn,
            StepFunctions::publish_version,
        ),
        on(
            "ListStateMachineVersions",
            |it: &List| &it.state_machine_arn,
            StepFunctions::list_versions,
        ),
        on_machine(
            "DeleteStateMachineVersion",
            |it: &DeleteVersion| &it.state_machine_version_arn,
            StepFunctions::delete_version,
        ),
        Operation::new("CreateStateMachineAlias", may_create, StepFunctions::create_alias),
        on_machine(
            "UpdateStateMachineAlias",
            |it: &UpdateAlias| &it.state_machine_alias_arn,
            StepFunctions::update_alias,
        ),
        on_machine(
            "DescribeStateMachineAlias",
            |it: &OneAlias| &it.state_machine_alias_arn,
            StepFunctions::describe_alias,
        ),
        on_machine(
            "DeleteStateMachineAlias",
            |it: &OneAlias| &it.state_machine_alias_arn,
            StepFunctions::delete_alias,
        ),
        on_machine(
            "ListStateMachineAliases",
            |it: &List| &it.state_machine_arn,
            StepFunctions::list_aliases,
        ),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Publish {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    state_machine_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeleteVersion {
    state_machine_version_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateAlias {
    name: String,
    description: Option<String>,
    routing_configuration: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateAlias {
    state_machine_alias_arn: String,
    description: Option<String>,
    routing_configuration: Option<Vec<Route>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OneAlias {
    state_machine_alias_arn: String,
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

fn resource_not_found() -> ServiceError {
    ServiceError::new("ResourceNotFound", "Request references a resource that does not exist.")
}

/// Checks an alias's name as AWS does: letters, digits, `_`, `-` and `.`, and not digits alone.
fn check_alias_name(name: &str) -> Result<(), ServiceError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let constraint = match name.chars().count() {
        0 => "Member must have length greater than or equal to 1",
        81.. => "Member must have length less than or equal to 80",
        _ if name.chars().all(plain) && !name.bytes().all(|byte| byte.is_ascii_digit()) => return Ok(()),
        _ => "Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
    };
    Err(ServiceError::constraint(name, "name", constraint))
}

impl CreateAlias {
    /// The ARN of the version that is named first. It says whose alias this is.
    fn version(&self) -> Result<Arn<'_>, ServiceError> {
        check_routes(&self.routing_configuration)?;
        match self.routing_configuration.first() {
            Some(first) => Arn::of_kind(&first.state_machine_version_arn, "stateMachine"),
            None => Err(ServiceError::validation("`routingConfiguration` is empty")),
        }
    }
}

/// The ARNs of routes, as errors name them.
fn listed(routes: &[Route]) -> String {
    let arns: Vec<&str> = routes.iter().map(|route| &*route.state_machine_version_arn).collect();
    arns.join(", ")
}

/// What AWS checks before it looks for the versions.
fn check_routes(routes: &[Route]) -> Result<(), ServiceError> {
    let bound = match routes.len() {
        0 => Some("greater than or equal to 1"),
        1 | 2 => None,
        _ => Some("less than or equal to 2"),
    };
    if let Some(bound) = bound {
        let shown = routes.iter().map(
            |Route {
                 state_machine_version_arn,
                 weight,
             }| {
                format!(
                    "RoutingConfigurationListItem(stateMachineVersionArn={state_machine_version_arn}, weight={weight})"
                )
            },
        );
        let shown = shown.collect::<Vec<_>>().join(", ");
        let rule = format_args!("Member must have length {bound}");
        return Err(ServiceError::constraint(
            format_args!("[{shown}]"),
            "routingConfiguration",
            rule,
        ));
    }
    if let [one, other] = routes
        && one.state_machine_version_arn == other.state_machine_version_arn
    {
        return Err(ServiceError::validation(format_args!(
            "Routing configuration must contain distinct state machine version ARNs. Received: [{}]",
            listed(routes)
        )));
    }
    if let Some((at, route)) = routes.iter().enumerate().find(|(_, route)| route.weight > 100) {
        let member = format!("routingConfiguration.{}.member.weight", at + 1);
        let rule = "Member must have value less than or equal to 100";
        return Err(ServiceError::constraint(route.weight, member, rule));
    }
    let weights: Vec<u64> = routes.iter().map(|route| route.weight).collect();
    if weights.iter().sum::<u64>() != 100 {
        return Err(ServiceError::validation(format_args!(
            "Sum of routing configuration weights must equal 100. Received: {weights:?}"
        )));
    }
    Ok(())
}

fn may_create(_: &StepFunctions, _: &Platform, input: &CreateAlias) -> Result<Vec<Requirement>, ServiceError> {
    let requirement = Requirement::new("states:CreateStateMachineAlias", input.version()?.unqualified());
    Ok(vec![requirement.with(QUALIFIER, &input.name)])
}

/// The versions that an alias leads to, all of one machine.
fn routes(machine: &Machine, routes: &[Route]) -> Result<Vec<(u64, u64)>, ServiceError> {
    check_routes(routes)?;
    let invalid = |message: &str| ServiceError::validation(format_args!("Invalid routing configuration: {message}"));
    let mut read = Vec::new();
    for route in routes {
        let arn = Arn::of_kind(&route.state_machine_version_arn, "stateMachine")?;
        let number = arn.rest.and_then(|rest| rest.parse().ok());
        let number = number.ok_or_else(|| {
            ServiceError::validation(format_args!(
                "Routing configuration must contain state machine version ARNs. Received: [{}]",
                listed(routes)
            ))
        })?;
        if arn.unqualified() != machine.arn {
            return Err(invalid("the versions must be of one state machine"));
        }
        if !machine.versions.contains_key(&number) {
            return Err(resource_not_found());
        }
        read.push((number, route.weight));
    }
    Ok(read)
}

impl StepFunctions {
    fn publish_version(&self, _: &Call, input: Publish) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&arn)?;
        if input.revision_id.as_ref().is_some_and(|id| *id != machine.current.id) {
            return Err(conflict(
                "Failed to publish the State Machine version for revision, because it is not the current one.",
            ));
        }
        let version = machine.publish(input.description, Timestamp::now());
        let (number, created) = (version.number, version.created);
        Ok(json!({"stateMachineVersionArn": format!("{}:{number}", machine.arn), "creationDate": seconds(created)}))
    }

    fn list_versions(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let registry = self.lock();
        let machine = registry.machine(&arn)?;
        // The newest comes first.
        let versions = machine.versions.values().rev().map(|version| {
            json!({
                "stateMachineVersionArn": format!("{}:{}", machine.arn, version.number),
                "creationDate": seconds(version.created),
            })
        });
        paged(
            "stateMachineVersions",
            versions,
            input.max_results,
            input.next_token.as_deref(),
        )
    }

    fn delete_version(&self, _: &Call, input: DeleteVersion) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_version_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&arn)?;
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

    fn create_alias(&self, _: &Call, input: CreateAlias) -> Result<Value, ServiceError> {
        let name = &input.name;
        check_alias_name(name)?;
        let arn = input.version()?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&arn).map_err(|_| resource_not_found())?;
        let routes = routes(machine, &input.routing_configuration)?;
        let now = Timestamp::now();
        let alias_arn = format!("{}:{name}", machine.arn);
        if let Some(known) = machine.aliases.get(name) {
            if known.routes != routes || known.description != input.description {
                return Err(conflict(
                    "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
                ));
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
        machine.aliases.insert(input.name, alias);
        Ok(json!({"stateMachineAliasArn": alias_arn, "creationDate": seconds(now)}))
    }

    /// Finds an alias by its ARN. `then` gets the machine and the alias's name.
    fn alias<T>(
        &self,
        text: &str,
        then: impl FnOnce(&mut Machine, &str) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let arn = Arn::of_kind(text, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&arn).map_err(|_| resource_not_found())?;
        match arn.rest.filter(|name| machine.aliases.contains_key(*name)) {
            Some(name) => then(machine, name),
            None => Err(resource_not_found()),
        }
    }

    fn update_alias(&self, _: &Call, input: UpdateAlias) -> Result<Value, ServiceError> {
        if input.description.is_none() && input.routing_configuration.is_none() {
            return Err(ServiceError::validation(
                "Either the description or the routing configuration must be specified",
            ));
        }
        let given = input.routing_configuration.as_deref();
        given.map_or(Ok(()), check_routes)?;
        self.alias(&input.state_machine_alias_arn, |machine, name| {
            let routes = given.map(|given| routes(machine, given)).transpose()?;
            let now = Timestamp::now();
            if let Some(alias) = machine.aliases.get_mut(name) {
                alias.routes = routes.unwrap_or_else(|| std::mem::take(&mut alias.routes));
                alias.description = input.description.or_else(|| alias.description.take());
                alias.updated = now;
            }
            Ok(json!({"updateDate": seconds(now)}))
        })
    }

    fn describe_alias(&self, _: &Call, input: OneAlias) -> Result<Value, ServiceError> {
        self.alias(&input.state_machine_alias_arn, |machine, name| {
            Ok(machine
                .aliases
                .get(name)
                .map_or(Value::Null, |alias| machine.alias_json(alias)))
        })
    }

    /// Deleting what is not there succeeds, on AWS too.
    fn delete_alias(&self, _: &Call, input: OneAlias) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_alias_arn, "stateMachine")?;
        let mut registry = self.lock();
        if let (Ok(machine), Some(name)) = (registry.machine_mut(&arn), arn.rest) {
            machine.aliases.remove(name);
        }
        Ok(json!({}))
    }

    fn list_aliases(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let arn = Arn::of_kind(&input.state_machine_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine_mut(&arn)?;
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
        paged(
            "stateMachineAliases",
            aliases,
            input.max_results,
            input.next_token.as_deref(),
        )
    }
}
