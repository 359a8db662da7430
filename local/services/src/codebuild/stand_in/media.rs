//! The media types of an image: Docker's or OCI's.

use crate::manifest::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use serde_json::json;

/// In whose words an image is written down.
///
/// Docker's image store writes OCI's since Docker Engine 29, unless it is told otherwise:
/// <https://docs.docker.com/engine/storage/containerd/> and
/// <https://docs.docker.com/build/exporters/image-registry/>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum MediaTypes {
    /// Docker's schema 2, the kind that every consumer of ECR takes.
    Docker,
    /// OCI's, which parts of SageMaker refuse.
    #[default]
    Oci,
}

/// Where Docker keeps the images that it builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageStore {
    /// Docker's own, of which images come as Docker's schema 2, one for each tag. The images of CodeBuild have it: they start
    /// the daemon with `--storage-driver=overlay2`
    /// (<https://github.com/aws/aws-codebuild-docker-images/blob/master/al/x86_64/standard/5.0/dockerd-entrypoint.sh>).
    Docker,
    /// That of containerd, the default of Docker Engine 29, of which images come as OCI's, with an attestation beside them.
    Containerd,
}

impl ImageStore {
    /// The store of the image in which a build runs; any image but CodeBuild's own is taken to have the newer one.
    pub(super) fn of_build() -> Self {
        match std::env::var("CODEBUILD_BUILD_IMAGE") {
            Ok(image) if image.starts_with("aws/codebuild/") => Self::Docker,
            _ => Self::Containerd,
        }
    }

    /// In whose words images are written down unless somebody asks for others.
    pub(super) fn media_types(self) -> MediaTypes {
        match self {
            Self::Docker => MediaTypes::Docker,
            Self::Containerd => MediaTypes::Oci,
        }
    }
}

impl MediaTypes {
    /// The text of a manifest; of each compressed layer its digest and its length.
    pub(super) fn manifest(self, config_size: usize, config_digest: &str, layers: &[(String, u64)]) -> String {
        let (manifest, config, layer) = match self {
            Self::Docker => (
                DOCKER_MANIFEST,
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
            ),
            Self::Oci => (
                OCI_MANIFEST,
                "application/vnd.oci.image.config.v1+json",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ),
        };
        let layers = layers
            .iter()
            .map(|(digest, size)| json!({"mediaType": layer, "size": size, "digest": digest}));
        json!({
            "schemaVersion": 2,
            "mediaType": manifest,
            "config": {"mediaType": config, "size": config_size, "digest": config_digest},
            "layers": layers.collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// The media types of a manifest and of an index.
    pub(super) fn of_manifests(self) -> (&'static str, &'static str) {
        match self {
            Self::Docker => (DOCKER_MANIFEST, DOCKER_LIST),
            Self::Oci => (OCI_MANIFEST, OCI_INDEX),
        }
    }
}
