//! What a manifest holds: an image that runs, an index of some, or anything else that a registry stores.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// What a manifest is, as far as running it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// An image: a configuration and file systems.
    Image,
    /// An index, with those of its manifests that are images.
    Index(Vec<Child>),
    /// Something else, and what.
    Other(String),
}

/// An image in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its manifest's digest.
    pub digest: String,
    /// Its manifest's media type.
    pub media_type: String,
    /// What it runs on, where the index says so.
    pub platform: Option<Platform>,
}

/// What an image runs on: `os/architecture`, or `os/architecture/variant`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Platform {
    os: String,
    architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
}

impl Platform {
    /// What processing jobs run on.
    pub(crate) fn linux_amd64() -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: "amd64".to_owned(),
            variant: None,
        }
    }

    /// Whether an image for `other` is one for this: the variant counts only where it is named here.
    pub(crate) fn takes(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant
            .iter()
            .try_for_each(|variant| write!(formatter, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err("must be like `linux/amd64`"),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err("must be like `linux/amd64`");
        }
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        })
    }
}

/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md> and `image-index.md` beside it; Docker's are alike.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    digest: String,
    artifact_type: Option<String>,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Annotations {
    /// What BuildKit marks attestations with:
    /// <https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md>.
    #[serde(rename = "vnd.docker.reference.type")]
    reference_type: Option<String>,
}

impl Manifest {
    /// Reads a manifest's text.
    pub fn parse(text: &str) -> Self {
        let Ok(document) = serde_json::from_str::<Document>(text) else {
            return Self::Other("a manifest of a form that is not known".to_owned());
        };
        if let Some(subject) = document.subject {
            return Self::Other(format!("something about another image, `{}`", subject.digest));
        }
        if let Some(other) = document.artifact_type.filter(|kind| !is_image_config(kind)) {
            return Self::Other(format!("an artifact of type `{other}`"));
        }
        match (document.manifests, document.config, document.layers) {
            (Some(manifests), None, None) => {
                Self::Index(manifests.into_iter().filter_map(Descriptor::into_child).collect())
            }
            (None, Some(config), Some(layers)) => Self::of_image(&config, &layers),
            _ => Self::Other("a manifest of a form that is not known".to_owned()),
        }
    }

    /// Signatures and attestations of older tools have an image's configuration: only their layers give them away.
    fn of_image(config: &Descriptor, layers: &[Descriptor]) -> Self {
        if !is_image_config(&config.media_type) {
            return Self::Other(format!("an artifact of type `{}`", config.media_type));
        }
        match layers.iter().find(|layer| !is_file_system(&layer.media_type)) {
            Some(layer) => Self::Other(format!("a manifest that holds `{}`", layer.media_type)),
            None if layers.is_empty() => Self::Other("an image without any file".to_owned()),
            None => Self::Image,
        }
    }
}

impl Descriptor {
    /// The image that a descriptor in an index stands for, if it stands for one.
    fn into_child(self) -> Option<Child> {
        let is_image = is_image_manifest(&self.media_type)
            && self.artifact_type.as_deref().is_none_or(is_image_config)
            && self.annotations.reference_type.is_none()
            && self.platform.as_ref().is_none_or(|platform| platform.os != "unknown");
        is_image.then_some(Child {
            digest: self.digest,
            media_type: self.media_type,
            platform: self.platform,
        })
    }
}

/// Every digest that an index lists, those of attestations included.
pub(crate) fn index_digests(text: &str) -> Vec<String> {
    let document = serde_json::from_str::<Document>(text).ok();
    let manifests = document.and_then(|document| document.manifests).unwrap_or_default();
    manifests.into_iter().map(|manifest| manifest.digest).collect()
}

/// Whether a manifest of this media type can be an image.
pub(crate) fn is_image_manifest(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.manifest.v1+json" | "application/vnd.docker.distribution.manifest.v2+json"
    )
}

/// Whether a manifest of this media type lists others.
pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json"
    )
}

/// Whether a configuration of this media type is an image's.
pub(crate) fn is_image_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    )
}

