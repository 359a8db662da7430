//! Whether something in a registry is an image that can run, and which manifest of it a rule runs.

use shared::ports::images::{ImageDetail, ImageStatus};

use crate::event::is_digest;
use crate::manifest::{Manifest, Platform, is_image_config, is_image_manifest, is_index};
use crate::rule::Rule;

/// What is known of an image from its description alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Described {
    /// It is an image.
    Image,
    /// Its manifest must be read.
    ReadManifest,
    /// It cannot be run, and why.
    Ignored(String),
}

/// What to run: what was pushed, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Runnable {
    /// A manifest: what was pushed, or an image of the index that was.
    Run {
        /// Its digest.
        digest: String,
        /// Its media type.
        media_type: Option<String>,
    },
    /// Nothing, and why.
    Ignored(String),
}

/// Looks at what the registry says of a manifest under a tag.
pub(crate) fn describe(image: &ImageDetail, tag: Option<&str>) -> Described {
    let ignored = Described::Ignored;
    if let ImageStatus::Inactive(status) = &image.status {
        return ignored(format!("it is not active but `{status}`"));
    }
    if let Some(subject) = &image.subject_digest {
        return ignored(format!("it only refers to another image, `{subject}`"));
    }
    if let Some(digest) = tag.and_then(subject_in_tag) {
        return ignored(format!("its tag says that it only refers to another image, `{digest}`"));
    }
    match (
        image.manifest_media_type.as_deref(),
        image.artifact_media_type.as_deref(),
    ) {
        (Some(kind), _) if is_index(kind) => Described::ReadManifest,
        (_, Some(artifact)) if !is_image_config(artifact) => ignored(format!("it is an artifact of type `{artifact}`")),
        // Docker's own manifests are images and nothing else; OCI's can be anything.
        (Some("application/vnd.docker.distribution.manifest.v2+json"), _) => Described::Image,
        (Some(kind), _) if !is_image_manifest(kind) => ignored(format!("a manifest of type `{kind}` cannot be run")),
        (Some(_) | None, _) => Described::ReadManifest,
    }
}

/// The digest in a tag such as `sha256-….sig`. Tools use such tags for what belongs to an image, in registries that do
/// not support referrers.
///
/// See <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>.
fn subject_in_tag(tag: &str) -> Option<String> {
    let digest = tag.replacen("sha256-", "sha256:", 1);
    let digest = digest.split_once('.').map_or(digest.as_str(), |(digest, _)| digest);
    is_digest(digest).then(|| digest.to_owned())
}

