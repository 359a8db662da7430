//! S3 at the door that all services share: what deploying and state machines call, in the shapes of the SDKs.

use super::listing::ListObjects;
use super::object::{Encryption, NewObject, Object};
use super::{S3, authorize};
use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Operations that configure a bucket, and the member of their input that is kept. Nothing in the local run depends
/// on it, except on the policy and the encryption, which are looked at below.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "PutBucketEncryption",
        "s3:PutEncryptionConfiguration",
        "ServerSideEncryptionConfiguration",
    ),
    (
        "PutBucketLifecycleConfiguration",
        "s3:PutLifecycleConfiguration",
        "LifecycleConfiguration",
    ),
    ("PutBucketLogging", "s3:PutBucketLogging", "BucketLoggingStatus"),
    (
        "PutBucketNotificationConfiguration",
        "s3:PutBucketNotification",
        "NotificationConfiguration",
    ),
    (
        "PutBucketOwnershipControls",
        "s3:PutBucketOwnershipControls",
        "OwnershipControls",
    ),
    ("PutBucketPolicy", "s3:PutBucketPolicy", "Policy"),
    ("PutBucketTagging", "s3:PutBucketTagging", "Tagging"),
    (
        "PutBucketVersioning",
        "s3:PutBucketVersioning",
        "VersioningConfiguration",
    ),
    (
        "PutPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
        "PublicAccessBlockConfiguration",
    ),
];

#[async_trait::async_trait]
impl Service for S3 {
    fn signing_name(&self) -> &'static str {
        "s3"
    }

    /// The typed calls ask IAM themselves, so that those who use them directly are asked too.
    fn requirements(&self, _cloud: &Cloud, operation: &str, _input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        match operation {
            "CreateBucket" | "DeleteObject" | "GetObject" | "HeadBucket" | "HeadObject" | "ListBuckets"
            | "ListObjectsV2" | "PutObject" => Ok(Vec::new()),
            _ if SETTINGS.iter().any(|(name, ..)| *name == operation) => Ok(Vec::new()),
            _ => Err(ServiceError::not_in_local_run("s3", operation)),
        }
    }

    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        if operation == "ListBuckets" {
            let buckets = self.list_buckets(cloud, caller)?.into_iter();
            let buckets = buckets.map(|(name, created)| json!({"Name": name, "CreationDate": created}));
            return Ok(json!({"Buckets": buckets.collect::<Vec<_>>()}));
        }
        let bucket = text(&input, "Bucket")?;
        match operation {
            "CreateBucket" => {
                self.create_bucket(cloud, caller, bucket)?;
                Ok(json!({"Location": format!("/{bucket}")}))
            }
            "HeadBucket" => {
                self.head_bucket(cloud, caller, bucket)?;
                Ok(json!({"BucketRegion": cloud.account.region}))
            }
            "PutObject" => {
                let object = self.put_object(cloud, caller, bucket, text(&input, "Key")?, new_object(&input)?)?;
                Ok(json!({"ETag": quoted(&object), "ServerSideEncryption": object.encryption.algorithm}))
            }
            "GetObject" => {
                let object = self.get_object(cloud, caller, bucket, text(&input, "Key")?)?;
                let mut answer = described(&object);
                answer.insert("Body".into(), String::from_utf8_lossy(&object.body).into());
                Ok(answer.into())
            }
            "HeadObject" => {
                let object = self.get_object(cloud, caller, bucket, text(&input, "Key")?)?;
                Ok(described(&object).into())
            }
            "DeleteObject" => {
                self.delete_object(cloud, caller, bucket, text(&input, "Key")?)?;
                Ok(json!({}))
            }
            "ListObjectsV2" => self.list(cloud, caller, bucket, &input),
            _ => self.configure(cloud, caller, bucket, operation, &input),
        }
    }
}

