//! Objects of S3: what is below an address, and how each begins.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

/// An address in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The bucket.
    pub(crate) bucket: String,
    /// The key, or what the keys begin with.
    pub(crate) key: String,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Where it is.
    pub(crate) place: Place,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) modified: Option<Timestamp>,
}

/// The objects below an address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listed {
    /// The first ones.
    pub(crate) objects: Vec<Object>,
    /// Whether there are more.
    pub(crate) has_more: bool,
}

impl Place {
    /// Reads `s3://bucket/key`.
    pub(crate) fn read(uri: &str) -> Option<Self> {
        let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
        Some(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The same as a folder, so that a folder whose name only begins alike is not in it.
    pub(crate) fn folder(mut self) -> Self {
        if !self.key.ends_with('/') && !self.key.ends_with(".gz") {
            self.key.push('/');
        }
        self
    }

    /// The last part of the key.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }
}

impl Reader {
    /// The objects below an address, at most `most`.
    pub(crate) async fn objects(&self, place: &Place, most: usize) -> Result<Listed, Gone> {
        let input = json!({"Bucket": place.bucket, "Prefix": place.key, "MaxKeys": most});
        let listed = self.look("s3", "ListObjectsV2", input).await?;
        let read = |object: &Value| Object {
            place: Place {
                bucket: place.bucket.clone(),
                key: text(object, "Key").to_owned(),
            },
            size: object["Size"].as_u64().unwrap_or_default(),
            modified: moment(&object["LastModified"]),
        };
        Ok(Listed {
            objects: listed["Contents"].as_array().into_iter().flatten().map(read).collect(),
            has_more: listed["IsTruncated"] == true,
        })
    }

    /// An object's bytes: all of them, or at most the first `most`.
    pub(crate) async fn object(&self, place: &Place, most: Option<usize>) -> Result<Bytes, Gone> {
        let input = json!({"Bucket": place.bucket, "Key": place.key});
        if let Some(most) = most {
            let mut first = input.clone();
            first["Range"] = format!("bytes=0-{}", most.saturating_sub(1)).into();
            // An empty object has no first byte.
            if let Ok((_, bytes)) = self.bytes("s3", "GetObject", first).await {
                return Ok(bytes);
            }
        }
        Ok(self.bytes("s3", "GetObject", input).await?.1)
    }

    /// An object that is JSON; null where it is not there, or none.
    pub(crate) async fn json_object(&self, uri: &str) -> Value {
        let Some(place) = Place::read(uri) else {
            return Value::Null;
        };
        let bytes = self.object(&place, None).await.unwrap_or_default();
        let text = self.hidden(&String::from_utf8_lossy(&bytes));
        serde_json::from_str(&text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_a_key() {
        let place = Place::read("s3://bucket/folder/file.csv").expect("an address");
        assert_eq!(
            (&*place.bucket, &*place.key, place.name()),
            ("bucket", "folder/file.csv", "file.csv")
        );
        assert_eq!(Place::read("s3://b/out").map(Place::folder).expect("one").key, "out/");
        assert_eq!(
            Place::read("s3://b/model.tar.gz").map(Place::folder).expect("one").key,
            "model.tar.gz"
        );
        assert_eq!(Place::read("https://b/c"), None);
        assert_eq!(Place::read("s3://bucket"), None);
    }
}
