//! Task definitions: families with their revisions.

use super::account::Ecs;
use super::clusters::{PAGE, size};
use super::definition::NewDefinition;
use super::errors::{client, invalid};
use super::rows::{Definition, Rows};
use super::tags::creating;
use jiff::Timestamp;
use platform::input::page;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Describe {
    task_definition: String,
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Deregister {
    task_definition: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    family_prefix: Option<String>,
    status: Option<String>,
    sort: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListFamilies {
    family_prefix: Option<String>,
    status: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// To register a task definition is to hand its roles to the tasks.
pub(super) fn may_register(
    _: &Ecs,
    platform: &Platform,
    input: &NewDefinition,
) -> Result<Vec<Requirement>, ServiceError> {
    let thing = format_args!("task-definition/{}:*", input.family);
    let mut requirements = creating(
        "RegisterTaskDefinition",
        &platform.account.arn("ecs", thing),
        &input.tags,
    );
    requirements.extend(passed(input));
    Ok(requirements)
}

/// What handing on the roles of a task definition needs.
pub(super) fn passed(definition: &NewDefinition) -> Vec<Requirement> {
    let roles = [&definition.task_role_arn, &definition.execution_role_arn];
    let mut roles: Vec<&String> = roles.into_iter().flatten().collect();
    roles.dedup();
    let pass = |role: &String| Requirement::pass_role(role, "ecs-tasks.amazonaws.com");
    roles.into_iter().map(pass).collect()
}

impl Rows<'_> {
    /// A revision by its ARN, by its family and number, or the latest active one of a family.
    pub(super) fn definition(&self, given: &str) -> Option<&Definition> {
        if let Some(found) = self.definitions.get(given) {
            return Some(found);
        }
        let name = given.rsplit("task-definition/").next()?;
        let mut found = self.definitions.values();
        match name.split_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                found.find(|found| found.asked.family == family && found.revision == revision)
            }
            None => {
                let active = found.filter(|found| found.asked.family == name && found.is_active());
                active.max_by_key(|found| found.revision)
            }
        }
    }
}

impl Ecs {
    pub(super) fn register(&self, call: &Call, mut input: NewDefinition) -> Result<Value, ServiceError> {
        input.check()?;
        let tags = std::mem::take(&mut input.tags);
        let mut rows = self.rows();
        let of_family = rows
            .definitions
            .values()
            .filter(|known| known.asked.family == input.family);
        let revision = of_family.map(|known| known.revision).max().unwrap_or(0) + 1;
        let thing = format_args!("task-definition/{}:{revision}", input.family);
        let definition = Definition {
            arn: call.platform.account.arn("ecs", thing),
            revision,
            asked: input.completed(),
            tags,
            registered: Timestamp::now(),
            registered_by: call.caller.arn(&call.platform.account),
            deregistered: None,
        };
        let answer = json!({"taskDefinition": definition.show(), "tags": definition.tags});
        rows.definitions.insert(definition.arn.clone(), definition);
        Ok(answer)
    }

    pub(super) fn describe_definition(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let found = rows.definition(&input.task_definition);
        let found = found.ok_or_else(|| client("Unable to describe task definition."))?;
        let mut answer = json!({"taskDefinition": found.show()});
        if input.include.iter().any(|what| what == "TAGS") {
            answer["tags"] = json!(found.tags);
        }
        Ok(answer)
    }

    pub(super) fn deregister(&self, _: &Call, input: Deregister) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let name = input.task_definition.rsplit('/').next().unwrap_or_default();
        let Some((_, revision)) = name.split_once(':') else {
            return Err(client("Revision is missing."));
        };
        if revision.parse::<u32>().is_err() {
            return Err(invalid(format_args!("Invalid revision number. Number: {revision}")));
        }
        let found = rows.definition(&input.task_definition).map(|found| found.arn.clone());
        let found = found.and_then(|arn| rows.definitions.get_mut(&arn));
        let found = found.ok_or_else(|| client("Unable to describe task definition."))?;
        if !found.is_active() {
            return Err(invalid("The specified task definition is inactive."));
        }
        found.deregistered = Some(Timestamp::now());
        Ok(json!({"taskDefinition": found.show()}))
    }

    pub(super) fn list_definitions(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let is_active = match input.status.as_deref() {
            None | Some("ACTIVE") => true,
            Some("INACTIVE") => false,
            Some(_) => return Err(invalid("status must be ACTIVE or INACTIVE.")),
        };
        let wanted = |found: &&Definition| {
            found.is_active() == is_active
                && input
                    .family_prefix
                    .as_ref()
                    .is_none_or(|family| found.asked.family == *family)
        };
        let mut found: Vec<&Definition> = rows.definitions.values().filter(wanted).collect();
        found.sort_by_key(|found| (&found.asked.family, found.revision));
        match input.sort.as_deref() {
            None | Some("ASC") => {}
            Some("DESC") => found.reverse(),
            Some(_) => return Err(invalid("sort must be ASC or DESC.")),
        }
        let size = size(input.max_results, PAGE)?;
        let page = page(found, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("taskDefinitionArns", "nextToken", |found| found.arn.as_str().into()))
    }

    pub(super) fn list_families(&self, _: &Call, input: ListFamilies) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let prefix = input.family_prefix.as_deref().unwrap_or_default();
        let mut families: Vec<&str> = rows
            .definitions
            .values()
            .map(|found| found.asked.family.as_str())
            .collect();
        families.dedup();
        families.retain(|family| {
            let of_family = rows.definitions.values().filter(|found| found.asked.family == *family);
            let is_active = of_family.into_iter().any(Definition::is_active);
            let fits = match input.status.as_deref() {
                None | Some("ACTIVE") => is_active,
                Some("INACTIVE") => !is_active,
                Some(_) => true,
            };
            fits && family.starts_with(prefix)
        });
        families.sort_unstable();
        families.dedup();
        let size = size(input.max_results, PAGE)?;
        let page = page(families, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("families", "nextToken", Value::from))
    }
}
