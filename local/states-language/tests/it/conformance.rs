//! The conformance suite of the States Language, `conformance/` at the repository's root: this crate as one engine of many.
//! Its README says what a case is. `conformance/run.py` asks the same of whatever speaks the Step Functions API.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use states_language::{
    Clock, Execution, ExecutionType, Failure, Json, StartOptions, StateMachine, TaskHandler, TaskRequest, VirtualClock,
    run_to_end,
};

/// A case, by its path below `cases/`.
struct Case {
    name: String,
    content: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// All cases, sorted by name.
fn cases() -> Vec<Case> {
    let root = folder().join("cases");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().with_extension("");
            let text = std::fs::read_to_string(&path).unwrap();
            let content = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = name.to_string_lossy().replace('\\', "/");
            found.push(Case { name, content });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// What a case's tasks come to, invocation by invocation of each state.
struct Tasks<'a> {
    outcomes: &'a Value,
    invocations: HashMap<String, usize>,
    never: bool,
}

impl<'a> Tasks<'a> {
    fn of(case: &'a Value) -> Tasks<'a> {
        Tasks {
            outcomes: &case["tasks"],
            invocations: HashMap::new(),
            never: false,
        }
    }
}

impl TaskHandler for Tasks<'_> {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        let number = self.invocations.entry(task.state.to_string()).or_default();
        let outcome = &self.outcomes[task.state.as_ref()][*number];
        *number += 1;
        self.never = outcome["never"] == true;
        if let Some(returned) = outcome.get("returns") {
            return Ok(Json::from(returned.clone()));
        }
        if let Some(failure) = outcome.get("fails") {
            let text = |key: &str| failure[key].as_str().unwrap_or_default().to_owned();
            return Err(Failure::new(text("error"), text("cause")));
        }
        assert!(self.never, "`{}` has no outcome for one more invocation", task.state);
        Ok(Json::Null)
    }

    fn duration(&mut self, _: &TaskRequest) -> Duration {
        Duration::from_secs(if self.never { 1_000_000 } else { 0 })
    }
}

/// How an execution came out, in the words of `expected`.
fn outcome(case: &Value) -> Value {
    let definition = match &case["definition"] {
        Value::String(text) => text.clone(),
        definition => definition
            .to_string()
            .replace("${Queue}", "https://sqs.us-east-1.amazonaws.com/123456789012/q"),
    };
    let machine = match StateMachine::parse(&definition) {
        Ok(machine) => machine,
        Err(_) => return json!({"refused": {"operation": "CreateStateMachine", "error": "InvalidDefinition"}}),
    };
    let input = match (case.get("input_text"), case.get("input")) {
        (Some(text), _) => text.as_str().unwrap_or_default().to_owned(),
        (None, Some(input)) => input.to_string(),
        (None, None) => "{}".to_owned(),
    };
    let options = StartOptions {
        execution_type: if case["type"] == "EXPRESS" {
            ExecutionType::Express
        } else {
            ExecutionType::Standard
        },
        ..StartOptions::default()
    };
    let mut clock = VirtualClock::default();
    let Ok(mut execution) = Execution::start(&machine, options, &input, clock.now()) else {
        return json!({"refused": {"operation": "StartExecution", "error": "InvalidExecutionInput"}});
    };
    run_to_end(&mut execution, &mut Tasks::of(case), &mut clock);
    let mut came_out = json!({"status": execution.status().name(), "history": history(&execution)});
    if let Some(output) = execution.output() {
        came_out["output"] = serde_json::from_str(&output).unwrap();
        came_out["output_text"] = json!(output);
    }
    let failure = execution.failure().cloned().unwrap_or_default();
    came_out["error"] = failure.error.map_or(Value::Null, |it| json!(&*it));
    came_out["cause"] = failure.cause.map_or(Value::Null, |it| json!(&*it));
    came_out
}

/// A line for each event: `4<3 PassStateExited A`.
fn history(execution: &Execution) -> Vec<String> {
    let lines = execution.history().iter().map(|event| {
        let state = event.state_name().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}<{} {}{state}", event.id, event.previous_event_id, event.event_type())
    });
    lines.collect()
}

