//! The operations on repositories, their settings and their layers.

use super::lifecycle::Policy;
use super::repository::{Mutability, Repository};
use super::{Ecr, arn, not_found};
use crate::manifest::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use platform::Platform;
use platform::error::ServiceError;
use platform::input::{page, read, seconds};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRepository {
    repository_name: String,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "taken so that templates can give it; nothing local looks at tags of a repository"
    )]
    tags: Vec<Value>,
    image_tag_mutability: Option<String>,
    #[serde(default)]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
    image_scanning_configuration: Option<Scanning>,
    encryption_configuration: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExclusionFilter {
    #[expect(dead_code, reason = "WILDCARD is the only type there is")]
    filter_type: String,
    filter: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scanning {
    #[serde(default)]
    scan_on_push: bool,
}

/// The fields of every operation that names one repository and gives one text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryText {
    repository_name: String,
    #[serde(default, alias = "lifecyclePolicyText")]
    policy_text: String,
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
        return Err(ServiceError::new(
            "InvalidParameterException",
            format_args!("Invalid parameter at 'imageTagMutability': `{setting}` is none of {known:?}"),
        ));
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
    pub(super) fn create_repository(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: CreateRepository = read(input)?;
        let name = input.repository_name;
        if !is_repository_name(&name) {
            return Err(ServiceError::new(
                "InvalidParameterException",
                format_args!(
                    "Invalid parameter at 'repositoryName' failed to satisfy constraint: `{name}` is no repository name"
                ),
            ));
        }
        let mut repositories = self.lock();
        if repositories.contains_key(&name) {
            return Err(ServiceError::new(
                "RepositoryAlreadyExistsException",
                format_args!(
                    "The repository with name '{name}' already exists in the registry with id '{}'",
                    platform.account.id
                ),
            ));
        }
        let repository = Repository {
            name: name.clone(),
            created_at: Timestamp::now(),
            mutability: mutability(input.image_tag_mutability, input.image_tag_mutability_exclusion_filters)?,
            scan_on_push: input
                .image_scanning_configuration
                .is_some_and(|scanning| scanning.scan_on_push),
            encryption: input
                .encryption_configuration
                .unwrap_or_else(|| json!({"encryptionType": "AES256"})),
            lifecycle_policy: None,
            policy: None,
            images: Vec::new(),
            layers: HashMap::new(),
            uploads: HashMap::new(),
        };
        let shown = shown(platform, &repository);
        repositories.insert(name, repository);
        Ok(json!({"repository": shown}))
    }

    pub(super) fn delete_repository(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Input {
            repository_name: String,
            #[serde(default)]
            force: bool,
        }
        let input: Input = read(input)?;
        let mut repositories = self.lock();
        let found = repositories
            .get(&input.repository_name)
            .ok_or_else(|| not_found(platform, &input.repository_name))?;
        if !found.images.is_empty() && !input.force {
            return Err(ServiceError::new(
                "RepositoryNotEmptyException",
                format_args!(
                    "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                    input.repository_name, platform.account.id
                ),
            ));
        }
        let shown = shown(platform, found);
        repositories.remove(&input.repository_name);
        Ok(json!({"repository": shown}))
    }

    pub(super) fn describe_repositories(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Input {
            #[expect(dead_code, reason = "checked with the requirements")]
            registry_id: Option<String>,
            repository_names: Option<Vec<String>>,
            next_token: Option<String>,
            max_results: Option<usize>,
        }
        let input: Input = read(input)?;
        let repositories = self.lock();
        let chosen: Vec<&Repository> = match &input.repository_names {
            None => repositories.values().collect(),
            Some(names) => names
                .iter()
                .map(|name| repositories.get(name).ok_or_else(|| not_found(platform, name)))
                .collect::<Result<_, _>>()?,
        };
        let size = input.max_results.unwrap_or(100);
        let page = page(chosen, size, input.next_token.as_deref(), "InvalidParameterException")?;
        let shown: Vec<Value> = page.items.into_iter().map(|found| shown(platform, found)).collect();
        let mut answer = json!({"repositories": shown});
        if let Some(token) = page.next_token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }

    pub(super) fn put_image_tag_mutability(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Input {
            repository_name: String,
            image_tag_mutability: String,
            #[serde(default)]
            image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
        }
        let input: Input = read(input)?;
        let set = mutability(
            Some(input.image_tag_mutability),
            input.image_tag_mutability_exclusion_filters,
        )?;
        self.with(platform, &input.repository_name, |repository| {
            repository.mutability = set;
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": repository.name,
                "imageTagMutability": repository.mutability.setting,
            }))
        })
    }

    pub(super) fn put_lifecycle_policy(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: RepositoryText = read(input)?;
        let policy = Policy::parse(&input.policy_text).map_err(|error| {
            ServiceError::new(
                "InvalidParameterException",
                format_args!(
                    "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {error}'"
                ),
            )
        })?;
        self.with(platform, &input.repository_name, |repository| {
            repository.lifecycle_policy = Some((input.policy_text.clone(), policy));
            repository.expire(Timestamp::now());
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": repository.name,
                "lifecyclePolicyText": input.policy_text,
            }))
        })
    }

    pub(super) fn get_lifecycle_policy(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: RepositoryText = read(input)?;
        self.with(platform, &input.repository_name, |repository| {
            let Some((text, _)) = &repository.lifecycle_policy else {
                return Err(ServiceError::new(
                    "LifecyclePolicyNotFoundException",
                    format_args!(
                        "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
                        repository.name, platform.account.id
                    ),
                ));
            };
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": repository.name,
                "lifecyclePolicyText": text,
            }))
        })
    }

    pub(super) fn set_repository_policy(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: RepositoryText = read(input)?;
        must_be_json("policyText", &input.policy_text)?;
        self.with(platform, &input.repository_name, |repository| {
            repository.policy = Some(input.policy_text.clone());
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": repository.name,
                "policyText": repository.policy,
            }))
        })
    }

    /// The token holds for the whole registry and twelve hours, whoever asked for it; a client signs in with it.
    pub(super) fn get_authorization_token(&self, platform: &Platform) -> Result<Value, ServiceError> {
        let password = uuid::Uuid::new_v4().simple();
        let expires = Timestamp::now() + SignedDuration::from_hours(12);
        Ok(json!({"authorizationData": [{
            "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
            "expiresAt": seconds(expires),
            "proxyEndpoint": format!("https://{}", platform.account.registry()),
        }]}))
    }

    pub(super) fn batch_check_layer_availability(
        &self,
        platform: &Platform,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Input {
            repository_name: String,
            layer_digests: Vec<String>,
        }
        let input: Input = read(input)?;
        self.with(platform, &input.repository_name, |repository| {
            let layers = input
                .layer_digests
                .iter()
                .map(|digest| match repository.layers.get(digest) {
                    Some(blob) => json!({
                        "layerDigest": digest,
                        "layerAvailability": "AVAILABLE",
                        "layerSize": blob.len(),
                    }),
                    None => json!({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}),
                });
            Ok(json!({"layers": layers.collect::<Vec<_>>(), "failures": []}))
        })
    }

    pub(super) fn initiate_layer_upload(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: RepositoryText = read(input)?;
        self.with(platform, &input.repository_name, |repository| {
            let upload = uuid::Uuid::new_v4().to_string();
            repository.uploads.insert(upload.clone(), Vec::new());
            Ok(json!({"uploadId": upload, "partSize": PART_SIZE}))
        })
    }

    pub(super) fn upload_layer_part(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Input {
            repository_name: String,
            upload_id: String,
            part_first_byte: usize,
            part_last_byte: usize,
            layer_part_blob: String,
        }
        let input: Input = read(input)?;
        let blob = STANDARD
            .decode(&input.layer_part_blob)
            .map_err(|error| ServiceError::new("InvalidParameterException", error))?;
        self.with(platform, &input.repository_name, |repository| {
            let upload = repository
                .uploads
                .get_mut(&input.upload_id)
                .ok_or_else(|| upload_not_found(&input.upload_id))?;
            let fits = input.part_first_byte == upload.len()
                && input.part_last_byte + 1 == upload.len() + blob.len()
                && blob.len() <= PART_SIZE;
            if !fits {
                return Err(ServiceError::new(
                    "InvalidLayerPartException",
                    format_args!(
                        "The layer part from byte {} to {} does not follow the {} bytes received",
                        input.part_first_byte,
                        input.part_last_byte,
                        upload.len()
                    ),
                ));
            }
            upload.extend_from_slice(&blob);
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": input.repository_name,
                "uploadId": input.upload_id,
                "lastByteReceived": input.part_last_byte,
            }))
        })
    }

    pub(super) fn complete_layer_upload(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Input {
            repository_name: String,
            upload_id: String,
            layer_digests: Vec<String>,
        }
        let input: Input = read(input)?;
        self.with(platform, &input.repository_name, |repository| {
            let blob = repository
                .uploads
                .remove(&input.upload_id)
                .ok_or_else(|| upload_not_found(&input.upload_id))?;
            let actual = digest(&blob);
            if !input.layer_digests.contains(&actual) {
                return Err(ServiceError::new(
                    "InvalidLayerException",
                    format_args!("The layer's digest is {actual}, not {}", input.layer_digests.join(", ")),
                ));
            }
            if repository.layers.contains_key(&actual) {
                return Err(ServiceError::new(
                    "LayerAlreadyExistsException",
                    format_args!(
                        "Layer with digest '{actual}' already exists in the repository with name '{}'",
                        repository.name
                    ),
                ));
            }
            repository.layers.insert(actual.clone(), Bytes::from(blob));
            Ok(json!({
                "registryId": platform.account.id,
                "repositoryName": input.repository_name,
                "uploadId": input.upload_id,
                "layerDigest": actual,
            }))
        })
    }
}

/// The bytes that one UploadLayerPart may carry: 20 MiB, as ECR answers.
const PART_SIZE: usize = 20 * 1024 * 1024;

fn upload_not_found(id: &str) -> ServiceError {
    ServiceError::new("UploadNotFoundException", format_args!("no upload with id '{id}'"))
}

fn must_be_json(field: &str, text: &str) -> Result<(), ServiceError> {
    serde_json::from_str::<Value>(text).map(drop).map_err(|error| {
        ServiceError::new(
            "InvalidParameterException",
            format_args!("Invalid parameter at '{field}': {error}"),
        )
    })
}

fn shown(platform: &Platform, repository: &Repository) -> Value {
    repository.json(
        &arn(platform, &repository.name),
        &platform.account.id,
        &platform.account.registry(),
    )
}
