//! ECR: repositories, images by tag and digest, layers; a push becomes an event.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>. Layers travel through
//! InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload, as a registry client's do on AWS behind the Docker
//! protocol, so that a push needs the same permissions here as there. Scans have what images say of themselves, and
//! lifecycle policies act at each push. Absent: a real scanner, replication, pull-through caches.

mod images;
mod lifecycle;
pub mod manifest;
mod repositories;
mod repository;
mod scans;
#[cfg(test)]
mod tests;

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use bytes::Bytes;
use repository::Repository;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// ECR in this account and region.
#[derive(Debug, Default)]
pub struct Ecr {
    repositories: Mutex<BTreeMap<String, Repository>>,
}

impl Ecr {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Repository>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A layer's or a configuration's bytes. Callers ask IAM first, for `ecr:GetDownloadUrlForLayer`.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.lock().get(repository)?.layers.get(digest).cloned()
    }

    fn with<T>(
        &self,
        cloud: &Cloud,
        name: &str,
        then: impl FnOnce(&mut Repository) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut repositories = self.lock();
        let found = repositories.get_mut(name).ok_or_else(|| not_found(cloud, name))?;
        then(found)
    }
}

fn not_found(cloud: &Cloud, name: &str) -> ServiceError {
    ServiceError::new(
        "RepositoryNotFoundException",
        format_args!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            cloud.account.id
        ),
    )
}

fn arn(cloud: &Cloud, repository: &str) -> String {
    cloud.account.arn("ecr", format_args!("repository/{repository}"))
}

/// The operations, all of them authorised on the repository but for GetAuthorizationToken, which knows no resources.
const OPERATIONS: [&str; 19] = [
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "BatchGetImage",
    "CompleteLayerUpload",
    "CreateRepository",
    "DeleteRepository",
    "DescribeImageScanFindings",
    "DescribeImages",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetLifecyclePolicy",
    "InitiateLayerUpload",
    "ListImages",
    "PutImage",
    "PutImageTagMutability",
    "PutLifecyclePolicy",
    "SetRepositoryPolicy",
    "StartImageScan",
    "UploadLayerPart",
];

#[async_trait::async_trait]
impl Service for Ecr {
    fn signing_name(&self) -> &'static str {
        "ecr"
    }

    fn requirements(&self, cloud: &Cloud, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        if !OPERATIONS.contains(&operation) {
            return Err(ServiceError::not_in_local_run("ecr", operation));
        }
        let action = format!("ecr:{operation}");
        if operation == "GetAuthorizationToken" {
            return Ok(vec![Requirement::new(action, "*")]);
        }
        if let Some(other) = input["registryId"].as_str().filter(|id| *id != cloud.account.id) {
            return Err(ServiceError::validation(format_args!(
                "the local run has no registry but that of account {}, not {other}'s",
                cloud.account.id
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
        let requirement = |name| Requirement::new(action.as_str(), arn(cloud, name));
        Ok(names.into_iter().map(requirement).collect())
    }

    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "BatchCheckLayerAvailability" => self.batch_check_layer_availability(cloud, &input),
            "BatchDeleteImage" => self.batch_delete_image(cloud, &input),
            "BatchGetImage" => self.batch_get_image(cloud, &input),
            "CompleteLayerUpload" => self.complete_layer_upload(cloud, &input),
            "CreateRepository" => self.create_repository(cloud, &input),
            "DeleteRepository" => self.delete_repository(cloud, &input),
            "DescribeImageScanFindings" => self.describe_image_scan_findings(cloud, &input),
            "DescribeImages" => self.describe_images(cloud, &input),
            "DescribeRepositories" => self.describe_repositories(cloud, &input),
            "GetAuthorizationToken" => self.get_authorization_token(cloud),
            "GetLifecyclePolicy" => self.get_lifecycle_policy(cloud, &input),
            "InitiateLayerUpload" => self.initiate_layer_upload(cloud, &input),
            "ListImages" => self.list_images(cloud, &input),
            "PutImage" => self.put_image(cloud, &input),
            "PutImageTagMutability" => self.put_image_tag_mutability(cloud, &input),
            "PutLifecyclePolicy" => self.put_lifecycle_policy(cloud, &input),
            "SetRepositoryPolicy" => self.set_repository_policy(cloud, &input),
            "StartImageScan" => self.start_image_scan(cloud, &input),
            "UploadLayerPart" => self.upload_layer_part(cloud, &input),
            _ => Err(ServiceError::not_in_local_run("ecr", operation)),
        }
    }
}
