//! `ResultWriter`: results to S3.

use std::sync::Arc;

use crate::definition::reading::Fields;
use crate::definition::states::resource::s3_operation;
use crate::expression::{Failure, QueryLanguage, Scope, StateError, Template};
use crate::text::{Json, Object};

/// Writes results.
#[derive(Debug)]
pub(crate) struct Writer {
    parameters: Template,
}

/// How one child execution ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
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
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Writer> {
        let resource = fields.required_text("Resource");
        if resource.is_some_and(|resource| s3_operation(resource).as_deref() != Some("putObject")) {
            fields.error("Resource", "A ResultWriter's resource must be s3:putObject");
        }
        let key = if fields.language == QueryLanguage::JsonPath {
            "Parameters"
        } else {
            "Arguments"
        };
        let parameters = fields.template(key, &format!("ResultWriter/{key}"));
        if parameters.is_none() {
            fields.missing(key);
        }
        fields.finish();
        Some(Writer {
            parameters: parameters?,
        })
    }

    /// The files in the bucket: one for each way to end, and a manifest.
    pub(crate) fn write(
        &self,
        scope: &Scope<'_>,
        map_run_arn: &str,
        outcomes: &[Outcome],
    ) -> Result<Written, StateError> {
        let parameters = self.parameters.evaluate(scope)?;
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
            let chosen: Vec<Json> = chosen.map(|outcome| describe(outcome, status)).collect();
            let mut list = Vec::new();
            if !chosen.is_empty() {
                let (key, text) = (format!("{folder}/{status}_0.json"), Json::array(chosen).to_string());
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
        Ok(Written {
            bucket: bucket.into(),
            files,
            details: Json::object([("MapRunArn", map_run_arn.into()), ("ResultWriterDetails", place)]),
        })
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
