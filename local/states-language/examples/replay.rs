//! Replays recorded executions and grades them: a development tool.
//!
//! `cargo run -p states-language --example replay -- RECORDINGS.json [--only TEXT] [--verbose]`
//!
//! The file is a list of recordings: `definition`, `input`, `events` as `GetExecutionHistory` returned them,
//! `lambda_handlers` and `features`. An execution is graded by its outcome (how it ended, and with what) and by its
//! exact history (types, order, ids, previous ids and details; generated values aside).

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use states_language::{
    Clock, Execution, Failure, Integration, ItemSource, Json, Pattern, ReadRequest, StartOptions, StateMachine, Status,
    TaskHandler, TaskRequest, VirtualClock, WriteRequest, run_to_end,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(file) = arguments.first() else {
        eprintln!("usage: replay RECORDINGS.json [--only TEXT] [--verbose]");
        return ExitCode::from(2);
    };
    let only = arguments
        .iter()
        .position(|it| it == "--only")
        .and_then(|at| arguments.get(at + 1));
    let verbose = arguments.iter().any(|it| it == "--verbose");
    let recordings: Vec<Value> = match std::fs::read_to_string(file).map(|text| serde_json::from_str(&text)) {
        Ok(Ok(recordings)) => recordings,
        Ok(Err(error)) => return fail(&format!("{file} is not a list of recordings: {error}")),
        Err(error) => return fail(&format!("{file} cannot be read: {error}")),
    };
    let mut groups: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for recording in &recordings {
        let name = recording["name"].as_str().unwrap_or_default();
        if only.is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let Some(group) = group(recording) else { continue };
        let grade = replay(recording);
        let counts = groups.entry(group).or_default();
        counts[0] += 1;
        counts[1] += usize::from(!matches!(grade, Grade::Wrong(_)));
        counts[2] += usize::from(matches!(grade, Grade::Exact { .. }));
        counts[3] += usize::from(matches!(grade, Grade::Exact { ordered: true }));
        match grade {
            Grade::Exact { ordered: false } if verbose => println!("order    {name}"),
            Grade::Exact { .. } => {}
            Grade::Outcome(why) if verbose => println!("outcome  {name}\n         {why}"),
            Grade::Outcome(_) => {}
            Grade::Wrong(why) => println!("WRONG    {name}\n         {why}"),
        }
    }
    for (group, [total, outcomes, exact, ordered]) in &groups {
        println!(
            "{group:22} {outcomes}/{total} outcomes, {exact}/{total} exact histories, {ordered} with the same order of keys"
        );
    }
    ExitCode::SUCCESS
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

enum Grade {
    Exact { ordered: bool },
    Outcome(String),
    Wrong(String),
}

fn features(recording: &Value) -> Vec<&str> {
    recording["features"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The group that a recording is counted in; nothing for what needs services of AWS.
fn group(recording: &Value) -> Option<String> {
    let features = features(recording);
    let has = |feature: &str| features.contains(&feature);
    let name = recording["name"].as_str().unwrap_or_default();
    let language = if has("jsonata") {
        "JSONata"
    } else if has("assign") {
        "variables"
    } else if has("dmap") {
        "distributed Map"
    } else {
        "JSONPath"
    };
    match recording["kind"].as_str()? {
        "no Task" if has("itemreader") || has("resultwriter") || name.contains("mock") => None,
        "no Task" => Some(language.to_owned()),
        "lambda only" => Some(format!("Lambda, {language}")),
        _ => None,
    }
}

fn replay(recording: &Value) -> Grade {
    let definition = recording["definition"].to_string();
    let input = recording["input"].as_str().unwrap_or("{}");
    let machine = match StateMachine::parse(&definition) {
        Ok(machine) => machine,
        Err(error) => return Grade::Wrong(error.to_string()),
    };
    let mut clock = VirtualClock::default();
    let mut execution = match Execution::start(&machine, StartOptions::default(), input, clock.now()) {
        Ok(execution) => execution,
        Err(error) => return Grade::Wrong(error.to_string()),
    };
    let expected = recording["events"].as_array().cloned().unwrap_or_default();
    let was_stopped = expected.last().is_some_and(|event| event["type"] == "ExecutionAborted");
    if was_stopped {
        execution.run(clock.now());
        if let Err(error) = execution.stop(None, None, clock.now()) {
            return Grade::Wrong(error.to_string());
        }
    } else {
        run_to_end(&mut execution, &mut Functions::of(recording), &mut clock);
    }
    if execution.status() == Status::Running {
        return Grade::Wrong("it never ended".to_owned());
    }
    let events = execution
        .history()
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>();
    let actual = match events {
        Ok(events) => events,
        Err(error) => return Grade::Wrong(error.to_string()),
    };
    grade(&expected, &actual)
}

fn grade(expected: &[Value], actual: &[Value]) -> Grade {
    let (Some(want), Some(got)) = (expected.last(), actual.last()) else {
        return Grade::Wrong("there are no events".to_owned());
    };
    if want["type"] != got["type"] {
        return Grade::Wrong(format!(
            "recorded {}, got {} {}",
            want["type"],
            got["type"],
            details(got)
        ));
    }
    let (want, got) = (details(want), details(got));
    let outcome = if want.get("output").is_some() || got.get("output").is_some() {
        same(&want["output"], &got["output"], "output")
    } else {
        want.get("error") == got.get("error")
    };
    if !outcome {
        return Grade::Wrong(format!("recorded {want}\n         got {got}"));
    }
    for (want, got) in expected.iter().zip(actual) {
        if !same(want, got, "event") {
            return Grade::Outcome(format!("recorded {want}\n         got      {got}"));
        }
    }
    if expected.len() == actual.len() {
        let ordered = expected
            .iter()
            .zip(actual)
            .all(|(want, got)| in_order(&details(want), &details(got)));
        Grade::Exact { ordered }
    } else {
        Grade::Outcome(format!("recorded {} events, got {}", expected.len(), actual.len()))
    }
}

/// Whether the data within an event's details has its keys in the recorded order.
fn in_order(expected: &Value, actual: &Value) -> bool {
    ["input", "output", "parameters"].iter().all(|field| {
        let parsed = actual[field]
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        !expected[field].is_object() || same_order(&expected[field], &parsed)
    })
}

fn same_order(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.keys().eq(actual.keys()) && expected.values().zip(actual.values()).all(|(a, b)| same_order(a, b))
        }
        (Value::Array(expected), Value::Array(actual)) => expected.iter().zip(actual).all(|(a, b)| same_order(a, b)),
        _ => true,
    }
}

fn details(event: &Value) -> Value {
    let found = event
        .as_object()
        .and_then(|event| event.iter().find(|(key, _)| key.ends_with("EventDetails")));
    found.map(|(_, details)| details.clone()).unwrap_or_default()
}

/// What stands for values that AWS generated.
const PLACEHOLDERS: [&str; 10] = [
    "timestamp",
    "date",
    "start-date",
    "stop-date",
    "request-id",
    "generated-uuid",
    "RandomNumberGenerated",
    "snf_role_arn",
    "lambda_function_name",
    "ExecutedVersion",
];
const IGNORED: [&str; 8] = [
    "timestamp",
    "inputDetails",
    "outputDetails",
    "roleArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "redriveCount",
    "redriveDate",
];

fn is_generated(text: &str) -> bool {
    let has_placeholder = text
        .split('<')
        .skip(1)
        .any(|rest| rest.find('>').is_some_and(|end| end > 0));
    has_placeholder
        || ["arn:", "snf_", "sfn", "timestamp", "tag:"]
            .iter()
            .any(|mark| text.contains(mark))
}

/// Whether a value equals what was recorded, generated values aside.
fn same(expected: &Value, actual: &Value, key: &str) -> bool {
    let parse = |value: &Value| match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    };
    if let Value::String(text) = expected {
        if PLACEHOLDERS.contains(&text.as_str()) {
            return true;
        }
        if matches!(key, "" | "input" | "output")
            && let Ok(parsed) = serde_json::from_str::<Value>(text)
        {
            return same(&parsed, &parse(actual), "json");
        }
        return match actual {
            Value::String(actual) => text == actual || is_generated(text),
            // A generated value can stand for anything, lists included.
            _ => is_generated(text),
        };
    }
    let actual = &parse(actual);
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let keys = expected.keys().chain(actual.keys());
            keys.filter(|it| key == "json" || !IGNORED.contains(&it.as_str()))
                .all(|it| {
                    let inner = if key == "json" { "json" } else { it.as_str() };
                    match (expected.get(it), actual.get(it)) {
                        // A header that AWS generated stands as its own name.
                        (Some(Value::String(name)), Some(_)) if name == it => true,
                        (Some(expected), Some(actual)) => same(expected, actual, inner),
                        _ => false,
                    }
                })
        }
        (Value::Array(expected), Value::Array(actual)) => {
            let inner = if key == "json" { "json" } else { "item" };
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(a, b)| same(a, b, inner))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => expected == actual,
    }
}

