//! What the state machine is started with.

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::event::Artifact;

/// The most bytes that Step Functions takes.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(crate) const MAX_INPUT: usize = 262_144;

/// The field that tells the state machine about the pipeline.
const PIPELINE: &str = "pipeline";

/// Why an input cannot be made. Nothing of it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum InputError {
    /// The field for the pipeline is taken.
    #[error("the input must not have a field `pipeline`: the action puts the pipeline's execution there")]
    PipelineTaken,
    /// It is too long.
    #[error("the input has {0} bytes, of which Step Functions takes {MAX_INPUT}")]
    TooLong(usize),
}

/// What the state machine is told about the pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pipeline<'a> {
    /// The id of its execution, if the user parameters hold it.
    pub execution_id: Option<&'a str>,
    /// The id of the action's first job.
    pub job_id: &'a str,
    /// What the action reads.
    pub input_artifacts: &'a [Artifact],
}

/// The input: what the user parameters give, laid over the file, with `pipeline` beside it.
///
/// The same job always gives the same bytes, so that Step Functions can tell that it was asked twice. An input that is
/// no object has no place for `pipeline`, and goes as it is.
///
/// # Errors
/// [`InputError`] when `pipeline` is taken or the whole is too long.
pub(crate) fn compose(input: Option<Value>, file: Option<Value>, pipeline: Pipeline<'_>) -> Result<String, InputError> {
    let mut composed = match (input, file) {
        (Some(input), Some(file)) => lay_over(file, input),
        (Some(value), None) | (None, Some(value)) => value,
        (None, None) => Value::Object(Map::new()),
    };
    if let Value::Object(object) = &mut composed {
        if object.contains_key(PIPELINE) {
            return Err(InputError::PipelineTaken);
        }
        object.insert(PIPELINE.to_owned(), pipeline.to_value());
    }
    let text = composed.to_string();
    if text.len() > MAX_INPUT {
        Err(InputError::TooLong(text.len()))
    } else {
        Ok(text)
    }
}

impl Pipeline<'_> {
    fn to_value(self) -> Value {
        let artifact = |artifact: &Artifact| {
            json!({
                "name": artifact.name,
                "revision": artifact.revision,
                "location": {"bucketName": artifact.location.bucket, "objectKey": artifact.location.key},
            })
        };
        json!({
            "executionId": self.execution_id,
            "jobId": self.job_id,
            "inputArtifacts": self.input_artifacts.iter().map(artifact).collect::<Vec<_>>(),
        })
    }
}

/// Objects are merged field by field, all the way down; anything else takes the place of what lies under it.
fn lay_over(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Object(mut under), Value::Object(over)) => {
            for (field, over) in over {
                let laid = match under.remove(&field) {
                    Some(under) => lay_over(under, over),
                    None => over,
                };
                under.insert(field, laid);
            }
            Value::Object(under)
        }
        (_, over) => over,
    }
}

#[cfg(test)]
mod tests {
    use shared::ports::artifacts::S3Location;

    use super::*;

    const PIPELINE: Pipeline<'_> = Pipeline {
        execution_id: Some("run-1"),
        job_id: "job-1",
        input_artifacts: &[],
    };

    fn composed(input: Option<Value>, file: Option<Value>) -> Value {
        serde_json::from_str(&compose(input, file, PIPELINE).unwrap()).unwrap()
    }

    #[test]
    fn input_is_laid_over_the_file_with_the_pipeline_beside() {
        let pipeline = json!({"executionId": "run-1", "jobId": "job-1", "inputArtifacts": []});
        for (input, file, expected) in [
            (None, None, json!({"pipeline": pipeline})),
            (Some(json!({"a": 1})), None, json!({"a": 1, "pipeline": pipeline})),
            (None, Some(json!({"a": 1})), json!({"a": 1, "pipeline": pipeline})),
            (
                Some(json!({"a": {"x": 9}, "l": [3], "n": null})),
                Some(json!({"a": {"x": 1, "y": 2}, "l": [1, 2], "n": {"z": 1}, "b": true})),
                json!({"a": {"x": 9, "y": 2}, "l": [3], "n": null, "b": true, "pipeline": pipeline}),
            ),
            (Some(json!([1, 2])), None, json!([1, 2])),
            (Some(json!("text")), Some(json!({"a": 1})), json!("text")),
        ] {
            assert_eq!(composed(input, file), expected);
        }
    }

    #[test]
    fn artifacts_are_told_with_their_place_and_revision() {
        let artifacts = [Artifact {
            name: "Source".to_owned(),
            revision: Some("3f9d2c1".to_owned()),
            location: S3Location {
                bucket: "b".to_owned(),
                key: "k".to_owned(),
            },
        }];
        let pipeline = Pipeline {
            execution_id: None,
            input_artifacts: &artifacts,
            ..PIPELINE
        };
        let input: Value = serde_json::from_str(&compose(None, None, pipeline).unwrap()).unwrap();
        assert_eq!(
            input["pipeline"],
            json!({
                "executionId": null,
                "jobId": "job-1",
                "inputArtifacts": [
                    {"name": "Source", "revision": "3f9d2c1", "location": {"bucketName": "b", "objectKey": "k"}},
                ],
            })
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert_eq!(
            compose(Some(json!({"pipeline": 1})), None, PIPELINE),
            Err(InputError::PipelineTaken)
        );
        assert_eq!(
            compose(None, Some(json!({"pipeline": 1})), PIPELINE),
            Err(InputError::PipelineTaken)
        );
        let long = Value::String("ü".repeat(MAX_INPUT / 2));
        assert_eq!(
            compose(Some(long), None, PIPELINE),
            Err(InputError::TooLong(MAX_INPUT + 2))
        );
    }
}
