//! What a state does, in words: its service, its retries, how long it waits, how long it took.

use crate::condition::{expression_in_words, path_in_words};
use serde_json::Value;
use std::time::Duration;

/// A duration for people: `340 ms`, `1.2 s`, `2 min 5 s`.
pub(crate) fn duration(took: Duration) -> String {
    let (milliseconds, seconds) = (took.as_millis(), took.as_secs());
    let pair = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {part}"),
    };
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..=9 => format!("{}.{} s", seconds, (milliseconds % 1000) / 100),
        10..=59 => format!("{seconds} s"),
        60..=3599 => pair(seconds / 60, "min", seconds % 60, "s"),
        3600..=86_399 => pair(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// What a Task calls, in words: `SageMaker: CreateTrainingJob (.sync)`, `SDK ssm:GetParameter`.
pub(crate) fn resource(resource: &str, state: &Value) -> String {
    let parts: Vec<&str> = resource.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", "", "", "aws-sdk", service, rest @ ..] => {
            let (action, pattern) = action_and_pattern(&rest.join(":"));
            format!("SDK {service}:{action}{pattern}")
        }
        ["arn", _, "states", "", "", "lambda", rest @ ..] => {
            let (action, pattern) = action_and_pattern(&rest.join(":"));
            match function_of(state) {
                Some(function) => format!("Lambda: {function}{pattern}"),
                None => format!("Lambda: {action}{pattern}"),
            }
        }
        ["arn", _, "states", "", "", service, rest @ ..] => {
            let (action, pattern) = action_and_pattern(&rest.join(":"));
            format!("{}: {action}{pattern}", service_name(service))
        }
        ["arn", _, "states", _, _, "activity", name @ ..] => format!("Activity: {}", name.join(":")),
        ["arn", _, "lambda", _, _, "function", name @ ..] => format!("Lambda: {}", name.join(":")),
        _ => resource.to_owned(),
    }
}

fn action_and_pattern(text: &str) -> (String, String) {
    let (action, pattern) = match text.split_once('.') {
        Some((action, pattern)) => (action, format!(" (.{pattern})")),
        None => (text, String::new()),
    };
    let mut characters = action.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    (first.into_iter().chain(characters).collect(), pattern)
}

fn function_of(state: &Value) -> Option<String> {
    let input = state.get("Arguments").or_else(|| state.get("Parameters"))?;
    let name = match (input.get("FunctionName"), input.get("FunctionName.$")) {
        (Some(Value::String(name)), _) if !name.trim_start().starts_with("{%") => name.clone(),
        (Some(Value::String(expression)), _) => expression_in_words(expression),
        (_, Some(Value::String(path))) => path_in_words(path),
        _ => return None,
    };
    let short = name.split_once(":function:").map(|(_, function)| function.to_owned());
    let name = short.unwrap_or(name);
    Some(name.trim_end_matches(":$LATEST").to_owned())
}

fn service_name(service: &str) -> &str {
    match service {
        "apigateway" => "API Gateway",
        "athena" => "Athena",
        "batch" => "Batch",
        "bedrock" => "Bedrock",
        "codebuild" => "CodeBuild",
        "databrew" => "DataBrew",
        "dynamodb" => "DynamoDB",
        "ecs" => "ECS",
        "eks" => "EKS",
        "elasticmapreduce" => "EMR",
        "emr-containers" => "EMR on EKS",
        "emr-serverless" => "EMR Serverless",
        "events" => "EventBridge",
        "glue" => "Glue",
        "http" => "HTTP",
        "mediaconvert" => "MediaConvert",
        "sagemaker" => "SageMaker",
        "sns" => "SNS",
        "sqs" => "SQS",
        "states" => "Step Functions",
        other => other,
    }
}

