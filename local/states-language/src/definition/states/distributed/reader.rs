//! `ItemReader`: items from S3.

use std::sync::Arc;

use super::manifest::{Kind, Manifest};
use crate::definition::reading::{Amount, Fields, whole};
use crate::definition::states::resource::s3_operation;
use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::text::{Json, Object, pointer};

/// What [`ReadRequest`](crate::ReadRequest) found.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemSource {
    /// The object's bytes, for `getObject`.
    Object(Vec<u8>),
    /// The objects in the bucket, each with `Etag`, `Key`, `LastModified`, `Size` and `StorageClass`, for
    /// `listObjectsV2`.
    Listing(Vec<Json>),
}

/// Reads items.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) operation: Arc<str>,
    parameters: Template,
    format: Format,
    /// The object lists others, and those have the format.
    manifest: Option<Kind>,
    /// The items are in the objects that are listed, and not the objects themselves.
    loads: bool,
    max_items: Option<Amount>,
}

/// What an object brought.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    /// The items.
    Items(Vec<Json>),
    /// Where they are.
    Manifest(Manifest),
}

/// What the object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Json {
        pointer: String,
    },
    JsonLines,
    Csv {
        headers: Option<Vec<Arc<str>>>,
        delimiter: u8,
    },
    /// Known, and not read here.
    Parquet,
}

impl Reader {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Reader> {
        let resource = fields.required_text("Resource");
        let key = if fields.language == QueryLanguage::JsonPath {
            "Parameters"
        } else {
            "Arguments"
        };
        let parameters = fields.template(key, &format!("ItemReader/{key}"));
        if parameters.is_none() {
            fields.missing(key);
        }
        let config = fields.object("ReaderConfig");
        let max_items = config
            .as_ref()
            .and_then(|config| config.amount("MaxItems", Some("MaxItemsPath"), 0.0, 100_000_000.0));
        let operation = match s3_operation(resource?) {
            Some(operation) if matches!(&*operation, "getObject" | "listObjectsV2") => operation,
            _ => {
                fields.error(
                    "Resource",
                    "An ItemReader's resource must be s3:getObject or s3:listObjectsV2",
                );
                return None;
            }
        };
        let manifest = config.as_ref().and_then(manifest_kind);
        let loads = config
            .as_ref()
            .and_then(|config| config.one_of("Transformation", &["NONE", "LOAD_AND_FLATTEN"]))
            == Some("LOAD_AND_FLATTEN");
        let format = match &config {
            Some(config) if manifest == Some(Kind::Inventory) => inventory_format(config),
            Some(config) if manifest == Some(Kind::Athena) && config.text("InputType") == Some("JSON") => {
                config.error("InputType", "Athena's files are CSV or JSONL, and not JSON");
                None
            }
            // A listing has one form only.
            Some(config) if &*operation == "listObjectsV2" && !loads && !config.has("InputType") => {
                Some(Format::JsonLines)
            }
            Some(config) => Format::parse(config),
            None if &*operation == "getObject" => {
                fields.missing("ReaderConfig");
                None
            }
            None => Some(Format::JsonLines),
        };
        if let Some(config) = &config {
            config.finish();
        }
        fields.finish();
        Some(Reader {
            operation,
            parameters: parameters?,
            format: format?,
            manifest,
            loads,
            max_items,
        })
    }

    /// What to ask of S3.
    pub(crate) fn parameters(&self, scope: &Scope<'_>) -> Result<Json, StateError> {
        self.parameters.evaluate(scope)
    }

