//! Image scans. A push or StartImageScan begins one. It is done soon after, and its findings are read page by page.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html>. **No
//! scanner runs here.** An image has no findings unless its label [`LABEL`](super::scan::LABEL) says what a scan of it finds. The label is
//! JSON with the members of that page: `{"imageScanFindings": {"findings": [{"name": "CVE-…", "severity": "HIGH"}]}}`.
//! It may also have `imageScanStatus` (an image that cannot be scanned, or a scan that never ends) and
//! `enhancedFindings`.

use super::registry::{Ecr, OnRepository, arn, invalid};
use super::repository::{Image, ImageId, Repository, image_not_found};
use super::scan::SCAN_TIME;
use jiff::{SignedDuration, Timestamp};
use platform::input::page;
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How long after a scan the next one may be asked for:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html>.
const BETWEEN_SCANS: SignedDuration = SignedDuration::from_hours(24);

/// The input of the operations on the scan of an image.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OneImage {
    image_id: ImageId,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl Ecr {
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html>
    pub(super) fn describe_image_scan_findings(
        &self,
        call: &Call,
        input: OnRepository<OneImage>,
    ) -> Result<Value, ServiceError> {
        let OnRepository { target, own: input } = input;
        let size = input.max_results.unwrap_or(100);
        if !(1..=1000).contains(&size) {
            return Err(invalid(format_args!(
                "Invalid parameter at 'maxResults' failed to satisfy constraint: '{size} is not from 1 to 1000'"
            )));
        }
        let now = Timestamp::now();
        self.with(call, &target, |repository| {
            let image = find(&call.platform, repository, &input.image_id)?;
            let scan = image
                .scan
                .as_ref()
                .ok_or_else(|| scan_not_found(&call.platform, repository, &input.image_id))?;
            let mut answer = json!({
                "registryId": call.platform.account.id,
                "repositoryName": repository.name,
                "imageId": input.image_id.with_digest(&image.digest),
                "imageScanStatus": scan.status(now),
            });
            let Some(mut findings) = scan.summary(now) else {
                return Ok(answer);
            };
            let basic = scan.list("findings").into_iter().map(|finding| ("findings", finding));
            let enhanced = scan.list("enhancedFindings");
            let enhanced = enhanced.into_iter().map(|finding| ("enhancedFindings", finding));
            let token = input.next_token.as_deref();
            let page = page(basic.chain(enhanced), size, token, "InvalidParameterException")?;
            for (kind, finding) in page.items {
                match findings.get_mut(kind).and_then(Value::as_array_mut) {
                    Some(listed) => listed.push(finding),
                    None => findings[kind] = json!([finding]),
                }
            }
            answer["imageScanFindings"] = findings;
            if let Some(token) = page.next_token {
                answer["nextToken"] = token.into();
            }
            Ok(answer)
        })
    }

    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html>
    pub(super) async fn start_image_scan(
        self: Arc<Self>,
        call: Call,
        input: OnRepository<OneImage>,
    ) -> Result<Value, ServiceError> {
        let (platform, target, input) = (&call.platform, input.target, input.own);
        let now = Timestamp::now();
        let digest = self.with(&call, &target, |repository| {
            let image = find(platform, repository, &input.image_id)?;
            let digest = image.digest.clone();
            if image
                .scan
                .as_ref()
                .is_some_and(|scan| now.duration_since(scan.begun_at) < BETWEEN_SCANS)
            {
                return Err(ServiceError::new(
                    "LimitExceededException",
                    "The scan quota per image has been exceeded. Wait and try again.",
                ));
            }
            let scan = repository.scan_of(&self.store, &image.manifest, now).ok_or_else(|| {
                ServiceError::new(
                    "UnsupportedImageTypeException",
                    format_args!(
                        "An artifact with media type '{}' cannot be scanned. For more information, see the Amazon ECR documentation.",
                        image.media_type
                    ),
                )
            })?;
            for image in repository.images.iter_mut().filter(|image| image.digest == digest) {
                image.scan = Some(scan.clone());
            }
            Ok(digest)
        })?;
        self.announce(platform, &target.repository_name, &digest);
        Ok(json!({
            "registryId": platform.account.id,
            "repositoryName": target.repository_name,
            "imageId": input.image_id.with_digest(&digest),
            "imageScanStatus": {"status": "IN_PROGRESS"},
        }))
    }

    /// Sends the event of a scan's end, once for each scan, also where this comes so late that it has ended:
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>.
    pub(super) fn announce(self: &Arc<Self>, platform: &Arc<Platform>, repository: &str, digest: &str) {
        let is_to_be_told = self.lock().get_mut(repository).is_some_and(|found| {
            let images = found.images.iter_mut().filter(|image| image.digest == digest);
            let scans = images.filter_map(|image| image.scan.as_mut());
            // An image has as many entries as tags, and one scan: all of them are asked.
            scans.fold(false, |told, scan| scan.is_to_be_told() | told)
        });
        if !is_to_be_told {
            return;
        }
        let (ecr, platform) = (Arc::clone(self), Arc::clone(platform));
        let (repository, digest) = (repository.to_owned(), digest.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(SCAN_TIME).await;
            if let Some(event) = ecr.scan_event(&platform, &repository, &digest) {
                platform.emit(event);
            }
        });
    }

    fn scan_event(&self, platform: &Platform, repository: &str, digest: &str) -> Option<Value> {
        let repositories = self.lock();
        let image = repositories
            .get(repository)?
            .images
            .iter()
            .find(|image| image.digest == digest)?;
        let scan = image.scan.as_ref()?;
        let now = Timestamp::now();
        let counts = scan
            .summary(now)
            .map(|summary| summary["findingSeverityCounts"].clone());
        Some(json!({
            "source": "aws.ecr",
            "detail-type": "ECR Image Scan",
            "resources": [arn(platform, repository)],
            "detail": {
                "scan-status": scan.status(now)["status"],
                "repository-name": repository,
                "finding-severity-counts": counts.unwrap_or_else(|| json!({})),
                "image-digest": digest,
                "image-tags": image.tags,
            },
        }))
    }
}

fn find<'a>(platform: &Platform, repository: &'a Repository, id: &ImageId) -> Result<&'a Image, ServiceError> {
    repository
        .find(id)
        .ok_or_else(|| image_not_found(platform, &repository.name, id))
}

fn scan_not_found(platform: &Platform, repository: &Repository, id: &ImageId) -> ServiceError {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
    ServiceError::new(
        "ScanNotFoundException",
        format_args!(
            "Image scan does not exist for the image with '{{imageDigest:'{}', imageTag:'{}'}}' in the repository with name '{}' in the registry with id '{}'",
            part(&id.image_digest),
            part(&id.image_tag),
            repository.name,
            platform.account.id
        ),
    )
}