/// The errors' names of a retrier or a catcher.
pub(crate) fn errors(of: &Value) -> Vec<String> {
    let names = of.get("ErrorEquals").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// A retrier in full: its errors, how often, and how long it waits.
pub(crate) fn retrier(retrier: &Value) -> String {
    let number = |key: &str, default: f64| retrier.get(key).and_then(Value::as_f64).unwrap_or(default);
    let (attempts, interval, rate) = (
        number("MaxAttempts", 3.0),
        number("IntervalSeconds", 1.0),
        number("BackoffRate", 2.0),
    );
    let mut text = format!("retry ×{attempts}: {}. ", errors(retrier).join(", "));
    text.push_str(&format!("First after {interval} s, then × {rate}"));
    if let Some(most) = retrier.get("MaxDelaySeconds").and_then(Value::as_f64) {
        text.push_str(&format!(", at most {most} s"));
    }
    if retrier.get("JitterStrategy").and_then(Value::as_str) == Some("FULL") {
        text.push_str(", with jitter");
    }
    text
}

/// All retriers of a state in a few words: `retry ×3: States.TaskFailed`.
pub(crate) fn retriers(retriers: &[Value]) -> Option<String> {
    let first = retriers.first()?;
    let attempts = first.get("MaxAttempts").and_then(Value::as_f64).unwrap_or(3.0);
    let names: Vec<String> = retriers.iter().flat_map(errors).collect();
    Some(match names.as_slice() {
        [] => format!("retry ×{attempts}"),
        [name] => format!("retry ×{attempts}: {name}"),
        [name, more @ ..] if name.len() <= SHORT_NAME => format!("retry ×{attempts}: {name} +{}", more.len()),
        all => format!("retry ×{attempts}: {} errors", all.len()),
    })
}

/// The longest name of an error that stands for itself and others.
const SHORT_NAME: usize = 28;

/// How long a Wait waits.
pub(crate) fn wait(state: &Value) -> Option<String> {
    let said = |value: &Value| match value {
        Value::String(text) if text.trim_start().starts_with("{%") => expression_in_words(text),
        Value::String(text) => path_in_words(text),
        other => other.to_string(),
    };
    let seconds = state.get("Seconds").or_else(|| state.get("SecondsPath"));
    let until = state.get("Timestamp").or_else(|| state.get("TimestampPath"));
    match (seconds, until) {
        (Some(Value::Number(seconds)), _) => {
            let seconds = seconds.as_u64().map(Duration::from_secs);
            seconds.map(|seconds| {
                if seconds.is_zero() {
                    "0 s".to_owned()
                } else {
                    whole(seconds)
                }
            })
        }
        (Some(path), _) => Some(format!("{} s", said(path))),
        (None, Some(until)) => Some(format!("until {}", said(until))),
        (None, None) => None,
    }
}

fn whole(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..=59 => format!("{seconds} s"),
        _ => duration(wait),
    }
}

/// What a Map goes over, in words: `each of items · 5 at a time`.
pub(crate) fn map(state: &Value) -> String {
    let items = match (state.get("Items"), state.get("ItemsPath")) {
        (Some(Value::String(expression)), _) => expression_in_words(expression),
        (Some(Value::Array(items)), _) => format!("{} items", items.len()),
        (_, Some(Value::String(path))) if path != "$" => path_in_words(path),
        _ if state.get("ItemReader").is_some() => "what is read".to_owned(),
        _ => "input".to_owned(),
    };
    let mut text = format!("each of {items}");
    let mode = ["ItemProcessor", "Iterator"].iter().find_map(|key| state.get(key));
    let mode = mode.and_then(|processor| processor.pointer("/ProcessorConfig/Mode"));
    if mode.and_then(Value::as_str) == Some("DISTRIBUTED") {
        text.push_str(" · Distributed");
    }
    match state.get("MaxConcurrency") {
        Some(Value::Number(most)) if most.as_u64() != Some(0) => text.push_str(&format!(" · {most} at a time")),
        Some(Value::String(expression)) => {
            text.push_str(&format!(" · {} at a time", expression_in_words(expression)));
        }
        _ => {}
    }
    text
}
