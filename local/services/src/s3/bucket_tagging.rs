//! The tags of buckets.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>.

use super::attributes::check_tag;
use super::bucket::{S3, on};
use super::buckets::Named;
use super::tagging::Tagging;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The setting of a bucket that its tags are.
const SETTING: &str = "PutBucketTagging";

/// How many tags a bucket can have.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutBucketTagging {
    bucket: String,
    tagging: Tagging,
    #[serde(rename = "ContentMD5")]
    _content_md5: Option<String>,
    #[serde(rename = "ChecksumAlgorithm")]
    _checksum_algorithm: Option<String>,
}

impl S3 {
    pub(super) fn may_tag_bucket(
        &self,
        platform: &Platform,
        input: &PutBucketTagging,
    ) -> Result<Vec<Requirement>, ServiceError> {
        self.in_bucket(&input.bucket, |_| ())?;
        Ok(vec![on(platform, "s3:PutBucketTagging", &input.bucket, None)])
    }

    /// The tags take the place of those that were.
    pub(super) fn put_bucket_tagging(&self, _: &Call, input: PutBucketTagging) -> Result<Value, ServiceError> {
        let tags = input.tagging.tags()?;
        if tags.len() > MOST {
            return Err(ServiceError::new(
                "BadRequest",
                "Bucket tag count cannot be greater than 50",
            ));
        }
        let system = "System tags cannot be added/updated by requester";
        tags.iter()
            .try_for_each(|(name, value)| check_tag(name, value, system))?;
        let set: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        self.in_bucket(&input.bucket, |bucket| match set.is_empty() {
            true => drop(bucket.settings.remove(SETTING)),
            false => drop(bucket.settings.insert(SETTING.to_owned(), json!({ "TagSet": set }))),
        })?;
        Ok(json!({}))
    }

    pub(super) fn get_bucket_tagging(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        let tags = self.in_bucket(&input.bucket, |bucket| bucket.settings.get(SETTING).cloned())?;
        tags.ok_or_else(|| ServiceError::new("NoSuchTagSet", "The TagSet does not exist").with_status(404))
    }

    pub(super) fn delete_bucket_tagging(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        self.in_bucket(&input.bucket, |bucket| drop(bucket.settings.remove(SETTING)))?;
        Ok(json!({}))
    }
}
