//! The tags of objects.

use super::attributes::{check_tags, invalid_tag, on_tags};
use super::bucket::{S3, on_version};
use super::object::Tags;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The input of GetObjectTagging and DeleteObjectTagging.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfObject {
    bucket: String,
    key: String,
    version_id: Option<String>,
}

/// The input of PutObjectTagging.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutTagging {
    bucket: String,
    key: String,
    version_id: Option<String>,
    tagging: Tagging,
    #[serde(rename = "ContentMD5")]
    _content_md5: Option<String>,
    #[serde(rename = "ChecksumAlgorithm")]
    _checksum_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    #[serde(default)]
    tag_set: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// What IAM must allow for an operation on an object's tags: an action, or the one like it on a version.
pub(super) fn may(
    actions: (&'static str, &'static str),
) -> impl Fn(&S3, &Platform, &OfObject) -> Result<Vec<Requirement>, ServiceError> {
    move |s3, platform, input| {
        s3.in_bucket(&input.bucket, |_| ())?;
        let place = (input.bucket.as_str(), input.key.as_str());
        Ok(vec![on_version(platform, actions, place, input.version_id.as_deref())])
    }
}

impl S3 {
    pub(super) fn may_tag(&self, platform: &Platform, input: &PutTagging) -> Result<Vec<Requirement>, ServiceError> {
        self.in_bucket(&input.bucket, |_| ())?;
        let action = match input.version_id {
            Some(_) => "s3:PutObjectVersionTagging",
            None => "s3:PutObjectTagging",
        };
        let requirement = on_tags(platform, action, (&input.bucket, &input.key), &input.tagging.tags()?);
        Ok(vec![match &input.version_id {
            Some(id) => requirement.with("s3:versionid", id),
            None => requirement,
        }])
    }

    pub(super) fn put_tagging(&self, call: &Call, input: PutTagging) -> Result<Value, ServiceError> {
        let tags = input.tagging.tags()?;
        check_tags(&tags)?;
        self.tag(call, (&input.bucket, &input.key), input.version_id.as_deref(), tags)
    }

    pub(super) fn delete_tagging(&self, call: &Call, input: OfObject) -> Result<Value, ServiceError> {
        let place = (input.bucket.as_str(), input.key.as_str());
        self.tag(call, place, input.version_id.as_deref(), Tags::new())
    }

    pub(super) fn get_tagging(&self, call: &Call, input: OfObject) -> Result<Value, ServiceError> {
        let found = self.found(call, (&input.bucket, &input.key), input.version_id.as_deref())?;
        let tags = found.object.tags.iter();
        let tags: Vec<Value> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let mut output = Map::new();
        output.insert("TagSet".into(), tags.into());
        output.extend(found.version.map(|id| ("VersionId".to_owned(), id.into())));
        Ok(output.into())
    }

    fn tag(
        &self,
        call: &Call,
        (bucket, key): (&str, &str),
        version: Option<&str>,
        tags: Tags,
    ) -> Result<Value, ServiceError> {
        let found = self.found(call, (bucket, key), version)?;
        self.in_bucket(bucket, |bucket| {
            let id = bucket
                .find(key, version)
                .ok()
                .flatten()
                .map(|version| version.id.clone());
            if let Some(id) = id {
                bucket.store.tag(key, &id, tags);
            }
        })?;
        Ok(found.version.map_or_else(|| json!({}), |id| json!({"VersionId": id})))
    }
}

impl Tagging {
    pub(super) fn tags(&self) -> Result<Tags, ServiceError> {
        let pairs = self.tag_set.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
        let tags: Tags = pairs.collect();
        let mut names = std::collections::BTreeSet::new();
        match self.tag_set.iter().find(|tag| !names.insert(&tag.key)) {
            None => Ok(tags),
            Some(twice) => {
                let error = invalid_tag("Cannot provide multiple Tags with the same key");
                Err(error.with_detail("TagKey", twice.key.as_str()))
            }
        }
    }
}
