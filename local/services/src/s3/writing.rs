//! PutObject.

use super::attributes::Attributes;
use super::bucket::S3;
use super::checksum::{Checksums, check_md5};
use super::conditions::check_write;
use super::object::Object;
use bytes::Bytes;
use platform::input::On;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The input of PutObject: what goes with the object, its checksum, and the rest.
pub(super) type Put = On<Attributes, On<Checksums, PutObject>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutObject {
    bucket: String,
    key: String,
    /// A state machine gives any JSON as the body, and S3 stores its text.
    body: Option<Value>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    #[serde(rename = "ContentMD5")]
    content_md5: Option<String>,
}

/// The bytes that a call brings: beside its input, or as JSON in it.
pub(super) fn body(call: &Call, in_input: Option<&Value>) -> Bytes {
    match in_input {
        _ if !call.body.is_empty() => call.body.clone(),
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) => text.clone().into(),
        Some(other) => other.to_string().into(),
    }
}

impl S3 {
    pub(super) fn may_put(&self, platform: &Platform, input: &Put) -> Result<Vec<Requirement>, ServiceError> {
        let PutObject {
            bucket, key, if_match, ..
        } = &input.own.own;
        let default = self.in_bucket(bucket, |bucket| bucket.encryption.clone())?;
        let mut requirements = input.target.requires(platform, (bucket, key), default)?;
        for requirement in requirements.iter_mut().filter(|one| one.action == "s3:PutObject") {
            for (name, tag) in [
                ("s3:if-match", if_match),
                ("s3:if-none-match", &input.own.own.if_none_match),
            ] {
                requirement
                    .context
                    .extend(tag.iter().map(|tag| (name.to_owned(), tag.clone())));
            }
        }
        Ok(requirements)
    }

    pub(super) fn put_object(&self, call: &Call, input: Put) -> Result<Value, ServiceError> {
        let (attributes, checksums, put) = (input.target, input.own.target, input.own.own);
        let body = body(call, put.body.as_ref());
        check_md5(put.content_md5.as_deref(), &body)?;
        let checksum = checksums.check(&body)?;
        let (about, asked, tags) = (attributes.about()?, attributes.encryption()?, attributes.tags()?);
        self.in_bucket(&put.bucket, |bucket| {
            check_write(bucket, &put.key, put.if_match.as_deref(), put.if_none_match.as_deref())?;
            let encryption = asked.unwrap_or_else(|| bucket.encryption.clone());
            let object = Object::whole(self.keep(body)?, about, encryption, tags.unwrap_or_default(), checksum);
            let mut output = Map::new();
            output.insert("ETag".into(), object.quoted_etag().into());
            object.encryption.show(&mut output);
            object.checksum.show(&mut output);
            let version = bucket.put(&put.key, object);
            output.extend(version.map(|id| ("VersionId".to_owned(), id.into())));
            Ok(output.into())
        })?
    }
}
