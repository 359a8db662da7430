//! What is published of functions: their versions and aliases.
//!
//! A version stays what the function was when it was published.

use super::functions::{Alias, Function, LATEST, Qualified, named};
use super::{Lambda, lock};
use platform::input::page;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PublishVersion {
    pub(super) function_name: String,
    description: Option<String>,
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateAlias {
    pub(super) function_name: String,
    name: String,
    function_version: String,
    description: Option<String>,
}

/// What is changed of an alias. What is not given stays.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateAlias {
    pub(super) function_name: String,
    name: String,
    function_version: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

/// The input of GetAlias and DeleteAlias.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OnAlias {
    pub(super) function_name: String,
    name: String,
}

/// The input of ListVersionsByFunction and ListAliases.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListPublished {
    pub(super) function_name: String,
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl ListPublished {
    /// A page of a list, with as many as are asked for: 50 at most.
    fn page(&self, list: &str, all: Vec<Value>) -> Result<Value, ServiceError> {
        let size = self.max_items.unwrap_or(MOST_LISTED).clamp(1, MOST_LISTED);
        let code = "InvalidParameterValueException";
        let page = page(all, size, self.marker.as_deref(), code)?;
        Ok(page.answer(list, "NextMarker", |one| one))
    }
}

/// As many versions or aliases as a page has.
const MOST_LISTED: usize = 50;

/// A function's versions, as ListVersionsByFunction shows them.
pub(super) fn versions(function: &Function) -> Vec<Value> {
    let published = lock(&function.qualified);
    let numbers = 1..=published.last;
    let versions = numbers.filter_map(|number| published.by_name.get(&number.to_string()));
    let mut latest = function.describe();
    latest["FunctionArn"] = function.qualified_arn().into();
    [latest]
        .into_iter()
        .chain(versions.map(|version| version.describe()))
        .collect()
}

/// What a function is now, as a version. Where it has not changed since the newest one, it is that.
pub(super) fn publish(function: &Function, description: Option<String>) -> Arc<Function> {
    let mut published = lock(&function.qualified);
    let newest = published.by_name.get(&published.last.to_string());
    if let Some(newest) = newest.filter(|newest| function.is_the_same(newest)) {
        return Arc::clone(newest);
    }
    published.last += 1;
    let number = published.last.to_string();
    let mut version = function.published(&number, &number);
    if description.is_some() {
        version.configuration.description = description;
    }
    let version = Arc::new(version);
    published.by_name.insert(number, Arc::clone(&version));
    version
}

/// Has the aliases that lead to a function as it is follow a change of it.
pub(super) fn follow(changed: &Function) {
    let mut published = lock(&changed.qualified);
    for (name, before) in &mut published.by_name {
        if before.version == LATEST {
            let mut alias = published_as(changed, name);
            alias.alias.clone_from(&before.alias);
            keep_settings(before, &alias);
            end_waiting(before);
            *before = Arc::new(alias);
        }
    }
}

/// A function's aliases, as ListAliases shows them.
fn aliases(function: &Function) -> Vec<Value> {
    let published = lock(&function.qualified);
    let all = published.by_name.iter();
    all.filter_map(|(name, function)| described(name, function)).collect()
}

/// A function whose version is deleted went away meanwhile.
fn gone() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "Function not found").with_status(404)
}

/// An alias, as GetAlias shows it; None of what is a version.
fn described(name: &str, function: &Function) -> Option<Value> {
    let alias = function.alias.as_ref()?;
    Some(json!({
        "AliasArn": function.arn,
        "Name": name,
        "FunctionVersion": function.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    }))
}

fn no_alias(message: String) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", message).with_status(404)
}

/// A function's ARN with the alias's name.
fn alias_arn(function: &Function, name: &str) -> String {
    format!("{}:{name}", function.arn)
}

/// Ends the processes of a function that wait for another event: it is no longer there, or no longer so.
pub(super) fn end_waiting(function: &Function) {
    for environment in lock(&function.warm).drain(..) {
        environment.kill();
    }
}

/// A version under an alias's name, which is the same version.
fn published_as(version: &Function, alias: &str) -> Function {
    let mut published = version.published(&version.version, alias);
    published.revision.clone_from(&version.revision);
    published
}

/// Gives a function what was set beside its configuration before it changed.
pub(super) fn keep_settings(before: &Function, changed: &Function) {
    *lock(&changed.event_invoke) = before.event_invoke();
    lock(&changed.permissions).clone_from(&*lock(&before.permissions));
}

/// The version of a function to which an alias shall lead.
fn version<'f>(
    function: &'f Arc<Function>,
    published: &'f Qualified,
    number: &str,
) -> Result<&'f Arc<Function>, ServiceError> {
    if number == LATEST {
        return Ok(function);
    }
    let version = published.by_name.get(number).filter(|it| it.alias.is_none());
    version.ok_or_else(|| {
        let message = format!("Function not found: {}", alias_arn(function, number));
        ServiceError::new("ResourceNotFoundException", message).with_status(404)
    })
}

