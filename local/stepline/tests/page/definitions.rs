//! The definitions, what is wrong with them, and states that are tried alone.

use super::world::World;
use serde_json::json;

const GOOD: &str = r#"{
  "StartAt": "First",
  "States": {
    "First": {"Type": "Pass", "Parameters": {"got.$": "$.name"}, "Next": "Both"},
    "Both": {
      "Type": "Parallel",
      "Branches": [{"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true}
      }}],
      "Next": "Last"
    },
    "Last": {"Type": "Succeed"}
  }
}
"#;

/// `Last` leads nowhere that is there: at line 12.
fn bad() -> String {
    GOOD.replace(r#"{"Type": "Succeed"}"#, r#"{"Type": "Pass", "Next": "Nowhere"}"#)
}

#[tokio::test]
async fn definitions_are_listed_with_what_is_wrong_and_what_is_made_of_them() {
    let world = World::new().await;
    world.get("/definitions").await.has(&["No definition yet."]);
    world.write("statemachine/good.asl.json", GOOD);
    world.write("statemachine/deep/bad.asl.json", &bad());
    world.write("statemachine/notes.json", "{}");
    world.machine("good-dev", GOOD).await;
    world
        .machine(
            "other-dev",
            r#"{"StartAt": "Alone", "States": {"Alone": {"Type": "Succeed"}}}"#,
        )
        .await;
    let list = world.get("/definitions").await;
    assert_eq!(list.status, 200);
    list.has(&[
        "href=\"/definitions/statemachine/good.asl.json\"",
        "href=\"/definitions/statemachine/deep/bad.asl.json\"",
        "href=\"/executions/good-dev\"",
        "State machines without a file",
        "href=\"/executions/other-dev\"",
    ]);
    list.lacks(&["notes.json"]);
}

#[tokio::test]
async fn what_is_wrong_is_at_its_line_and_in_the_graph() {
    let world = World::new().await;
    world.write("statemachine/deep/bad.asl.json", &bad());
    let shown = world.get("/definitions/statemachine/deep/bad.asl.json").await;
    shown.has(&[
        "href=\"/definitions/statemachine/deep/bad.asl.json#L12\"",
        "class=\"code is-failed\" id=\"L12\"",
        "MISSING_TRANSITION_TARGET",
        "Errors: 1",
        "href=\"/definitions/statemachine/deep/bad.asl.json?state=Last\"",
    ]);
    let selected = world
        .get("/definitions/statemachine/deep/bad.asl.json?state=Both")
        .await;
    selected.has(&[
        "class=\"code is-selected\" id=\"L5\"",
        "class=\"code is-selected\" id=\"L11\"",
        "name=\"input\"",
    ]);
}

#[tokio::test]
async fn a_text_that_is_no_json_keeps_the_last_good_graph() {
    let world = World::new().await;
    world.write("statemachine/a.asl.json", "{\n  \"StartAt\":\n}\n");
    world
        .get("/definitions/statemachine/a.asl.json")
        .await
        .has(&["The text cannot be drawn.", "#L3"]);
    world.write("statemachine/a.asl.json", GOOD);
    world
        .get("/definitions/statemachine/a.asl.json")
        .await
        .has(&["data-state=\"Both\"", "No errors, no warnings"]);
    world.write(
        "statemachine/a.asl.json",
        &GOOD.replace("\"Next\": \"Last\"", "\"Next\" \"Last\""),
    );
    let broken = world.get("/definitions/statemachine/a.asl.json").await;
    broken.has(&[
        "data-state=\"Both\"",
        "The graph is of the last text that could be.",
        "class=\"code is-failed\" id=\"L10\"",
    ]);
}

#[tokio::test]
async fn only_definitions_can_be_asked_for() {
    let world = World::new().await;
    let outside = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("secret.asl.json");
    std::fs::write(&secret, "{\"kept\": \"top-secret\"}").expect("a file");
    world.write("statemachine/deep/a.asl.json", GOOD);
    world.write("statemachine/secret.json", "{\"kept\": \"top-secret\"}");
    let links = [
        (secret.as_path(), "statemachine/link.asl.json"),
        (&secret, "named.json"),
        (outside.path(), "folder"),
    ];
    for (to, link) in links {
        std::os::unix::fs::symlink(to, world.path(link)).expect("a link");
    }
    // A template can name any file. What lies outside of the repository is not shown.
    let named = [
        "named.json",
        "folder/secret.asl.json",
        &*secret.to_string_lossy(),
        "inside.json",
    ];
    let machine = |(at, file): (usize, &&str)| {
        let machine = json!({"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": file}});
        (format!("Machine{at}"), machine)
    };
    let machines: serde_json::Map<_, _> = named.iter().enumerate().map(machine).collect();
    let template = json!({"Transform": "AWS::Serverless-2016-10-31", "Resources": machines});
    world.write("template.json", &template.to_string());
    world.write("inside.json", GOOD);
    assert_eq!(world.get("/definitions/inside.json").await.status, 200);
    let above = format!("../{}", secret.display());
    let outside = secret.display().to_string().replace('/', "%2F");
    for path in [
        above.as_str(),
        "statemachine/..%2Fstatemachine/deep/a.asl.json",
        "statemachine/deep/..%2fdeep%2fa.asl.json",
        "statemachine/deep%2F%2E%2E%2Fdeep%2Fa.asl.json",
        ".%2Fstatemachine%2Fdeep%2Fa.asl.json",
        "%2Fstatemachine%2Fdeep%2Fa.asl.json",
        "statemachine/deep%2F%2Fa.asl.json",
        "statemachine/deep%2Fa.asl.json%00",
        "statemachine/secret.json",
        "statemachine/link.asl.json",
        "named.json",
        "folder/secret.asl.json",
        "statemachine/deep",
        &outside,
    ] {
        let answer = world.get(&format!("/definitions/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.lacks(&["top-secret"]);
    }
    for file in [
        "../secret.asl.json",
        "statemachine/link.asl.json",
        "named.json",
        "/etc/passwd",
        "",
    ] {
        let answer = world.post("/do/try-state", &[("file", file), ("state", "First")]).await;
        assert_eq!((answer.status, &*answer.location), (409, ""), "{file}");
    }
}

#[tokio::test]
async fn definitions_are_those_that_templates_name_too_with_substitutions_and_in_yaml() {
    let world = World::new().await;
    let template = json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Flow": {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": "flows/train.json"}}},
    });
    world.write("deploy/template.json", &template.to_string());
    let wait = "{\n  \"StartAt\": \"Wait\",\n  \"States\": {\n    \"Wait\": {\"Type\": \"Wait\", \"Seconds\": ${Seconds}, \"End\": true}\n  }\n}\n";
    world.write("deploy/flows/train.json", wait);
    world.write(
        "flow.asl.yaml",
        "StartAt: Only\nStates:\n  Only:\n    Type: Pass\n    Next: Nowhere\n",
    );
    world.write("broken.asl.yaml", "StartAt: [\n");
    world.get("/definitions").await.has(&[
        "href=\"/definitions/deploy/flows/train.json\"",
        "href=\"/definitions/flow.asl.yaml\"",
        "href=\"/definitions/broken.asl.yaml\"",
    ]);
    world.get("/definitions/deploy/flows/train.json").await.has(&[
        "${Seconds}",
        "No errors, no warnings",
        "data-state=\"Wait\"",
    ]);
    let yaml = world.get("/definitions/flow.asl.yaml?state=Only").await;
    yaml.has(&[
        "MISSING_TRANSITION_TARGET",
        "/States/Only/Next",
        "data-state=\"Only\"",
        "StartAt: Only",
    ]);
    world
        .get("/definitions/broken.asl.yaml")
        .await
        .has(&["INVALID_YAML", "StartAt: ["]);
    let of = [
        ("file", "flow.asl.yaml"),
        ("state", "Only"),
        ("level", "INFO"),
        ("input", "{\"a\": 17}"),
    ];
    tried(&world, &of).await.has(&["17"]);
}