/// Whether two values are the same; 1 and 1.0 are.
fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether an event is what a line of `history` says, which may leave out what the event follows.
fn same_event(expected: &Value, actual: &str) -> bool {
    let expected = expected.as_str().unwrap_or_default();
    let without_previous = actual
        .split_once('<')
        .and_then(|(id, rest)| rest.split_once(' ').map(|(_, event)| format!("{id} {event}")));
    expected == actual || without_previous.is_some_and(|it| it == expected)
}

/// What differs between what a case expects and what came out; nothing where all is as it should be.
fn differences(expected: &Value, came_out: &Value) -> Vec<String> {
    let expected = expected.as_object().unwrap();
    let is_as_expected = |key: &str, want: &Value| match key {
        "history" => {
            let (want, got) = (want.as_array().unwrap(), came_out["history"].as_array());
            got.is_some_and(|got| {
                let all = want.iter().zip(got).all(|(a, b)| same_event(a, b.as_str().unwrap()));
                want.len() == got.len() && all
            })
        }
        "refused" => {
            want["operation"] == came_out["refused"]["operation"] && want["error"] == came_out["refused"]["error"]
        }
        _ => same(want, &came_out[key]),
    };
    let wrong = expected.iter().filter(|(key, want)| !is_as_expected(key, want));
    wrong
        .map(|(key, want)| format!("{key}: {want}\n  is {came_out}"))
        .collect()
}

/// Whether a case is about the API around the language, which this crate does not have: a state machine's name.
fn is_of_the_api(case: &Value) -> bool {
    case.get("name").is_some()
}

#[test]
fn every_case_comes_out_as_on_aws() {
    let mut wrong = Vec::new();
    for case in cases() {
        if is_of_the_api(&case.content) {
            continue;
        }
        let found = differences(&case.content["expected"], &outcome(&case.content));
        wrong.extend(
            found
                .iter()
                .map(|it| format!("{}: {}\n  {it}", case.name, case.content["shows"])),
        );
    }
    assert!(
        wrong.is_empty(),
        "{} cases are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The names of a value's fields.
fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

#[test]
fn cases_have_what_the_schema_says_and_nothing_else() {
    let text = std::fs::read_to_string(folder().join("case.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let known = keys(&schema["properties"]);
    let known_of_expected = keys(&schema["properties"]["expected"]["properties"]);
    let mut wrong = Vec::new();
    for Case { name, content } in cases() {
        let text = |key: &str| content[key].as_str().unwrap_or_default().to_owned();
        let has_source = text("source").starts_with("https://") || text("source") == "recorded on AWS";
        let is_whole = text("shows").ends_with('.') && has_source && content.get("definition").is_some();
        let expected = &content["expected"];
        let is_one = expected.get("refused").is_some() != expected.get("status").is_some();
        let unknown = keys(&content).iter().any(|key| !known.contains(key))
            || keys(expected).iter().any(|key| !known_of_expected.contains(key));
        if !is_whole || !is_one || unknown {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "not as case.schema.json says: {wrong:?}");
}

#[test]
fn the_documents_know_how_many_cases_there_are() {
    let count = format!("{} cases", cases().len());
    for document in [
        "conformance/README.md",
        "docs/how-it-compares.md",
        "docs/conformance.md",
        "CHANGELOG.md",
    ] {
        let text = std::fs::read_to_string(folder().join("..").join(document)).unwrap();
        assert!(text.contains(&count), "{document} does not say that there are {count}");
    }
}

#[test]
fn a_result_that_differs_is_found() {
    let expected =
        json!({"status": "SUCCEEDED", "output": {"n": 1}, "history": ["1<0 ExecutionStarted", "2 PassStateEntered A"]});
    let history = json!(["1<0 ExecutionStarted", "2<0 PassStateEntered A"]);
    let right = json!({"status": "SUCCEEDED", "output": {"n": 1.0}, "history": history});
    assert!(differences(&expected, &right).is_empty());
    for (key, other) in [
        ("status", json!("FAILED")),
        ("output", json!({"n": true})),
        ("output", json!({"n": 1, "m": 2})),
        ("history", json!(["1<0 ExecutionStarted"])),
        ("history", json!(["1<0 ExecutionStarted", "2<0 PassStateEntered B"])),
    ] {
        let mut wrong = right.clone();
        wrong[key] = other;
        assert_eq!(differences(&expected, &wrong).len(), 1, "{wrong}");
    }
}
