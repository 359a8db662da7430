//! Functions in Python of a SAM template: with their layer, in line, and as tasks of a state machine.

use crate::world::{call, cloud};
use platform::Account;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, DeployedStack, Deployment};
use stepline::template::{Deployed, Stack};

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, Timeout: 20, Layers: [!Ref Shared]}
  Api: {Cors: "'*'"}
Resources:
  Shared:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer, CompatibleRuntimes: [python3.12]}
  Double:
    Type: AWS::Serverless::Function
    Properties:
      {CodeUri: double/, Handler: src/app.handler, AutoPublishAlias: live}
  Word:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt DoubleRole.Arn
      Code:
        ZipFile: !Sub |
          def handler(event, context):
              if event["n"] > 100:
                  raise OverflowError("too much in ${AWS::StackName}")
              return f"{event['n']} words"
  Packed:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !GetAtt DoubleRole.Arn, Code: double}
  Built:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: double/, Handler: bootstrap, Runtime: provided.al2023, Layers: !Ref AWS::NoValue}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Policies:
        - LambdaInvokePolicy: {FunctionName: !Ref Double}
        - LambdaInvokePolicy: {FunctionName: !Ref Word}
      DefinitionSubstitutions: {Double: !Ref Double.Alias, Word: !GetAtt Word.Arn}
      Definition:
        StartAt: Double
        States:
          Double:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters: {FunctionName: '${Double}', Payload.$: $}
            ResultSelector: {n.$: $.Payload.n}
            Next: Word
          Word:
            Type: Task
            Resource: '${Word}'
            Catch: [{ErrorEquals: [OverflowError], Next: Much, ResultPath: $.error}]
            End: true
          Much: {Type: Pass, OutputPath: $.error.Cause, End: true}
"#;

const FILES: [(&str, &str); 3] = [
    (
        "double/src/app.py",
        "import double\n\ndef handler(event, context):\n    return {'n': double.of(event['n'])}\n",
    ),
    ("layer/python/double.py", "def of(n):\n    return 2 * n\n"),
    ("template.yaml", TEMPLATE),
];

/// The template with its files in a folder, as it is given to `sam deploy`.
fn written(folder: &Path) -> Deployed {
    for (path, text) in FILES {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    Deployed {
        environment: "dev".to_owned(),
        stack: "s".to_owned(),
        template: folder.join("template.yaml"),
        ..Deployed::default()
    }
}

/// An account with a gateway, to which the template is deployed.
async fn deployed() -> (Arc<Cloud>, DeployedStack) {
    let folder = tempfile::tempdir().expect("a folder");
    let cloud = cloud();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    stepline::gateway::serve(cloud.clone(), listener).expect("a gateway");
    let stack = deploy::deploy_stack(&cloud, &written(folder.path()), &Deployment::default()).await;
    // The functions run from copies: the team's folder is gone now.
    (cloud, stack.unwrap_or_else(|error| panic!("{error}")))
}

/// Runs the state machine: how the execution ended, and with what.
async fn run(cloud: &Arc<Cloud>, stack: &DeployedStack, input: Value) -> Value {
    let (_, machine) = &stack.resources["Machine"];
    let start = json!({"stateMachineArn": machine.reference, "input": input.to_string()});
    let started = call(cloud, "states", "StartExecution", start).await.expect("a start");
    let arn = started["executionArn"].clone();
    cloud.ongoing.end(arn.as_str().expect("an ARN")).await;
    let described = call(cloud, "states", "DescribeExecution", json!({"executionArn": arn})).await;
    described.expect("the execution")
}

#[tokio::test]
async fn a_state_machine_calls_functions_in_python_in_both_ways() {
    let (cloud, stack) = deployed().await;
    let ended = run(&cloud, &stack, json!({"n": 21})).await;
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("SUCCEEDED"), &json!("\"42 words\"")),
        "{ended}"
    );
    let ended = run(&cloud, &stack, json!({"n": 51})).await;
    let cause: Value = serde_json::from_str(ended["output"].as_str().expect("an output")).expect("JSON");
    let cause: Value = serde_json::from_str(cause.as_str().expect("text")).expect("JSON");
    assert_eq!(cause["errorMessage"], "too much in s");
    assert_eq!(cause["errorType"], "OverflowError");
}

#[tokio::test]
async fn what_cannot_run_here_is_deployed_and_told() {
    let (cloud, stack) = deployed().await;
    cloud.lambda.prepare(&cloud, |_| ()).await.expect("nothing for cargo");
    let (_, built) = &stack.resources["Built"];
    let error = call(&cloud, "lambda", "Invoke", json!({"FunctionName": built.reference})).await;
    let error = error.expect_err("nobody builds it");
    assert_eq!(error.code, "NotInLocalRun");
    assert!(
        error.message.contains("does not build with `BuildMethod: makefile`"),
        "{error}"
    );
    let notes = cloud
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::Note { text } => Some(text),
            _ => None,
        });
    let notes: Vec<String> = notes.collect();
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("functions: s-Built cannot run here: ")),
        "{notes:?}"
    );
}

#[test]
fn code_is_found_where_sam_and_cloudformation_look_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| json!({"LocalPath": folder.path().join(path)});
    for (from, to, id, expected) in [
        ("", "", "Double", at("double/")),
        ("", "", "Packed", at("double")),
        ("CodeUri: double/, Handler: src", "Handler: src", "Double", at(".")),
        (
            "double/, Handler: src",
            "s3://b/k/x.zip, Handler: src",
            "Double",
            json!({"S3Bucket": "b", "S3Key": "k/x.zip"}),
        ),
        (
            "double/, Handler: src",
            "{Bucket: b, Key: k}, Handler: src",
            "Double",
            json!({"S3Bucket": "b", "S3Key": "k"}),
        ),
        (
            "CodeUri: double/, Handler: src",
            "InlineCode: x, Handler: src",
            "Double",
            json!({"ZipFile": "x"}),
        ),
        (
            "Metadata: {BuildMethod: makefile}",
            "Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: b}}",
            "Built",
            json!({"LocalBinary": "b"}),
        ),
        (
            "Metadata: {BuildMethod: makefile}",
            "Metadata: {BuildMethod: rust-cargolambda}",
            "Built",
            json!({"LocalRefusal":
                "its `BuildProperties` have no `Binary`: the local run needs it to know what to build with cargo"}),
        ),
    ] {
        let deployed = written(folder.path());
        std::fs::write(&deployed.template, TEMPLATE.replacen(from, to, 1)).expect("a template");
        let none = BTreeMap::new();
        let stack = Stack::open(&deployed, &Account::local(), &none);
        let mut stack = stack.unwrap_or_else(|error| panic!("{to}: {error}"));
        for other in stack.order().to_vec() {
            let made = stepline::template::Made::new(other.as_str()).with("Arn", other.as_str());
            stack.made(&other, made);
        }
        let resource = stack.resource(id).unwrap_or_else(|error| panic!("{to}: {error}"));
        assert_eq!(resource.properties["Code"], expected, "{to}");
    }
}
