//! A repository: its images, their tags and its layers. Nothing in here reads a clock or calls anybody.

use super::lifecycle::{Candidate, Policy};
use super::scan::Scan;
use crate::manifest::{Manifest, digest};
use crate::tags::Tag;
use jiff::Timestamp;
use platform::Platform;
use platform::error::ServiceError;
use platform::store::{Body, Store};
use platform::wildcard::glob;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Whether tags can be moved to another image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mutability {
    /// As CreateRepository takes it: `MUTABLE`, `IMMUTABLE`, or one of both `…_WITH_EXCLUSION`.
    pub(super) setting: String,
    /// Tags (with `*`) for which the opposite holds.
    pub(super) exclusions: Vec<String>,
}

impl Mutability {
    fn is_fixed(&self, tag: &str) -> bool {
        let excluded = self.exclusions.iter().any(|pattern| glob(pattern, tag));
        match self.setting.as_str() {
            "IMMUTABLE" => true,
            "IMMUTABLE_WITH_EXCLUSION" => !excluded,
            "MUTABLE_WITH_EXCLUSION" => excluded,
            _ => false,
        }
    }

    /// Shows the tags that are excluded, if there are any.
    pub(super) fn add_exclusions(&self, shown: &mut Value) {
        if !self.exclusions.is_empty() {
            let filters = self.exclusions.iter();
            shown["imageTagMutabilityExclusionFilters"] = filters
                .map(|filter| json!({"filterType": "WILDCARD", "filter": filter}))
                .collect();
        }
    }
}

/// An image in a repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) digest: String,
    pub(super) text: String,
    pub(super) manifest: Manifest,
    pub(super) media_type: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) pushed_at: Timestamp,
    /// The last scan, if there was any.
    pub(super) scan: Option<Scan>,
}

/// How an image is named in a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImageId {
    #[serde(default)]
    pub(super) image_digest: Option<String>,
    #[serde(default)]
    pub(super) image_tag: Option<String>,
}

impl ImageId {
    fn check(&self) -> Result<(), Missing> {
        let is_digest = |text: &String| {
            text.split_once(':').is_some_and(|(algorithm, sum)| {
                let fits = |c: char| c.is_ascii_alphanumeric() || "-_+.".contains(c);
                let is_hexadecimal = sum.chars().all(|c| c.is_ascii_hexdigit());
                !algorithm.is_empty() && algorithm.chars().all(fits) && !sum.is_empty() && is_hexadecimal
            })
        };
        match (&self.image_digest, &self.image_tag) {
            (None, None) => Err(Missing::Unnamed),
            (Some(digest), _) if !is_digest(digest) => Err(Missing::NoDigest),
            _ => Ok(()),
        }
    }

    /// As answers on one image have it: with the digest that was found, and the tag if that was asked for.
    pub(super) fn with_digest(&self, digest: &str) -> Value {
        let image_digest = Some(digest.to_owned());
        let image_tag = self.image_tag.clone();
        Self {
            image_digest,
            image_tag,
        }
        .json()
    }

    pub(super) fn json(&self) -> Value {
        let mut id = serde_json::Map::new();
        if let Some(digest) = &self.image_digest {
            id.insert("imageDigest".into(), digest.as_str().into());
        }
        if let Some(tag) = &self.image_tag {
            id.insert("imageTag".into(), tag.as_str().into());
        }
        Value::Object(id)
    }
}

/// Why nothing was done with an image of a list:
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// Neither a digest nor a tag is given.
    Unnamed,
    /// What is given as a digest is none.
    NoDigest,
    /// No image of the repository is it.
    NotFound,
    /// The list of manifests with this digest names the image.
    Referenced(String),
}

