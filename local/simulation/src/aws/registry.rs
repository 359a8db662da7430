//! ECR: repositories, manifests that are images, indexes or something else, and tags that move.

use std::collections::BTreeMap;

use shared::ports::images::{ImageDetail, ImagePage, ImageStatus, Manifest, Repository, RepositoryPage, Selection};
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;

use super::{page, refused};
use crate::account::Account;

/// How many images or repositories a page holds: few, so that pages are turned.
const A_PAGE: usize = 3;
/// What a Docker image is, an image of OCI's, and an index.
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Images by repository.
pub(crate) type Repositories = BTreeMap<&'static str, Vec<Image>>;

/// A registry.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) repositories: Repositories,
    pushed: u64,
}

/// What can be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Docker,
    Oci,
    /// An index of two images, which are pushed before it and have no tags.
    Index,
    /// What only refers to another image.
    Signature,
}

/// An image in a repository.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) digest: String,
    pub(crate) tags: Vec<String>,
    pub(crate) pushed_at: Timestamp,
    pub(crate) kind: Pushed,
    /// The images of an index.
    pub(crate) children: Vec<String>,
    /// Whether it was pushed without a tag, as an image of an index that follows.
    pub(crate) is_child: bool,
}

impl Image {
    fn detail(&self) -> ImageDetail {
        let (kind, artifact) = match self.kind {
            Pushed::Docker => (DOCKER, "application/vnd.docker.container.image.v1+json"),
            Pushed::Oci => (OCI, OCI_CONFIG),
            Pushed::Index => (INDEX, OCI_CONFIG),
            Pushed::Signature => (OCI, "application/vnd.dev.cosign.artifact.sig.v1+json"),
        };
        ImageDetail {
            digest: self.digest.clone(),
            tags: self.tags.clone(),
            pushed_at: Some(self.pushed_at),
            manifest_media_type: Some(kind.to_owned()),
            artifact_media_type: (self.kind != Pushed::Index).then(|| artifact.to_owned()),
            subject_digest: None,
            status: ImageStatus::Active,
        }
    }

    fn manifest(&self) -> Manifest {
        let text = match self.kind {
            Pushed::Index => {
                let child = |digest: &String, architecture: &str| {
                    format!(
                        r#"{{"mediaType":"{OCI}","digest":"{digest}","platform":{{"os":"linux","architecture":"{architecture}"}}}}"#
                    )
                };
                let children: Vec<String> = self
                    .children
                    .iter()
                    .zip(["amd64", "arm64"])
                    .map(|(one, on)| child(one, on))
                    .collect();
                format!(
                    r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
                    children.join(",")
                )
            }
            _ => format!(
                r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"{OCI_CONFIG}","digest":"sha256:c"}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:l"}}]}}"#
            ),
        };
        Manifest {
            digest: self.digest.clone(),
            text,
        }
    }
}

impl Account {
    /// Somebody pushes an image, under a tag or without: its digest, and those of the images that came before it.
    pub(crate) fn push(&mut self, repository: &'static str, tag: Option<&str>, kind: Pushed) -> Vec<String> {
        let mut digests = Vec::new();
        if kind == Pushed::Index {
            for _ in 0..2 {
                digests.push(self.add_image(repository, None, Pushed::Oci, Vec::new(), true));
            }
        }
        let children = digests.clone();
        digests.push(self.add_image(repository, tag, kind, children, false));
        digests
    }

    fn add_image(
        &mut self,
        repository: &'static str,
        tag: Option<&str>,
        kind: Pushed,
        children: Vec<String>,
        is_child: bool,
    ) -> String {
        self.now = self.now + std::time::Duration::from_millis(1);
        self.registry.pushed += 1;
        let digest = format!("sha256:{:064x}", self.registry.pushed);
        let image = Image {
            digest: digest.clone(),
            tags: Vec::new(),
            pushed_at: self.now,
            kind,
            children,
            is_child,
        };
        self.registry.repositories.entry(repository).or_default().push(image);
        if let Some(tag) = tag {
            self.tag(repository, &digest, tag);
        }
        digest
    }

    /// A tag moves to an image.
    pub(crate) fn tag(&mut self, repository: &'static str, digest: &str, tag: &str) {
        for image in self.registry.repositories.entry(repository).or_default() {
            image.tags.retain(|known| known != tag);
            if image.digest == digest {
                image.tags.push(tag.to_owned());
            }
        }
    }

    pub(super) fn describe_images(
        &mut self,
        repository: &Repository,
        selection: Selection<'_>,
    ) -> Result<ImagePage, CallError> {
        const OPERATION: &str = "DescribeImages";
        let Some(images) = self.registry.repositories.get(repository.name.as_str()) else {
            return Err(refused(
                OPERATION,
                CallErrorKind::NotFound,
                "RepositoryNotFoundException",
            ));
        };
        let details: Vec<ImageDetail> = images.iter().map(Image::detail).collect();
        match selection {
            Selection::Digest(digest) => {
                let found: Vec<ImageDetail> = details.into_iter().filter(|image| image.digest == digest).collect();
                if found.is_empty() {
                    return Err(refused(OPERATION, CallErrorKind::NotFound, "ImageNotFoundException"));
                }
                Ok(ImagePage {
                    images: found,
                    next_token: None,
                })
            }
            Selection::Page(next) => {
                let (images, next_token) = page(&details, next, A_PAGE);
                Ok(ImagePage { images, next_token })
            }
        }
    }

    pub(super) fn batch_get_image(
        &mut self,
        repository: &Repository,
        digests: &[&str],
    ) -> Result<Vec<Manifest>, CallError> {
        let images = self.registry.repositories.get(repository.name.as_str());
        let asked = images
            .into_iter()
            .flatten()
            .filter(|image| digests.contains(&image.digest.as_str()));
        Ok(asked.map(Image::manifest).collect())
    }

    pub(super) fn describe_repositories(&mut self, next: Option<&str>) -> Result<RepositoryPage, CallError> {
        let names: Vec<String> = self.registry.repositories.keys().map(ToString::to_string).collect();
        let (names, next_token) = page(&names, next, A_PAGE);
        Ok(RepositoryPage { names, next_token })
    }
}
