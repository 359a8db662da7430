//! What `sam sync --code` calls: it finds a stack's resources, compares what lies there, and changes code and definitions
//! past the stack.

use super::{done, stack};
use crate::client::{Answer, Request, authorization, send, served};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{Cursor, Write};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: hello, Runtime: python3.12, Handler: index.handler, InlineCode: "def handler(e, c): return 1"}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: machine
      Definition: {StartAt: P, States: {P: {Type: Pass, Result: one, End: true}}}
"#;

async fn ask(cloud: &Arc<Cloud>, service: &str, method: &str, path: &str, target: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![("authorization", authorization("test", "us-east-1", service))];
    headers.extend(target.map(|target| ("x-amz-target", target.to_owned())));
    let kind = match (service, target) {
        ("cloudformation", _) => "application/x-www-form-urlencoded; charset=utf-8",
        _ => "application/x-amz-json-1.0",
    };
    headers.push(("content-type", kind.to_owned()));
    let request = Request {
        method,
        path,
        headers,
        body: body.as_bytes().to_vec(),
    };
    let answer = send(cloud, request).await;
    assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
    answer
}

/// The function's configuration, as the waiter `function_updated` sees it.
async fn configuration(cloud: &Arc<Cloud>) -> Value {
    let answer = ask(cloud, "lambda", "GET", "/2015-03-31/functions/hello", None, "").await;
    answer.json()["Configuration"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_and_definitions_are_changed_past_their_stack() {
    let cloud = served().await;
    deploy::stand_behind(&cloud);
    let mut input = stack(TEMPLATE);
    input["Capabilities"] = json!(["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    assert_eq!(done(&cloud, "CreateStack", input).await, "CREATE_COMPLETE");
    let body = "Action=ListStackResources&Version=2010-05-15&StackName=s";
    let listed = ask(&cloud, "cloudformation", "POST", "/", None, body).await.text();
    let machine = cloud.account.arn("states", "stateMachine:machine");
    for id in ["hello", &machine] {
        let physical_id = format!("<PhysicalResourceId>{id}</PhysicalResourceId>");
        assert!(listed.contains(&physical_id), "{listed}");
    }
    let before = configuration(&cloud).await;
    assert_eq!(before["LastUpdateStatus"], "Successful");

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("index.py", SimpleFileOptions::default())
        .expect("a file");
    writer.write_all(b"def handler(e, c): return 2\n").expect("a file");
    let zip = writer.finish().expect("a zip").into_inner();
    let body = json!({"ZipFile": BASE64_STANDARD.encode(&zip)}).to_string();
    ask(&cloud, "lambda", "PUT", "/2015-03-31/functions/hello/code", None, &body).await;
    let after = configuration(&cloud).await;
    assert_eq!(after["CodeSha256"], BASE64_STANDARD.encode(Sha256::digest(&zip)));
    assert_eq!(
        (&after["CodeSize"], &after["LastUpdateStatus"]),
        (&json!(zip.len()), &json!("Successful"))
    );
    assert_ne!(before["CodeSha256"], after["CodeSha256"]);
    // Whoever has the address of the code can fetch it, without a signature.
    let shown = ask(&cloud, "lambda", "GET", "/2015-03-31/functions/hello", None, "").await;
    let shown = shown.json();
    let location = shown["Code"]["Location"].as_str().expect("a location");
    let path = location.strip_prefix(cloud.endpoint().expect("an endpoint"));
    let fetch = |path| Request {
        method: "GET",
        path,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let code = send(&cloud, fetch(path.expect("a path"))).await;
    assert_eq!((code.status, code.header("content-type")), (200, "application/zip"));
    assert_eq!(send(&cloud, fetch("/lambda-code/0")).await.status, 403);

    let definition =
        json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "two", "End": true}}}).to_string();
    let body = json!({"stateMachineArn": machine, "definition": definition}).to_string();
    ask(
        &cloud,
        "states",
        "POST",
        "/",
        Some("AWSStepFunctions.UpdateStateMachine"),
        &body,
    )
    .await;
    let body = json!({ "stateMachineArn": machine }).to_string();
    let target = Some("AWSStepFunctions.DescribeStateMachine");
    let shown = ask(&cloud, "states", "POST", "/", target, &body).await.json();
    assert_eq!(shown["definition"], definition);
}
