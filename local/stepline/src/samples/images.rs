//! The images that the sample events name by digest.
//!
//! A digest is the hash of a manifest, so the manifests are written here, character by character the same each time, and
//! the samples hold their digests.

use crate::cloud::Cloud;
use platform::error::ServiceError;
use serde_json::{Value, json};
use services::manifest::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest};

/// Where the pipeline of the environment that the samples are for pushes what it builds.
const BUILDS: &str = "ml-pipeline-dev";

/// Where its releases are, which start executions.
const RELEASES: &str = "ml-pipeline-release-dev";

/// A manifest with what it names that is no manifest, and its tags.
struct Image {
    manifest: String,
    blobs: Vec<String>,
    tags: Vec<String>,
}

impl Image {
    fn digest(&self) -> String {
        digest(self.manifest.as_bytes())
    }

    fn tagged(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        self
    }

    /// How an index names it, as running on a platform.
    fn child(&self, media_type: &str, architecture: &str, os: &str) -> Value {
        json!({
            "mediaType": media_type,
            "digest": self.digest(),
            "size": self.manifest.len(),
            "platform": {"architecture": architecture, "os": os},
        })
    }
}

/// An image without files, told from others by its label.
fn image(media_type: &str, architecture: &str, label: &str) -> Image {
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": {"sample": label}},
        "rootfs": {"type": "layers", "diff_ids": []},
    });
    let config_type = match media_type {
        DOCKER_MANIFEST => "application/vnd.docker.container.image.v1+json",
        _ => "application/vnd.oci.image.config.v1+json",
    };
    of_blobs(media_type, config_type, config.to_string(), None)
}

/// A manifest of a configuration and perhaps of one layer.
fn of_blobs(media_type: &str, config_type: &str, config: String, layer: Option<(&str, String)>) -> Image {
    let described =
        |kind: &str, blob: &str| json!({"mediaType": kind, "digest": digest(blob.as_bytes()), "size": blob.len()});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": described(config_type, &config),
        "layers": layer.iter().map(|(kind, blob)| described(kind, blob)).collect::<Vec<_>>(),
    });
    Image {
        manifest: manifest.to_string(),
        blobs: [config].into_iter().chain(layer.map(|(_, blob)| blob)).collect(),
        tags: Vec::new(),
    }
}

fn index(children: &[Value]) -> Image {
    let manifest = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children});
    Image {
        manifest: manifest.to_string(),
        blobs: Vec::new(),
        tags: Vec::new(),
    }
}

/// What the pipeline built.
fn built() -> Image {
    image(DOCKER_MANIFEST, "amd64", "pipeline-build")
}

/// Everything that is in the repository of releases, what others name before the others.
fn releases() -> Vec<Image> {
    let release = image(DOCKER_MANIFEST, "amd64", "release").tagged(&["release-1.4.0"]);
    let signature = of_blobs(
        OCI_MANIFEST,
        "application/vnd.oci.image.config.v1+json",
        json!({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}).to_string(),
        Some((
            "application/vnd.dev.cosign.simplesigning.v1+json",
            json!({"critical": {"image": {"docker-manifest-digest": release.digest()}}}).to_string(),
        )),
    )
    .tagged(&[&format!("{}.sig", release.digest().replace(':', "-"))]);
    let built = built().tagged(&["release-1.4.1"]);
    let amd64 = image(OCI_MANIFEST, "amd64", "multi-platform");
    let arm64 = image(OCI_MANIFEST, "arm64", "multi-platform");
    let platforms = index(&[
        amd64.child(OCI_MANIFEST, "amd64", "linux"),
        arm64.child(OCI_MANIFEST, "arm64", "linux"),
    ])
    .tagged(&["release-1.5.0"]);
    let proven = image(OCI_MANIFEST, "amd64", "provenance");
    let attestation = of_blobs(
        OCI_MANIFEST,
        "application/vnd.oci.image.config.v1+json",
        json!({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}})
            .to_string(),
        Some((
            "application/vnd.in-toto+json",
            json!({"_type": "https://in-toto.io/Statement/v0.1"}).to_string(),
        )),
    );
    let mut attests = attestation.child(OCI_MANIFEST, "unknown", "unknown");
    attests["annotations"] = json!({
        "vnd.docker.reference.digest": proven.digest(),
        "vnd.docker.reference.type": "attestation-manifest",
    });
    let provenance = index(&[proven.child(OCI_MANIFEST, "amd64", "linux"), attests]).tagged(&["release-1.6.0"]);
    vec![
        release,
        signature,
        built,
        amd64,
        arm64,
        platforms,
        proven,
        attestation,
        provenance,
    ]
}

/// Puts them all into the samples' repositories, where this account has them, as if they had been there for a while.
pub(super) fn provide(cloud: &Cloud) -> Result<(), ServiceError> {
    let built = (BUILDS, built().tagged(&["commit-3f9d2c1b7a6e"]));
    let released = releases().into_iter().map(|image| (RELEASES, image));
    for (repository, Image { manifest, blobs, tags }) in released.chain([built]) {
        cloud.ecr.stock(repository, &manifest, blobs, tags)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What the samples of things that are in the registry name.
    #[test]
    fn the_samples_name_these_images() {
        let images = releases();
        let (release, signature, built) = (&images[0], &images[1], &images[2]);
        for (sample, image, tag) in [
            ("release", release, Some("release-1.4.0")),
            ("replication", release, Some("release-1.4.0")),
            (
                "cosign-signature",
                signature,
                signature.tags.first().map(String::as_str),
            ),
            ("pipeline-build", built, Some("commit-3f9d2c1b7a6e")),
            ("released-build", built, Some("release-1.4.1")),
            ("index-child", &images[3], None),
            ("multi-platform-index", &images[5], Some("release-1.5.0")),
            ("provenance-attestation", &images[7], None),
            ("provenance-index", &images[8], Some("release-1.6.0")),
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
            let path = folder.join(format!("image-push-{sample}.json"));
            let event = super::super::read_one(path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(event["detail"]["image-digest"], image.digest(), "{sample}");
            assert_eq!(event["detail"]["image-tag"].as_str(), tag, "{sample}");
        }
    }
}
