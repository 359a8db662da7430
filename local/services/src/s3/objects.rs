//! Objects: put, got, listed and deleted.

use super::bucket::{S3, on};
use super::listing::ListObjects;
use super::object::{CHECKSUMS, Encryption, KEPT, NewObject, Object, Range};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use platform::{Answer, Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// The input of GetObject and HeadObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetObject {
    bucket: String,
    key: String,
    range: Option<String>,
    #[serde(rename = "ChecksumMode")]
    _checksum_mode: Option<String>,
}

/// The input of PutObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutObject {
    bucket: String,
    key: String,
    /// A state machine gives any JSON as the body, and S3 stores its text.
    body: Option<Value>,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    server_side_encryption: Option<String>,
    #[serde(rename = "SSEKMSKeyId")]
    kms_key_id: Option<String>,
    #[serde(rename = "ACL")]
    acl: Option<String>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    #[serde(rename = "ContentMD5")]
    content_md5: Option<String>,
    /// Headers that are kept, and checksums, by the names of their members.
    #[serde(flatten)]
    headers: BTreeMap<String, Value>,
}

/// The input of DeleteObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteObject {
    bucket: String,
    key: String,
}

/// The input of ListObjectsV2.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListObjectsV2 {
    bucket: String,
    #[serde(default)]
    prefix: String,
    delimiter: Option<String>,
    start_after: Option<String>,
    continuation_token: Option<String>,
    #[serde(default = "most_keys")]
    max_keys: usize,
    #[serde(rename = "EncodingType")]
    _encoding_type: Option<String>,
    #[serde(rename = "FetchOwner")]
    _fetch_owner: Option<bool>,
}

/// The most keys on one page.
const fn most_keys() -> usize {
    1000
}

pub(super) fn may_delete(s3: &S3, platform: &Platform, input: &DeleteObject) -> Result<Vec<Requirement>, ServiceError> {
    s3.in_bucket(&input.bucket, |_| ())?;
    Ok(vec![on(platform, "s3:DeleteObject", &input.bucket, Some(&input.key))])
}

impl S3 {
    pub(super) fn may_get(&self, platform: &Platform, input: &GetObject) -> Result<Vec<Requirement>, ServiceError> {
        let mut requirements = vec![on(platform, "s3:GetObject", &input.bucket, Some(&input.key))];
        let found = self.in_bucket(&input.bucket, |bucket| bucket.objects.get(&input.key).cloned())?;
        requirements.extend(found.and_then(|object| of_key(platform, "kms:Decrypt", &object.encryption)));
        Ok(requirements)
    }

    pub(super) fn get_object(&self, call: &Call, input: GetObject) -> Result<Answer, ServiceError> {
        let object = self.found(call, &input)?;
        let mut output = described(&object);
        let length = object.body.len();
        let range = input.range.as_deref().map(|range| Range::read(range, length));
        let body = match range.transpose()?.flatten() {
            Some(Range { first, last }) => {
                output.insert("ContentRange".into(), format!("bytes {first}-{last}/{length}").into());
                object.body.slice(first..=last)
            }
            None => object.body,
        };
        output.insert("ContentLength".into(), body.len().into());
        Ok(Answer {
            output: output.into(),
            body: Some(body),
        })
    }

    pub(super) fn head_object(&self, call: &Call, input: GetObject) -> Result<Value, ServiceError> {
        Ok(described(&self.found(call, &input)?).into())
    }

    fn found(&self, call: &Call, input: &GetObject) -> Result<Object, ServiceError> {
        let found = self.in_bucket(&input.bucket, |bucket| bucket.objects.get(&input.key).cloned())?;
        match found {
            Some(object) => Ok(object),
            None => {
                // Whether an object exists is told only to those who may list its bucket. The question is not written
                // to the journal, for it is not what the caller asked.
                let platform = &call.platform;
                let listing = on(platform, "s3:ListBucket", &input.bucket, None);
                let decision = platform.iam.decide(&platform.account, &call.caller, &listing);
                decision.map_err(access_denied)?;
                Err(no_such_key())
            }
        }
    }