impl Missing {
    /// The failure's code and reason.
    pub(super) fn told(&self) -> (&'static str, String) {
        match self {
            Self::Unnamed => (
                "MissingDigestAndTag",
                "Invalid request parameters: both tag and digest cannot be null".into(),
            ),
            Self::NoDigest => (
                "InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
                    .into(),
            ),
            Self::NotFound => ("ImageNotFound", "Requested image not found".into()),
            Self::Referenced(list) => (
                "ImageReferencedByManifestList",
                format!("Requested image referenced by manifest list: [{list}]"),
            ),
        }
    }
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    pub(super) mutability: Mutability,
    pub(super) scan_on_push: bool,
    pub(super) encryption: Value,
    /// As it was given, and as it was understood.
    pub(super) lifecycle_policy: Option<(String, Policy)>,
    /// When that was last run.
    #[serde(default)]
    pub(super) evaluated_at: Option<Timestamp>,
    pub(super) policy: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    /// In the order in which they were pushed.
    pub(super) images: Vec<Image>,
    pub(super) layers: HashMap<String, Body>,
    pub(super) uploads: HashMap<String, Vec<Body>>,
}

impl Repository {
    pub(super) fn find(&self, id: &ImageId) -> Option<&Image> {
        self.images.iter().find(|image| {
            id.image_digest.as_ref().is_none_or(|digest| *digest == image.digest)
                && id.image_tag.as_ref().is_none_or(|tag| image.tags.contains(tag))
        })
    }

    /// The bytes that an image takes; of a list of manifests, those of the largest image that it names.
    pub(super) fn size(&self, image: &Image) -> u64 {
        let children = image.manifest.manifests.iter();
        let named = children.filter_map(|child| self.images.iter().find(|image| image.digest == child.digest));
        named
            .map(|child| child.manifest.size())
            .fold(image.manifest.size(), u64::max)
    }

