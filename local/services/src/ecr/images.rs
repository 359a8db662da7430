//! The operations on images.

use super::registry::{Ecr, InRepository, OnRepository, invalid};
use super::repository::{Image, ImageId, Missing, Repository, image_not_found};
use crate::manifest::Manifest;
use jiff::Timestamp;
use platform::input::{page, seconds};
use platform::journal::Happening;
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutImage {
    image_manifest: String,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

/// The input of the operations that choose images: those that read them and the one that deletes them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Chosen {
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<usize>,
    filter: Option<Filter>,
    /// Not used: an image is answered in the media type that it was pushed with.
    #[serde(rename = "acceptedMediaTypes")]
    _accepted_media_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

impl Filter {
    fn takes(&self, image: &Image) -> bool {
        let tagged = match self.tag_status.as_deref() {
            Some("TAGGED") => !image.tags.is_empty(),
            Some("UNTAGGED") => image.tags.is_empty(),
            _ => true,
        };
        // The local run does not archive images: each one is active.
        tagged
            && self
                .image_status
                .as_deref()
                .is_none_or(|status| matches!(status, "ACTIVE" | "ANY"))
    }
}

impl Ecr {
    /// Puts an image with its blobs and tags as if it had always been there: no event is sent, and its scan is done. Does
    /// nothing where the repository does not exist or already has the image.
    pub fn stock(
        &self,
        repository: &str,
        manifest: &str,
        blobs: Vec<String>,
        tags: Vec<String>,
    ) -> Result<(), ServiceError> {
        let mut repositories = self.lock();
        let Some(repository) = repositories.get_mut(repository) else {
            return Ok(());
        };
        if repository.has(&crate::manifest::digest(manifest.as_bytes())) {
            return Ok(());
        }
        for blob in blobs {
            let digest = crate::manifest::digest(blob.as_bytes());
            repository.layers.insert(digest, self.store.keep(blob.into())?);
        }
        let tags: Vec<Option<&str>> = if tags.is_empty() {
            vec![None]
        } else {
            tags.iter().map(|tag| Some(tag.as_str())).collect()
        };
        for tag in tags {
            repository.put(("", &self.store), manifest, None, tag, Timestamp::now())?;
        }
        for image in &mut repository.images {
            image.scan = image.scan.take().map(super::scan::Scan::done);
        }
        Ok(())
    }

    pub(super) async fn put_image(
        self: Arc<Self>,
        call: Call,
        input: OnRepository<PutImage>,
    ) -> Result<Value, ServiceError> {
        let (platform, target, input) = (&call.platform, input.target, input.own);
        let (repository, tag) = (&target.repository_name, input.image_tag.as_deref());
        let actual = crate::manifest::digest(input.image_manifest.as_bytes());
        if input.image_digest.as_ref().is_some_and(|given| *given != actual) {
            return Err(ServiceError::new(
                "ImageDigestDoesNotMatchException",
                format_args!("The image's digest is {actual}"),
            ));
        }
        let pushed_as = input.image_manifest_media_type.as_deref();
        if Manifest::read(&input.image_manifest)?
            .media_type
            .as_deref()
            .or(pushed_as)
            .is_none()
        {
            return Err(invalid(
                "image manifest mediatype not provided in manifest or parameter",
            ));
        }
        let image = self.with(&call, &target, |found| {
            found.put(
                (&platform.account.id, &self.store),
                &input.image_manifest,
                pushed_as,
                tag,
                Timestamp::now(),
            )
        })?;
        platform.journal.record(Happening::ImagePushed {
            repository: repository.clone(),
            tag: input.image_tag.clone(),
            digest: image.digest.clone(),
        });
        platform.emit(push_event(repository, tag, &image));
        self.announce(platform, repository, &image.digest);
        let id = ImageId {
            image_digest: Some(image.digest.clone()),
            image_tag: input.image_tag,
        };
        Ok(json!({"image": shown(&call, &target, &id, &image)}))
    }

    pub(super) fn batch_get_image(&self, call: &Call, input: OnRepository<Chosen>) -> Result<Value, ServiceError> {
        let OnRepository { target, own: input } = input;
        self.with(call, &target, |repository| {
            let (mut images, mut failures) = (Vec::new(), Vec::new());
            for id in input.image_ids.iter().flatten() {
                let image = match repository.pick(id) {
                    Ok(image) => image,
                    Err(why) => {
                        failures.push(failure(id, &why));
                        continue;
                    }
                };
                let found = ImageId {
                    image_digest: Some(image.digest.clone()),
                    image_tag: id.image_tag.clone(),
                };
                images.push(shown(call, &target, &found, image));
            }
            Ok(json!({"images": images, "failures": failures}))
        })
    }

    pub(super) fn describe_images(&self, call: &Call, input: OnRepository<Chosen>) -> Result<Value, ServiceError> {
        let OnRepository { target, own: input } = input;
        self.with(call, &target, |repository| {
            let chosen = choose(&call.platform, repository, &input)?;
            let size = input.max_results.unwrap_or(100);
            let page = page(chosen, size, input.next_token.as_deref(), "InvalidParameterException")?;
            Ok(page.answer("imageDetails", "nextToken", |image| {
                details(&call.platform, repository, image)
            }))
        })
    }

    pub(super) fn list_images(&self, call: &Call, input: OnRepository<Chosen>) -> Result<Value, ServiceError> {
        let OnRepository { target, own: input } = input;
        self.with(call, &target, |repository| {
            let ids = choose(&call.platform, repository, &input)?
                .into_iter()
                .flat_map(|image| {
                    let named = |tag: Option<&String>| ImageId {
                        image_digest: Some(image.digest.clone()),
                        image_tag: tag.cloned(),
                    };
                    if image.tags.is_empty() {
                        vec![named(None)]
                    } else {
                        image.tags.iter().map(|tag| named(Some(tag))).collect()
                    }
                });
            let size = input.max_results.unwrap_or(100);
            let page = page(ids, size, input.next_token.as_deref(), "InvalidParameterException")?;
            Ok(page.answer("imageIds", "nextToken", |id| id.json()))
        })
    }

    pub(super) fn batch_delete_image(&self, call: &Call, input: OnRepository<Chosen>) -> Result<Value, ServiceError> {
        let OnRepository { target, own: input } = input;
        self.with(call, &target, |repository| {
            let (mut deleted, mut failures) = (Vec::new(), Vec::new());
            for id in input.image_ids.iter().flatten() {
                match repository.delete(id) {
                    Ok(ids) => deleted.extend(ids.iter().map(ImageId::json)),
                    Err(why) => failures.push(failure(id, &why)),
                }
            }
            Ok(json!({"imageIds": deleted, "failures": failures}))
        })
    }
}

/// An image as PutImage and BatchGetImage answer it.
fn shown(call: &Call, on: &InRepository, id: &ImageId, image: &Image) -> Value {
    json!({
        "registryId": call.platform.account.id,
        "repositoryName": on.repository_name,
        "imageId": id.json(),
        "imageManifest": image.text,
        "imageManifestMediaType": image.media_type,
    })
}

fn failure(id: &ImageId, why: &Missing) -> Value {
    let (code, reason) = why.told();
    json!({"imageId": id.json(), "failureCode": code, "failureReason": reason})
}

fn choose<'a>(platform: &Platform, repository: &'a Repository, input: &Chosen) -> Result<Vec<&'a Image>, ServiceError> {
    let taken = |image: &&Image| input.filter.as_ref().is_none_or(|filter| filter.takes(image));
    match &input.image_ids {
        None => Ok(repository.images.iter().filter(taken).collect()),
        Some(ids) => {
            let found = ids.iter().map(|id| {
                repository
                    .find(id)
                    .ok_or_else(|| image_not_found(platform, &repository.name, id))
            });
            Ok(found
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .filter(taken)
                .collect())
        }
    }
}