    pub(super) fn may_put(&self, platform: &Platform, input: &PutObject) -> Result<Vec<Requirement>, ServiceError> {
        let (bucket, key) = (input.bucket.as_str(), input.key.as_str());
        if key.is_empty() || key.len() > 1024 {
            return Err(ServiceError::new("KeyTooLongError", "Your key is empty or too long"));
        }
        let default = self.in_bucket(bucket, |bucket| bucket.encryption.clone())?;
        let asked = input.encryption();
        let mut put = on(platform, "s3:PutObject", bucket, Some(key));
        if let Some(asked) = &asked {
            put = put.with("s3:x-amz-server-side-encryption", &asked.algorithm);
            if let Some(key) = &asked.kms_key_id {
                let arn = kms_key_arn(platform, key);
                put = put.with("s3:x-amz-server-side-encryption-aws-kms-key-id", arn);
            }
        }
        // An access control list is asked for by itself:
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
        let acl = input.acl.as_ref();
        let acl = acl.map(|acl| on(platform, "s3:PutObjectAcl", bucket, Some(key)).with("s3:x-amz-acl", acl));
        let encryption = of_key(platform, "kms:GenerateDataKey", &asked.unwrap_or(default));
        Ok(acl.into_iter().chain([put]).chain(encryption).collect())
    }

    pub(super) fn put_object(&self, call: &Call, input: PutObject) -> Result<Value, ServiceError> {
        let body = match &input.body {
            _ if !call.body.is_empty() => call.body.clone(),
            None | Some(Value::Null) => Bytes::new(),
            Some(Value::String(text)) => text.clone().into(),
            Some(other) => other.to_string().into(),
        };
        if let Some(expected) = &input.content_md5
            && STANDARD.encode(Md5::digest(&body)) != *expected
        {
            return Err(bad_digest("Content-MD5"));
        }
        let encryption = input.encryption();
        let (headers, checksum) = kept(&input.headers, &body)?;
        let new = NewObject {
            body,
            content_type: input.content_type,
            headers,
            metadata: input.metadata,
            encryption,
            checksum,
        };
        let wanted = input.if_match.as_deref().map(|tag| tag.trim_matches('"'));
        let may_not_be = input.if_none_match.is_some();
        let object = self.in_bucket(&input.bucket, |bucket| {
            match (bucket.objects.get(&input.key), wanted) {
                (Some(_), _) if may_not_be => return Err(precondition_failed("If-None-Match")),
                (Some(existing), Some(wanted)) if existing.etag != wanted => {
                    return Err(precondition_failed("If-Match"));
                }
                (None, Some(_)) => return Err(no_such_key()),
                (Some(_) | None, _) => {}
            }
            let object = Object::store(new, &bucket.encryption);
            bucket.objects.insert(input.key, object.clone());
            Ok(object)
        })??;
        let mut output = described(&object);
        output.retain(|name, _| {
            matches!(name.as_str(), "ETag" | "ServerSideEncryption" | "SSEKMSKeyId") || name.starts_with("Checksum")
        });
        Ok(output.into())
    }

    pub(super) fn delete_object(&self, _: &Call, input: DeleteObject) -> Result<Value, ServiceError> {
        // Deleting what is not there succeeds.
        self.in_bucket(&input.bucket, |bucket| bucket.objects.remove(&input.key))?;
        Ok(json!({}))
    }

    pub(super) fn may_list_objects(
        &self,
        platform: &Platform,
        input: &ListObjectsV2,
    ) -> Result<Vec<Requirement>, ServiceError> {
        self.in_bucket(&input.bucket, |_| ())?;
        let requirement = on(platform, "s3:ListBucket", &input.bucket, None)
            .with("s3:prefix", &input.prefix)
            .with("s3:max-keys", input.max_keys.min(most_keys()).to_string());
        Ok(vec![requirement])
    }

    pub(super) fn list_objects(&self, _: &Call, input: ListObjectsV2) -> Result<Value, ServiceError> {
        let question = ListObjects {
            prefix: input.prefix,
            delimiter: input.delimiter,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            max_keys: input.max_keys.min(most_keys()),
        };
        let listing = self.in_bucket(&input.bucket, |bucket| question.answer(&bucket.objects))??;
        let contents = listing.contents.iter().map(|(key, object)| {
            json!({
                "Key": key,
                "LastModified": object.last_modified,
                "ETag": object.quoted_etag(),
                "Size": object.body.len(),
                "StorageClass": "STANDARD",
            })
        });
        let prefixes = listing.common_prefixes.iter().map(|prefix| json!({"Prefix": prefix}));
        let mut output = json!({
            "Name": input.bucket,
            "Prefix": question.prefix,
            "MaxKeys": question.max_keys,
            "KeyCount": listing.contents.len() + listing.common_prefixes.len(),
            "IsTruncated": listing.next_continuation_token.is_some(),
            "Contents": contents.collect::<Vec<_>>(),
        });
        for (member, value) in [
            ("Delimiter", question.delimiter),
            ("StartAfter", question.start_after),
            ("ContinuationToken", question.continuation_token),
            ("NextContinuationToken", listing.next_continuation_token),
        ] {
            if let Some(value) = value {
                output[member] = value.into();
            }
        }
        if !listing.common_prefixes.is_empty() {
            output["CommonPrefixes"] = prefixes.collect();
        }
        Ok(output)
    }
}

