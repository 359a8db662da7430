//! Image manifests: what ECR reads in them.
//!
//! Follows <https://github.com/opencontainers/image-spec/blob/main/manifest.md> and
//! <https://distribution.github.io/distribution/spec/manifest-v2-2/>.

use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Docker's image manifest, the kind that every consumer takes.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// OCI's image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Docker's list of manifests, for several platforms.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// OCI's index of manifests.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A blob that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// Its SHA-256, as `sha256:…`.
    pub digest: String,
    /// Its length in bytes.
    pub size: u64,
}

/// A manifest, read as far as a registry needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What kind of manifest it is.
    #[serde(default)]
    pub media_type: Option<String>,
    /// What kind of artifact it describes, where it is not a container image.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// The image's configuration; absent in an index.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The image's layers, lowest first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// An index's images.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// The image that this one refers to (a signature's or an attestation's).
    #[serde(default)]
    pub subject: Option<Descriptor>,
}

impl Manifest {
    /// Reads a manifest's text.
    ///
    /// # Errors
    /// InvalidParameterException, with what is wrong.
    pub fn read(text: &str) -> Result<Self, ServiceError> {
        let invalid = |why: &dyn std::fmt::Display| {
            ServiceError::new(
                "InvalidParameterException",
                format_args!(
                    "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Invalid JSON syntax' ({why})"
                ),
            )
        };
        let value: Value = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        if value.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err(invalid(&"`schemaVersion` must be 2"));
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| invalid(&error))?;
        if manifest.config.is_none() && !manifest.is_index() {
            return Err(invalid(&"`config` or `manifests` must be given"));
        }
        Ok(manifest)
    }

    /// Whether it names images rather than layers.
    pub(crate) fn is_index(&self) -> bool {
        match self.media_type.as_deref() {
            Some(kind) => kind == DOCKER_LIST || kind == OCI_INDEX,
            None => !self.manifests.is_empty(),
        }
    }

    /// The media type that a registry answers: the manifest's own, the one it was pushed with, or what its shape says.
    pub fn kind(&self, pushed_as: Option<&str>) -> String {
        let shape = if self.is_index() { OCI_INDEX } else { OCI_MANIFEST };
        self.media_type.as_deref().or(pushed_as).unwrap_or(shape).to_owned()
    }

    /// What the artifact is: the declared type, else that of its configuration.
    pub fn artifact(&self) -> Option<String> {
        self.artifact_type
            .clone()
            .or_else(|| Some(self.config.as_ref()?.media_type.clone()))
            .filter(|kind| !kind.is_empty())
    }

    /// The bytes that the image takes in the registry: its layers, compressed.
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

/// A blob's name by content: `sha256:` and 64 hexadecimal digits.
pub fn digest(blob: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(blob)))
}
