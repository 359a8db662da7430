//! From the package to the execution and the training job that made it.

use crate::lineage::record::{Execution, Topic, TrainingJob, Verdict};
use crate::lineage::trace::Trace;
use crate::lineage::values::{behind, text, time};
use serde_json::{Value, json};

pub(super) async fn execution(trace: &mut Trace<'_>, image: &str, commit: Option<&str>) -> Option<Execution> {
    let Some(arn) = trace.noted("execution") else {
        trace.note(
            Topic::Execution,
            Verdict::Broken,
            "the package does not say which execution made it",
        );
        return None;
    };
    let answer = trace
        .calls
        .ask("states", "DescribeExecution", json!({"executionArn": arn}))
        .await;
    let answer = match answer {
        Err(error) if error.code.ends_with("ExecutionDoesNotExist") => {
            let text = "Step Functions does not know it any more: it keeps what ended for 90 days";
            trace.note(Topic::Execution, Verdict::Forgotten, text);
            None
        }
        answer => trace.there(
            Topic::Execution,
            answer,
            (Verdict::Broken, "there is no such execution"),
        ),
    };
    let Some(found) = answer else {
        return Some(Execution {
            arn,
            ..Execution::default()
        });
    };
    let input = input(&found);
    let given = text(&input, "/image/uri");
    trace.compare(
        Topic::Execution,
        "image",
        ("its input", given.as_deref()),
        ("the package", Some(image)),
    );
    if let Some(given) = text(&input, "/commit") {
        trace.compare(
            Topic::Execution,
            "commit",
            ("its input", Some(&given)),
            ("the package", commit),
        );
    }
    let seconds = |pointer: &str| found.pointer(pointer).and_then(Value::as_f64);
    Some(Execution {
        arn,
        status: text(&found, "/status"),
        started_at: time(&found, "/startDate"),
        seconds: seconds("/stopDate")
            .zip(seconds("/startDate"))
            .map(|(end, start)| end - start),
        pipeline_execution: text(&input, "/pipeline/executionId"),
    })
}

/// What an execution was started with.
fn input(execution: &Value) -> Value {
    let text = execution["input"].as_str();
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

pub(super) async fn training_job(trace: &mut Trace<'_>, image: &str) -> Option<TrainingJob> {
    let Some(arn) = trace.noted("trainingJob") else {
        trace.note(
            Topic::TrainingJob,
            Verdict::Broken,
            "the package does not say which training job made it",
        );
        return None;
    };
    let name = behind(&arn, '/').to_owned();
    let input = json!({"TrainingJobName": name});
    let answer = trace.calls.ask("sagemaker", "DescribeTrainingJob", input).await;
    let absent = format!("there is no training job {name} any more");
    let Some(found) = trace.there(Topic::TrainingJob, answer, (Verdict::Broken, &absent)) else {
        return Some(TrainingJob {
            arn,
            ..TrainingJob::default()
        });
    };
    let at = |pointer: &str| text(&found, pointer);
    let (trained_in, made) = (
        at("/AlgorithmSpecification/TrainingImage"),
        at("/ModelArtifacts/S3ModelArtifacts"),
    );
    let model = text(trace.package, "/InferenceSpecification/Containers/0/ModelDataUrl");
    trace.compare(
        Topic::TrainingJob,
        "image",
        ("the job", trained_in.as_deref()),
        ("the package", Some(image)),
    );
    trace.compare(
        Topic::TrainingJob,
        "model",
        ("the job", made.as_deref()),
        ("the package", model.as_deref()),
    );
    let given = found["HyperParameters"].as_object().into_iter().flatten();
    Some(TrainingJob {
        arn,
        status: at("/TrainingJobStatus"),
        instance_type: at("/ResourceConfig/InstanceType"),
        billable_seconds: found["BillableTimeInSeconds"].as_f64(),
        hyperparameters: given
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
    })
}