impl PutObject {
    fn encryption(&self) -> Option<Encryption> {
        let algorithm = self.server_side_encryption.clone()?;
        Some(Encryption {
            algorithm,
            kms_key_id: self.kms_key_id.clone(),
        })
    }
}

/// The headers to keep, and the checksum if one came along.
type Kept = (BTreeMap<String, String>, Option<(String, String)>);

/// What is kept of the members that are headers. A checksum must fit the body.
fn kept(members: &BTreeMap<String, Value>, body: &[u8]) -> Result<Kept, ServiceError> {
    let (mut headers, mut checksum) = (BTreeMap::new(), None);
    for (member, value) in members {
        let is_it = |known: &&(&str, &str)| known.1 == member;
        let value = value.as_str().unwrap_or_default().to_owned();
        if let Some((header, _)) = KEPT.iter().find(is_it) {
            headers.insert((*header).to_owned(), value);
        } else if let Some((header, _)) = CHECKSUMS.iter().find(is_it) {
            verify(header, &value, body)?;
            checksum = Some(((*header).to_owned(), value));
        } else {
            let message = format_args!("the local run does not have the field `{member}` of PutObject");
            return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
        }
    }
    Ok((headers, checksum))
}

/// Compares a checksum with the body, for the algorithms that SDKs send by themselves; others are kept as they came.
fn verify(header: &str, value: &str, body: &[u8]) -> Result<(), ServiceError> {
    let actual = match header {
        "x-amz-checksum-crc32" => STANDARD.encode(crc32fast::hash(body).to_be_bytes()),
        "x-amz-checksum-sha256" => STANDARD.encode(Sha256::digest(body)),
        _ => return Ok(()),
    };
    if actual == value {
        Ok(())
    } else {
        Err(bad_digest(header))
    }
}

/// An object's members but its body.
fn described(object: &Object) -> Map<String, Value> {
    let mut described = Map::new();
    let mut set = |member: &str, value: Value| drop(described.insert(member.to_owned(), value));
    set("AcceptRanges", "bytes".into());
    set("LastModified", object.last_modified.to_string().into());
    set("ContentLength", object.body.len().into());
    set("ETag", object.quoted_etag().into());
    set("ContentType", object.content_type.as_str().into());
    set("ServerSideEncryption", object.encryption.algorithm.as_str().into());
    set("Metadata", json!(object.metadata));
    if let Some(key) = &object.encryption.kms_key_id {
        set("SSEKMSKeyId", key.as_str().into());
    }
    for (header, member) in KEPT.iter().chain(CHECKSUMS) {
        let checksum = object.checksum.iter().find(|(name, _)| name == header);
        let value = object.headers.get(*header).or(checksum.map(|(_, value)| value));
        if let Some(value) = value {
            set(member, value.as_str().into());
        }
    }
    described
}

/// A customer's key has permissions of its own; S3's and AWS's keys do not.
fn of_key(platform: &Platform, action: &str, encryption: &Encryption) -> Option<Requirement> {
    let key = encryption.kms_key_id.as_ref()?;
    let service = format!("s3.{}.amazonaws.com", platform.account.region);
    (!key.ends_with("alias/aws/s3"))
        .then(|| Requirement::new(action, kms_key_arn(platform, key)).with("kms:ViaService", service))
}

fn kms_key_arn(platform: &Platform, key: &str) -> String {
    if key.starts_with("arn:") {
        key.to_owned()
    } else if key.starts_with("alias/") {
        platform.account.arn("kms", key)
    } else {
        platform.account.arn("kms", format_args!("key/{key}"))
    }
}

/// S3's AccessDenied has another code and another status than that of the JSON services.
pub(super) fn access_denied(denied: ServiceError) -> ServiceError {
    ServiceError::new("AccessDenied", denied.message).with_status(403)
}

fn no_such_key() -> ServiceError {
    ServiceError::new("NoSuchKey", "The specified key does not exist.").with_status(404)
}

pub(super) fn precondition_failed(which: &str) -> ServiceError {
    ServiceError::new(
        "PreconditionFailed",
        format_args!("At least one of the pre-conditions you specified did not hold: {which}"),
    )
    .with_status(412)
}

fn bad_digest(which: &str) -> ServiceError {
    ServiceError::new(
        "BadDigest",
        format_args!("The {which} you specified did not match the calculated checksum."),
    )
}
