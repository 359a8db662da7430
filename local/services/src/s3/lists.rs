//! The operations that list objects, versions, uploads and parts.

use super::bucket::{S3, on};
use super::listing::Listing;
use super::multipart::{InUpload, OnUpload};
use super::store::Version;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::input::{On, Target};
use platform::{Account, Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Bound;

/// The most keys on one page, and the most parts.
const MOST: usize = 1000;

/// What all listings of a bucket are asked.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Asked {
    bucket: String,
    #[serde(default)]
    prefix: String,
    delimiter: Option<String>,
    max_keys: Option<usize>,
    max_uploads: Option<usize>,
    #[serde(rename = "EncodingType")]
    _encoding_type: Option<String>,
}

impl Target for Asked {
    const MEMBERS: &'static [&'static str] =
        &["Bucket", "Prefix", "Delimiter", "MaxKeys", "MaxUploads", "EncodingType"];
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListObjects {
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListObjectsV2 {
    start_after: Option<String>,
    continuation_token: Option<String>,
    #[serde(default)]
    fetch_owner: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListVersions {
    key_marker: Option<String>,
    version_id_marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListUploads {
    key_marker: Option<String>,
    upload_id_marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListParts {
    max_parts: Option<usize>,
    part_number_marker: Option<u16>,
}

impl Asked {
    fn listing(&self, after: Option<String>) -> Listing {
        Listing {
            prefix: self.prefix.clone(),
            delimiter: self.delimiter.clone(),
            after,
            most: self.max_keys.or(self.max_uploads).unwrap_or(MOST).min(MOST),
        }
    }

    /// What every answer says of the question, and whether another page follows.
    fn answer(&self, common_prefixes: &[String], is_truncated: bool) -> Value {
        let mut output = json!({"Prefix": self.prefix, "IsTruncated": is_truncated});
        if let Some(delimiter) = &self.delimiter {
            output["Delimiter"] = delimiter.as_str().into();
        }
        if !common_prefixes.is_empty() {
            let prefixes = common_prefixes.iter().map(|prefix| json!({"Prefix": prefix}));
            output["CommonPrefixes"] = prefixes.collect();
        }
        output
    }
}

/// What IAM must allow for a listing of a bucket.
pub(super) fn may_list<I>(
    action: &'static str,
) -> impl Fn(&S3, &Platform, &On<Asked, I>) -> Result<Vec<Requirement>, ServiceError> {
    move |s3, platform, input| {
        let asked = &input.target;
        s3.in_bucket(&asked.bucket, |_| ())?;
        let requirement = on(platform, action, &asked.bucket, None);
        if action == "s3:ListBucketMultipartUploads" {
            return Ok(vec![requirement]);
        }
        let mut requirement = requirement
            .with("s3:prefix", &asked.prefix)
            .with("s3:max-keys", asked.max_keys.unwrap_or(MOST).min(MOST).to_string());
        if let Some(delimiter) = &asked.delimiter {
            requirement = requirement.with("s3:delimiter", delimiter);
        }
        Ok(vec![requirement])
    }
}

/// A page of objects, and the last key or prefix on it where another page follows.
struct Objects {
    output: Value,
    last: Option<String>,
}

impl S3 {
    pub(super) fn list_objects(&self, call: &Call, input: On<Asked, ListObjects>) -> Result<Value, ServiceError> {
        let (asked, marker) = (input.target, input.own.marker);
        let owner = owner(&call.platform.account);
        let Objects { mut output, last } = self.objects(&asked, marker.clone(), Some(&owner))?;
        output["Marker"] = marker.unwrap_or_default().into();
        if let Some(last) = last.filter(|_| asked.delimiter.is_some()) {
            output["NextMarker"] = last.into();
        }
        Ok(output)
    }

    pub(super) fn list_objects_v2(&self, call: &Call, input: On<Asked, ListObjectsV2>) -> Result<Value, ServiceError> {
        let (asked, own) = (input.target, input.own);
        let after = match &own.continuation_token {
            Some(token) => Some(decode(token)?),
            None => own.start_after.clone(),
        };
        let owner = own.fetch_owner.then(|| owner(&call.platform.account));
        let Objects { mut output, last } = self.objects(&asked, after, owner.as_ref())?;
        let count = |member: &str| output[member].as_array().map_or(0, Vec::len);
        output["KeyCount"] = (count("Contents") + count("CommonPrefixes")).into();
        for (member, value) in [
            // Whoever goes on does not begin anew.
            (
                "StartAfter",
                own.start_after.filter(|_| own.continuation_token.is_none()),
            ),
            ("ContinuationToken", own.continuation_token),
            ("NextContinuationToken", last.map(|last| URL_SAFE_NO_PAD.encode(last))),
        ] {
            if let Some(value) = value {
                output[member] = value.into();
            }
        }
        Ok(output)
    }

    fn objects(&self, asked: &Asked, after: Option<String>, owner: Option<&Value>) -> Result<Objects, ServiceError> {
        let listing = asked.listing(after);
        let page = self.in_bucket(&asked.bucket, |bucket| {
            let keys = bucket.store.from(listing.start());
            let objects = keys.filter_map(|(key, versions)| {
                let object = versions.last()?.object.as_ref()?;
                Some((key, (key, object)))
            });
            let page = listing.page(objects);
            let contents = page.items.iter().map(|(key, object)| {
                let mut shown = json!({
                    "Key": key,
                    "LastModified": object.last_modified.to_string(),
                    "ETag": object.quoted_etag(),
                    "ChecksumAlgorithm": [object.checksum.algorithm.name()],
                    "ChecksumType": object.checksum.kind.name(),
                    "Size": object.body.len(),
                    "StorageClass": "STANDARD",
                });
                if let Some(owner) = owner {
                    shown["Owner"] = owner.clone();
                }
                shown
            });
            let mut output = asked.answer(&page.common_prefixes, page.last.is_some());
            output["Contents"] = contents.collect();
            Objects {
                output,
                last: page.last,
            }
        })?;
        let Objects { mut output, last } = page;
        output["Name"] = asked.bucket.as_str().into();
        output["MaxKeys"] = listing.most.into();
        Ok(Objects { output, last })
    }

    pub(super) fn list_versions(&self, call: &Call, input: On<Asked, ListVersions>) -> Result<Value, ServiceError> {
        let (asked, own) = (input.target, input.own);
        if own.version_id_marker.is_some() && own.key_marker.is_none() {
            let message = "A version-id marker cannot be specified without a key marker.";
            let id = own.version_id_marker.unwrap_or_default();
            return Err(ServiceError::new("InvalidArgument", message)
                .with_detail("ArgumentName", "version-id-marker")
                .with_detail("ArgumentValue", id));
        }
        let listing = asked.listing(own.key_marker.clone());
        let owner = owner(&call.platform.account);
        let marker = own.key_marker.as_deref().zip(own.version_id_marker.as_deref());
        let mut output = self.in_bucket(&asked.bucket, |bucket| {
            // A marker of a version goes on within its key.
            let start = marker.map_or_else(
                || listing.start(),
                |(key, _)| Bound::Included(key.max(&*listing.prefix)),
            );
            let entries = bucket.store.from(start).flat_map(|(key, versions)| {
                let newest_first = versions.iter().rev().enumerate();
                let marked = marker.filter(|(marked, _)| *marked == key).map(|(_, id)| id);
                let skipped = marked.map_or(0, |id| {
                    versions.iter().rev().take_while(|version| version.id != id).count() + 1
                });
                newest_first
                    .skip(skipped)
                    .map(move |(at, version)| (key, (key, at == 0, version)))
            });
            let page = listing.page(entries);
            let mut output = asked.answer(&page.common_prefixes, page.last.is_some());
            let (mut versions, mut markers) = (Vec::new(), Vec::new());
            for (key, is_latest, version) in &page.items {
                let list = if version.object.is_some() {
                    &mut versions
                } else {
                    &mut markers
                };
                list.push(shown(key, *is_latest, version, &owner));
            }
            if let Some(last) = page.last {
                if let Some((key, _, version)) = page.items.last().filter(|(key, ..)| *key == last) {
                    output["NextVersionIdMarker"] = version.id.as_str().into();
                    output["NextKeyMarker"] = (*key).into();
                } else {
                    output["NextKeyMarker"] = last.into();
                }
            }
            output["Versions"] = versions.into();
            output["DeleteMarkers"] = markers.into();
            output
        })?;
        output["Name"] = asked.bucket.into();
        output["MaxKeys"] = listing.most.into();
        output["KeyMarker"] = own.key_marker.unwrap_or_default().into();
        output["VersionIdMarker"] = own.version_id_marker.unwrap_or_default().into();
        Ok(output)
    }

    pub(super) fn list_uploads(&self, call: &Call, input: On<Asked, ListUploads>) -> Result<Value, ServiceError> {
        let (asked, own) = (input.target, input.own);
        let listing = asked.listing(own.key_marker.clone());
        let owner = owner(&call.platform.account);
        let (key_marker, id_marker) = (
            own.key_marker.unwrap_or_default(),
            own.upload_id_marker.unwrap_or_default(),
        );
        let mut output = self.in_bucket(&asked.bucket, |bucket| {
            let uploads = bucket.uploads.iter().filter(|((key, id), _)| {
                let is_behind = *key > key_marker || (*key == key_marker && !id_marker.is_empty() && *id > id_marker);
                is_behind && key.starts_with(&asked.prefix)
            });
            let page = listing.page(uploads.map(|((key, id), upload)| (key.as_str(), (key, id, upload))));
            let shown = page.items.iter().map(|(key, id, upload)| {
                json!({
                    "Key": key,
                    "UploadId": id,
                    "Initiated": upload.initiated.to_string(),
                    "StorageClass": "STANDARD",
                    "Owner": owner,
                    "Initiator": owner,
                    "ChecksumAlgorithm": upload.checked.algorithm.name(),
                    "ChecksumType": upload.checked.kind.name(),
                })
            });
            let mut output = asked.answer(&page.common_prefixes, page.last.is_some());
            output["Uploads"] = shown.collect();
            if let Some(last) = page.last {
                if let Some((_, id, _)) = page.items.last().filter(|(key, ..)| **key == last) {
                    output["NextUploadIdMarker"] = id.as_str().into();
                }
                output["NextKeyMarker"] = last.into();
            }
            output
        })?;
        output["Bucket"] = asked.bucket.into();
        output["MaxUploads"] = listing.most.into();
        output["KeyMarker"] = key_marker.into();
        output["UploadIdMarker"] = id_marker.into();
        Ok(output)
    }

    pub(super) fn may_list_parts(
        &self,
        platform: &Platform,
        input: &OnUpload<ListParts>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let InUpload { bucket, key, .. } = &input.target;
        self.in_bucket(bucket, |_| ())?;
        Ok(vec![on(platform, "s3:ListMultipartUploadParts", bucket, Some(key))])
    }

    pub(super) fn list_parts(&self, call: &Call, input: OnUpload<ListParts>) -> Result<Value, ServiceError> {
        let (target, own) = (input.target, input.own);
        let most = own.max_parts.unwrap_or(MOST).min(MOST);
        let marker = own.part_number_marker.unwrap_or_default();
        let owner = owner(&call.platform.account);
        self.in_upload(&target, |upload| {
            let mut behind = upload.parts.range((Bound::Excluded(marker), Bound::Unbounded));
            let parts: Vec<_> = behind.by_ref().take(most).collect();
            let is_truncated = most > 0 && behind.next().is_some();
            let shown = parts.iter().map(|(number, part)| {
                let mut shown = json!({
                    "PartNumber": number,
                    "LastModified": part.at.to_string(),
                    "ETag": part.quoted_etag(),
                    "Size": part.body.len(),
                });
                shown[part.checksum.algorithm.member()] = part.checksum.value.as_str().into();
                shown
            });
            let next = parts.last().map_or(0, |(number, _)| **number);
            json!({
                "Bucket": target.bucket,
                "Key": target.key,
                "UploadId": target.upload_id,
                "PartNumberMarker": marker,
                "NextPartNumberMarker": next,
                "MaxParts": most,
                "IsTruncated": is_truncated,
                "Parts": shown.collect::<Vec<_>>(),
                "Owner": owner,
                "Initiator": owner,
                "StorageClass": "STANDARD",
                "ChecksumAlgorithm": upload.checked.algorithm.name(),
                "ChecksumType": upload.checked.kind.name(),
            })
        })
    }
}

/// A version or a delete marker in a listing.
fn shown(key: &str, is_latest: bool, version: &Version, owner: &Value) -> Value {
    let mut shown = json!({
        "Key": key,
        "VersionId": version.id,
        "IsLatest": is_latest,
        "LastModified": version.at.to_string(),
        "Owner": owner,
    });
    if let Some(object) = &version.object {
        shown["ETag"] = object.quoted_etag().into();
        shown["ChecksumAlgorithm"] = json!([object.checksum.algorithm.name()]);
        shown["ChecksumType"] = object.checksum.kind.name().into();
        shown["Size"] = object.body.len().into();
        shown["StorageClass"] = "STANDARD".into();
    }
    shown
}

/// The owner of everything: the account, by an id that is as long as S3's.
fn owner(account: &Account) -> Value {
    json!({"ID": format!("{:0>64}", account.id)})
}

fn decode(token: &str) -> Result<String, ServiceError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| !bytes.is_empty());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        ServiceError::new("InvalidArgument", "The continuation token provided is incorrect")
            .with_detail("ArgumentName", "continuation-token")
    })
}
