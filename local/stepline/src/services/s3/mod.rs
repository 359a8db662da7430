//! S3: buckets and objects in memory.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>. Services use the typed calls below, each as
//! the principal that asks; SDKs come in through `rest`, and deploying and state machines through the JSON door. There
//! are no versions, no multipart uploads and no copies: those operations are refused by name.

mod door;
mod listing;
mod object;
pub(crate) mod rest;

pub use listing::{ListObjects, Listing};
pub use object::{Encryption, NewObject, Object, Range};

use crate::cloud::{Cloud, Requirement};
use crate::error::ServiceError;
use crate::principal::Principal;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// S3 in this account and region.
#[derive(Debug, Default)]
pub struct S3 {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    created: Timestamp,
    encryption: Encryption,
    /// What the template configures and the local run only keeps, by the name of the operation that put it.
    settings: BTreeMap<String, Value>,
    objects: BTreeMap<String, Object>,
}

impl S3 {
    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_bucket<T>(&self, bucket: &str, work: impl FnOnce(&mut Bucket) -> T) -> Result<T, ServiceError> {
        self.buckets()
            .get_mut(bucket)
            .map(work)
            .ok_or_else(|| ServiceError::new("NoSuchBucket", "The specified bucket does not exist").with_status(404))
    }

    /// Creates a bucket.
    ///
    /// # Errors
    /// AccessDenied, InvalidBucketName, or BucketAlreadyOwnedByYou.
    pub fn create_bucket(&self, cloud: &Cloud, caller: &Principal, bucket: &str) -> Result<(), ServiceError> {
        let valid = (3..=63).contains(&bucket.len())
            && bucket
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
            && !bucket.starts_with(['-', '.'])
            && !bucket.ends_with(['-', '.']);
        if !valid {
            return Err(ServiceError::new(
                "InvalidBucketName",
                format_args!("The specified bucket is not valid: {bucket}"),
            ));
        }
        authorize(cloud, caller, "s3:CreateBucket", bucket, None, Vec::new())?;
        let mut buckets = self.buckets();
        if buckets.contains_key(bucket) {
            return Err(ServiceError::new(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
            .with_status(409));
        }
        buckets.insert(
            bucket.to_owned(),
            Bucket {
                created: Timestamp::now(),
                encryption: Encryption::by_s3(),
                settings: BTreeMap::new(),
                objects: BTreeMap::new(),
            },
        );
        Ok(())
    }

    /// Stores an object, and gives it as it was stored.
    ///
    /// # Errors
    /// AccessDenied or NoSuchBucket.
    pub fn put_object(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        key: &str,
        object: impl Into<NewObject>,
    ) -> Result<Object, ServiceError> {
        self.put_object_if(cloud, caller, bucket, key, object.into(), |_| Ok(()))
    }

    /// The same with an access control list, as CodePipeline's source actions upload: that is asked for by itself.
    ///
    /// See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
    ///
    /// # Errors
    /// Those of [`S3::put_object`], and AccessDenied without `s3:PutObjectAcl`.
    pub fn put_object_with_acl(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        key: &str,
        object: impl Into<NewObject>,
    ) -> Result<Object, ServiceError> {
        authorize(cloud, caller, "s3:PutObjectAcl", bucket, Some(key), Vec::new())?;
        self.put_object(cloud, caller, bucket, key, object)
    }

    /// Puts an object if `condition` agrees with what is there now; nobody else comes in between.
    fn put_object_if(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: impl FnOnce(Option<&Object>) -> Result<(), ServiceError>,
    ) -> Result<Object, ServiceError> {
        if key.is_empty() || key.len() > 1024 {
            return Err(ServiceError::new("KeyTooLongError", "Your key is empty or too long"));
        }
        let default = self.in_bucket(bucket, |bucket| bucket.encryption.clone())?;
        let asked = object.encryption.clone();
        let object = Object::store(object, &default);
        let mut context = Vec::new();
        if let Some(asked) = asked {
            context.push(("s3:x-amz-server-side-encryption".to_owned(), asked.algorithm));
            let key = asked.kms_key_id.map(|key| kms_key_arn(cloud, &key));
            context.extend(key.map(|key| ("s3:x-amz-server-side-encryption-aws-kms-key-id".to_owned(), key)));
        }
        authorize(cloud, caller, "s3:PutObject", bucket, Some(key), context)?;
        authorize_key(cloud, caller, "kms:GenerateDataKey", &object.encryption)?;
        self.in_bucket(bucket, |bucket| {
            condition(bucket.objects.get(key))?;
            bucket.objects.insert(key.to_owned(), object.clone());
            Ok(object)
        })?
    }

    /// An object with its bytes.
    ///
    /// # Errors
    /// AccessDenied (also for what does not exist, where the caller may not list the bucket), NoSuchBucket, NoSuchKey.
    pub fn get_object(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<Object, ServiceError> {
        self.in_bucket(bucket, |_| ())?;
        authorize(cloud, caller, "s3:GetObject", bucket, Some(key), Vec::new())?;
        let Some(object) = self.in_bucket(bucket, |bucket| bucket.objects.get(key).cloned())? else {
            // Whether an object exists is told only to those who may list its bucket. The question is not written to
            // the journal, for it is not what the caller asked.
            let listing = Requirement::new("s3:ListBucket", cloud.account.s3_arn(bucket, None));
            cloud
                .iam
                .decide(&cloud.account, caller, &listing)
                .map_err(in_s3_words)?;
            return Err(ServiceError::new("NoSuchKey", "The specified key does not exist.").with_status(404));
        };
        authorize_key(cloud, caller, "kms:Decrypt", &object.encryption)?;
        Ok(object)
    }

    /// Deletes an object; deleting what is not there succeeds.
    ///
    /// # Errors
    /// AccessDenied or NoSuchBucket.
    pub fn delete_object(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<(), ServiceError> {
        self.in_bucket(bucket, |_| ())?;
        authorize(cloud, caller, "s3:DeleteObject", bucket, Some(key), Vec::new())?;
        self.in_bucket(bucket, |bucket| bucket.objects.remove(key)).map(|_| ())
    }

    /// One page of a bucket's objects.
    ///
    /// # Errors
    /// AccessDenied, NoSuchBucket, or InvalidArgument for a continuation token that is not S3's.
    pub fn list_objects(
        &self,
        cloud: &Cloud,
        caller: &Principal,
        bucket: &str,
        question: &ListObjects,
    ) -> Result<Listing, ServiceError> {
        self.in_bucket(bucket, |_| ())?;
        let context = vec![
            ("s3:prefix".to_owned(), question.prefix.clone()),
            ("s3:max-keys".to_owned(), question.max_keys.to_string()),
        ];
        authorize(cloud, caller, "s3:ListBucket", bucket, None, context)?;
        self.in_bucket(bucket, |bucket| question.answer(&bucket.objects))?
    }

    /// Whether a bucket is there and the caller may list it.
    ///
    /// # Errors
    /// AccessDenied or NoSuchBucket.
    pub fn head_bucket(&self, cloud: &Cloud, caller: &Principal, bucket: &str) -> Result<(), ServiceError> {
        self.in_bucket(bucket, |_| ())?;
        authorize(cloud, caller, "s3:ListBucket", bucket, None, Vec::new())
    }

    /// All buckets: their names and when they were created.
    ///
    /// # Errors
    /// AccessDenied.
    pub fn list_buckets(&self, cloud: &Cloud, caller: &Principal) -> Result<Vec<(String, Timestamp)>, ServiceError> {
        let requirement = Requirement::new("s3:ListAllMyBuckets", "*");
        cloud.authorize(caller, &[requirement]).map_err(in_s3_words)?;
        let buckets = self.buckets();
        Ok(buckets
            .iter()
            .map(|(name, bucket)| (name.clone(), bucket.created))
            .collect())
    }
}

fn authorize(
    cloud: &Cloud,
    caller: &Principal,
    action: &str,
    bucket: &str,
    key: Option<&str>,
    context: Vec<(String, String)>,
) -> Result<(), ServiceError> {
    let requirement = Requirement {
        context,
        ..Requirement::new(action, cloud.account.s3_arn(bucket, key))
    };
    cloud.authorize(caller, &[requirement]).map_err(in_s3_words)
}

/// A customer's key has permissions of its own; S3's and AWS's keys do not.
fn authorize_key(cloud: &Cloud, caller: &Principal, action: &str, encryption: &Encryption) -> Result<(), ServiceError> {
    match &encryption.kms_key_id {
        Some(key) if !key.ends_with("alias/aws/s3") => {
            let requirement = Requirement::new(action, kms_key_arn(cloud, key))
                .with("kms:ViaService", format!("s3.{}.amazonaws.com", cloud.account.region));
            cloud.authorize(caller, &[requirement]).map_err(in_s3_words)
        }
        _ => Ok(()),
    }
}

fn kms_key_arn(cloud: &Cloud, key: &str) -> String {
    if key.starts_with("arn:") {
        key.to_owned()
    } else if key.starts_with("alias/") {
        cloud.account.arn("kms", key)
    } else {
        cloud.account.arn("kms", format_args!("key/{key}"))
    }
}

/// S3's AccessDenied has another code and another status than that of the JSON services.
fn in_s3_words(error: ServiceError) -> ServiceError {
    if error.code == "AccessDeniedException" {
        ServiceError::new("AccessDenied", error.message).with_status(403)
    } else {
        error
    }
}