fn details(platform: &Platform, repository: &Repository, image: &Image) -> Value {
    let mut shown = json!({
        "registryId": platform.account.id,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": repository.size(image),
        "imagePushedAt": seconds(image.pushed_at),
        "imageManifestMediaType": image.media_type,
        "imageStatus": "ACTIVE",
    });
    if !image.tags.is_empty() {
        shown["imageTags"] = image.tags.iter().cloned().collect();
    }
    if let Some(scan) = &image.scan {
        let now = Timestamp::now();
        shown["imageScanStatus"] = scan.status(now);
        if let Some(summary) = scan.summary(now) {
            shown["imageScanFindingsSummary"] = summary;
        }
    }
    if let Some(artifact) = image.manifest.artifact() {
        shown["artifactMediaType"] = artifact.into();
    }
    if let Some(subject) = &image.manifest.subject {
        shown["subjectManifestDigest"] = subject.digest.as_str().into();
    }
    shown
}

/// The event that ECR sends about a push:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>.
fn push_event(repository: &str, tag: Option<&str>, image: &Image) -> Value {
    let mut detail = json!({
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": image.digest,
        "action-type": "PUSH",
        "manifest-media-type": image.media_type,
    });
    if let Some(tag) = tag {
        detail["image-tag"] = tag.into();
    }
    if let Some(artifact) = image.manifest.artifact() {
        detail["artifact-media-type"] = artifact.into();
    }
    json!({"source": "aws.ecr", "detail-type": "ECR Image Action", "resources": [], "detail": detail})
}
