//! Pipelines as JSON: what `aws codepipeline get-pipeline` gives, and `create-pipeline` and `update-pipeline` take.

use super::error::ProjectError;
use serde_json::{Value, json};
use std::path::Path;

/// Whether a text may be such a pipeline: files that are not are not read as JSON.
pub(super) fn may_be_one(text: &str) -> bool {
    text.contains("\"actionTypeId\"") && text.contains("\"stages\"")
}

/// The declaration in a file, as CreatePipeline takes it.
///
/// # Errors
/// The file cannot be read, or has no pipeline.
pub(crate) fn declaration(file: &Path) -> Result<Value, ProjectError> {
    let wrong = |message: String| ProjectError::File {
        file: file.to_owned(),
        message,
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let mut read: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let declared = match read.get_mut("pipeline") {
        Some(pipeline) => pipeline.take(),
        None => read,
    };
    if declared["stages"].is_array() && declared["name"].is_string() {
        return Ok(json!({ "pipeline": declared }));
    }
    Err(wrong(
        "has no pipeline: it needs `name` and `stages`, at its top or in `pipeline`".into(),
    ))
}

/// The words of a name, such as `dev` and `codepipeline` of `dev-codepipeline.json`.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|character: char| !character.is_alphanumeric())
}
