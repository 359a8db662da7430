//! DeleteObject and DeleteObjects.

use super::bucket::{Deleted, S3, on_version};
use super::conditions::check_delete;
use super::reading::access_denied;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The most keys that are deleted at once.
const MOST_KEYS: usize = 1000;

const ACTIONS: (&str, &str) = ("s3:DeleteObject", "s3:DeleteObjectVersion");

/// The input of DeleteObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteObject {
    bucket: String,
    key: String,
    version_id: Option<String>,
    if_match: Option<String>,
}

/// The input of DeleteObjects.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteObjects {
    bucket: String,
    delete: Delete,
    #[serde(rename = "ChecksumAlgorithm")]
    _checksum_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    #[serde(default)]
    objects: Vec<Identifier>,
    #[serde(default)]
    quiet: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Identifier {
    key: String,
    version_id: Option<String>,
}

impl S3 {
    pub(super) fn may_delete(
        &self,
        platform: &Platform,
        input: &DeleteObject,
    ) -> Result<Vec<Requirement>, ServiceError> {
        self.in_bucket(&input.bucket, |_| ())?;
        let place = (input.bucket.as_str(), input.key.as_str());
        Ok(vec![on_version(platform, ACTIONS, place, input.version_id.as_deref())])
    }

    pub(super) fn delete_object(&self, _: &Call, input: DeleteObject) -> Result<Value, ServiceError> {
        let version = input.version_id.as_deref();
        let deleted = self.in_bucket(&input.bucket, |bucket| {
            check_delete(bucket, &input.key, version, input.if_match.as_deref())?;
            bucket.delete(&input.key, version)
        })??;
        let mut output = Map::new();
        output.extend(deleted.version.map(|id| ("VersionId".to_owned(), id.into())));
        if deleted.is_marker {
            output.insert("DeleteMarker".into(), true.into());
        }
        Ok(output.into())
    }

    /// IAM is asked for each key by itself.
    pub(super) fn may_delete_objects(
        &self,
        _: &Platform,
        input: &DeleteObjects,
    ) -> Result<Vec<Requirement>, ServiceError> {
        self.in_bucket(&input.bucket, |_| ())?;
        if !(1..=MOST_KEYS).contains(&input.delete.objects.len()) {
            return Err(malformed_xml());
        }
        Ok(Vec::new())
    }

    pub(super) fn delete_objects(&self, call: &Call, input: DeleteObjects) -> Result<Value, ServiceError> {
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in &input.delete.objects {
            match self.delete_one(call, &input.bucket, object) {
                Ok(shown) => deleted.push(shown),
                Err(error) => {
                    let mut shown = json!({"Key": object.key, "Code": error.code, "Message": error.message});
                    if let Some(id) = &object.version_id {
                        shown["VersionId"] = id.as_str().into();
                    }
                    errors.push(shown);
                }
            }
        }
        let mut output = Map::new();
        if !input.delete.quiet {
            output.insert("Deleted".into(), deleted.into());
        }
        if !errors.is_empty() {
            output.insert("Errors".into(), errors.into());
        }
        Ok(output.into())
    }

    fn delete_one(&self, call: &Call, bucket: &str, object: &Identifier) -> Result<Value, ServiceError> {
        let (platform, version) = (&call.platform, object.version_id.as_deref());
        let requirement = on_version(platform, ACTIONS, (bucket, &object.key), version);
        platform
            .authorize(&call.caller, &[requirement])
            .map_err(access_denied)?;
        let Deleted {
            version: removed,
            is_marker,
        } = self.in_bucket(bucket, |bucket| bucket.delete(&object.key, version))??;
        let mut shown = json!({"Key": object.key});
        if let Some(id) = version {
            shown["VersionId"] = id.into();
        }
        if let Some(id) = removed.filter(|_| is_marker) {
            shown["DeleteMarker"] = true.into();
            shown["DeleteMarkerVersionId"] = id.into();
        }
        Ok(shown)
    }
}

pub(super) fn malformed_xml() -> ServiceError {
    ServiceError::new(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}
