//! `ResultWriter`: results to S3, to the state's output, and how they look there.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>.

use std::sync::Arc;

use crate::definition::reading::{Fields, code};
use crate::definition::states::resource::s3_operation;
use crate::expression::{Failure, QueryLanguage, Scope, StateError, Template};
use crate::text::{Json, Object};

/// Writes results.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Where in S3; nothing where the results are the state's.
    parameters: Option<Template>,
    transformation: Transformation,
    are_lines: bool,
    /// It says nothing: AWS creates it, and fails when it is to write.
    is_empty: bool,
}

/// What is said of a writer that says nothing.
const EMPTY_WRITER: &str = "The ResultWriter field cannot be empty";

/// `Transformation`: what is written of a child execution that succeeded. One that failed is always described.
#[derive(Clone, Copy, Debug)]
enum Transformation {
    /// Its description, with its output as text.
    None,
    /// Its output.
    Compact,
    /// Its output; of an array each item.
    Flatten,
}

/// How one child execution ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Its place among the children.
    pub(crate) index: usize,
    pub(crate) execution_arn: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) input: Json,
    pub(crate) start: String,
    pub(crate) stop: String,
    pub(crate) result: Result<Json, Failure>,
}

/// What to write, and what to tell the next state of it.
pub(crate) struct Written {
    pub(crate) bucket: Arc<str>,
    pub(crate) files: Vec<(String, String)>,
    pub(crate) details: Json,
}

impl Writer {
    pub(crate) fn parse(fields: &Fields<'_>) -> Writer {
        let key = if fields.language == QueryLanguage::JsonPath {
            "Parameters"
        } else {
            "Arguments"
        };
        let config = fields.object("WriterConfig");
        let mut parameters = None;
        if fields.has("Resource") || fields.has(key) {
            let resource = fields.required_text("Resource");
            if resource.is_some_and(|resource| s3_operation(resource).as_deref() != Some("putObject")) {
                fields.error("Resource", "A ResultWriter's resource must be s3:putObject");
            }
            parameters = fields.template(key, &format!("ResultWriter/{key}"));
            if parameters.is_none() {
                fields.missing(key);
            }
        } else if config.is_none() {
            let message =
                format!("{EMPTY_WRITER}: it must have 'WriterConfig', or 'Resource' and '{key}', or all of them");
            fields.findings.warning(code::SCHEMA, &fields.pointer, message);
        }
        let (mut transformation, mut output_type) = (None, None);
        if let Some(config) = &config {
            transformation = config.one_of("Transformation", &["NONE", "COMPACT", "FLATTEN"]);
            output_type = config.one_of("OutputType", &["JSON", "JSONL"]);
            config.finish();
        }
        fields.finish();
        Writer {
            is_empty: parameters.is_none() && config.is_none(),
            parameters,
            transformation: match transformation {
                Some("COMPACT") => Transformation::Compact,
                Some("FLATTEN") => Transformation::Flatten,
                _ => Transformation::None,
            },
            are_lines: output_type == Some("JSONL"),
        }
    }

    /// Whether the results go to S3, and the state's output says where.
    pub(crate) fn is_to_s3(&self) -> bool {
        self.parameters.is_some()
    }

    /// The results as the state's own, in the order of the children.
    pub(crate) fn results(&self, outcomes: &[Outcome]) -> Json {
        let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
        sorted.sort_by_key(|outcome| outcome.index);
        Json::array(sorted.into_iter().flat_map(|outcome| self.shown(outcome)).collect())
    }

    /// What is written of an outcome.
    fn shown(&self, outcome: &Outcome) -> Vec<Json> {
        match (&outcome.result, self.transformation) {
            (Ok(Json::Array(items)), Transformation::Flatten) => items.to_vec(),
            (Ok(output), Transformation::Compact | Transformation::Flatten) => vec![output.clone()],
            (Ok(_), Transformation::None) => vec![describe(outcome, "SUCCEEDED")],
            (Err(_), _) => vec![describe(outcome, "FAILED")],
        }
    }

    /// A file of results: its key without what it ends with, and its text.
    fn file(&self, name: &str, results: Vec<Json>) -> (String, String) {
        if !self.are_lines {
            return (format!("{name}.json"), Json::array(results).to_string());
        }
        let lines: Vec<String> = results.iter().map(Json::to_string).collect();
        (format!("{name}.jsonl"), lines.join("\n"))
    }

    /// The files in the bucket: one for each way to end, and a manifest. Nothing where the results do not go to S3.
    pub(crate) fn write(
        &self,
        scope: &Scope<'_>,
        map_run_arn: &str,
        outcomes: &[Outcome],
    ) -> Result<Option<Written>, StateError> {
        if self.is_empty {
            return Err(StateError::Runtime(EMPTY_WRITER.to_owned()));
        }
        let Some(parameters) = &self.parameters else {
            return Ok(None);
        };
        let parameters = parameters.evaluate(scope)?;
        let text = |key| parameters.get(key).and_then(Json::as_str).unwrap_or_default();
        let (bucket, prefix) = (text("Bucket"), text("Prefix").trim_end_matches('/'));
        let run = map_run_arn.rsplit(':').next().unwrap_or(map_run_arn);
        let folder = if prefix.is_empty() {
            run.to_owned()
        } else {
            format!("{prefix}/{run}")
        };
        let (mut files, mut entries) = (Vec::new(), Object::new());
        for (status, succeeded) in [("FAILED", Some(false)), ("PENDING", None), ("SUCCEEDED", Some(true))] {
            let chosen = outcomes.iter().filter(|it| Some(it.result.is_ok()) == succeeded);
            let chosen: Vec<Json> = chosen.flat_map(|outcome| self.shown(outcome)).collect();
            let mut list = Vec::new();
            if !chosen.is_empty() {
                let (key, text) = self.file(&format!("{folder}/{status}_0"), chosen);
                list.push(Json::object([
                    ("Key", key.as_str().into()),
                    ("Size", text.len().into()),
                ]));
                files.push((key, text));
            }
            entries.insert(status, Json::array(list));
        }
        let manifest_key = format!("{folder}/manifest.json");
        let manifest = Json::object([
            ("DestinationBucket", bucket.into()),
            ("MapRunArn", map_run_arn.into()),
            ("ResultFiles", entries.into()),
        ]);
        files.push((manifest_key.clone(), manifest.to_string()));
        let place = Json::object([("Bucket", bucket.into()), ("Key", manifest_key.into())]);
        Ok(Some(Written {
            bucket: bucket.into(),
            files,
            details: Json::object([("MapRunArn", map_run_arn.into()), ("ResultWriterDetails", place)]),
        }))
    }
}

fn describe(outcome: &Outcome, status: &str) -> Json {
    let mut object = Object::new();
    object.insert("ExecutionArn", outcome.execution_arn.clone());
    object.insert("Input", outcome.input.to_string());
    object.insert("Name", outcome.name.clone());
    match &outcome.result {
        Ok(output) => object.insert("Output", output.to_string()),
        Err(failure) => {
            object.insert("Error", failure.error.clone().unwrap_or_default());
            object.insert("Cause", failure.cause.clone().unwrap_or_default());
        }
    }
    object.insert("StartDate", outcome.start.as_str());
    object.insert("Status", status);
    object.insert("StopDate", outcome.stop.as_str());
    object.into()
}
