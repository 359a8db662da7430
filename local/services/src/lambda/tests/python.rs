//! Functions in Python.

use super::world::World;
use serde_json::{Value, json};

const APP: &str = r#"
import collections, datetime, decimal, json, logging, os, sys, time
logger = logging.getLogger()
logger.setLevel(logging.INFO)

def handler(event, context):
    match event["do"]:
        case "echo":
            return event
        case "context":
            left = context.get_remaining_time_in_millis()
            return {
                "id": bool(context.aws_request_id), "name": context.function_name, "version": context.function_version,
                "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                "group": context.log_group_name, "stream": context.log_stream_name.startswith("20"),
                "left": 5000 < left <= 10000, "client": context.client_context,
                "identity": context.identity.cognito_identity_id,
            }
        case "environment":
            return {"environment": dict(os.environ), "path": sys.path, "here": os.getcwd()}
        case "numbers":
            Point = collections.namedtuple("Point", "x y")
            return {"decimal": decimal.Decimal("1.5"), "whole": decimal.Decimal("2"), "point": Point(1, 2), "list": (1,)}
        case "log":
            print("printed")
            print("to standard error", file=sys.stderr)
            logger.info("logged %s", 1)
            logger.debug("not logged")
        case "fail":
            inner(event)
        case "marshal":
            return datetime.datetime.now()
        case "text":
            return b"bytes"
        case "exit":
            sys.exit(3)
        case "hang":
            time.sleep(60)

def inner(event):
    raise ValueError("asked to fail")
"#;

#[tokio::test]
async fn an_event_is_answered_and_the_context_is_lambdas() {
    let world = World::new();
    let team = world.team(&[("app.py", APP)]);
    world.function("python3.11", "app.handler", &team).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    for (event, expected) in [
        (json!({"do": "echo", "text": "é"}), json!({"do": "echo", "text": "é"})),
        (
            json!({"do": "context"}),
            json!({"id": true, "name": "f", "version": "$LATEST", "arn": arn, "memory": "128", "stream": true,
                "group": "/aws/lambda/f", "left": true, "client": null, "identity": null}),
        ),
        (
            json!({"do": "numbers"}),
            json!({"decimal": 1.5, "whole": 2, "point": {"x": 1, "y": 2}, "list": [1]}),
        ),
        (json!({"do": "text"}), json!("bytes")),
        (json!({"do": "nothing"}), json!(null)),
    ] {
        let answer = world.invoke(event.clone()).await;
        assert_eq!(answer["FunctionError"], Value::Null, "{event}: {answer}");
        assert_eq!(answer["Payload"], expected, "{event}");
    }
}