fn is_file_system(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.oci.image.layer.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    fn image(config: &str, layers: &[&str]) -> Value {
        let layers: Vec<Value> = layers
            .iter()
            .map(|kind| json!({"mediaType": kind, "digest": "sha256:l"}))
            .collect();
        json!({"schemaVersion": 2, "config": {"mediaType": config, "digest": "sha256:c"}, "layers": layers})
    }

    #[test]
    fn images_are_told_from_all_else_that_has_a_manifest() {
        let other = |text: &str| Manifest::Other(text.to_owned());
        let mut about = image(OCI_CONFIG, &[OCI_LAYER]);
        about["subject"] = json!({"mediaType": "x", "digest": "sha256:s"});
        let mut artifact = image(
            "application/vnd.oci.empty.v1+json",
            &["application/vnd.dev.sigstore.bundle.v0.3+json"],
        );
        artifact["artifactType"] = json!("application/vnd.dev.sigstore.bundle.v0.3+json");
        let docker = image(
            "application/vnd.docker.container.image.v1+json",
            &["application/vnd.docker.image.rootfs.diff.tar.gzip"],
        );
        let cases = [
            (docker, Manifest::Image),
            (
                image(OCI_CONFIG, &[OCI_LAYER, "application/vnd.oci.image.layer.v1.tar+zstd"]),
                Manifest::Image,
            ),
            (image(OCI_CONFIG, &[]), other("an image without any file")),
            (
                image(OCI_CONFIG, &["application/vnd.dev.cosign.simplesigning.v1+json"]),
                other("a manifest that holds `application/vnd.dev.cosign.simplesigning.v1+json`"),
            ),
            (
                image(OCI_CONFIG, &["application/vnd.in-toto+json"]),
                other("a manifest that holds `application/vnd.in-toto+json`"),
            ),
            (
                image(
                    "application/vnd.cncf.helm.config.v1+json",
                    &["application/vnd.cncf.helm.chart.content.v1.tar+gzip"],
                ),
                other("an artifact of type `application/vnd.cncf.helm.config.v1+json`"),
            ),
            (about, other("something about another image, `sha256:s`")),
            (
                artifact,
                other("an artifact of type `application/vnd.dev.sigstore.bundle.v0.3+json`"),
            ),
            (json!({"fsLayers": []}), other("a manifest of a form that is not known")),
            (json!("text"), other("a manifest of a form that is not known")),
        ];
        for (manifest, expected) in cases {
            assert_eq!(Manifest::parse(&manifest.to_string()), expected, "{manifest}");
        }
    }

    #[test]
    fn an_index_has_only_its_images() {
        let oci = "application/vnd.oci.image.manifest.v1+json";
        let platform = |architecture: &str| json!({"os": "linux", "architecture": architecture});
        let index = json!({"schemaVersion": 2, "manifests": [
            {"mediaType": oci, "digest": "sha256:1", "platform": platform("amd64")},
            {"mediaType": oci, "digest": "sha256:2", "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {"mediaType": oci, "digest": "sha256:3", "platform": {"os": "unknown", "architecture": "unknown"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "sha256:1"}},
            {"mediaType": oci, "digest": "sha256:4", "artifactType": "application/vnd.amazon.soci.index.v2+json"},
            {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:5"},
            {"mediaType": oci, "digest": "sha256:6"},
        ]});
        let Manifest::Index(children) = Manifest::parse(&index.to_string()) else {
            panic!("an index")
        };
        let seen: Vec<(&str, Option<String>)> = children
            .iter()
            .map(|child| (child.digest.as_str(), child.platform.as_ref().map(ToString::to_string)))
            .collect();
        let expected = [
            ("sha256:1", Some("linux/amd64".to_owned())),
            ("sha256:2", Some("linux/arm/v7".to_owned())),
            ("sha256:6", None),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_variant_counts_where_it_is_named() {
        let parse = |text: &str| text.parse::<Platform>().expect(text);
        for (wanted, there, takes) in [
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm64/v8", "linux/arm64", false),
            ("linux/arm/v7", "linux/arm/v7", true),
            ("linux/amd64", "windows/amd64", false),
        ] {
            assert_eq!(parse(wanted).takes(&parse(there)), takes, "{wanted} {there}");
        }
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
