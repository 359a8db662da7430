//! The container registry.

use serde_json::{Value, json};

use super::access::Aws;
use super::json::{JsonClient, moment, text};
use super::service::Service;
use crate::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImageDetail, ImagePage, ImageStatus, Manifest, Repository,
    RepositoryPage, Selection,
};
use crate::ports::{CallError, CallErrorKind};

/// The most images that a page can have.
const IMAGES_A_PAGE: u32 = 1_000;

/// The most repositories that a page can have.
const REPOSITORIES_A_PAGE: u32 = 1_000;

/// Every kind of manifest that an image, an index or anything else in a registry can have.
const MANIFEST_MEDIA_TYPES: [&str; 5] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
];

/// A registry.
#[derive(Clone, Debug)]
pub struct ImageRegistry(JsonClient);

impl Aws {
    /// The container registry.
    #[must_use]
    pub fn image_registry(&self) -> ImageRegistry {
        ImageRegistry(JsonClient::new(Service::Ecr, &self.config))
    }
}

impl DescribeImages for ImageRegistry {
    async fn describe_images(&self, repository: &Repository, selection: Selection<'_>) -> Result<ImagePage, CallError> {
        let mut input = of(repository);
        match selection {
            Selection::Digest(digest) => input["imageIds"] = json!([{"imageDigest": digest}]),
            Selection::Page(token) => {
                input["maxResults"] = IMAGES_A_PAGE.into();
                if let Some(token) = token {
                    input["nextToken"] = token.into();
                }
            }
        }
        let mut answer = self.0.call("DescribeImages", &input).await?;
        let images = answer.list("imageDetails")?;
        Ok(ImagePage {
            images: images.iter().filter_map(image).collect(),
            next_token: answer.next_token("nextToken"),
        })
    }
}

impl BatchGetImage for ImageRegistry {
    async fn batch_get_image(&self, repository: &Repository, digests: &[&str]) -> Result<Vec<Manifest>, CallError> {
        const OPERATION: &str = "BatchGetImage";
        let mut input = of(repository);
        let ids = digests.iter().map(|digest| json!({"imageDigest": digest}));
        input["imageIds"] = ids.collect();
        input["acceptedMediaTypes"] = json!(MANIFEST_MEDIA_TYPES);
        let mut answer = self.0.call(OPERATION, &input).await?;
        let failures = answer.list("failures").unwrap_or_default();
        if let Some(failure) = failures
            .iter()
            .find(|failure| failure["failureCode"] != "ImageNotFound")
        {
            let reason = failure["failureReason"].as_str().unwrap_or("no reason given");
            return Err(CallError::new(OPERATION, CallErrorKind::Unavailable, reason));
        }
        let manifest = |image: &Value| {
            Some(Manifest {
                digest: text(&image["imageId"]["imageDigest"])?,
                text: text(&image["imageManifest"])?,
            })
        };
        Ok(answer.list("images")?.iter().filter_map(manifest).collect())
    }
}

impl DescribeRepositories for ImageRegistry {
    async fn describe_repositories(
        &self,
        registry_id: &str,
        next_token: Option<&str>,
    ) -> Result<RepositoryPage, CallError> {
        let mut input = json!({"registryId": registry_id, "maxResults": REPOSITORIES_A_PAGE});
        if let Some(token) = next_token {
            input["nextToken"] = token.into();
        }
        let mut answer = self.0.call("DescribeRepositories", &input).await?;
        let repositories = answer.list("repositories")?;
        let names = repositories.iter();
        Ok(RepositoryPage {
            names: names
                .filter_map(|repository| text(&repository["repositoryName"]))
                .collect(),
            next_token: answer.next_token("nextToken"),
        })
    }
}

/// An input that names a repository.
fn of(repository: &Repository) -> Value {
    json!({"registryId": repository.registry_id, "repositoryName": repository.name})
}

/// The answer's image as the port's; nothing if it has no digest.
fn image(detail: &Value) -> Option<ImageDetail> {
    let tags = detail["imageTags"].as_array().into_iter().flatten();
    Some(ImageDetail {
        digest: text(&detail["imageDigest"])?,
        tags: tags.filter_map(text).collect(),
        pushed_at: moment(&detail["imagePushedAt"]),
        manifest_media_type: text(&detail["imageManifestMediaType"]),
        artifact_media_type: text(&detail["artifactMediaType"]),
        subject_digest: text(&detail["subjectManifestDigest"]),
        status: match detail["imageStatus"].as_str() {
            // A registry from before ECR could archive images says nothing.
            None | Some("ACTIVE") => ImageStatus::Active,
            Some(other) => ImageStatus::Inactive(other.to_owned()),
        },
    })
}
