//! ECR: repositories, their images and their layers. A push sends an event.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>. Layers come through
//! InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload. On AWS, a push over the Docker protocol makes the same
//! calls, so a push needs the same permissions here as there. A scan finds what a label of the image says. Lifecycle
//! policies act at each push. Absent: a real scanner, replication, pull-through caches.

mod images;
mod layers;
mod lifecycle;
mod repositories;
mod repository;
mod scans;
#[cfg(test)]
mod tests;

use platform::input::{On, Target};
use platform::{Answer, Call, Nothing, Operation, Operations, Platform, Requirement, Served, ServiceError};
use repositories::DescribeRepositories;
use repository::Repository;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// ECR in this account and region.
#[derive(Debug, Default)]
pub struct Ecr {
    repositories: Mutex<BTreeMap<String, Repository>>,
}

/// The repository that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InRepository {
    registry_id: Option<String>,
    repository_name: String,
}

impl Target for InRepository {
    const MEMBERS: &'static [&'static str] = &["registryId", "repositoryName"];
}

type OnRepository<I> = On<InRepository, I>;

impl Served for Ecr {
    const SIGNING_NAME: &'static str = "ecr";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Ecr>> = LazyLock::new(|| {
            Operations::new([
                row("BatchCheckLayerAvailability", Ecr::batch_check_layer_availability),
                row("BatchDeleteImage", Ecr::batch_delete_image),
                row("BatchGetImage", Ecr::batch_get_image),
                row("CompleteLayerUpload", Ecr::complete_layer_upload),
                row("CreateRepository", Ecr::create_repository),
                row("DeleteRepository", Ecr::delete_repository),
                row("DescribeImageScanFindings", Ecr::describe_image_scan_findings),
                row("DescribeImages", Ecr::describe_images),
                Operation::new(
                    "DescribeRepositories",
                    DescribeRepositories::requirements,
                    Ecr::describe_repositories,
                ),
                Operation::on(
                    "GetAuthorizationToken",
                    |_, _: &Nothing| "*",
                    Ecr::get_authorization_token,
                ),
                row("GetDownloadUrlForLayer", Ecr::get_download_url_for_layer),
                row("GetLifecyclePolicy", Ecr::get_lifecycle_policy),
                row("InitiateLayerUpload", Ecr::initiate_layer_upload),
                row("ListImages", Ecr::list_images),
                Operation::waiting("PutImage", may("PutImage"), Ecr::put_image),
                row("PutImageTagMutability", Ecr::put_image_tag_mutability),
                row("PutLifecyclePolicy", Ecr::put_lifecycle_policy),
                row("SetRepositoryPolicy", Ecr::set_repository_policy),
                Operation::waiting("StartImageScan", may("StartImageScan"), Ecr::start_image_scan),
                row("UploadLayerPart", Ecr::upload_layer_part),
            ])
        });
        &TABLE
    }

    /// ECR answers an input that it cannot read with InvalidParameterException.
    fn unreadable(error: ServiceError) -> ServiceError {
        match error.code.as_str() {
            "ValidationException" => invalid(error.message),
            _ => error,
        }
    }
}

/// A row of an operation on a repository.
fn row<I: DeserializeOwned + Send + 'static, A: Into<Answer> + 'static>(
    operation: &'static str,
    does: fn(&Ecr, &Call, OnRepository<I>) -> Result<A, ServiceError>,
) -> Operation<Ecr> {
    Operation::new(operation, may(operation), does)
}

/// What an operation on a repository needs of IAM: the action of its own name on the repository.
fn may<I>(
    operation: &'static str,
) -> impl Fn(&Ecr, &Platform, &OnRepository<I>) -> Result<Vec<Requirement>, ServiceError> {
    move |_, platform, input| {
        check_registry(platform, input.target.registry_id.as_deref())?;
        let arn = arn(platform, &input.target.repository_name);
        Ok(vec![Requirement::new(format!("ecr:{operation}"), arn)])
    }
}

/// Refuses the registry of another account.
fn check_registry(platform: &Platform, registry_id: Option<&str>) -> Result<(), ServiceError> {
    match registry_id.filter(|id| *id != platform.account.id) {
        None => Ok(()),
        Some(other) => Err(ServiceError::validation(format_args!(
            "the local run has no registry but that of account {}, not {other}'s",
            platform.account.id
        ))),
    }
}

impl Ecr {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Repository>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        call: &Call,
        InRepository { repository_name, .. }: &InRepository,
        then: impl FnOnce(&mut Repository) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut repositories = self.lock();
        let found = repositories.get_mut(repository_name);
        then(found.ok_or_else(|| not_found(&call.platform, repository_name))?)
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

/// InvalidParameterException, which ECR answers where other services answer ValidationException.
fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}
