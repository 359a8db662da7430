//! A registry in memory, which knows of manifests what ECR knows of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImageDetail, ImagePage, ImageStatus, Manifest, Repository,
    RepositoryPage, Selection,
};
use crate::ports::{CallError, CallErrorKind};
use crate::time::Timestamp;

/// The most entries on a page: few, so that tests turn pages.
const PAGE: usize = 3;

/// A registry in memory. Every call is written down by its operation's name.
#[derive(Debug, Default)]
pub struct ImageRegistry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By registry and name.
    repositories: BTreeMap<Repository, BTreeMap<String, Stored>>,
    calls: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Stored {
    detail: ImageDetail,
    manifest: String,
}

impl ImageRegistry {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pushes a manifest, as `PutImage` does: a tag moves to it, and one that is there stays as it was pushed first.
    ///
    /// Answers with its digest.
    pub fn push(&self, repository: &Repository, tag: Option<&str>, manifest: &Value, at: Timestamp) -> String {
        let text = manifest.to_string();
        let digest = digest_of(&text);
        let field = |path: &str| manifest.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let mut state = self.state();
        let images = state.repositories.entry(repository.clone()).or_default();
        let detail = ImageDetail {
            digest: digest.clone(),
            tags: Vec::new(),
            pushed_at: Some(at),
            manifest_media_type: field("/mediaType"),
            artifact_media_type: field("/config/mediaType"),
            subject_digest: field("/subject/digest"),
            status: ImageStatus::Active,
        };
        images
            .entry(digest.clone())
            .or_insert(Stored { detail, manifest: text });
        if let Some(tag) = tag {
            images
                .values_mut()
                .for_each(|image| image.detail.tags.retain(|other| other != tag));
            images
                .entry(digest.clone())
                .and_modify(|image| image.detail.tags.push(tag.to_owned()));
        }
        digest
    }

    /// Makes an image inactive.
    pub fn archive(&self, repository: &Repository, digest: &str) {
        if let Some(image) = self
            .state()
            .repositories
            .get_mut(repository)
            .and_then(|images| images.get_mut(digest))
        {
            image.detail.status = ImageStatus::Inactive("ARCHIVED".to_owned());
        }
    }

    /// Deletes an image.
    pub fn delete(&self, repository: &Repository, digest: &str) {
        self.state()
            .repositories
            .get_mut(repository)
            .and_then(|images| images.remove(digest));
    }

    /// The operations that were called, in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self, operation: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.calls.push(operation);
        state
    }
}

impl State {
    fn images(&self, operation: &'static str, repository: &Repository) -> Result<&BTreeMap<String, Stored>, CallError> {
        let missing = || {
            let message = format!("the repository with name '{}' does not exist", repository.name);
            CallError::new(operation, CallErrorKind::NotFound, message).with_code("RepositoryNotFoundException")
        };
        self.repositories.get(repository).ok_or_else(missing)
    }
}

impl DescribeImages for ImageRegistry {
    async fn describe_images(&self, repository: &Repository, selection: Selection<'_>) -> Result<ImagePage, CallError> {
        let state = self.called("DescribeImages");
        let images = state.images("DescribeImages", repository)?;
        match selection {
            Selection::Digest(digest) => {
                let missing = || {
                    CallError::new("DescribeImages", CallErrorKind::NotFound, "the image does not exist")
                        .with_code("ImageNotFoundException")
                };
                let image = images.get(digest).ok_or_else(missing)?;
                Ok(ImagePage {
                    images: vec![image.detail.clone()],
                    next_token: None,
                })
            }
            Selection::Page(token) => {
                let active = images
                    .values()
                    .filter(|image| image.detail.status == ImageStatus::Active);
                let (images, next_token) = page(active.map(|image| image.detail.clone()), token);
                Ok(ImagePage { images, next_token })
            }
        }
    }
}

impl BatchGetImage for ImageRegistry {
    async fn batch_get_image(&self, repository: &Repository, digests: &[&str]) -> Result<Vec<Manifest>, CallError> {
        let state = self.called("BatchGetImage");
        let images = state.images("BatchGetImage", repository)?;
        let manifest = |image: &Stored| Manifest {
            digest: image.detail.digest.clone(),
            text: image.manifest.clone(),
        };
        Ok(digests
            .iter()
            .filter_map(|digest| images.get(*digest))
            .map(manifest)
            .collect())
    }
}

