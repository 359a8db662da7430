//! Artifacts: zips in S3, of which the function reads one file and writes one.

use std::io::Read;

use serde_json::Value;
use shared::json::{self, JsonError};
use shared::ports::artifacts::{GetObject, JobCredentials, S3Location};
use shared::ports::{CallError, CallErrorKind};
use thiserror::Error;
use zip::ZipArchive;

mod sparse;
mod stored;

use sparse::{BLOCK, Sparse};

use crate::input::MAX_INPUT;

/// The file that an output artifact holds.
pub const OUTPUT_FILE: &str = "output.json";

/// The most that is read of an artifact to find a file in it: directories of more than 100,000 files fit.
const MAX_BLOCKS: usize = 128;

/// Why a file of an artifact cannot be read. No value of the file is quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArtifactError {
    /// S3 said so.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The job brought no credentials.
    #[error("the job brought no credentials for its artifacts")]
    NoCredentials,
    /// The artifact is no zip, or one that cannot be read.
    #[error("the artifact is no zip that can be read: {0}")]
    NoZip(String),
    /// The zip does not have the file.
    #[error("the artifact has no file `{0}`")]
    NoFile(String),
    /// The file is longer than any input may be.
    #[error("`{0}` is longer than the {MAX_INPUT} bytes that Step Functions takes")]
    TooLong(String),
    /// The file is no JSON.
    #[error("`{path}` is no JSON: line {line}, column {column}")]
    NoJson {
        /// The file's path.
        path: String,
        /// Where it stops being JSON.
        line: usize,
        /// Where it stops being JSON.
        column: usize,
    },
    /// The file has a value that would not be what is written there. The field is named.
    #[error("`{path}`: {error}")]
    Flawed {
        /// The file's path.
        path: String,
        /// Which value, and why.
        error: JsonError,
    },
}

/// Reads a JSON file in a zip: of the zip, only the parts that lead to it.
///
/// # Errors
/// [`ArtifactError`] when the object, the zip, the file or its JSON cannot be read.
pub async fn read_json(
    store: &impl GetObject,
    credentials: &JobCredentials,
    location: &S3Location,
    path: &str,
) -> Result<Value, ArtifactError> {
    let first = store.get_object(credentials, location, 0..BLOCK).await?;
    let etag = first.etag.clone();
    let mut sparse = Sparse::new(first.total, first.bytes);
    for _ in 0..MAX_BLOCKS {
        let outcome = extract(&mut sparse, path);
        let Some(range) = sparse.take_missing() else {
            return parse(path, &outcome?);
        };
        let start = range.start;
        let part = store.get_object(credentials, location, range).await?;
        if part.etag != etag {
            let message = "the artifact was overwritten while it was read";
            return Err(CallError::new("GetObject", CallErrorKind::Unavailable, message).into());
        }
        sparse.put(start, part.bytes);
    }
    Err(ArtifactError::NoZip("its directory is too long".to_owned()))
}

/// The bytes of a file, unless some that lead to it are missing.
fn extract(sparse: &mut Sparse, path: &str) -> Result<Vec<u8>, ArtifactError> {
    let no_zip = |error: &dyn std::fmt::Display| ArtifactError::NoZip(error.to_string());
    let mut archive = ZipArchive::new(sparse).map_err(|error| no_zip(&error))?;
    let file = match archive.by_name(path) {
        Ok(file) => file,
        Err(zip::result::ZipError::FileNotFound) => return Err(ArtifactError::NoFile(path.to_owned())),
        Err(error) => return Err(no_zip(&error)),
    };
    let mut bytes = Vec::new();
    let limit = MAX_INPUT as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| no_zip(&error))?;
    if bytes.len() > MAX_INPUT {
        Err(ArtifactError::TooLong(path.to_owned()))
    } else {
        Ok(bytes)
    }
}

fn parse(path: &str, bytes: &[u8]) -> Result<Value, ArtifactError> {
    let path = path.to_owned();
    json::parse_bytes(bytes).map_err(|error| match error {
        JsonError::Malformed { line, column } => ArtifactError::NoJson { path, line, column },
        error => ArtifactError::Flawed { path, error },
    })
}

/// A zip with the execution's output in it. The same output always gives the same bytes.
///
/// # Errors
/// [`ArtifactError::NoZip`] when the zip cannot be written.
pub fn write_output(output: &str) -> Result<Vec<u8>, ArtifactError> {
    let too_long = || ArtifactError::NoZip("the output is too long".to_owned());
    stored::zip_of(OUTPUT_FILE, output.as_bytes()).ok_or_else(too_long)
}