/// The functions behind the recorded Lambda tasks.
struct Functions(Vec<(String, String)>);

impl Functions {
    fn of(recording: &Value) -> Functions {
        let handlers = recording["lambda_handlers"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Functions(
            handlers
                .iter()
                .map(|it| (text(&it["function"]), text(&it["handler"])))
                .collect(),
        )
    }

    fn handler(&self, function: &str) -> Option<&str> {
        let name = function.rsplit(":function:").next().unwrap_or(function);
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, handler)| handler.trim_end_matches(".py"))
    }

    /// What the function returns for an event, as text.
    fn call(&self, function: &str, event: &Json) -> Result<Json, Failure> {
        match self.handler(function) {
            Some("raise_exception") => Err(exception("Exception", "Some exception was raised.", 2)),
            Some("raise_custom_exception") => Err(exception("CustomException", "", 9)),
            Some("large_output_string") => Ok(Json::string("a".repeat(300_000))),
            Some("return_bytes_str") => Ok(Json::string("HelloWorld!")),
            Some("wait_60_seconds") => Ok(Json::Null),
            Some(_) => Ok(event.clone()),
            None => Err(Failure::new("Lambda.ResourceNotFoundException", "<function not found>")),
        }
    }
}

fn exception(kind: &str, message: &str, line: u32) -> Failure {
    let raise = if message.is_empty() {
        format!("raise {kind}()")
    } else {
        format!("raise {kind}(\"{message}\")")
    };
    let trace = format!("  File \"/var/task/handler.py\", line {line}, in handler\n    {raise}\n");
    let cause = json!({"errorMessage": message, "errorType": kind, "requestId": "<uuid>", "stackTrace": [trace]});
    Failure::new(kind, cause.to_string())
}

