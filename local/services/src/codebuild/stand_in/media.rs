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
