//! Images in a registry: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html>.

use std::future::Future;

use super::CallError;
use crate::time::Timestamp;

/// A repository in a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// The account that the registry belongs to.
    pub registry_id: String,
    /// The repository's name, its namespace included.
    pub name: String,
}

/// Which images to describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// The one with this digest.
    Digest(&'a str),
    /// A page of all that are active, in no order: the first, or the one behind a token.
    Page(Option<&'a str>),
}

/// An image, or anything else that has a manifest in a repository.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// The manifest's digest.
    pub digest: String,
    /// The tags that it has now.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
    /// The manifest's media type.
    pub manifest_media_type: Option<String>,
    /// The media type of what the manifest is about: for an image, that of its configuration.
    pub artifact_media_type: Option<String>,
    /// The digest that the manifest refers to, where it is about another one: a signature, an attestation.
    pub subject_digest: Option<String>,
    /// How it is kept.
    pub status: ImageStatus,
}

/// How an image is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageStatus {
    /// It can be pulled.
    Active,
    /// It cannot, because it is archived, about to come back from there, or whatever else the registry calls it.
    Inactive(String),
}

/// A page of images.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImagePage {
    /// The images.
    pub images: Vec<ImageDetail>,
    /// Where the next page begins, if there is one.
    pub next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>
pub trait DescribeImages: Send + Sync {
    /// What the registry knows about images. A digest that is not there is `NotFound`.
    fn describe_images(
        &self,
        repository: &Repository,
        selection: Selection<'_>,
    ) -> impl Future<Output = Result<ImagePage, CallError>> + Send;
}

/// A manifest as it was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: String,
    /// Its text.
    pub text: String,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>
pub trait BatchGetImage: Send + Sync {
    /// The manifests with these digests, at most 100; those that are not there are left out.
    fn batch_get_image(
        &self,
        repository: &Repository,
        digests: &[&str],
    ) -> impl Future<Output = Result<Vec<Manifest>, CallError>> + Send;
}

/// A page of repositories.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositoryPage {
    /// Their names.
    pub names: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html>
pub trait DescribeRepositories: Send + Sync {
    /// A page of a registry's repositories.
    fn describe_repositories(
        &self,
        registry_id: &str,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<RepositoryPage, CallError>> + Send;
}

impl<P: DescribeImages> DescribeImages for &P {
    async fn describe_images(&self, repository: &Repository, selection: Selection<'_>) -> Result<ImagePage, CallError> {
        P::describe_images(self, repository, selection).await
    }
}

impl<P: BatchGetImage> BatchGetImage for &P {
    async fn batch_get_image(&self, repository: &Repository, digests: &[&str]) -> Result<Vec<Manifest>, CallError> {
        P::batch_get_image(self, repository, digests).await
    }
}

impl<P: DescribeRepositories> DescribeRepositories for &P {
    async fn describe_repositories(
        &self,
        registry_id: &str,
        next_token: Option<&str>,
    ) -> Result<RepositoryPage, CallError> {
        P::describe_repositories(self, registry_id, next_token).await
    }
}