impl TaskHandler for Functions {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        match &task.integration {
            Integration::Lambda { function_arn } => self.call(function_arn, &task.parameters),
            Integration::Service {
                pattern: Pattern::RequestResponse,
                ..
            } => {
                let function = task
                    .parameters
                    .get("FunctionName")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                let event = task
                    .parameters
                    .get("Payload")
                    .cloned()
                    .unwrap_or_else(Json::empty_object);
                let payload = self.call(function, &event)?;
                Ok(Json::from(invoked(&serde_json::Value::from(&payload))))
            }
            Integration::Activity { .. } => Err(Failure::new("States.TaskFailed", "there is no worker here")),
            Integration::Service { service, .. } => {
                Err(Failure::new("States.TaskFailed", format!("there is no {service} here")))
            }
        }
    }

    fn duration(&mut self, task: &TaskRequest) -> Duration {
        let function = task
            .parameters
            .get("FunctionName")
            .and_then(Json::as_str)
            .unwrap_or(&task.resource);
        let waits = self.handler(function) == Some("wait_60_seconds");
        Duration::from_secs(if waits { 60 } else { 0 })
    }

    fn read_items(&mut self, read: &ReadRequest) -> Result<ItemSource, Failure> {
        Err(Failure::new("S3.NoSuchKey", read.parameters.to_string()))
    }

    fn write_results(&mut self, _: &WriteRequest) -> Result<(), Failure> {
        Ok(())
    }
}

/// How long Python's JSON text of a value is, which has spaces behind its commas and colons.
fn spaced_length(value: &Value) -> usize {
    match value {
        Value::Array(items) => 2 + items.iter().map(spaced_length).sum::<usize>() + 2 * items.len().saturating_sub(1),
        Value::Object(object) => {
            let fields = object
                .iter()
                .map(|(key, value)| key.len() + 4 + spaced_length(value))
                .sum::<usize>();
            2 + fields + 2 * object.len().saturating_sub(1)
        }
        plain => plain.to_string().len(),
    }
}

/// The answer of `lambda:invoke`.
fn invoked(payload: &Value) -> Value {
    let headers = json!({
        "Connection": "keep-alive", "Content-Length": spaced_length(payload).to_string(),
        "Content-Type": "application/json", "Date": "date", "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-Remapped-Content-Length": "0", "x-amzn-RequestId": "x-amzn-RequestId",
        "X-Amzn-Trace-Id": "X-Amzn-Trace-Id",
    });
    // These two are recorded without their list.
    let listed = |key: &str| !matches!(key, "Date" | "X-Amzn-Trace-Id");
    let lists: serde_json::Map<String, Value> = headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), if listed(key) { json!([value]) } else { value.clone() }))
        .collect();
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {"AllHttpHeaders": lists, "HttpHeaders": headers, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": "RequestId"},
        "StatusCode": 200,
    })
}
