//! CopyObject, and the source of every copy.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.

use super::attributes::{Attributes, on_tags};
use super::bucket::{S3, on_version};
use super::checksum::{Algorithm, Checksum, Kind};
use super::conditions::{Conditions, check_write, precondition_failed};
use super::object::{Object, Tags};
use super::reading::Found;
use percent_encoding::percent_decode_str;
use platform::input::{On, Target};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The members of an input that say what is copied, and if it is as expected.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Source {
    copy_source: String,
    copy_source_if_match: Option<String>,
    copy_source_if_none_match: Option<String>,
    copy_source_if_modified_since: Option<String>,
    copy_source_if_unmodified_since: Option<String>,
}

impl Target for Source {
    const MEMBERS: &'static [&'static str] = &[
        "CopySource",
        "CopySourceIfMatch",
        "CopySourceIfNoneMatch",
        "CopySourceIfModifiedSince",
        "CopySourceIfUnmodifiedSince",
    ];
}

/// The input of CopyObject.
pub(super) type Copy = On<Attributes, On<Source, CopyObject>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CopyObject {
    bucket: String,
    key: String,
    metadata_directive: Option<Directive>,
    tagging_directive: Option<Directive>,
    checksum_algorithm: Option<Algorithm>,
    if_match: Option<String>,
    if_none_match: Option<String>,
}

/// Whether something comes from the source or from the request.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Directive {
    Copy,
    Replace,
}

/// A source: the bucket, the key, and the version where one is named.
struct Place {
    bucket: String,
    key: String,
    version: Option<String>,
}

impl Source {
    /// What it names: `bucket/key?versionId=id`, escaped as in a URL.
    fn place(&self) -> Result<Place, ServiceError> {
        let (path, version) = match self.copy_source.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (self.copy_source.as_str(), None),
        };
        let path = percent_decode_str(path).decode_utf8_lossy();
        match path.trim_start_matches('/').split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() && !bucket.starts_with("arn:") => Ok(Place {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                version,
            }),
            _ => Err(ServiceError::new(
                "InvalidArgument",
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            )),
        }
    }

    /// What IAM must allow for it to be read.
    pub(super) fn requires(&self, s3: &S3, platform: &Platform) -> Result<Vec<Requirement>, ServiceError> {
        let place = self.place()?;
        s3.may_read(platform, (&place.bucket, &place.key), place.version.as_deref())
    }

    /// The object, if it is as expected.
    pub(super) fn find(&self, s3: &S3, call: &Call) -> Result<Found, ServiceError> {
        let Place { bucket, key, version } = self.place()?;
        let found = s3.found(call, (&bucket, &key), version.as_deref());
        // What is missing is the source, whatever the request is to.
        let found = found.map_err(|error| match error.code.as_str() {
            "NoSuchKey" => error.with_detail("Key", key.as_str()),
            "NoSuchBucket" => error.with_detail("BucketName", bucket.as_str()),
            _ => error,
        })?;
        let conditions = Conditions {
            matches: self.copy_source_if_match.as_deref(),
            none_matches: self.copy_source_if_none_match.as_deref(),
            modified_since: self.copy_source_if_modified_since.as_deref(),
            unmodified_since: self.copy_source_if_unmodified_since.as_deref(),
        };
        conditions.check(&found.object).map_err(|error| self.failed(error))?;
        Ok(found)
    }

    /// A copy that is not wanted fails alike, whichever condition it was; and the condition has the header's name.
    fn failed(&self, error: ServiceError) -> ServiceError {
        let own = error.details.iter().find(|(name, _)| *name == "Condition");
        let condition = match (error.status, own) {
            (304, _) if self.copy_source_if_none_match.is_some() => "If-None-Match",
            (304, _) => "If-Modified-Since",
            (412, Some((_, condition))) => condition,
            _ => return error,
        };
        precondition_failed(&format!("x-amz-copy-source-{condition}"))
    }
}

