//! ECR: repositories, images by tag and digest, layers; a push becomes an event.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>. Layers travel through
//! InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload, as a registry client's do on AWS behind the Docker
//! protocol, so that a push needs the same permissions here as there. Scans have what images say of themselves, and
//! lifecycle policies act at each push. Absent: a real scanner, replication, pull-through caches.

mod images;
mod lifecycle;
mod repositories;
mod repository;
mod scans;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use platform::{Answer, Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use repository::Repository;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// ECR in this account and region.
#[derive(Debug, Default)]
pub struct Ecr {
    repositories: Mutex<BTreeMap<String, Repository>>,
}

impl Ecr {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Repository>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        platform: &Platform,
        name: &str,
        then: impl FnOnce(&mut Repository) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut repositories = self.lock();
        let found = repositories.get_mut(name).ok_or_else(|| not_found(platform, name))?;
        then(found)
    }
}

fn not_found(platform: &Platform, name: &str) -> ServiceError {
    ServiceError::new(
        "RepositoryNotFoundException",
        format_args!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            platform.account.id
        ),
    )
}

fn arn(platform: &Platform, repository: &str) -> String {
    platform.account.arn("ecr", format_args!("repository/{repository}"))
}

impl Served for Ecr {
    const SIGNING_NAME: &'static str = "ecr";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Ecr>> = LazyLock::new(|| {
            Operations::new([
                on_repository("BatchCheckLayerAvailability", |ecr, platform, input| {
                    ecr.batch_check_layer_availability(platform, input)
                }),
                on_repository("BatchDeleteImage", |ecr, platform, input| {
                    ecr.batch_delete_image(platform, input)
                }),
                on_repository("BatchGetImage", |ecr, platform, input| {
                    ecr.batch_get_image(platform, input)
                }),
                on_repository("CompleteLayerUpload", |ecr, platform, input| {
                    ecr.complete_layer_upload(platform, input)
                }),
                on_repository("CreateRepository", |ecr, platform, input| {
                    ecr.create_repository(platform, input)
                }),
                on_repository("DeleteRepository", |ecr, platform, input| {
                    ecr.delete_repository(platform, input)
                }),
                on_repository("DescribeImageScanFindings", |ecr, platform, input| {
                    ecr.describe_image_scan_findings(platform, input)
                }),
                on_repository("DescribeImages", |ecr, platform, input| {
                    ecr.describe_images(platform, input)
                }),
                on_repository("DescribeRepositories", |ecr, platform, input| {
                    ecr.describe_repositories(platform, input)
                }),
                on_repository("GetAuthorizationToken", |ecr, platform, _| {
                    ecr.get_authorization_token(platform)
                }),
                Operation::new(
                    "GetDownloadUrlForLayer",
                    |_, platform, input: &DownloadLayer| {
                        Ok(vec![Requirement::new(
                            "ecr:GetDownloadUrlForLayer",
                            arn(platform, &input.repository_name),
                        )])
                    },
                    Ecr::get_download_url_for_layer,
                ),
                on_repository("GetLifecyclePolicy", |ecr, platform, input| {
                    ecr.get_lifecycle_policy(platform, input)
                }),
                on_repository("InitiateLayerUpload", |ecr, platform, input| {
                    ecr.initiate_layer_upload(platform, input)
                }),
                on_repository("ListImages", |ecr, platform, input| ecr.list_images(platform, input)),
                on_repository("PutImage", |ecr, platform, input| ecr.put_image(platform, input)),
                on_repository("PutImageTagMutability", |ecr, platform, input| {
                    ecr.put_image_tag_mutability(platform, input)
                }),
                on_repository("PutLifecyclePolicy", |ecr, platform, input| {
                    ecr.put_lifecycle_policy(platform, input)
                }),
                on_repository("SetRepositoryPolicy", |ecr, platform, input| {
                    ecr.set_repository_policy(platform, input)
                }),
                on_repository("StartImageScan", |ecr, platform, input| {
                    ecr.start_image_scan(platform, input)
                }),
                on_repository("UploadLayerPart", |ecr, platform, input| {
                    ecr.upload_layer_part(platform, input)
                }),
            ])
        });
        &TABLE
    }
}

/// A row of an operation on a repository, which asks for the action of the same name.
fn on_repository(
    name: &'static str,
    does: fn(&Arc<Ecr>, &Arc<Platform>, &Value) -> Result<Value, ServiceError>,
) -> Operation<Ecr> {
    Operation::waiting(
        name,
        move |_: &Ecr, platform: &Platform, input: &Value| requirements(platform, name, input),
        move |ecr: Arc<Ecr>, call: Call, input: Value| std::future::ready(does(&ecr, &call.platform, &input)),
    )
}

fn requirements(platform: &Platform, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
    let action = format!("ecr:{operation}");
    if operation == "GetAuthorizationToken" {
        return Ok(vec![Requirement::new(action, "*")]);
    }
    if let Some(other) = input["registryId"].as_str().filter(|id| *id != platform.account.id) {
        return Err(ServiceError::validation(format_args!(
            "the local run has no registry but that of account {}, not {other}'s",
            platform.account.id
        )));
    }
    let names: Vec<&str> = match (operation, &input["repositoryName"], &input["repositoryNames"]) {
        ("DescribeRepositories", _, Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        ("DescribeRepositories", ..) => vec!["*"],
        (_, Value::String(name), _) => vec![name],
        _ => {
            return Err(ServiceError::new(
                "InvalidParameterException",
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must not be null'",
            ));
        }
    };
    let requirement = |name| Requirement::new(action.as_str(), arn(platform, name));
    Ok(names.into_iter().map(requirement).collect())
}

/// The input of GetDownloadUrlForLayer.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownloadLayer {
    repository_name: String,
    layer_digest: String,
}

impl Ecr {
    /// A layer, or a configuration. Here it comes with the answer: there is no URL to fetch it from.
    fn get_download_url_for_layer(&self, call: &Call, input: DownloadLayer) -> Result<Answer, ServiceError> {
        self.with(&call.platform, &input.repository_name, |repository| {
            let found = repository.layers.get(&input.layer_digest).cloned();
            let body: Bytes = found.ok_or_else(|| {
                ServiceError::new(
                    "LayersNotFoundException",
                    format_args!("the layer {} does not exist", input.layer_digest),
                )
            })?;
            let output = serde_json::json!({"layerDigest": input.layer_digest});
            Ok(Answer { output, body })
        })
    }
}