/// What a rule runs of an image, as its manifest says. Without a manifest, the description was enough.
pub(crate) fn choose(image: &ImageDetail, manifest: Option<&Manifest>, rule: &Rule) -> Runnable {
    let itself = || Runnable::Run {
        digest: image.digest.clone(),
        media_type: image.manifest_media_type.clone(),
    };
    let children = match manifest {
        None | Some(Manifest::Image) => return itself(),
        Some(Manifest::Other(what)) => return Runnable::Ignored(format!("it is {what}")),
        Some(Manifest::Index(children)) => children,
    };
    let default = Platform::linux_amd64();
    let wanted = rule.platform.as_ref();
    let fits = |wanted: &Platform, there: Option<&Platform>| there.is_some_and(|there| wanted.takes(there));
    let child = match (wanted, &children[..]) {
        (_, []) => return Runnable::Ignored("it is an index without any image".to_owned()),
        // Where there is nothing to choose from, nothing has to be said.
        (None, [only]) => Some(only),
        (None, several) => several.iter().find(|child| fits(&default, child.platform.as_ref())),
        (Some(wanted), any) => any.iter().find(|child| fits(wanted, child.platform.as_ref())),
    };
    match child {
        // Who takes an index takes one with any platforms, unless one was asked for.
        _ if rule.accept_indexes && (wanted.is_none() || child.is_some()) => itself(),
        Some(child) => Runnable::Run {
            digest: child.digest.clone(),
            media_type: Some(child.media_type.clone()),
        },
        None => {
            let known = |platform: Option<&Platform>| platform.map_or("one not said".to_owned(), ToString::to_string);
            let there: Vec<String> = children.iter().map(|child| known(child.platform.as_ref())).collect();
            let wanted = wanted.unwrap_or(&default);
            Runnable::Ignored(format!(
                "it is an index without an image for `{wanted}`: it has {}",
                there.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::Child;
    use crate::rule::parse_rules;

    const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
    const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";

    fn image(manifest: Option<&str>, artifact: Option<&str>) -> ImageDetail {
        ImageDetail {
            digest: "sha256:index".to_owned(),
            tags: Vec::new(),
            pushed_at: None,
            manifest_media_type: manifest.map(str::to_owned),
            artifact_media_type: artifact.map(str::to_owned),
            subject_digest: None,
            status: ImageStatus::Active,
        }
    }

    #[test]
    fn descriptions_rule_out_what_cannot_run() {
        let signature = format!("sha256-{}.sig", "ab".repeat(32));
        let fallback = format!("sha256-{}", "ab".repeat(32));
        let docker_config = "application/vnd.docker.container.image.v1+json";
        let helm = "application/vnd.cncf.helm.config.v1+json";
        let archived = ImageDetail {
            status: ImageStatus::Inactive("ARCHIVED".to_owned()),
            ..image(Some(DOCKER), None)
        };
        let referrer = ImageDetail {
            subject_digest: Some("sha256:s".to_owned()),
            ..image(Some(OCI), Some(OCI_CONFIG))
        };
        let cases = [
            (image(Some(DOCKER), Some(docker_config)), "v1", Ok(Described::Image)),
            (image(Some(OCI), Some(OCI_CONFIG)), "v1", Ok(Described::ReadManifest)),
            (image(Some(INDEX), None), "v1", Ok(Described::ReadManifest)),
            (image(None, None), "v1", Ok(Described::ReadManifest)),
            (image(Some(DOCKER), None), "sha256-v1", Ok(Described::Image)),
            (
                image(Some(OCI), Some(OCI_CONFIG)),
                &signature,
                Err("its tag says that it only refers"),
            ),
            (
                image(Some(INDEX), None),
                &fallback,
                Err("its tag says that it only refers"),
            ),
            (
                image(Some(OCI), Some(helm)),
                "v1",
                Err("it is an artifact of type `application/vnd.cncf.helm"),
            ),
            (
                image(Some("application/vnd.docker.distribution.manifest.v1+prettyjws"), None),
                "v1",
                Err("a manifest of type"),
            ),
            (archived, "v1", Err("it is not active but `ARCHIVED`")),
            (referrer, "v1", Err("it only refers to another image, `sha256:s`")),
        ];
        for (image, tag, expected) in cases {
            match (describe(&image, Some(tag)), expected) {
                (Described::Ignored(reason), Err(start)) => assert!(reason.starts_with(start), "{reason}"),
                (described, expected) => assert_eq!(Ok(described), expected, "{image:?} {tag}"),
            }
        }
    }

    #[test]
    fn an_index_resolves_to_what_the_rule_accepts() {
        let index = |platforms: &[&str]| {
            let child = |platform: &&str| Child {
                digest: format!("sha256:{platform}"),
                media_type: OCI.to_owned(),
                platform: platform.parse().ok(),
            };
            Manifest::Index(platforms.iter().map(child).collect())
        };
        let itself = Ok("sha256:index");
        let both = ["linux/arm64/v8", "linux/amd64"];
        // (platforms in the index, what the rule adds, what is run)
        let cases = [
            (&both[..], json!({}), Ok("sha256:linux/amd64")),
            (
                &both[..],
                json!({"platform": "linux/arm64"}),
                Ok("sha256:linux/arm64/v8"),
            ),
            (
                &both[..],
                json!({"platform": "linux/s390x"}),
                Err("an index without an image for `linux/s390x`"),
            ),
            (&both[..], json!({"acceptIndexes": true}), itself),
            (
                &both[..],
                json!({"acceptIndexes": true, "platform": "linux/amd64"}),
                itself,
            ),
            (
                &both[..],
                json!({"acceptIndexes": true, "platform": "linux/s390x"}),
                Err("it has linux/arm64/v8, linux/amd64"),
            ),
            (&["linux/arm64"][..], json!({}), Ok("sha256:linux/arm64")),
            (&["?"][..], json!({}), Ok("sha256:?")),
            (
                &["?"][..],
                json!({"platform": "linux/amd64"}),
                Err("it has one not said"),
            ),
            (
                &["linux/arm64", "linux/arm/v7"][..],
                json!({}),
                Err("without an image for `linux/amd64`"),
            ),
            (
                &["linux/arm64", "linux/arm/v7"][..],
                json!({"acceptIndexes": true}),
                itself,
            ),
            (
                &[][..],
                json!({"acceptIndexes": true}),
                Err("an index without any image"),
            ),
        ];
        for (platforms, more, expected) in cases {
            let mut rule = json!({"repository": "ml", "tag": "*", "stateMachine": "m"});
            rule.as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            let rules = parse_rules(&json!([rule]).to_string()).expect("a rule");
            match (
                choose(&image(Some(INDEX), None), Some(&index(platforms)), &rules[0]),
                expected,
            ) {
                (Runnable::Run { digest, .. }, Ok(expected)) => assert_eq!(digest, expected, "{rule} {platforms:?}"),
                (Runnable::Ignored(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (other, _) => panic!("{other:?} for {rule} {platforms:?}"),
            }
        }
    }
}
