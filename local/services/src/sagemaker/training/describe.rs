//! What DescribeTrainingJob shows beside what was asked for:
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html>.

use super::request::Request;
use crate::sagemaker::jobs::{Job, Stage, Status};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A stage as a secondary status, with the message that SageMaker has for it.
fn words(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Starting => ("Starting", "Starting the training job"),
        Stage::Downloading => ("Downloading", "Downloading input data"),
        Stage::Running => ("Training", "Training image download completed. Training in progress."),
        Stage::Uploading => ("Uploading", "Uploading generated training model"),
        Stage::Stopping => ("Stopping", "Stopping the training job"),
        Stage::Completed => ("Completed", "Training job completed"),
        Stage::Failed => ("Failed", "Training job failed"),
        Stage::Stopped => ("Stopped", "Training job stopped"),
        Stage::TimeIsOver => (
            "MaxRuntimeExceeded",
            "Training job runtime exceeded MaxRuntimeInSeconds provided",
        ),
    }
}

/// Adds to a description what only training jobs have.
pub(super) fn add(job: &Job<Request>, shown: &mut Value, time: &(dyn Fn(Timestamp) -> Value + Sync)) {
    let mut transitions = Vec::new();
    for (at, (stage, began)) in job.stages.iter().enumerate() {
        let (status, message) = words(*stage);
        let mut transition = json!({"Status": status, "StartTime": time(*began), "StatusMessage": message});
        let next = job.stages.get(at + 1).map(|(_, next)| *next);
        if let Some(ended) = next.or(job.ended) {
            transition["EndTime"] = time(ended);
        }
        shown["SecondaryStatus"] = status.into();
        transitions.push(transition);
    }
    shown["SecondaryStatusTransitions"] = transitions.into();
    if matches!(job.status, Status::Completed | Status::Stopped) {
        // Also where there was nothing to upload.
        shown["ModelArtifacts"] = json!({"S3ModelArtifacts": job.request.model()});
    }
    if let (Some(started), Some(ended)) = (job.started, job.ended) {
        let seconds = ended.duration_since(started).as_secs_f64().ceil().max(1.0);
        for field in ["TrainingTimeInSeconds", "BillableTimeInSeconds"] {
            shown[field] = whole(seconds).into();
        }
    }
    let definitions = &job.request.algorithm_specification.metric_definitions;
    let metrics = job.found.last(definitions).map(|(name, value, at)| {
        let at = time(at);
        json!({"MetricName": name, "Value": value, "Timestamp": at})
    });
    let metrics: Vec<Value> = metrics.collect();
    if !metrics.is_empty() {
        shown["FinalMetricDataList"] = metrics.into();
    }
    // Metrics are kept over time where any are defined.
    let specification = &mut shown["AlgorithmSpecification"];
    if specification["EnableSageMakerMetricsTimeSeries"].is_null() {
        specification["EnableSageMakerMetricsTimeSeries"] = (!definitions.is_empty()).into();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a job's seconds fit into 64 bits")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}
