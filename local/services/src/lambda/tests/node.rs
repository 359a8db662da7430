//! Functions in Node.js, where this machine has it.

use super::world::{World, zip_file};
use serde_json::{Value, json};
use std::process::Command;

/// Whether `node` is on the PATH. Where it is not, one line says what is not tested.
fn has_node() -> bool {
    let found = Command::new("node").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no `node` is on the PATH, and functions in Node.js are not tested");
    }
    found
}

const APP: &str = r#"
exports.handler = async (event, context) => {
  switch (event.do) {
    case "echo": return event;
    case "context": {
      const left = context.getRemainingTimeInMillis();
      return { name: context.functionName, version: context.functionVersion, arn: context.invokedFunctionArn,
        memory: context.memoryLimitInMB, group: context.logGroupName, id: Boolean(context.awsRequestId),
        left: left > 5000 && left <= 10000 };
    }
    case "log":
      console.log("logged %d", 1);
      console.error("an error");
      process.stdout.write("written\n");
      return;
    case "fail": throw new TypeError("asked to fail");
    case "text": throw "a text";
    case "marshal": return 1n;
    case "reject":
      Promise.reject(new Error("nobody waits"));
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return;
    case "exit": process.exit(3);
    case "unsettled": return new Promise(() => {});
    case "hang": return new Promise((resolve) => setTimeout(resolve, 60000));
  }
};
exports.callback = (event, context, callback) => {
  setTimeout(() => callback(event.error ? new Error("told back") : null, "called back"), 5);
};
exports.early = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setInterval(() => {}, 1000);
  callback(null, "early");
};
exports.late = (event, context, callback) => {
  let waited = false;
  setTimeout(() => { waited = true; }, 20);
  const answer = {};
  Object.defineProperty(answer, "waited", { enumerable: true, get: () => waited });
  callback(null, answer);
};
exports.nothing = () => {};
exports.promised = () => new Promise(() => {});
exports.nested = { handler: async () => "nested" };
"#;

#[tokio::test]
async fn an_event_is_answered_and_the_context_is_lambdas() {
    if !has_node() {
        return;
    }
    let world = World::new();
    let team = world.team(&[("app.js", APP)]);
    world.function("nodejs20.x", "app.handler", &team).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let context = json!({"name": "f", "version": "$LATEST", "arn": arn, "memory": "128", "group": "/aws/lambda/f",
        "id": true, "left": true});
    for (what, expected) in [
        ("echo", json!({"do": "echo"})),
        ("context", context),
        ("nothing", json!(null)),
    ] {
        let answer = world.invoke(json!({"do": what})).await;
        assert_eq!(answer["Payload"], expected, "{what}: {answer}");
    }
}

#[tokio::test]
async fn errors_have_lambdas_names_and_wordings() {
    if !has_node() {
        return;
    }
    let world = World::new();
    let team = world.team(&[("app.js", APP)]);
    let members = json!({"Code": {"LocalPath": team}, "Timeout": 1});
    world.create("nodejs20.x", "app.handler", members).await.unwrap();
    for (what, kind, message) in [
        ("fail", "TypeError", "asked to fail"),
        ("text", "string", "a text"),
        ("marshal", "Error", "Unable to stringify response body"),
        ("reject", "Runtime.UnhandledPromiseRejection", "Error: nobody waits"),
        (
            "unsettled",
            "Runtime.NodeJsExit",
            "see https://nodejs.org/docs/latest/api/process.html#exit-codes",
        ),
        ("exit", "Runtime.ExitError", "exit status 3"),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ] {
        let answer = world.invoke(json!({"do": what})).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{what}");
        assert_eq!(answer["Payload"]["errorType"], kind, "{what}: {answer}");
        assert!(
            answer["Payload"]["errorMessage"].as_str().unwrap().ends_with(message),
            "{what}: {answer}"
        );
        if what == "fail" {
            let trace = answer["Payload"]["trace"].as_array().unwrap();
            assert_eq!(trace[0], "TypeError: asked to fail");
            assert!(trace[1].as_str().unwrap().contains("app.js:"), "{trace:?}");
        }
    }
    let log = world.log().await.join("\n");
    assert!(
        log.contains("\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\""),
        "{log}"
    );
}

