//! The container registry.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{
    ImageDetail as SdkImageDetail, ImageFailureCode, ImageIdentifier, ImageStatus as SdkImageStatus,
};

use super::access::Aws;
use super::error::{classify, incomplete};
use crate::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImageDetail, ImagePage, ImageStatus, Manifest, Repository,
    RepositoryPage, Selection,
};
use crate::ports::{CallError, CallErrorKind};
use crate::time::Timestamp;

/// The most images that a page can have.
const IMAGES_A_PAGE: i32 = 1_000;

/// The most repositories that a page can have.
const REPOSITORIES_A_PAGE: i32 = 1_000;

/// Every kind of manifest that an image, an index or anything else in a registry can have.
const MANIFEST_MEDIA_TYPES: [&str; 5] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
];

/// A registry, over the SDK.
#[derive(Clone, Debug)]
pub struct ImageRegistry {
    client: Client,
}

impl Aws {
    /// The container registry.
    #[must_use]
    pub fn image_registry(&self) -> ImageRegistry {
        ImageRegistry {
            client: Client::new(&self.config),
        }
    }
}

impl DescribeImages for ImageRegistry {
    async fn describe_images(&self, repository: &Repository, selection: Selection<'_>) -> Result<ImagePage, CallError> {
        let call = self.client.describe_images();
        let call = call
            .registry_id(&repository.registry_id)
            .repository_name(&repository.name);
        let call = match selection {
            Selection::Digest(digest) => call.image_ids(ImageIdentifier::builder().image_digest(digest).build()),
            Selection::Page(token) => call.max_results(IMAGES_A_PAGE).set_next_token(token.map(str::to_owned)),
        };
        let operation = "DescribeImages";
        let output = call.send().await.map_err(|error| classify(operation, error))?;
        Ok(ImagePage {
            images: output
                .image_details
                .ok_or_else(|| incomplete(operation))?
                .into_iter()
                .filter_map(image)
                .collect(),
            next_token: output.next_token,
        })
    }
}

impl BatchGetImage for ImageRegistry {
    async fn batch_get_image(&self, repository: &Repository, digests: &[&str]) -> Result<Vec<Manifest>, CallError> {
        let id = |digest: &&str| ImageIdentifier::builder().image_digest(*digest).build();
        let call = self.client.batch_get_image();
        let call = call
            .registry_id(&repository.registry_id)
            .repository_name(&repository.name);
        let call = call.set_image_ids(Some(digests.iter().map(id).collect()));
        let call = call.set_accepted_media_types(Some(MANIFEST_MEDIA_TYPES.map(str::to_owned).to_vec()));
        let output = call.send().await.map_err(|error| classify("BatchGetImage", error))?;
        let is_missing = |code: Option<&ImageFailureCode>| code == Some(&ImageFailureCode::ImageNotFound);
        if let Some(failure) = output
            .failures()
            .iter()
            .find(|failure| !is_missing(failure.failure_code()))
        {
            let reason = failure.failure_reason().unwrap_or("no reason given");
            return Err(CallError::new("BatchGetImage", CallErrorKind::Unavailable, reason));
        }
        let manifest = |image: aws_sdk_ecr::types::Image| {
            Some(Manifest {
                digest: image.image_id?.image_digest?,
                text: image.image_manifest?,
            })
        };
        Ok(output
            .images
            .ok_or_else(|| incomplete("BatchGetImage"))?
            .into_iter()
            .filter_map(manifest)
            .collect())
    }
}

impl DescribeRepositories for ImageRegistry {
    async fn describe_repositories(
        &self,
        registry_id: &str,
        next_token: Option<&str>,
    ) -> Result<RepositoryPage, CallError> {
        let call = self
            .client
            .describe_repositories()
            .registry_id(registry_id)
            .max_results(REPOSITORIES_A_PAGE);
        let call = call.set_next_token(next_token.map(str::to_owned));
        let operation = "DescribeRepositories";
        let output = call.send().await.map_err(|error| classify(operation, error))?;
        let repositories = output.repositories.ok_or_else(|| incomplete(operation))?;
        let names = repositories.into_iter();
        Ok(RepositoryPage {
            names: names.filter_map(|repository| repository.repository_name).collect(),
            next_token: output.next_token,
        })
    }
}

/// The SDK's image as the port's; nothing if it has no digest.
fn image(detail: SdkImageDetail) -> Option<ImageDetail> {
    Some(ImageDetail {
        digest: detail.image_digest?,
        tags: detail.image_tags.unwrap_or_default(),
        pushed_at: detail
            .image_pushed_at
            .and_then(|at| at.to_millis().ok())
            .map(Timestamp::from_millis),
        manifest_media_type: detail.image_manifest_media_type,
        artifact_media_type: detail.artifact_media_type,
        subject_digest: detail.subject_manifest_digest,
        status: match detail.image_status {
            // A registry from before ECR could archive images says nothing.
            None | Some(SdkImageStatus::Active) => ImageStatus::Active,
            Some(other) => ImageStatus::Inactive(other.as_str().to_owned()),
        },
    })
}
