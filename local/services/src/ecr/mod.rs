//! ECR: repositories, their images and their layers. A push sends an event.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>. Layers come through
//! InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload. On AWS, a push over the Docker protocol makes the same
//! calls, so a push needs the same permissions here as there. A scan finds what a label of the image says. Lifecycle
//! policies act at each push. Absent: a real scanner, replication, pull-through caches.

mod images;
mod layers;
mod lifecycle;
mod registry;
mod repositories;
mod repository;
mod scan;
mod scans;
mod settings;
mod tagging;
mod tags;
#[cfg(test)]
mod tests;

use platform::{Answer, Call, Nothing, Operation, Operations, Platform, Requirement, Served, ServiceError};
pub use registry::Ecr;
use registry::{OnRepository, check_name, check_registry, invalid};
use repositories::{DescribeRepositories, may_create};
use serde::de::DeserializeOwned;
use std::sync::LazyLock;

impl Served for Ecr {
    const SIGNING_NAME: &'static str = "ecr";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Ecr>> = LazyLock::new(|| {
            Operations::new([
                row("BatchCheckLayerAvailability", Ecr::batch_check_layer_availability),
                row("BatchDeleteImage", Ecr::batch_delete_image),
                row("BatchGetImage", Ecr::batch_get_image),
                row("CompleteLayerUpload", Ecr::complete_layer_upload),
                Operation::new("CreateRepository", may_create, Ecr::create_repository),
                row("DeleteLifecyclePolicy", Ecr::delete_lifecycle_policy),
                row("DeleteRepository", Ecr::delete_repository),
                row("DeleteRepositoryPolicy", Ecr::delete_repository_policy),
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
                row("GetRepositoryPolicy", Ecr::get_repository_policy),
                row("InitiateLayerUpload", Ecr::initiate_layer_upload),
                row("ListImages", Ecr::list_images),
                Operation::new("ListTagsForResource", tagging::may_list, Ecr::list_tags),
                Operation::waiting("PutImage", may("PutImage"), Ecr::put_image),
                row("PutImageScanningConfiguration", Ecr::put_image_scanning_configuration),
                row("PutImageTagMutability", Ecr::put_image_tag_mutability),
                row("PutLifecyclePolicy", Ecr::put_lifecycle_policy),
                row("SetRepositoryPolicy", Ecr::set_repository_policy),
                Operation::waiting("StartImageScan", may("StartImageScan"), Ecr::start_image_scan),
                Operation::new("TagResource", tagging::may_tag, Ecr::tag),
                Operation::new("UntagResource", tagging::may_untag, Ecr::untag),
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

/// What an operation on a repository needs of IAM: the action of its own name on the repository, whose tags policies can
/// ask for.
fn may<I>(
    operation: &'static str,
) -> impl Fn(&Ecr, &Platform, &OnRepository<I>) -> Result<Vec<Requirement>, ServiceError> {
    move |ecr, platform, input| {
        let name = &input.target.repository_name;
        check_registry(platform, input.target.registry_id.as_deref())?;
        check_name(name)?;
        Ok(vec![tagging::on_tagged(ecr, platform, operation, name)])
    }
}