/// An alias that leads to a version.
fn alias(version: &Function, name: &str, description: String) -> Function {
    let mut alias = published_as(version, name);
    alias.alias = Some(Alias::new(description));
    alias
}

impl Lambda {
    pub(super) fn publish_version(&self, call: &Call, input: PublishVersion) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        Ok(publish(&function, input.description).describe())
    }

    /// Takes a version out. The function stays, and so does a version that an alias leads to.
    pub(super) fn delete_version(&self, version: &Function, qualifier: &str) -> Result<Value, ServiceError> {
        if qualifier != version.version {
            let message = "Deletion of functions by alias is not currently supported.";
            return Err(ServiceError::new("InvalidParameterValueException", message));
        }
        let function = self.find(version.name(), None).ok_or_else(gone)?;
        let mut published = lock(&function.qualified);
        let aliases = published
            .by_name
            .iter()
            .filter(|(name, other)| *name != qualifier && other.version == qualifier);
        let aliases: Vec<&str> = aliases.map(|(name, _)| name.as_str()).collect();
        if !aliases.is_empty() {
            let aliases = aliases.join(", ");
            let message = format!("Unable to delete version because the following aliases reference it: [{aliases}]");
            return Err(ServiceError::new("ResourceConflictException", message).with_status(409));
        }
        published.by_name.remove(qualifier);
        end_waiting(version);
        Ok(json!({}))
    }

    pub(super) fn list_versions(&self, call: &Call, input: ListPublished) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        input.page("Versions", versions(&function))
    }

    /// The aliases, or those of them that lead to a version.
    pub(super) fn list_aliases(&self, call: &Call, input: ListPublished) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        let mut found = aliases(&function);
        if let Some(version) = &input.function_version {
            found.retain(|alias| alias["FunctionVersion"] == **version);
        }
        input.page("Aliases", found)
    }

    pub(super) fn create_alias(&self, call: &Call, input: CreateAlias) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, None)?;
        let description = input.description.unwrap_or_default();
        let mut published = lock(&function.qualified);
        let version = version(&function, &published, &input.function_version)?;
        let created = Arc::new(alias(version, &input.name, description));
        if published.by_name.contains_key(&input.name) {
            let message = format!("Alias already exists: {}", created.arn);
            return Err(ServiceError::new("ResourceConflictException", message).with_status(409));
        }
        let answer = described(&input.name, &created).unwrap_or_default();
        published.by_name.insert(input.name, created);
        Ok(answer)
    }

    pub(super) fn get_alias(&self, call: &Call, input: OnAlias) -> Result<Value, ServiceError> {
        let function = self.function(call, named(&input.function_name).0, None)?;
        let published = lock(&function.qualified);
        let found = published
            .by_name
            .get(&input.name)
            .and_then(|alias| described(&input.name, alias));
        found.ok_or_else(|| no_alias(format!("Cannot find alias arn: {}", alias_arn(&function, &input.name))))
    }

    /// Changes what describes an alias, or where it leads.
    pub(super) fn update_alias(&self, call: &Call, input: UpdateAlias) -> Result<Value, ServiceError> {
        let reference = named(&input.function_name).0;
        let function = self.function(call, reference, None)?;
        let mut published = lock(&function.qualified);
        let before = published.by_name.get(&input.name).cloned();
        let Some((before, own)) = before.as_ref().and_then(|it| Some((it, it.alias.as_ref()?))) else {
            let arn = alias_arn(&function, &input.name);
            return Err(no_alias(format!("Alias not found: {arn}")));
        };
        if input.revision_id.is_some_and(|revision| revision != own.revision) {
            let message = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias \
                           API to retrieve the latest Revision Id";
            return Err(ServiceError::new("PreconditionFailedException", message).with_status(412));
        }
        let number = input.function_version.as_ref().unwrap_or(&before.version);
        let version = version(&function, &published, number)?;
        let description = input.description.unwrap_or_else(|| own.description.clone());
        let changed = alias(version, &input.name, description);
        keep_settings(before, &changed);
        let answer = described(&input.name, &changed).unwrap_or_default();
        published.by_name.insert(input.name, Arc::new(changed));
        end_waiting(before);
        Ok(answer)
    }

    /// Takes an alias away. One that is not there is no error.
    pub(super) fn delete_alias(&self, call: &Call, input: OnAlias) -> Result<Value, ServiceError> {
        let function = self.function(call, named(&input.function_name).0, None)?;
        let mut published = lock(&function.qualified);
        let is_alias = published.by_name.get(&input.name).is_some_and(|it| it.alias.is_some());
        if is_alias && let Some(alias) = published.by_name.remove(&input.name) {
            let iam = &call.platform.iam;
            for sid in lock(&alias.permissions).keys() {
                iam.remove_resource_statement(&alias.arn, sid);
            }
            end_waiting(&alias);
        }
        Ok(json!({}))
    }
}
