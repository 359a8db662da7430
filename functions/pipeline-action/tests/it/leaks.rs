//! Nothing that is secret comes out: not in log lines, metrics, answers, errors or what Lambda is told.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::fakes::{Fault, Lines};
use shared::ports::step_functions::{ExecutionStatus, Failure};
use shared::ports::{CallError, CallErrorKind};
use tracing::level_filters::LevelFilter;

use crate::support::{Bench, Job, SECRET_KEY, parameters};

/// Every secret that an event or Parameter Store holds.
const MARKS: [&str; 5] = [
    "the-access-key-id-of-the-job",
    SECRET_KEY,
    "the-session-token-of-the-job",
    "the-value-of-a-parameter",
    "the-value-of-a-secure-string",
];

/// Where the log lines of all tests go, panics included: the subscriber and the hook are those of the function.
pub(crate) static LOG: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = shared::telemetry::subscriber(LevelFilter::TRACE, move || writer.clone());
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let loud = std::panic::take_hook();
    shared::telemetry::log_panics();
    let ours = std::panic::take_hook();
    // The hook is the whole process's: what fails in another test is still told.
    std::panic::set_hook(Box::new(move |panic| {
        ours(panic);
        if panic.payload().downcast_ref::<String>() != Some(&MARKS.join(" ")) {
            loud(panic);
        }
    }));
    lines
});

/// All that came out of a delivery.
async fn told(bench: &Bench, event: Value) -> String {
    let result = bench.deliver(event).await;
    let result = match result {
        Ok(report) => format!("{report:?} {}", serde_json::to_string(&report).unwrap()),
        Err(error) => {
            let printed = format!("{error:?} {error}");
            format!("{printed} {:?}", lambda_runtime::Diagnostic::from(error))
        }
    };
    format!(
        "{result}\n{:?}\n{}",
        bench.world().pipelines.inner(),
        bench.world().metrics.text()
    )
}

#[track_caller]
fn assert_silent(text: &str, what: &str) {
    for mark in MARKS {
        assert!(!text.contains(mark), "`{mark}` in {what}: {text}");
    }
}

/// What AWS might say that quotes a secret.
fn quoting(operation: &'static str, kind: CallErrorKind) -> CallError {
    CallError::new(operation, kind, "the request was refused").with_code("Code")
}

fn event() -> Value {
    let input = json!({"key": "{{ssm:/dev/value}}"});
    let wanted = parameters(json!({"input": input, "inputFile": "Source::a.json", "stateMachine": "ssm:/dev/machine"}));
    Job {
        inputs: vec!["Source"],
        outputs: vec!["Output"],
        ..Job::first(wanted)
    }
    .event()
}

fn bench() -> Bench {
    let bench = Bench::new();
    let store = bench.world().parameters.inner();
    store
        .put_string("/dev/value", "the-value-of-a-parameter")
        .put_string("/dev/machine", "ml");
    store.put_secure("/dev/secure", "the-value-of-a-secure-string");
    let zip = pipeline_action::artifact::write_output("{}").unwrap();
    bench.world().artifacts.inner().put("artifacts", "dev/Source", zip);
    bench
        .world()
        .pipelines
        .inner()
        .open("11111111-2222-4333-8444-000000000001");
    bench
}

#[test]
fn nothing_that_is_secret_comes_out() {
    let log = &*LOG;
    crate::support::run(async {
        // Each value of the event replaced by something else, and each secret put where it does not belong.
        let mut paths = Vec::new();
        pointers(&event(), String::new(), &mut paths);
        for path in &paths {
            for other in [json!(null), json!([]), json!({}), json!(MARKS[1]), json!([MARKS[1]])] {
                let quotes_us = path.is_empty() || path.ends_with("/id") || path.contains("UserParameters");
                if quotes_us && other.to_string().contains(MARKS[1]) {
                    // An id and user parameters are no secrets: they are told as they are.
                    continue;
                }
                let mut event = event();
                *event.pointer_mut(path).unwrap() = other.clone();
                assert_silent(&told(&bench(), event).await, &format!("{path} {other}"));
            }
        }

        // Every call failing in every way, and every call panicking with a secret in its message.
        let operations = [
            "GetParameters",
            "DescribeStateMachine",
            "GetObject",
            "StartExecution",
            "PutJobSuccessResult",
            "PutJobFailureResult",
        ];
        for operation in operations {
            use CallErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unavailable};
            let errors = [Throttled, Denied, NotFound, Conflict, Invalid, Unavailable]
                .map(|kind| Fault::Before(quoting(operation, kind)));
            // The answering itself is not guarded: there is nothing left to answer with.
            let panics = (!operation.starts_with("PutJob")).then(|| Fault::Panic(MARKS.join(" ")));
            for fault in errors.into_iter().chain(panics) {
                let bench = bench();
                script(&bench, operation, &fault);
                assert_silent(
                    &told(&bench, event()).await,
                    &format!("{operation} {fault:?}").replace(SECRET_KEY, ""),
                );
            }
        }

        // Secure parameters, and what goes wrong later.
        for wanted in [
            json!({"input": "{{ssm:/dev/secure}}"}),
            json!({"stateMachine": "ssm:/dev/value"}),
            json!({"inputFile": "Source::none.json"}),
        ] {
            let job = Job {
                inputs: vec!["Source"],
                ..Job::first(parameters(wanted.clone()))
            };
            assert_silent(&told(&bench(), job.event()).await, &wanted.to_string());
        }
        for status in [
            ExecutionStatus::Succeeded {
                output: "{}".to_owned(),
            },
            ExecutionStatus::Failed(Failure {
                error: Some("E".to_owned()),
                cause: Some("cause".to_owned()),
            }),
        ] {
            let bench = bench();
            bench.world().states.inner().ends_after(1, status.clone());
            let job = Job {
                outputs: vec!["Output"],
                ..bench.started(parameters(json!({}))).await
            };
            bench.open(&job);
            assert_silent(&told(&bench, job.event()).await, &format!("{status:?}"));
            bench.world().artifacts.script(|_| Fault::Panic(MARKS.join(" ")));
            assert_silent(&told(&bench, job.event()).await, "a panic when the output is written");
        }
    });
    let log = log.text();
    assert!(
        log.contains("job answered") && log.contains("panicked at"),
        "the log is written: {log}"
    );
    assert_silent(&log, "the log");
}

#[test]
fn a_job_prints_without_its_credentials() {
    let incoming = pipeline_action::event::Event::parse(&event());
    let text = format!("{incoming:?} {incoming:#?}");
    assert!(text.contains("[redacted]"));
    assert_silent(&text, "Debug");
}

fn script(bench: &Bench, operation: &'static str, fault: &Fault) {
    let script = || {
        let fault = fault.clone();
        move |attempt: shared::fakes::Attempt| {
            if attempt.operation == operation {
                fault.clone()
            } else {
                Fault::None
            }
        }
    };
    bench.world().states.script(script());
    bench.world().pipelines.script(script());
    bench.world().artifacts.script(script());
    bench.world().parameters.script(script());
}

/// The pointer of every value in a value.
fn pointers(value: &Value, at: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(name, value)| pointers(value, format!("{at}/{name}"), paths)),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), paths));
        }
        _ => {}
    }
    paths.push(at);
}