    /// Whether it has an image of this digest.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.images.iter().any(|image| image.digest == digest)
    }

    /// Puts a manifest, under a tag if one is given.
    ///
    /// Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html>: the same image and tag
    /// again is an error, a new tag for a known image is not, and what the manifest names must be there before it.
    pub(super) fn put(
        &mut self,
        (registry, store): (&str, &Store),
        text: &str,
        pushed_as: Option<&str>,
        tag: Option<&str>,
        now: Timestamp,
    ) -> Result<Image, ServiceError> {
        let manifest = Manifest::read(text)?;
        let media_type = manifest.kind(pushed_as);
        let digest = digest(text.as_bytes());
        self.check_references(registry, &manifest)?;
        let known = self.images.iter().position(|image| image.digest == digest);
        if let Some(known) = known {
            let again = tag.is_none_or(|tag| self.images[known].tags.contains(tag));
            if again {
                let named = tag.map_or_else(String::new, |tag| format!(" and tag '{tag}'"));
                return Err(ServiceError::new(
                    "ImageAlreadyExistsException",
                    format_args!(
                        "Image with digest '{digest}'{named} already exists in the repository with name '{}' in registry with id '{registry}'",
                        self.name
                    ),
                ));
            }
        }
        if let Some(tag) = tag {
            self.free_tag(tag)?;
        }
        let at = match known {
            Some(at) => at,
            None => {
                let scan = self.scan_on_push.then(|| self.scan_of(store, &manifest, now)).flatten();
                self.images.push(Image {
                    digest,
                    text: text.to_owned(),
                    manifest,
                    media_type,
                    tags: BTreeSet::new(),
                    pushed_at: now,
                    scan,
                });
                self.images.len() - 1
            }
        };
        let image = &mut self.images[at];
        image.tags.extend(tag.map(str::to_owned));
        let image = image.clone();
        self.expire(now);
        Ok(image)
    }

    /// Removes the images that the lifecycle policy expires. An image that an index names stays as long as the index.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let Some((_, policy)) = &self.lifecycle_policy else {
            return;
        };
        self.evaluated_at = Some(now);
        let candidates: Vec<Candidate<'_>> = self
            .images
            .iter()
            .map(|image| Candidate {
                digest: &image.digest,
                tags: &image.tags,
                pushed_at: image.pushed_at,
            })
            .collect();
        let expired: BTreeSet<String> = policy
            .expired(&candidates, now)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let remaining = self.images.iter().filter(|image| !expired.contains(&image.digest));
        let named: BTreeSet<String> = remaining
            .flat_map(|image| image.manifest.manifests.iter().map(|child| child.digest.clone()))
            .collect();
        self.images
            .retain(|image| !expired.contains(&image.digest) || named.contains(&image.digest));
    }

    /// A scan of an image that begins now. None where the image cannot be scanned.
    pub(super) fn scan_of(&self, store: &Store, manifest: &Manifest, now: Timestamp) -> Option<Scan> {
        let config = manifest.config.as_ref()?;
        let config = store.bytes(self.layers.get(&config.digest)?).ok()?;
        Scan::begin(manifest, &config, now)
    }

    fn check_references(&self, registry: &str, manifest: &Manifest) -> Result<(), ServiceError> {
        let blobs = manifest.config.iter().chain(&manifest.layers);
        if let Some(missing) = blobs.into_iter().find(|blob| !self.layers.contains_key(&blob.digest)) {
            return Err(ServiceError::new(
                "LayersNotFoundException",
                format_args!(
                    "The layers with digest '[{}]' do not exist within the repository with name '{}' in registry with id '{registry}'",
                    missing.digest, self.name
                ),
            ));
        }
        if let Some(missing) = manifest.manifests.iter().find(|child| !self.has(&child.digest)) {
            return Err(ServiceError::new(
                "ReferencedImagesNotFoundException",
                format_args!("The referenced image with digest '{}' does not exist", missing.digest),
            ));
        }
        Ok(())
    }

    fn free_tag(&mut self, tag: &str) -> Result<(), ServiceError> {
        let Some(holder) = self.images.iter_mut().find(|image| image.tags.contains(tag)) else {
            return Ok(());
        };
        if self.mutability.is_fixed(tag) {
            return Err(ServiceError::new(
                "ImageTagAlreadyExistsException",
                format_args!(
                    "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
                    self.name
                ),
            ));
        }
        holder.tags.remove(tag);
        Ok(())
    }

    /// The image of this id; why there is none, as the operations say it that take many ids.
    pub(super) fn pick(&self, id: &ImageId) -> Result<&Image, Missing> {
        id.check()?;
        self.find(id).ok_or(Missing::NotFound)
    }

    /// Takes a tag off its image, or an image with its tags out of the repository.
    pub(super) fn delete(&mut self, id: &ImageId) -> Result<Vec<ImageId>, Missing> {
        let digest = self.pick(id)?.digest.clone();
        let known = self.images.iter().position(|image| image.digest == digest);
        let at = known.ok_or(Missing::NotFound)?;
        let is_last = self.images[at].tags.len() < 2 || id.image_digest.is_some();
        let names = |list: &&Image| list.manifest.manifests.iter().any(|child| child.digest == digest);
        if let Some(list) = self.images.iter().find(names).filter(|_| is_last) {
            return Err(Missing::Referenced(list.digest.clone()));
        }
        let image = &mut self.images[at];
        let removed: Vec<String> = match &id.image_tag {
            Some(tag) if id.image_digest.is_none() => {
                image.tags.remove(tag);
                vec![tag.clone()]
            }
            _ => std::mem::take(&mut image.tags).into_iter().collect(),
        };
        if image.tags.is_empty() {
            self.images.remove(at);
        }
        let named = |tag: Option<String>| ImageId {
            image_digest: Some(digest.clone()),
            image_tag: tag,
        };
        Ok(if removed.is_empty() {
            vec![named(None)]
        } else {
            removed.into_iter().map(|tag| named(Some(tag))).collect()
        })
    }

    /// The repository as CreateRepository and DescribeRepositories show it.
    pub(super) fn json(&self, arn: &str, registry_id: &str, registry: &str) -> Value {
        let mut shown = json!({
            "repositoryArn": arn,
            "registryId": registry_id,
            "repositoryName": self.name,
            "repositoryUri": format!("{registry}/{}", self.name),
            "createdAt": platform::input::seconds(self.created_at),
            "imageTagMutability": self.mutability.setting,
            "imageScanningConfiguration": {"scanOnPush": self.scan_on_push},
            "encryptionConfiguration": self.encryption,
        });
        self.mutability.add_exclusions(&mut shown);
        shown
    }
}

pub(super) fn image_not_found(platform: &Platform, repository: &str, id: &ImageId) -> ServiceError {
    // What was not asked for is called 'null', in quotes.
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
    ServiceError::new(
        "ImageNotFoundException",
        format_args!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{repository}' in the registry with id '{}'",
            part(&id.image_digest),
            part(&id.image_tag),
            platform.account.id
        ),
    )
}