#[tokio::test]
async fn a_save_is_told_to_whoever_watches() {
    let world = World::new().await;
    world.write("statemachine/a.asl.json", GOOD);
    let change = world
        .first_change(|| world.write("statemachine/a.asl.json", &bad()))
        .await;
    assert_eq!(change.trim(), r#"data: ["definition statemachine/a.asl.json"]"#);
    let change = world
        .first_change(|| std::fs::remove_file(world.path("statemachine/a.asl.json")).expect("a file"))
        .await;
    assert_eq!(change.trim(), r#"data: ["definition statemachine/a.asl.json"]"#);
    let shown = world.get("/definitions").await;
    shown.has(&["data-live=\"definition\nrun\""]);
}

/// Tries a state, and says the page on which the outcome is.
async fn tried(world: &World, fields: &[(&str, &str)]) -> super::world::Answer {
    let answer = world.post("/do/try-state", fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (path, part) = answer.location.split_once('#').expect("a part of the page");
    assert_eq!(part, "tried");
    world.get(path).await
}

#[tokio::test]
async fn a_state_is_tried_alone() {
    let world = World::new().await;
    world.write("statemachine/a.asl.json", GOOD);
    let of = |state: &'static str| {
        [
            ("file", "statemachine/a.asl.json"),
            ("state", state),
            ("level", "DEBUG"),
        ]
    };
    let passed = tried(&world, &[&of("First")[..], &[("input", r#"{"name": "<b>"}"#)]].concat()).await;
    passed.has(&[
        "Succeeded",
        "&lt;b&gt;",
        "href=\"/definitions/statemachine/a.asl.json?state=Both\"",
        "afterInputPath",
    ]);
    passed.lacks(&["<b>"]);
    // One inside of a branch, with what its work brings.
    let mocked = [("mock", "result"), ("result", r#"{"made": 42}"#)];
    let worked = tried(&world, &[&of("Work")[..], &mocked].concat()).await;
    worked.has(&["Succeeded", "made", "42"]);
    let failing = [("mock", "error"), ("error", "Broken"), ("cause", "by hand")];
    let failed = tried(&world, &[&of("Work")[..], &failing].concat()).await;
    failed.has(&["Failed", "Broken", "by hand"]);
    // What is wrong with the request is said as it is.
    let refused = tried(&world, &[&of("First")[..], &[("input", "{")]].concat()).await;
    refused.has(&["The request failed", "Invalid State Machine Execution Input"]);
    let without = tried(&world, &of("Work")).await;
    without.has(&["cannot be tested without a mock"]);
    // The definition goes on: what came out is of the one before.
    world.write("statemachine/a.asl.json", &GOOD.replace("$.name", "$.other"));
    let again = world
        .get("/definitions/statemachine/a.asl.json?state=First&tried=1")
        .await;
    again.has(&["The definition has changed since."]);
    let gone = world
        .get("/definitions/statemachine/a.asl.json?state=First&tried=999")
        .await;
    gone.has(&["no longer kept"]);
}

#[tokio::test]
async fn a_state_is_tried_with_what_it_was_given_before() {
    let world = World::new().await;
    let definition = json!({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": true}}}).to_string();
    world.write("statemachine/a.asl.json", &definition);
    let arn = world.machine("a-dev", &definition).await;
    let input = json!({"stateMachineArn": arn, "name": "one", "input": "{\"recorded\": true}"});
    world.call("states", "StartExecution", input).await;
    let filled = world.get("/definitions/statemachine/a.asl.json?state=Only").await;
    filled.has(&[
        "a-dev one",
        "&quot;recorded&quot;: true",
        "arn:aws:iam::123456789012:role/a-dev",
    ]);
    let empty = world.get("/definitions/statemachine/a.asl.json?state=Only&of=-").await;
    empty.lacks(&["&quot;recorded&quot;: true"]);
}

#[tokio::test]
async fn a_long_definition_is_shown_whole() {
    let world = World::new().await;
    let mut text = "{\n\"StartAt\": \"S0\",\n\"States\": {\n".to_owned();
    for at in 0..1000 {
        text.push_str(&format!(
            "\"S{at}\": {{\n\"Type\": \"Pass\",\n\"Comment\": \"one of many\",\n\"Next\": \"S{}\"\n}},\n",
            at + 1
        ));
    }
    text.push_str("\"S1000\": {\"Type\": \"Succeed\"}\n}\n}\n");
    world.write("statemachine/long.asl.json", &text);
    let shown = world.get("/definitions/statemachine/long.asl.json?state=S900").await;
    shown.has(&["id=\"L5006\"", "class=\"code is-selected\" id=\"L4504\""]);
}
