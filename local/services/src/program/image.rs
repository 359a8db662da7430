//! Pulls an image from the local ECR, as some role, and unpacks it.

use crate::manifest::Manifest;
use crate::python::{self, Install};
use bytes::Bytes;
use flate2::read::GzDecoder;
use platform::Platform;
use platform::error::ServiceError;
use platform::principal::Principal;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::{fs, str};

/// What an image says about its containers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Settings {
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    pub(crate) entrypoint: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) cmd: Option<Vec<String>>,
    #[serde(default)]
    pub(super) working_dir: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Settings {
    /// Which image lies under this one, where it was built without an engine.
    pub(crate) fn base(&self) -> Option<&str> {
        let label = self.labels.as_ref()?.get("org.opencontainers.image.base.name");
        label.map(String::as_str)
    }

    /// What Python packages the image has beside its files, where it was built without an engine.
    pub(crate) fn installs(&self) -> Vec<Install> {
        let label = self.labels.as_ref().and_then(|labels| labels.get(python::LABEL));
        label
            .and_then(|label| serde_json::from_str(label).ok())
            .unwrap_or_default()
    }

    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let pairs = self.env.iter().filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// An image as it was pulled.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) settings: Settings,
    /// The digest of its configuration, which says what the whole image is.
    pub(super) id: String,
    /// The digest of its manifest, which is what a registry knows it by.
    pub(crate) digest: String,
    config: Bytes,
    layers: Vec<Bytes>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    config: Settings,
}

/// An image's name, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Name<'a> {
    registry: &'a str,
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn read(uri: &'a str) -> Option<Self> {
        let (registry, rest) = uri.split_once('/')?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, digest.is_none().then_some("latest")),
        };
        Some(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }

    /// The name of an image in this account's registry.
    fn local(platform: &Platform, uri: &'a str) -> Result<Self, ServiceError> {
        let name = Self::read(uri).filter(|name| name.registry == platform.account.registry());
        name.ok_or_else(|| {
            ServiceError::validation(format_args!(
                "the image `{uri}` is not in {}, the one registry that the local run has",
                platform.account.registry()
            ))
        })
    }
}

/// Asks the registry for an image's manifest, as every pull does first.
pub(crate) async fn find(platform: &Arc<Platform>, role: &Principal, uri: &str) -> Result<String, ServiceError> {
    let name = Name::local(platform, uri)?;
    platform.call(role, "ecr", "GetAuthorizationToken", json!({})).await?;
    let mut id = json!({});
    for (field, value) in [("imageTag", name.tag), ("imageDigest", name.digest)] {
        if let Some(value) = value {
            id[field] = value.into();
        }
    }
    let question = json!({"repositoryName": name.repository, "imageIds": [id]});
    let answer = platform.call(role, "ecr", "BatchGetImage", question).await?;
    match answer["images"][0]["imageManifest"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(ServiceError::new(
            "ImageNotFoundException",
            format_args!("the image `{uri}` does not exist"),
        )),
    }
}

/// Pulls an image with the calls that a pull makes on AWS.
pub(crate) async fn pull(platform: &Arc<Platform>, role: &Principal, uri: &str) -> Result<Image, ServiceError> {
    let name = Name::local(platform, uri)?;
    let text = find(platform, role, uri).await?;
    let manifest = Manifest::read(&text)?;
    let config = manifest.config.as_ref().ok_or_else(|| {
        ServiceError::validation(format_args!(
            "the image `{uri}` is an index: name the image of one platform by its digest"
        ))
    })?;
    let digests: Vec<&str> = manifest.layers.iter().map(|layer| layer.digest.as_str()).collect();
    let question = json!({"repositoryName": name.repository, "layerDigests": digests});
    platform
        .call(role, "ecr", "BatchCheckLayerAvailability", question)
        .await?;
    let blob = async |digest: &str| {
        let question = json!({"repositoryName": name.repository, "layerDigest": digest});
        let answer = platform
            .send(role, "ecr", "GetDownloadUrlForLayer", question, Bytes::new())
            .await;
        answer.map(|answer| answer.body.unwrap_or_default())
    };
    let id = config.digest.clone();
    let config = blob(&id).await?;
    let settings: Config = serde_json::from_slice(&config)
        .map_err(|error| ServiceError::validation(format_args!("the configuration of `{uri}`: {error}")))?;
    let mut layers = Vec::new();
    for digest in digests {
        layers.push(blob(digest).await?);
    }
    Ok(Image {
        settings: settings.config,
        id,
        digest: crate::manifest::digest(text.as_bytes()),
        config,
        layers,
    })
}

