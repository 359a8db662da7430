//! GetObject and HeadObject: objects, versions, and parts of them.

use super::attributes::of_key;
use super::bucket::{S3, Versioning, on, on_version};
use super::conditions::Conditions;
use super::object::{Object, Range};
use super::store::Version;
use bytes::Bytes;
use platform::{Answer, Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The input of GetObject and HeadObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetObject {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    range: Option<String>,
    part_number: Option<u16>,
    checksum_mode: Option<String>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<String>,
    if_unmodified_since: Option<String>,
}

/// An object that was found, and the version that it is where S3 tells.
pub(super) struct Found {
    pub(super) object: Arc<Object>,
    pub(super) version: Option<String>,
}

/// Which bytes of an object are wanted.
struct Wanted {
    range: Option<Range>,
    /// Of how many parts it is one, where a part was asked for.
    parts: Option<usize>,
}

impl S3 {
    pub(super) fn may_get(&self, platform: &Platform, input: &GetObject) -> Result<Vec<Requirement>, ServiceError> {
        self.may_read(platform, (&input.bucket, &input.key), input.version_id.as_deref())
    }

    /// What IAM must allow for whoever reads an object.
    pub(super) fn may_read(
        &self,
        platform: &Platform,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let actions = ("s3:GetObject", "s3:GetObjectVersion");
        let mut requirements = vec![on_version(platform, actions, (bucket, key), version)];
        let object = self.in_bucket(bucket, |bucket| {
            let found = bucket.find(key, version).ok().flatten();
            found.and_then(|version| version.object.clone())
        })?;
        requirements.extend(object.and_then(|object| of_key(platform, "kms:Decrypt", &object.encryption)));
        Ok(requirements)
    }

    pub(super) fn get_object(&self, call: &Call, input: GetObject) -> Result<Answer, ServiceError> {
        let (output, body) = self.look(call, &input)?;
        Ok(Answer {
            output,
            body: Some(body),
        })
    }

    pub(super) fn head_object(&self, call: &Call, input: GetObject) -> Result<Value, ServiceError> {
        self.look(call, &input).map(|(output, _)| output)
    }

    fn look(&self, call: &Call, input: &GetObject) -> Result<(Value, Bytes), ServiceError> {
        let found = self.found(call, (&input.bucket, &input.key), input.version_id.as_deref())?;
        let object = &found.object;
        let conditions = Conditions {
            matches: input.if_match.as_deref(),
            none_matches: input.if_none_match.as_deref(),
            modified_since: input.if_modified_since.as_deref(),
            unmodified_since: input.if_unmodified_since.as_deref(),
        };
        conditions.check(object)?;
        let mut output = described(&found);
        let wanted = input.wanted(object)?;
        let length = object.body.len();
        let body = match wanted.range {
            Some(Range { first, last }) => {
                output.insert("ContentRange".into(), format!("bytes {first}-{last}/{length}").into());
                self.lasting.bytes(&object.body)?.slice(first..=last)
            }
            None => self.lasting.bytes(&object.body)?,
        };
        output.insert("ContentLength".into(), body.len().into());
        output.extend(wanted.parts.map(|parts| ("PartsCount".to_owned(), parts.into())));
        // A checksum is that of the whole object, and goes with the whole object only.
        if wanted.range.is_none() && input.checksum_mode.as_deref() == Some("ENABLED") {
            object.checksum.show(&mut output);
        }
        Ok((output.into(), body))
    }

    /// Finds an object for somebody who may read it.
    pub(super) fn found(
        &self,
        call: &Call,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> Result<Found, ServiceError> {
        let found = self.in_bucket(bucket, |bucket| {
            let found = bucket.find(key, version)?;
            let tells = bucket.versioning != Versioning::Never;
            let found = found.and_then(|Version { id, object, .. }| {
                Some(Found {
                    object: object.clone()?,
                    version: tells.then(|| id.clone()),
                })
            });
            found.ok_or_else(|| bucket.missing(key))
        })?;
        match found {
            Ok(found) => Ok(found),
            // Whether something exists is told only to those who may list its bucket. The question is not written to
            // the journal, for it is not what the caller asked.
            Err(missing) if missing.status == 404 => {
                let platform = &call.platform;
                let listing = on(platform, "s3:ListBucket", bucket, None);
                let decision = platform.iam.decide(&platform.account, &call.caller, &listing);
                Err(decision.map_err(access_denied).err().unwrap_or(missing))
            }
            Err(other) => Err(other),
        }
    }
}

impl GetObject {
    fn wanted(&self, object: &Object) -> Result<Wanted, ServiceError> {
        let length = object.body.len();
        match (&self.range, self.part_number) {
            (Some(_), Some(_)) => Err(ServiceError::new(
                "InvalidRequest",
                "Cannot specify both Range header and partNumber query parameter",
            )),
            (Some(range), None) => Ok(Wanted {
                range: Range::read(range, length)?,
                parts: None,
            }),
            (None, Some(number)) => part(object, usize::from(number)),
            (None, None) => Ok(Wanted {
                range: None,
                parts: None,
            }),
        }
    }
}

/// The bytes of a part; an object that came in one piece has one part.
fn part(object: &Object, number: usize) -> Result<Wanted, ServiceError> {
    let whole = [object.body.len()];
    let parts = if object.parts.is_empty() {
        &whole[..]
    } else {
        &object.parts
    };
    if !(1..=parts.len()).contains(&number) {
        let message = "The requested partnumber is not satisfiable";
        return Err(ServiceError::new("InvalidPartNumber", message)
            .with_status(416)
            .with_detail("ActualPartCount", parts.len().to_string())
            .with_detail("PartNumberRequested", number.to_string()));
    }
    let first = parts[..number - 1].iter().sum::<usize>();
    let end = first + parts[number - 1];
    Ok(Wanted {
        range: (end > first).then(|| Range { first, last: end - 1 }),
        parts: (!object.parts.is_empty()).then_some(parts.len()),
    })
}

/// An object's members but its body and its checksum.
fn described(found: &Found) -> Map<String, Value> {
    let object = &found.object;
    let about = &object.about;
    let mut described = Map::new();
    let mut set = |member: &str, value: Value| drop(described.insert(member.to_owned(), value));
    set("AcceptRanges", "bytes".into());
    set("LastModified", object.last_modified.to_string().into());
    set("ETag", object.quoted_etag().into());
    set(
        "ContentType",
        about.content_type.as_deref().unwrap_or("binary/octet-stream").into(),
    );
    set("Metadata", json!(about.metadata));
    if !object.tags.is_empty() {
        set("TagCount", object.tags.len().into());
    }
    for (member, value) in &about.headers {
        set(member, value.as_str().into());
    }
    object.encryption.show(&mut described);
    described.extend(
        found
            .version
            .iter()
            .map(|id| ("VersionId".to_owned(), id.as_str().into())),
    );
    described
}

/// S3's AccessDenied has another code and another status than that of the JSON services.
pub(super) fn access_denied(denied: ServiceError) -> ServiceError {
    ServiceError::new("AccessDenied", denied.message).with_status(403)
}
