//! Manifests: objects that list the objects in which the items are.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>, and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html> for S3's inventories.

use std::sync::Arc;

use crate::text::Json;

/// Which kind of manifest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The `manifest.json` of an S3 inventory: each object that was counted is an item.
    Inventory,
    /// What an Athena query lists of its files, a line each: what is in them are the items.
    Athena,
}

/// An object of S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// What a manifest lists, and what was read of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Manifest {
    /// The objects that are to be read yet, the last one first.
    files: Vec<S3Object>,
    /// The columns of the files, where the manifest has them.
    pub(super) columns: Option<Vec<Arc<str>>>,
    items: Vec<Json>,
}

impl Manifest {
    pub(super) fn parse(kind: Kind, text: &str) -> Result<Manifest, String> {
        match kind {
            Kind::Inventory => inventory(text),
            Kind::Athena => athena(text),
        }
    }

    /// What a listing of a bucket lists.
    pub(super) fn of_listing(objects: &[Json], bucket: &str) -> Manifest {
        let keys = objects
            .iter()
            .filter_map(|object| object.get("Key").and_then(Json::as_str));
        let files = keys.map(|key| S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        });
        Manifest::new(files.collect(), None)
    }

    fn new(mut files: Vec<S3Object>, columns: Option<Vec<Arc<str>>>) -> Manifest {
        files.reverse();
        Manifest {
            files,
            columns,
            items: Vec::new(),
        }
    }

    /// Takes the items of a file.
    pub(crate) fn add(&mut self, items: Vec<Json>) {
        self.items.extend(items);
    }

    /// The object to be read next; nothing where there are `max_items` already, or no more objects.
    pub(crate) fn next(&mut self, max_items: usize) -> Option<S3Object> {
        if self.items.len() >= max_items {
            return None;
        }
        self.files.pop()
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// All items.
    pub(crate) fn into_items(self) -> Vec<Json> {
        self.items
    }
}

fn inventory(text: &str) -> Result<Manifest, String> {
    let manifest = Json::parse(text).map_err(|error| format!("Attempting to parse the manifest failed: {error}"))?;
    let field = |name: &str| {
        let text = manifest.get(name).and_then(Json::as_str);
        text.ok_or_else(|| format!("The manifest of an S3 inventory must have the field '{name}'."))
    };
    let format = field("fileFormat")?;
    if format != "CSV" {
        return Err(format!(
            "The inventory's format is '{format}', and only CSV is supported."
        ));
    }
    let bucket = field("destinationBucket")?;
    let bucket = bucket.rsplit(':').next().unwrap_or(bucket);
    let columns = field("fileSchema")?
        .split(',')
        .map(|column| column.trim().into())
        .collect();
    let Some(Json::Array(files)) = manifest.get("files") else {
        return Err("The manifest of an S3 inventory must have the field 'files'.".to_owned());
    };
    let object = |file: &Json| {
        let key = file.get("key").and_then(Json::as_str);
        let key = key.ok_or("Each file of an S3 inventory's manifest must have the field 'key'.")?;
        Ok(S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    };
    let files = files.iter().map(object).collect::<Result<_, String>>()?;
    Ok(Manifest::new(files, Some(columns)))
}

fn athena(text: &str) -> Result<Manifest, String> {
    let lines = text.lines().map(|line| line.trim().trim_matches('"'));
    let object = |line: &str| {
        let place = line.strip_prefix("s3://").and_then(|place| place.split_once('/'));
        let (bucket, key) =
            place.ok_or_else(|| format!("The manifest has a line that is no place in S3: '{line}'."))?;
        Ok(S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    };
    let files = lines.filter(|line| !line.is_empty()).map(object);
    Ok(Manifest::new(files.collect::<Result<_, String>>()?, None))
}