#[tokio::test]
async fn handlers_may_call_back_and_be_nested() {
    if !has_node() {
        return;
    }
    for (handler, event, expected) in [
        ("app.callback", json!({}), json!("called back")),
        ("app.early", json!({}), json!("early")),
        ("app.late", json!({}), json!({"waited": true})),
        ("app.nothing", json!({}), json!(null)),
        ("app.promised", json!({}), json!(null)),
        ("app.nested.handler", json!({}), json!("nested")),
    ] {
        let world = World::new();
        let team = world.team(&[("app.js", APP)]);
        world.function("nodejs20.x", handler, &team).await;
        for _ in 0..2 {
            assert_eq!(world.invoke(event.clone()).await["Payload"], expected, "{handler}");
        }
        if handler == "app.callback" {
            let error = world.invoke(json!({"error": true})).await["Payload"].clone();
            assert_eq!(
                (&error["errorType"], &error["errorMessage"]),
                (&json!("Error"), &json!("told back"))
            );
        }
    }
}

#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_told_as_lambda_tells_it() {
    if !has_node() {
        return;
    }
    for (handler, kind, message) in [
        (
            "absent.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'absent'",
        ),
        (
            "app.absent",
            "Runtime.HandlerNotFound",
            "app.absent is undefined or not exported",
        ),
        (
            "needs.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'no-such-package'",
        ),
        ("wrong.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        ("handler", "Runtime.MalformedHandlerName", "Bad handler"),
        (
            "../app.handler",
            "Runtime.MalformedHandlerName",
            "'../app.handler' is not a valid handler name.",
        ),
        ("fails.handler", "ReferenceError", "missing is not defined"),
    ] {
        let world = World::new();
        let team = world.team(&[
            ("app.js", APP),
            ("needs.js", "require('no-such-package')"),
            ("wrong.js", "exports.handler = ("),
            ("fails.js", "missing()"),
        ]);
        world.function("nodejs20.x", handler, &team).await;
        let answer = world.invoke(json!({})).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{handler}");
        assert_eq!(answer["Payload"]["errorType"], kind, "{handler}: {answer}");
        let said = answer["Payload"]["errorMessage"].as_str().unwrap();
        assert!(said.starts_with(message), "{handler}: {said}");
        let log = world.log().await.join("\n");
        assert!(log.contains("\tERROR\tUncaught Exception \t{"), "{handler}: {log}");
    }
}

#[tokio::test]
async fn modules_of_both_kinds_are_loaded_with_what_layers_and_packages_bring() {
    if !has_node() {
        return;
    }
    let layer = [
        (
            "nodejs/node_modules/part/package.json",
            r#"{"name": "part", "main": "index.js"}"#,
            0o644,
        ),
        ("nodejs/node_modules/part/index.js", "exports.of = 'layer';", 0o644),
    ];
    let import = "import part from 'part';\nexport const handler = async () => part.of;\n";
    let require = "exports.handler = async () => require('part').of;\n";
    for files in [
        [("app.mjs", import), ("package.json", "{}")],
        [("app.js", import), ("package.json", r#"{"type": "module"}"#)],
        [("app.js", require), ("package.json", "{}")],
        [("app.cjs", require), ("package.json", r#"{"type": "module"}"#)],
    ] {
        let world = World::new();
        let published = json!({"LayerName": "l", "Content": {"ZipFile": zip_file(&layer)}});
        let arn = world.call("PublishLayerVersion", published).await.unwrap()["LayerVersionArn"].clone();
        let members = json!({"Code": {"LocalPath": world.team(&files)}, "Layers": [arn]});
        world.create("nodejs20.x", "app.handler", members).await.unwrap();
        assert_eq!(world.invoke(json!({})).await["Payload"], "layer", "{files:?}");
    }
}

#[tokio::test]
async fn packages_that_npm_cannot_install_are_told_and_the_teams_own_take_their_place() {
    if !has_node() {
        return;
    }
    let world = World::new();
    let team = world.team(&[
        (
            "package.json",
            r#"{"dependencies": {"part": "file:./no-such-folder.tgz"}}"#,
        ),
        ("node_modules/part/index.js", "exports.of = 'own';"),
        ("app.js", "exports.handler = async () => require('part').of;"),
    ]);
    world.function("nodejs20.x", "app.handler", &team).await;
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer["Payload"], Value::from("own"), "{answer}");
    let notes = world.notes().join("\n");
    assert!(
        notes.contains("the packages of package.json cannot be installed, and "),
        "{notes}"
    );
    assert!(notes.contains("team/node_modules takes their place: "), "{notes}");
}