#[tokio::test]
async fn errors_have_lambdas_names_and_wordings() {
    let world = World::new();
    let team = world.team(&[("app.py", APP)]);
    let members = json!({"Code": {"LocalPath": team}, "Timeout": 1});
    world.create("python3.11", "app.handler", members).await.unwrap();
    for (what, kind, message) in [
        ("fail", "ValueError", "asked to fail"),
        (
            "marshal",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type datetime is not JSON serializable",
        ),
        ("exit", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ] {
        let answer = world.invoke(json!({"do": what})).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{what}");
        let error = &answer["Payload"];
        assert_eq!(error["errorType"], kind, "{what}");
        assert!(
            error["errorMessage"].as_str().unwrap().ends_with(message),
            "{what}: {error}"
        );
        if what == "fail" {
            let trace: Vec<&str> = error["stackTrace"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert_eq!(trace.len(), 2, "{trace:?}");
            assert!(
                trace[0].contains("app.py\", line 30, in handler\n    inner(event)"),
                "{trace:?}"
            );
            assert!(error["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{error}");
        }
    }
    let log = world.log().await.join("\n");
    assert!(
        log.contains("[ERROR] ValueError: asked to fail\nTraceback (most recent call last):\n  File "),
        "{log}"
    );
}

/// Starts another process, which holds what this one prints to, and then hangs or ends.
const PARENT: &str = r#"
import os, subprocess, time
def handler(event, context):
    if event["leaves"]:
        # It ends by itself: nobody knows it any more.
        subprocess.Popen(["sleep", "60"], start_new_session=True)
    else:
        print("child", subprocess.Popen(["sleep", "1000"]).pid, flush=True)
    if event["ends"]:
        os._exit(3)
    time.sleep(1000)
"#;

/// Whether a process is there, and not only waits for somebody to hear of its end.
fn runs(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| !status.contains(") Z ") && !status.contains(") X "))
}

#[tokio::test]
async fn what_a_function_started_ends_with_it_and_holds_nothing_up() {
    for (leaves, ends, kind) in [
        (false, false, "Sandbox.Timedout"),
        (true, false, "Sandbox.Timedout"),
        (false, true, "Runtime.ExitError"),
    ] {
        let world = World::new();
        let team = world.team(&[("app.py", PARENT)]);
        let members = json!({"Code": {"LocalPath": team}, "Timeout": 1});
        world.create("python3.11", "app.handler", members).await.unwrap();
        let work = async {
            let answer = world.invoke(json!({"leaves": leaves, "ends": ends})).await;
            assert_eq!(answer["Payload"]["errorType"], kind, "{leaves} {ends}: {answer}");
            let log = world.log().await;
            let children = log.iter().filter_map(|line| line.strip_prefix("child "));
            for child in children {
                while cfg!(target_os = "linux") && runs(child) {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(log.iter().any(|line| line.starts_with("child ")), !leaves, "{log:?}");
        };
        let limit = std::time::Duration::from_secs(40);
        assert!(tokio::time::timeout(limit, work).await.is_ok(), "{leaves} {ends}");
    }
}

#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_told_as_lambda_tells_it() {
    for (handler, kind, message) in [
        (
            "absent.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'absent': No module named 'absent'",
        ),
        (
            "app.absent",
            "Runtime.HandlerNotFound",
            "Handler 'absent' missing on module 'app'",
        ),
        (
            "needs.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'needs': No module named 'no_such_package'",
        ),
        (
            "wrong.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'wrong': ",
        ),
        (
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        ("fails.handler", "KeyError", "'MISSING'"),
    ] {
        let world = World::new();
        let team = world.team(&[
            ("app.py", APP),
            ("needs.py", "import no_such_package\n"),
            ("wrong.py", "def handler(:\n"),
            ("fails.py", "import os\nos.environ['MISSING']\n"),
        ]);
        world.function("python3.11", handler, &team).await;
        let answer = world.invoke(json!({})).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{handler}");
        assert_eq!(answer["Payload"]["errorType"], kind, "{handler}");
        let said = answer["Payload"]["errorMessage"].as_str().unwrap();
        assert!(said.starts_with(message), "{handler}: {said}");
        let log = world.log().await.join("\n");
        assert!(log.contains(&format!("[ERROR] {kind}: {said}")), "{handler}: {log}");
    }
}

#[tokio::test]
async fn what_a_function_prints_and_logs_is_in_its_log() {
    let world = World::new();
    let team = world.team(&[("app.py", APP)]);
    world.function("python3.11", "app.handler", &team).await;
    world.invoke(json!({"do": "log"})).await;
    let log = world.log().await;
    assert!(log.contains(&"printed".to_owned()), "{log:?}");
    assert!(log.contains(&"to standard error".to_owned()), "{log:?}");
    let logged = log.iter().find(|line| line.starts_with("[INFO]\t20")).unwrap();
    assert_eq!(logged.split('\t').count(), 4, "{logged}");
    assert!(logged.ends_with("\tlogged 1"), "{logged}");
    assert!(!log.iter().any(|line| line.contains("not logged")), "{log:?}");
}

#[tokio::test]
async fn logs_are_json_where_the_function_asks_for_it() {
    let world = World::new();
    let team = world.team(&[("app.py", APP)]);
    let members = json!({"Code": {"LocalPath": team}, "LoggingConfig": {"LogFormat": "JSON"}});
    world.create("python3.11", "app.handler", members).await.unwrap();
    world.invoke(json!({"do": "log"})).await;
    world.invoke(json!({"do": "fail"})).await;
    let log = world.log().await;
    let lines: Vec<Value> = log.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let logged = lines.iter().find(|line| line["level"] == "INFO").unwrap();
    assert_eq!(
        (&logged["message"], &logged["logger"]),
        (&json!("logged 1"), &json!("root"))
    );
    let error = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(error["errorType"], "ValueError");
}

#[tokio::test]
async fn a_process_has_lambdas_variables_and_none_of_this_machines_packages() {
    let world = World::new();
    let team = world.team(&[("app.py", APP)]);
    let variables = json!({"PYTHONPATH": "/var/task/lib", "OWN": "1"});
    let members = json!({"Code": {"LocalPath": team}, "Environment": {"Variables": variables}});
    world.create("python3.12", "app.handler", members).await.unwrap();
    let said = world.invoke(json!({"do": "environment"})).await["Payload"].clone();
    let root = said["environment"]["LAMBDA_TASK_ROOT"].as_str().unwrap();
    assert_eq!(said["here"], root);
    assert_eq!(said["path"][0], root);
    assert_ne!(root, team.to_str().unwrap());
    for (name, expected) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("_HANDLER", "app.handler"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12"),
        ("PYTHONPATH", &format!("{root}/lib")),
        ("OWN", "1"),
    ] {
        assert_eq!(said["environment"][name], expected, "{name}");
    }
    let path = said["path"].to_string();
    assert!(
        !path.contains("site-packages") && !path.contains("dist-packages"),
        "{path}"
    );
}

#[tokio::test]
async fn packages_of_requirements_are_installed() {
    let world = World::new();
    let packages = tempfile::tempdir().unwrap();
    let line = |name| {
        let wheel = crate::python::smallest_wheel(packages.path(), name);
        format!("{name} @ file://{}\n", wheel.display())
    };
    let team = world.team(&[
        ("requirements.txt", &[line("greeting"), line("boto3")].concat()),
        (
            "app.py",
            "import boto3, greeting\ndef handler(event, context):\n    return greeting.text\n",
        ),
    ]);
    world.function("python3.11", "app.handler", &team).await;
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer["Payload"], "hello", "{answer} {:?}", world.notes());
}

#[tokio::test]
async fn a_zip_gets_no_packages_that_are_not_in_it() {
    let world = World::new();
    let packages = tempfile::tempdir().unwrap();
    let wheel = crate::python::smallest_wheel(packages.path(), "greeting");
    let requirements = format!("greeting @ file://{}\n", wheel.display());
    let handler = "import greeting\ndef handler(event, context):\n    return greeting.text\n";
    let zip = super::world::zip_file(&[("requirements.txt", &requirements, 0o644), ("app.py", handler, 0o644)]);
    let members = json!({"Code": {"ZipFile": zip}});
    world.create("python3.11", "app.handler", members).await.unwrap();
    let answer = world.invoke(json!({})).await["Payload"].to_string();
    assert!(answer.contains("No module named 'greeting'"), "{answer}");
}

#[tokio::test]
async fn a_function_runs_without_packages_that_cannot_be_had() {
    let world = World::new();
    let team = world.team(&[
        ("requirements.txt", "boto3 @ file:///nowhere/boto3-1-py3-none-any.whl\n"),
        ("app.py", "def handler(event, context):\n    return 'fine'\n"),
    ]);
    world.function("python3.1", "app.handler", &team).await;
    assert_eq!(world.invoke(json!({})).await["Payload"], "fine");
    let notes = world.notes().join("\n");
    for part in [
        "the runtime python3.1 is asked for, and this machine's Python 3.",
        "what requirements.txt lists cannot be had, and functions run without: the packages cannot be installed: ",
    ] {
        assert!(notes.contains(part), "{notes}");
    }
}