impl S3 {
    pub(super) fn may_copy(&self, platform: &Platform, input: &Copy) -> Result<Vec<Requirement>, ServiceError> {
        let (attributes, source, copy) = (&input.target, &input.own.target, &input.own.own);
        let mut requirements = source.requires(self, platform)?;
        let to = (copy.bucket.as_str(), copy.key.as_str());
        let default = self.in_bucket(to.0, |bucket| bucket.encryption.clone())?;
        requirements.extend(attributes.requires(platform, to, default)?);
        // Tags that come along are read there and put here.
        let from = source.place()?;
        let tags = self.tags_of(&from)?;
        if copy.tagging_directive != Some(Directive::Replace) && !tags.is_empty() {
            let actions = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging");
            let place = (from.bucket.as_str(), from.key.as_str());
            requirements.push(on_version(platform, actions, place, from.version.as_deref()));
            requirements.push(on_tags(platform, "s3:PutObjectTagging", to, &tags));
        }
        Ok(requirements)
    }

    fn tags_of(&self, place: &Place) -> Result<Tags, ServiceError> {
        self.in_bucket(&place.bucket, |bucket| {
            let found = bucket.find(&place.key, place.version.as_deref()).ok().flatten();
            let object = found.and_then(|version| version.object.as_ref());
            object.map(|object| object.tags.clone()).unwrap_or_default()
        })
    }

    pub(super) fn copy_object(&self, call: &Call, input: Copy) -> Result<Value, ServiceError> {
        let (attributes, source, copy) = (input.target, input.own.target, input.own.own);
        let found = source.find(self, call)?;
        let from = source.place()?;
        let replaces = copy.metadata_directive == Some(Directive::Replace);
        // What cannot be is refused whichever of it is copied.
        let (asked, given) = (attributes.encryption()?, attributes.about()?);
        let is_itself = from.bucket == copy.bucket && from.key == copy.key && from.version.is_none();
        if is_itself && !replaces && asked.is_none() && !attributes.names_storage_class() {
            return Err(ServiceError::new(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        let about = if replaces { given } else { found.object.about.clone() };
        let tags = if copy.tagging_directive == Some(Directive::Replace) {
            attributes.tags()?.unwrap_or_default()
        } else {
            found.object.tags.clone()
        };
        let body = self.lasting.bytes(&found.object.body)?;
        let checksum = copied_checksum(&found.object, &body, copy.checksum_algorithm);
        self.in_bucket(&copy.bucket, |bucket| {
            check_write(
                bucket,
                &copy.key,
                copy.if_match.as_deref(),
                copy.if_none_match.as_deref(),
            )?;
            let encryption = asked.unwrap_or_else(|| bucket.encryption.clone());
            let object = Object::whole(self.keep(body)?, about, encryption, tags, checksum);
            let mut result = Map::new();
            result.insert("ETag".into(), object.quoted_etag().into());
            result.insert("LastModified".into(), object.last_modified.to_string().into());
            object.checksum.show(&mut result);
            let mut output = Map::new();
            object.encryption.show(&mut output);
            output.insert("CopyObjectResult".into(), result.into());
            let version = bucket.put(&copy.key, object);
            output.extend(version.map(|id| ("VersionId".to_owned(), id.into())));
            output.extend(
                found
                    .version
                    .clone()
                    .map(|id| ("CopySourceVersionId".to_owned(), id.into())),
            );
            Ok(json!(output))
        })?
    }
}

/// A copy keeps its source's checksum, unless another is asked for, or it is one of parts that the copy has not.
fn copied_checksum(source: &Object, body: &[u8], asked: Option<Algorithm>) -> Checksum {
    let algorithm = asked.unwrap_or(source.checksum.algorithm);
    if algorithm == source.checksum.algorithm && source.checksum.kind == Kind::FullObject {
        source.checksum.clone()
    } else {
        Checksum::of(algorithm, body)
    }
}
