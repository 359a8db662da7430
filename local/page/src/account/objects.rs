//! Objects of S3: what is below an address, and how each begins.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How much more is read than is shown: more than the longest secret, which is a parameter of 8 KB, has when it is
/// escaped in JSON. So a secret at the end of what is shown is known as one.
const MARGIN: usize = 64 * 1024;

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

    /// What S3 is asked about the object.
    fn input(&self) -> Value {
        json!({"Bucket": self.bucket, "Key": self.key})
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

    /// How many bytes an object has.
    pub(crate) async fn size(&self, place: &Place) -> Result<u64, Gone> {
        let head = self.look("s3", "HeadObject", place.input()).await?;
        Ok(head["ContentLength"].as_u64().unwrap_or_default())
    }

    /// An object's bytes, with the secrets in them hidden.
    pub(crate) async fn object(&self, place: &Place) -> Result<Bytes, Gone> {
        let (_, bytes) = self.bytes("s3", "GetObject", place.input()).await?;
        Ok(self.without_secrets_in(bytes))
    }

    /// How an object begins, at most `most` bytes of it with the secrets in them hidden, and whether that is all of it.
    pub(crate) async fn beginning(&self, place: &Place, most: usize) -> Result<(Bytes, bool), Gone> {
        let read = most + MARGIN;
        let mut first = place.input();
        first["Range"] = format!("bytes=0-{}", read - 1).into();
        let bytes = match self.bytes("s3", "GetObject", first).await {
            Ok((_, bytes)) => bytes,
            // An empty object has no first byte.
            Err(_) => self.bytes("s3", "GetObject", place.input()).await?.1,
        };
        let (is_whole, is_cut) = (bytes.len() <= most, bytes.len() >= read);
        let hidden = self.without_secrets_in(bytes);
        let end = shown(hidden.len(), most, is_whole, is_cut);
        Ok((hidden.slice(..end), is_whole))
    }

    fn without_secrets_in(&self, bytes: Bytes) -> Bytes {
        match self.platform().secrets.hide_bytes(&bytes) {
            Cow::Owned(hidden) => hidden.into(),
            Cow::Borrowed(_) => bytes,
        }
    }

    /// An object that is JSON; null where it is not there, or none.
    pub(crate) async fn json_object(&self, uri: &str) -> Value {
        let Some(place) = Place::read(uri) else {
            return Value::Null;
        };
        let bytes = self.object(&place).await.unwrap_or_default();
        let text = self.hidden(&String::from_utf8_lossy(&bytes));
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// How many of `length` bytes are shown whose secrets are hidden. At the end of what `is_cut` may be the first part of a
/// secret, which was not known as one: that is left out.
fn shown(length: usize, most: usize, is_whole: bool, is_cut: bool) -> usize {
    match (is_whole, is_cut) {
        (true, _) => length,
        (false, true) => most.min(length.saturating_sub(MARGIN)),
        (false, false) => most.min(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_a_secret_is_not_shown() {
        let most = 10;
        assert_eq!(
            shown(30, most, true, false),
            30,
            "what is hidden may be longer than what was there"
        );
        assert_eq!(shown(30, most, false, false), most);
        assert_eq!(shown(MARGIN + 4, most, false, true), 4);
        assert_eq!(shown(2 * MARGIN, most, false, true), most);
    }

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
