//! Repositories with their images.

use std::collections::BTreeMap;

use shared::ports::images::{ImageDetail, ImageStatus, Manifest};
use shared::time::Timestamp;

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
    pub(crate) pushed: u64,
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
    pub(crate) fn detail(&self) -> ImageDetail {
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

    pub(crate) fn manifest(&self) -> Manifest {
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