impl DescribeRepositories for ImageRegistry {
    async fn describe_repositories(
        &self,
        registry_id: &str,
        next_token: Option<&str>,
    ) -> Result<RepositoryPage, CallError> {
        let state = self.called("DescribeRepositories");
        let own = state
            .repositories
            .keys()
            .filter(|repository| repository.registry_id == registry_id);
        let (names, next_token) = page(own.map(|repository| repository.name.clone()), next_token);
        Ok(RepositoryPage { names, next_token })
    }
}

/// A page of what there is; a token is how many came before.
fn page<T>(all: impl Iterator<Item = T>, token: Option<&str>) -> (Vec<T>, Option<String>) {
    let start = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut rest = all.skip(start).peekable();
    let page: Vec<T> = rest.by_ref().take(PAGE).collect();
    let next = start + page.len();
    (page, rest.peek().map(|_| next.to_string()))
}

/// The digest of a manifest's text.
pub fn digest_of(text: &str) -> String {
    let hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Manifests as tools push them. `seed` makes one differ from another.
pub mod manifests {
    use super::{Value, digest_of, json};

    /// An OCI image's manifest.
    pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI index.
    pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    fn manifest(media_type: &str, config: &str, layer: &str, seed: &str) -> Value {
        let descriptor = |media_type: &str, part: &str| {
            json!({
                "mediaType": media_type, "digest": digest_of(&format!("{seed} {part}")), "size": 1,
            })
        };
        json!({
            "schemaVersion": 2, "mediaType": media_type,
            "config": descriptor(config, "config"), "layers": [descriptor(layer, "layer")],
        })
    }

    /// What `docker push` of a classic build pushes.
    pub fn docker_image(seed: &str) -> Value {
        manifest(
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            seed,
        )
    }

    /// What `docker buildx build --push` pushes for one platform.
    pub fn oci_image(seed: &str) -> Value {
        manifest(OCI_MANIFEST, OCI_CONFIG, OCI_LAYER, seed)
    }

    /// BuildKit's provenance of an image: an image by its configuration, but not by its layers.
    pub fn attestation(seed: &str) -> Value {
        manifest(OCI_MANIFEST, OCI_CONFIG, "application/vnd.in-toto+json", seed)
    }

    /// cosign's signature in a registry without referrers.
    pub fn cosign_signature(seed: &str) -> Value {
        manifest(
            OCI_MANIFEST,
            OCI_CONFIG,
            "application/vnd.dev.cosign.simplesigning.v1+json",
            seed,
        )
    }

    /// A signature that says what it signs, as registries with referrers take it.
    pub fn referrer(subject: &str, seed: &str) -> Value {
        let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let mut manifest = manifest(OCI_MANIFEST, "application/vnd.oci.empty.v1+json", bundle, seed);
        manifest["artifactType"] = json!(bundle);
        manifest["subject"] = json!({"mediaType": OCI_MANIFEST, "digest": subject, "size": 1});
        manifest
    }

    /// An index of images, each with what it runs on (`linux/amd64`), and of the attestations of the first of them.
    pub fn index(images: &[(&str, &Value)], attestations: &[&Value]) -> Value {
        let digest = |manifest: &Value| digest_of(&manifest.to_string());
        let image = |(platform, manifest): &(&str, &Value)| {
            let (os, architecture) = platform.split_once('/').unwrap_or((platform, "amd64"));
            json!({
                "mediaType": manifest["mediaType"], "digest": digest(manifest), "size": 1,
                "platform": {"os": os, "architecture": architecture},
            })
        };
        let attestation = |manifest: &&Value| {
            json!({
                "mediaType": manifest["mediaType"], "digest": digest(manifest), "size": 1,
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": images.first().map(|(_, image)| digest(image)),
                },
            })
        };
        let manifests: Vec<Value> = images
            .iter()
            .map(image)
            .chain(attestations.iter().map(attestation))
            .collect();
        json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
    }
}
