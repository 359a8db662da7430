//! The operations on repositories and their settings.

use super::lifecycle::Policy;
use super::registry::{Ecr, OnRepository, arn, check_registry, invalid, not_found};
use super::repository::{Mutability, Repository};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use platform::input::{page, seconds};
use platform::{Call, Nothing, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateRepository {
    /// Templates give tags. The local run does not use them.
    #[serde(default, rename = "tags")]
    _tags: Vec<Value>,
    image_tag_mutability: Option<String>,
    #[serde(default)]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
    image_scanning_configuration: Option<Scanning>,
    encryption_configuration: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExclusionFilter {
    /// WILDCARD is the only type there is.
    #[serde(rename = "filterType")]
    _filter_type: String,
    filter: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scanning {
    #[serde(default)]
    scan_on_push: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeleteRepository {
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeRepositories {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutImageTagMutability {
    image_tag_mutability: String,
    #[serde(default)]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutLifecyclePolicy {
    lifecycle_policy_text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetRepositoryPolicy {
    policy_text: String,
}

impl DescribeRepositories {
    /// The action on each repository that is named, or on all where none is.
    pub(super) fn requirements(_: &Ecr, platform: &Platform, input: &Self) -> Result<Vec<Requirement>, ServiceError> {
        check_registry(platform, input.registry_id.as_deref())?;
        let on = |name: &str| Requirement::new("ecr:DescribeRepositories", arn(platform, name));
        Ok(match &input.repository_names {
            None => vec![on("*")],
            Some(names) => names.iter().map(|name| on(name)).collect(),
        })
    }
}

fn mutability(setting: Option<String>, filters: Vec<ExclusionFilter>) -> Result<Mutability, ServiceError> {
    let setting = setting.unwrap_or_else(|| "MUTABLE".into());
    let known = [
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
        "MUTABLE_WITH_EXCLUSION",
    ];
    if !known.contains(&setting.as_str()) {
        let message = format_args!("Invalid parameter at 'imageTagMutability': `{setting}` is none of {known:?}");
        return Err(invalid(message));
    }
    Ok(Mutability {
        setting,
        exclusions: filters.into_iter().map(|filter| filter.filter).collect(),
    })
}

/// `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`, 2 to 256 characters.
fn is_repository_name(name: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (2..=256).contains(&name.len())
        && name.split('/').all(|part| {
            part.starts_with(alphanumeric)
                && part.ends_with(alphanumeric)
                && part.chars().all(|c| alphanumeric(c) || "._-".contains(c))
        })
}

impl Ecr {
    pub(super) fn create_repository(
        &self,
        call: &Call,
        input: OnRepository<CreateRepository>,
    ) -> Result<Value, ServiceError> {
        let name = input.target.repository_name;
        if !is_repository_name(&name) {
            return Err(invalid(format_args!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: `{name}` is not a repository name"
            )));
        }
        let mut repositories = self.lock();
        if repositories.contains_key(&name) {
            return Err(ServiceError::new(
                "RepositoryAlreadyExistsException",
                format_args!(
                    "The repository with name '{name}' already exists in the registry with id '{}'",
                    call.platform.account.id
                ),
            ));
        }
        let repository = Repository {
            name: name.clone(),
            created_at: Timestamp::now(),
            mutability: mutability(
                input.own.image_tag_mutability,
                input.own.image_tag_mutability_exclusion_filters,
            )?,
            scan_on_push: input
                .own
                .image_scanning_configuration
                .is_some_and(|scanning| scanning.scan_on_push),
            encryption: input
                .own
                .encryption_configuration
                .unwrap_or_else(|| json!({"encryptionType": "AES256"})),
            lifecycle_policy: None,
            policy: None,
            images: Vec::new(),
            layers: HashMap::new(),
            uploads: HashMap::new(),
        };
        let shown = shown(call, &repository);
        repositories.insert(name, repository);
        Ok(json!({"repository": shown}))
    }

    pub(super) fn delete_repository(
        &self,
        call: &Call,
        input: OnRepository<DeleteRepository>,
    ) -> Result<Value, ServiceError> {
        let mut repositories = self.lock();
        let found = repositories
            .get(&input.target.repository_name)
            .ok_or_else(|| not_found(&call.platform, &input.target.repository_name))?;
        if !found.images.is_empty() && !input.own.force {
            return Err(ServiceError::new(
                "RepositoryNotEmptyException",
                format_args!(
                    "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                    input.target.repository_name, call.platform.account.id
                ),
            ));
        }
        let shown = shown(call, found);
        repositories.remove(&input.target.repository_name);
        Ok(json!({"repository": shown}))
    }

    pub(super) fn describe_repositories(
        &self,
        call: &Call,
        input: DescribeRepositories,
    ) -> Result<Value, ServiceError> {
        let repositories = self.lock();
        let chosen: Vec<&Repository> = match &input.repository_names {
            None => repositories.values().collect(),
            Some(names) => names
                .iter()
                .map(|name| repositories.get(name).ok_or_else(|| not_found(&call.platform, name)))
                .collect::<Result<_, _>>()?,
        };
        let size = input.max_results.unwrap_or(100);
        let page = page(chosen, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("repositories", "nextToken", |found| shown(call, found)))
    }

    pub(super) fn put_image_tag_mutability(
        &self,
        call: &Call,
        input: OnRepository<PutImageTagMutability>,
    ) -> Result<Value, ServiceError> {
        let set = mutability(
            Some(input.own.image_tag_mutability),
            input.own.image_tag_mutability_exclusion_filters,
        )?;
        self.with(call, &input.target, |repository| {
            repository.mutability = set;
            Ok(setting(
                call,
                repository,
                "imageTagMutability",
                &repository.mutability.setting,
            ))
        })
    }

    pub(super) fn put_lifecycle_policy(
        &self,
        call: &Call,
        input: OnRepository<PutLifecyclePolicy>,
    ) -> Result<Value, ServiceError> {
        let policy = Policy::parse(&input.own.lifecycle_policy_text).map_err(|error| {
            invalid(format_args!(
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {error}'"
            ))
        })?;
        self.with(call, &input.target, |repository| {
            repository.lifecycle_policy = Some((input.own.lifecycle_policy_text.clone(), policy));
            repository.expire(Timestamp::now());
            Ok(setting(
                call,
                repository,
                "lifecyclePolicyText",
                &input.own.lifecycle_policy_text,
            ))
        })
    }

    pub(super) fn get_lifecycle_policy(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let Some((text, _)) = &repository.lifecycle_policy else {
                return Err(ServiceError::new(
                    "LifecyclePolicyNotFoundException",
                    format_args!(
                        "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
                        repository.name, call.platform.account.id
                    ),
                ));
            };
            Ok(setting(call, repository, "lifecyclePolicyText", text))
        })
    }

    pub(super) fn set_repository_policy(
        &self,
        call: &Call,
        input: OnRepository<SetRepositoryPolicy>,
    ) -> Result<Value, ServiceError> {
        let read: Result<Value, _> = serde_json::from_str(&input.own.policy_text);
        read.map_err(|error| invalid(format_args!("Invalid parameter at 'policyText': {error}")))?;
        self.with(call, &input.target, |repository| {
            repository.policy = Some(input.own.policy_text.clone());
            Ok(setting(call, repository, "policyText", &input.own.policy_text))
        })
    }

    /// A token with which a client signs in. It is for the whole registry and holds for twelve hours.
    pub(super) fn get_authorization_token(&self, call: &Call, _: Nothing) -> Result<Value, ServiceError> {
        let password = uuid::Uuid::new_v4().simple();
        let expires = Timestamp::now() + SignedDuration::from_hours(12);
        Ok(json!({"authorizationData": [{
            "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
            "expiresAt": seconds(expires),
            "proxyEndpoint": format!("https://{}", call.platform.account.registry()),
        }]}))
    }
}

/// A setting of a repository, as the operations answer it that put or get it.
fn setting(call: &Call, repository: &Repository, name: &str, value: &str) -> Value {
    json!({"registryId": call.platform.account.id, "repositoryName": repository.name, name: value})
}

fn shown(call: &Call, repository: &Repository) -> Value {
    let account = &call.platform.account;
    repository.json(&arn(&call.platform, &repository.name), &account.id, &account.registry())
}
