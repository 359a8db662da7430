//! Multipart uploads: begun, part by part, completed or aborted.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>.

use super::attributes::{Attributes, of_key};
use super::bucket::{EndedUpload, S3, new_id, on};
use super::checksum::{Algorithm, Checksum, Checksums, Kind, bad_digest, check_md5};
use super::conditions::check_write;
use super::copying::Source;
use super::deleting::malformed_xml;
use super::object::{Range, now};
use super::upload::{Checked, Named, Part, Upload};
use super::writing::body;
use platform::input::{On, Target};
use platform::{Call, Nothing, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The input of CreateMultipartUpload.
pub(super) type Create = On<Attributes, CreateMultipartUpload>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateMultipartUpload {
    bucket: String,
    key: String,
    checksum_algorithm: Option<Algorithm>,
    checksum_type: Option<String>,
}

/// The upload that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InUpload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) upload_id: String,
}

impl Target for InUpload {
    const MEMBERS: &'static [&'static str] = &["Bucket", "Key", "UploadId"];
}

pub(super) type OnUpload<I> = On<InUpload, I>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UploadPart {
    part_number: u16,
    body: Option<Value>,
    #[serde(rename = "ContentMD5")]
    content_md5: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UploadPartCopy {
    part_number: u16,
    copy_source_range: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Complete {
    multipart_upload: Completed,
    checksum_type: Option<String>,
    mpu_object_size: Option<usize>,
    if_match: Option<String>,
    if_none_match: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Completed {
    #[serde(default)]
    parts: Vec<On<Checksums, CompletedPart>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CompletedPart {
    #[serde(rename = "ETag")]
    etag: String,
    part_number: u16,
}

pub(super) type Uploading = OnUpload<On<Checksums, UploadPart>>;
pub(super) type Copying = OnUpload<On<Source, UploadPartCopy>>;
pub(super) type Completing = OnUpload<On<Checksums, Complete>>;

impl S3 {
    pub(super) fn may_create_upload(
        &self,
        platform: &Platform,
        input: &Create,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let CreateMultipartUpload { bucket, key, .. } = &input.own;
        let default = self.in_bucket(bucket, |bucket| bucket.encryption.clone())?;
        input.target.requires(platform, (bucket, key), default)
    }

    pub(super) fn create_upload(&self, _: &Call, input: Create) -> Result<Value, ServiceError> {
        let (attributes, own) = (input.target, input.own);
        let checked = checked(own.checksum_algorithm, own.checksum_type.as_deref())?;
        let (about, asked, tags) = (attributes.about()?, attributes.encryption()?, attributes.tags()?);
        let id = new_id();
        let mut output = Map::new();
        self.in_bucket(&own.bucket, |bucket| {
            let upload = Upload {
                initiated: now(),
                about,
                encryption: asked.unwrap_or_else(|| bucket.encryption.clone()),
                tags: tags.unwrap_or_default(),
                checked,
                parts: BTreeMap::new(),
            };
            upload.encryption.show(&mut output);
            bucket.uploads.insert((own.key.clone(), id.clone()), upload);
        })?;
        if checked.is_asked {
            output.insert("ChecksumAlgorithm".into(), checked.algorithm.name().into());
            output.insert("ChecksumType".into(), checked.kind.name().into());
        }
        for (member, value) in [("Bucket", own.bucket), ("Key", own.key), ("UploadId", id)] {
            output.insert(member.into(), value.into());
        }
        Ok(output.into())
    }

    /// What IAM must allow for whoever goes on with an upload.
    pub(super) fn may_upload<I>(
        &self,
        platform: &Platform,
        input: &OnUpload<I>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let InUpload { bucket, key, .. } = &input.target;
        let encryption = self.in_upload(&input.target, |upload| upload.encryption.clone()).ok();
        let put = on(platform, "s3:PutObject", bucket, Some(key));
        // S3 reads the parts again to put them together.
        let decrypt = encryption.and_then(|encryption| of_key(platform, "kms:Decrypt", &encryption));
        Ok([put].into_iter().chain(decrypt).collect())
    }

    pub(super) fn upload_part(&self, call: &Call, input: Uploading) -> Result<Value, ServiceError> {
        let (checksums, own) = (input.own.target, input.own.own);
        check_number(own.part_number)?;
        let body = body(call, own.body.as_ref());
        check_md5(own.content_md5.as_deref(), &body)?;
        self.in_upload(&input.target, |upload| {
            let given = checksums.given()?.map(|(algorithm, _)| algorithm);
            let checksum = match given {
                Some(_) => checksums.check(&body)?,
                None => Checksum::of(upload.checked.algorithm, &body),
            };
            let part = Part::new(self.keep(body)?, checksum);
            let mut output = Map::new();
            output.insert("ETag".into(), part.quoted_etag().into());
            output.insert(part.checksum.algorithm.member(), part.checksum.value.as_str().into());
            upload.encryption.show(&mut output);
            upload.put(own.part_number, part, given)?;
            Ok(output.into())
        })?
    }

    pub(super) fn may_copy_part(&self, platform: &Platform, input: &Copying) -> Result<Vec<Requirement>, ServiceError> {
        let mut requirements = input.own.target.requires(self, platform)?;
        requirements.extend(self.may_upload(platform, input)?);
        Ok(requirements)
    }

    pub(super) fn copy_part(&self, call: &Call, input: Copying) -> Result<Value, ServiceError> {
        let (source, own) = (input.own.target, input.own.own);
        check_number(own.part_number)?;
        let found = source.find(self, call)?;
        let whole = self.lasting.bytes(&found.object.body)?;
        let body = match &own.copy_source_range {
            Some(range) => {
                let Range { first, last } = copied_range(range, whole.len())?;
                whole.slice(first..=last)
            }
            None => whole,
        };
        self.in_upload(&input.target, |upload| {
            let checksum = Checksum::of(upload.checked.algorithm, &body);
            let part = Part::new(self.keep(body)?, checksum);
            let mut result = json!({"ETag": part.quoted_etag(), "LastModified": part.at.to_string()});
            result[part.checksum.algorithm.member()] = part.checksum.value.as_str().into();
            let mut output = Map::new();
            upload.encryption.show(&mut output);
            output.insert("CopyPartResult".into(), result);
            output.extend(found.version.map(|id| ("CopySourceVersionId".to_owned(), id.into())));
            upload.put(own.part_number, part, None)?;
            Ok(output.into())
        })?
    }

    pub(super) fn complete_upload(&self, call: &Call, input: Completing) -> Result<Value, ServiceError> {
        let (target, checksums, own) = (input.target, input.own.target, input.own.own);
        let named: Result<Vec<Named>, ServiceError> = own.multipart_upload.parts.into_iter().map(named).collect();
        let named = named?;
        if named.is_empty() {
            return Err(malformed_xml());
        }
        // Whoever missed the answer may ask once more.
        let answered = self.in_bucket(&target.bucket, |bucket| {
            let mut completed = bucket.completed.iter();
            let known = completed.find(|one| one.key == target.key && one.upload_id == target.upload_id);
            known.map(|one| one.answer.clone())
        })?;
        if let Some(answer) = answered {
            return Ok(answer);
        }
        let object = self.in_upload(&target, |upload| {
            if let Some(kind) = own.checksum_type.filter(|kind| *kind != upload.checked.kind.name()) {
                let message = format_args!("The upload was not created with the checksum type {kind}");
                return Err(ServiceError::new("InvalidRequest", message));
            }
            upload.complete(&self.lasting, &named)
        })??;
        if let Some((algorithm, value)) = checksums.given()?
            && (algorithm, value) != (object.checksum.algorithm, &object.checksum.value)
        {
            return Err(bad_digest(algorithm.name()));
        }
        if own.mpu_object_size.is_some_and(|size| size != object.body.len()) {
            let message = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
            return Err(ServiceError::new("InvalidRequest", message));
        }
        let InUpload { bucket, key, upload_id } = target;
        let endpoint = call.platform.endpoint().unwrap_or("https://s3.amazonaws.com");
        let mut output = Map::new();
        output.insert("Location".into(), format!("{endpoint}/{bucket}/{key}").into());
        output.insert("ETag".into(), object.quoted_etag().into());
        object.encryption.show(&mut output);
        object.checksum.show(&mut output);
        output.insert("Bucket".into(), bucket.as_str().into());
        output.insert("Key".into(), key.as_str().into());
        self.in_bucket(&bucket, |bucket| {
            check_write(bucket, &key, own.if_match.as_deref(), own.if_none_match.as_deref())?;
            let version = bucket.put(&key, object);
            let upload = bucket.uploads.remove(&(key.clone(), upload_id.clone()));
            upload.iter().for_each(|upload| upload.forget(&self.lasting));
            output.extend(version.map(|id| ("VersionId".to_owned(), id.into())));
            let answer = Value::from(output);
            bucket.remember(EndedUpload {
                key,
                upload_id,
                answer: answer.clone(),
            });
            Ok(answer)
        })?
    }

    pub(super) fn may_abort(
        &self,
        platform: &Platform,
        input: &OnUpload<Nothing>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let InUpload { bucket, key, .. } = &input.target;
        self.in_bucket(bucket, |_| ())?;
        Ok(vec![on(platform, "s3:AbortMultipartUpload", bucket, Some(key))])
    }

    pub(super) fn abort_upload(&self, _: &Call, input: OnUpload<Nothing>) -> Result<Value, ServiceError> {
        let InUpload { bucket, key, upload_id } = input.target;
        let removed = self.in_bucket(&bucket, |bucket| bucket.uploads.remove(&(key, upload_id)))?;
        removed.ok_or_else(no_such_upload)?.forget(&self.lasting);
        Ok(json!({}))
    }

    pub(super) fn in_upload<T>(&self, of: &InUpload, work: impl FnOnce(&mut Upload) -> T) -> Result<T, ServiceError> {
        let id = (of.key.clone(), of.upload_id.clone());
        self.in_bucket(&of.bucket, |bucket| bucket.uploads.get_mut(&id).map(work))?
            .ok_or_else(no_such_upload)
    }
}

/// Which checksums go with which types:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>.
fn checked(algorithm: Option<Algorithm>, kind: Option<&str>) -> Result<Checked, ServiceError> {
    let asked = algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let (usual, may_be_other) = match asked {
        Algorithm::Crc64Nvme => (Kind::FullObject, false),
        Algorithm::Crc32 | Algorithm::Crc32c => (Kind::Composite, true),
        Algorithm::Sha1 | Algorithm::Sha256 => (Kind::Composite, false),
    };
    let kind = match kind {
        None => usual,
        Some("FULL_OBJECT") if may_be_other || usual == Kind::FullObject => Kind::FullObject,
        Some("COMPOSITE") if may_be_other || usual == Kind::Composite => Kind::Composite,
        Some(other) => {
            let name = asked.name().to_lowercase();
            let message = format_args!("The {other} checksum type cannot be used with the {name} checksum algorithm.");
            return Err(ServiceError::new("InvalidRequest", message));
        }
    };
    Ok(Checked {
        algorithm: asked,
        kind,
        is_asked: algorithm.is_some(),
    })
}

fn named(part: On<Checksums, CompletedPart>) -> Result<Named, ServiceError> {
    check_number(part.own.part_number)?;
    let checksum = part.target.given()?;
    Ok(Named {
        number: part.own.part_number,
        checksum: checksum.map(|(algorithm, value)| (algorithm, value.to_owned())),
        etag: part.own.etag,
    })
}

fn check_number(number: u16) -> Result<(), ServiceError> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    Err(ServiceError::new("InvalidArgument", message)
        .with_detail("ArgumentName", "partNumber")
        .with_detail("ArgumentValue", number.to_string()))
}

/// A range of a source must be within it.
fn copied_range(range: &str, length: usize) -> Result<Range, ServiceError> {
    let refused = |message: &str| {
        ServiceError::new("InvalidArgument", message)
            .with_detail("ArgumentName", "x-amz-copy-source-range")
            .with_detail("ArgumentValue", range)
    };
    let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match bounds {
        Some((first, last)) if first <= last && last < length => Ok(Range { first, last }),
        Some(_) => Err(refused(&format!(
            "Range specified is not valid for source object of size: {length}"
        ))),
        None => Err(refused(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
        )),
    }
}

pub(super) fn no_such_upload() -> ServiceError {
    ServiceError::new(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
    .with_status(404)
}