impl Image {
    /// An image of one layer, for tests.
    #[cfg(test)]
    pub(super) fn of(layer: Vec<u8>, working_dir: &str) -> Self {
        let working_dir = working_dir.to_owned();
        Self {
            settings: Settings {
                working_dir,
                ..Settings::default()
            },
            id: String::new(),
            digest: String::new(),
            config: Bytes::new(),
            layers: vec![layer.into()],
        }
    }

    /// Unpacks the layers over one another; deleted files are deleted.
    pub(crate) fn unpack(&self, into: &Path) -> io::Result<()> {
        fs::create_dir_all(into)?;
        for layer in &self.layers {
            let compressed = layer.starts_with(&[0x1f, 0x8b]);
            let reader: Box<dyn Read> = if compressed {
                Box::new(GzDecoder::new(layer.as_ref()))
            } else {
                Box::new(layer.as_ref())
            };
            unpack_layer(tar::Archive::new(reader), into)?;
        }
        Ok(())
    }
}

impl Image {
    /// Writes the image to a file in the format of `docker save`, for an engine to load. It has no name in there.
    pub(super) fn save(&self, to: &Path) -> io::Result<()> {
        let hex = self.id.trim_start_matches("sha256:");
        let config = format!("{hex}.json");
        let names: Vec<String> = (0..self.layers.len()).map(|at| format!("{at}/layer.tar")).collect();
        let manifest = json!([{"Config": config, "RepoTags": null, "Layers": names}]).to_string();
        let mut archive = tar::Builder::new(fs::File::create(to)?);
        let layers = names
            .iter()
            .map(String::as_str)
            .zip(self.layers.iter().map(Bytes::as_ref));
        let others = [
            (config.as_str(), self.config.as_ref()),
            ("manifest.json", manifest.as_bytes()),
        ];
        for (name, content) in layers.chain(others) {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, content)?;
        }
        archive.into_inner().map(drop)
    }
}

fn unpack_layer(mut archive: tar::Archive<Box<dyn Read + '_>>, into: &Path) -> io::Result<()> {
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = plain(&entry.path()?);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // A white-out takes away what a lower layer has:
        // https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
        if let Some(gone) = name.strip_prefix(".wh.") {
            let folder = into.join(path.parent().unwrap_or(Path::new("")));
            if gone == ".wh..opq" {
                for child in fs::read_dir(&folder)? {
                    remove(&child?.path())?;
                }
            } else {
                remove(&folder.join(gone))?;
            }
            continue;
        }
        // Refuses paths that lead out of the folder.
        entry.unpack_in(into)?;
    }
    Ok(())
}

fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (uri, expected) in [
            ("r/a/b@sha256:x", Some(("r", "a/b", None, Some("sha256:x")))),
            ("r/a:v1", Some(("r", "a", Some("v1"), None))),
            ("r/a", Some(("r", "a", Some("latest"), None))),
            ("r/a:v1@sha256:x", Some(("r", "a", Some("v1"), Some("sha256:x")))),
            ("a", None),
        ] {
            let name = Name::read(uri).map(|name| (name.registry, name.repository, name.tag, name.digest));
            assert_eq!(name, expected, "{uri}");
        }
    }
}