    /// How many items to read at most.
    pub(crate) fn max_items(&self, scope: &Scope<'_>) -> Result<usize, StateError> {
        Ok(match whole(self.max_items.as_ref(), "MaxItems", scope)? {
            None | Some(0) => usize::MAX,
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    /// Whether the items are somewhere within a JSON document.
    pub(crate) fn has_pointer(&self) -> bool {
        matches!(&self.format, Format::Json { pointer } if !pointer.is_empty())
    }

    /// What S3 answered of a bucket; the error is the cause of `States.ItemReaderFailed`.
    pub(crate) fn read(&self, source: ItemSource, bucket: String, max_items: usize) -> Result<Read, String> {
        let mut items = match (source, self.manifest) {
            (ItemSource::Listing(objects), _) if self.loads => {
                return Ok(Read::Manifest(Manifest::of_listing(&objects, &bucket)));
            }
            (ItemSource::Listing(objects), _) => objects,
            (ItemSource::Object(bytes), Some(kind)) => {
                return Manifest::parse(kind, without_mark(&text(bytes)?)).map(Read::Manifest);
            }
            (ItemSource::Object(bytes), None) => self.format.read(bytes, None, max_items)?,
        };
        items.truncate(max_items);
        Ok(Read::Items(items))
    }

    /// Adds the items of an object that a manifest lists.
    pub(crate) fn read_listed(
        &self,
        manifest: &mut Manifest,
        source: ItemSource,
        max_items: usize,
    ) -> Result<(), String> {
        let ItemSource::Object(bytes) = source else {
            return Err("What a manifest lists must be an object.".to_owned());
        };
        let left = max_items.saturating_sub(manifest.len());
        let columns = manifest.columns.as_deref();
        let mut items = self.format.read(bytes, columns, left)?;
        items.truncate(left);
        manifest.add(items);
        Ok(())
    }
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "The object is not valid UTF-8 text.".to_owned())
}

/// A text without the mark of its byte order.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Which kind of manifest is read, if any.
fn manifest_kind(config: &Fields<'_>) -> Option<Kind> {
    match config.one_of("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]) {
        Some("S3_INVENTORY") => Some(Kind::Inventory),
        Some(_) => Some(Kind::Athena),
        None => (config.text("InputType") == Some("MANIFEST")).then_some(Kind::Inventory),
    }
}

/// The format of an inventory's files, whose columns the manifest has.
fn inventory_format(config: &Fields<'_>) -> Option<Format> {
    if config.text("InputType").is_some_and(|kind| kind != "MANIFEST") {
        config.error(
            "InputType",
            "An S3 inventory is read as CSV: leave out 'InputType', or make it 'MANIFEST'",
        );
        return None;
    }
    Some(Format::Csv {
        headers: None,
        delimiter: b',',
    })
}

const NO_PARQUET: &str = "The input type 'PARQUET' is not read here: use JSONL or CSV instead.";

impl Format {
    fn parse(config: &Fields<'_>) -> Option<Format> {
        match config.required_text("InputType")? {
            "JSON" => {
                let pointer = config.text("ItemsPointer").unwrap_or_default().to_owned();
                Some(Format::Json { pointer })
            }
            "JSONL" => Some(Format::JsonLines),
            "PARQUET" => Some(Format::Parquet),
            "CSV" => Some(Format::Csv {
                headers: csv_headers(config),
                delimiter: csv_delimiter(config),
            }),
            other => {
                config.error(
                    "InputType",
                    format!("The input type '{other}' is not supported: use JSON, JSONL, CSV, PARQUET or MANIFEST"),
                );
                None
            }
        }
    }

    /// The items in an object; `columns` are those of a CSV that has no row and no definition of them.
    fn read(&self, bytes: Vec<u8>, columns: Option<&[Arc<str>]>, max_items: usize) -> Result<Vec<Json>, String> {
        if *self == Format::Parquet {
            return Err(NO_PARQUET.to_owned());
        }
        self.items(without_mark(&text(bytes)?), columns, max_items)
    }

    /// The items in a text; `columns` are those of a CSV that has no row and no definition of them.
    fn items(&self, text: &str, columns: Option<&[Arc<str>]>, max_items: usize) -> Result<Vec<Json>, String> {
        match self {
            Format::Json { pointer } => json_items(text, pointer),
            Format::Parquet => Err(NO_PARQUET.to_owned()),
            Format::JsonLines => text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .take(max_items)
                .map(|line| {
                    Json::parse(line).map_err(|error| format!("Attempting to parse JSON lines failed: {error}"))
                })
                .collect(),
            Format::Csv { headers, delimiter } => {
                csv_items(text, columns.or(headers.as_deref()), *delimiter, max_items)
            }
        }
    }
}

fn json_items(text: &str, pointer: &str) -> Result<Vec<Json>, String> {
    let document = Json::parse(text).map_err(|error| format!("Attempting to parse JSON failed: {error}"))?;
    let mut here = &document;
    for token in pointer::tokens(pointer) {
        let next = match here {
            Json::Object(object) => object.get(&token),
            Json::Array(items) => token.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        here =
            next.ok_or("The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.")?;
    }
    match here {
        Json::Array(items) => Ok(items.to_vec()),
        Json::Object(object) => Ok(object
            .iter()
            .map(|(key, value)| Json::object([("Key", key.clone().into()), ("Value", value.clone())]))
            .collect()),
        _ => Err("Attempting to map over non-iterable node.".to_owned()),
    }
}

/// The headers in the definition; nothing when they are the file's first row.
fn csv_headers(config: &Fields<'_>) -> Option<Vec<Arc<str>>> {
    let headers = config.items("CSVHeaders");
    match config.one_of("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]) {
        Some("GIVEN") => {
            if headers.is_none() {
                config.missing("CSVHeaders");
            }
            Some(
                headers
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|header| header.as_str().map(Arc::from))
                    .collect(),
            )
        }
        Some(_) => None,
        None => {
            if !config.has("CSVHeaderLocation") {
                config.missing("CSVHeaderLocation");
            }
            None
        }
    }
}

fn csv_delimiter(config: &Fields<'_>) -> u8 {
    match config.text("CSVDelimiter") {
        None | Some("COMMA") => b',',
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        Some(_) => {
            config.error(
                "CSVDelimiter",
                "The field 'CSVDelimiter' must be COMMA, PIPE, SEMICOLON, SPACE or TAB",
            );
            b','
        }
    }
}

/// Rows as objects: what a row lacks is empty, what it has beyond the headers is left out.
fn csv_items(text: &str, headers: Option<&[Arc<str>]>, delimiter: u8, max_items: usize) -> Result<Vec<Json>, String> {
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes())
        .into_records();
    let failed = |error: csv::Error| format!("Attempting to parse CSV failed: {error}");
    let headers: Vec<Arc<str>> = match headers {
        Some(headers) => headers.to_vec(),
        None => {
            let first = rows.next().transpose().map_err(failed)?.unwrap_or_default();
            first.iter().map(Arc::from).collect()
        }
    };
    let mut sorted = headers.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("CSV headers cannot contain duplicates.".to_owned());
    }
    let object = |row: csv::StringRecord| -> Json {
        let cells = row.iter().chain(std::iter::repeat(""));
        let fields = headers.iter().cloned().zip(cells.map(str::to_owned));
        fields.collect::<Object>().into()
    };
    rows.take(max_items)
        .map(|row| row.map(object).map_err(failed))
        .collect()
}