impl S3 {
    fn list(&self, cloud: &Cloud, caller: &Principal, bucket: &str, input: &Value) -> Result<Value, ServiceError> {
        let optional = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let limit = input.get("MaxKeys").and_then(Value::as_u64).unwrap_or(1000).min(1000);
        let question = ListObjects {
            prefix: optional("Prefix").unwrap_or_default(),
            delimiter: optional("Delimiter"),
            start_after: optional("StartAfter"),
            continuation_token: optional("ContinuationToken"),
            max_keys: usize::try_from(limit).unwrap_or(1000),
        };
        let listing = self.list_objects(cloud, caller, bucket, &question)?;
        let contents = listing.contents.iter().map(|(key, object)| {
            json!({
                "Key": key,
                "LastModified": object.last_modified,
                "ETag": quoted(object),
                "Size": object.body.len(),
                "StorageClass": "STANDARD",
            })
        });
        let contents: Vec<Value> = contents.collect();
        let prefixes = listing.common_prefixes.iter().map(|prefix| json!({"Prefix": prefix}));
        let prefixes: Vec<Value> = prefixes.collect();
        let mut answer = json!({
            "Name": bucket,
            "Prefix": question.prefix,
            "MaxKeys": limit,
            "KeyCount": contents.len() + prefixes.len(),
            "IsTruncated": listing.next_continuation_token.is_some(),
            "Contents": contents,
        });
        if !prefixes.is_empty() {
            answer["CommonPrefixes"] = prefixes.into();
        }
        if let Some(token) = listing.next_continuation_token {
            answer["NextContinuationToken"] = token.into();
        }
        Ok(answer)
    }

    fn configure(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let Some((_, action, member)) = SETTINGS.iter().find(|(name, ..)| *name == operation) else {
            return Err(ServiceError::not_in_local_run("s3", operation));
        };
        authorize(cloud, caller, action, bucket, None, Vec::new())?;
        let setting = input
            .get(*member)
            .ok_or_else(|| ServiceError::new("MissingParameter", format_args!("`{member}` is required")))?;
        if *member == "Policy" {
            let policy = setting.as_str().map(serde_json::from_str::<Value>);
            let Some(Ok(policy)) = policy else {
                return Err(ServiceError::new("MalformedPolicy", "Policies must be valid JSON"));
            };
            cloud
                .iam
                .put_resource_policy(&cloud.account.s3_arn(bucket, None), &policy)?;
        }
        let encryption = (*member == "ServerSideEncryptionConfiguration").then(|| default_encryption(setting));
        self.in_bucket(bucket, |bucket| {
            if let Some(encryption) = encryption.flatten() {
                bucket.encryption = encryption;
            }
            bucket.settings.insert(operation.to_owned(), setting.clone());
        })?;
        Ok(json!({}))
    }
}

fn default_encryption(configuration: &Value) -> Option<Encryption> {
    let default = configuration.pointer("/Rules/0/ApplyServerSideEncryptionByDefault")?;
    Some(Encryption {
        algorithm: default.get("SSEAlgorithm")?.as_str()?.to_owned(),
        kms_key_id: default.get("KMSMasterKeyID").and_then(Value::as_str).map(str::to_owned),
    })
}

fn new_object(input: &Value) -> Result<NewObject, ServiceError> {
    let optional = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    // A state machine gives any JSON as the body, and S3 stores its text.
    let body = match input.get("Body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let metadata = match input.get("Metadata") {
        None => BTreeMap::new(),
        Some(metadata) => serde_json::from_value(metadata.clone())
            .map_err(|_| ServiceError::new("InvalidRequest", "`Metadata` must map strings to strings"))?,
    };
    Ok(NewObject {
        body: body.into(),
        content_type: optional("ContentType"),
        metadata,
        encryption: optional("ServerSideEncryption").map(|algorithm| Encryption {
            algorithm,
            kms_key_id: optional("SSEKMSKeyId"),
        }),
        ..NewObject::default()
    })
}

fn described(object: &Object) -> Map<String, Value> {
    let described = json!({
        "LastModified": object.last_modified,
        "ContentLength": object.body.len(),
        "ETag": quoted(object),
        "ContentType": object.content_type,
        "ServerSideEncryption": object.encryption.algorithm,
        "Metadata": object.metadata,
    });
    match described {
        Value::Object(described) => described,
        _ => Map::new(),
    }
}

fn quoted(object: &Object) -> String {
    format!("\"{}\"", object.etag)
}

fn text<'i>(input: &'i Value, name: &str) -> Result<&'i str, ServiceError> {
    input
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| ServiceError::new("MissingParameter", format_args!("`{name}` is required, and a string")))
}
