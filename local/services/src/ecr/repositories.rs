//! The operations on repositories and their settings.

use super::registry::{Ecr, OnRepository, arn, check_name, check_registry, constraint, not_found};
use super::repository::Repository;
use super::settings::{ExclusionFilter, Scanning, check_one_of, mutability};
use super::tagging::on_tagged;
use super::tags::{self, creating};
use crate::manifest::digest;
use crate::tags::Tag;
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
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
    image_scanning_configuration: Option<Scanning>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Encryption {
    encryption_type: String,
    kms_key: Option<String>,
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

impl DescribeRepositories {
    /// The action on each repository that is named, or on all where none is.
    pub(super) fn requirements(ecr: &Ecr, platform: &Platform, input: &Self) -> Result<Vec<Requirement>, ServiceError> {
        check_registry(platform, input.registry_id.as_deref())?;
        let names = input.repository_names.as_deref().unwrap_or_default();
        for name in names {
            check_name(name)?;
        }
        Ok(match names {
            [] => vec![Requirement::new("ecr:DescribeRepositories", arn(platform, "*"))],
            names => {
                let each = names.iter();
                each.map(|name| on_tagged(ecr, platform, "DescribeRepositories", name))
                    .collect()
            }
        })
    }
}

/// CreateRepository, and TagResource for its tags.
pub(super) fn may_create(
    _: &Ecr,
    platform: &Platform,
    input: &OnRepository<CreateRepository>,
) -> Result<Vec<Requirement>, ServiceError> {
    check_registry(platform, input.target.registry_id.as_deref())?;
    let name = &input.target.repository_name;
    check_name(name)?;
    Ok(creating(&arn(platform, name), &input.own.tags))
}

/// Where AES256 is not said, the key of KMS that is: one that was made, or the one that AWS made for ECR in this account.
fn encryption(call: &Call, given: Option<Encryption>) -> Result<Value, ServiceError> {
    let Some(Encryption {
        encryption_type,
        kms_key,
    }) = given
    else {
        return Ok(json!({"encryptionType": "AES256"}));
    };
    check_one_of("encryptionType", &encryption_type, &["AES256", "KMS", "KMS_DSSE"])?;
    match (encryption_type.as_str(), kms_key) {
        ("AES256", None) => Ok(json!({"encryptionType": encryption_type})),
        ("AES256", Some(_)) => Err(constraint("kmsKey", "no key goes with the encryption type AES256")),
        (_, Some(key)) => Ok(json!({"encryptionType": encryption_type, "kmsKey": key})),
        (_, None) => {
            let account = &call.platform.account;
            let seed = digest(format!("aws/ecr of {} in {}", account.id, account.region).as_bytes());
            let hex = seed.trim_start_matches("sha256:");
            let id = format!(
                "{}-{}-4{}-8{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[13..16],
                &hex[17..20],
                &hex[20..32]
            );
            let key = account.arn("kms", format_args!("key/{id}"));
            Ok(json!({"encryptionType": encryption_type, "kmsKey": key}))
        }
    }
}

impl Ecr {
    pub(super) fn create_repository(
        &self,
        call: &Call,
        input: OnRepository<CreateRepository>,
    ) -> Result<Value, ServiceError> {
        let name = input.target.repository_name;
        tags::check(&arn(&call.platform, &name), &input.own.tags)?;
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
            encryption: encryption(call, input.own.encryption_configuration)?,
            tags: input.own.tags,
            evaluated_at: None,
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
        let resource = arn(&call.platform, &found.name);
        call.platform.iam.delete_resource_policy(&resource);
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

fn shown(call: &Call, repository: &Repository) -> Value {
    let account = &call.platform.account;
    repository.json(&arn(&call.platform, &repository.name), &account.id, &account.registry())
}
