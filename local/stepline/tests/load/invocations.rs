//! Clients that hang up on a function, and more of them than may run at once.

use crate::world::{number, served};
use platform::error::ServiceError;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long may pass before a test counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// An account with the function `subject`, whose process does what its event tells it to.
async fn with_a_function() -> Arc<Cloud> {
    let cloud = served(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()).await;
    let fixture = cloud.root.join("tests/fixtures/function.py");
    cloud.lambda.provide("fixture", fixture).await;
    let role = cloud.account.global_arn("iam", "role/all");
    let input = json!({"FunctionName": "subject", "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role,
        "Code": {"LocalBinary": "fixture"}, "Timeout": 60});
    let created = cloud
        .call(&Principal::Administrator, "lambda", "CreateFunction", input)
        .await;
    created.expect("a function");
    cloud
}

async fn invoke(cloud: &Arc<Cloud>, kind: &str, event: &Value) -> Result<Value, ServiceError> {
    let input = json!({"FunctionName": "subject", "InvocationType": kind, "Payload": event});
    cloud.call(&Principal::Administrator, "lambda", "Invoke", input).await
}

#[tokio::test]
async fn an_invocation_whose_client_hangs_up_comes_to_its_end() {
    let cloud = with_a_function().await;
    let mut happenings = cloud.journal.follow();
    let address = cloud
        .endpoint()
        .expect("an endpoint")
        .trim_start_matches("http://")
        .to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let body = r#"{"do": "echo"}"#;
    let request = format!(
        "POST /2015-03-31/functions/subject/invocations HTTP/1.1\r\nhost: {address}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    drop(stream);
    let ended = async {
        loop {
            let entry = happenings.recv().await.expect("the journal goes on");
            if let Happening::Invocation { outcome, .. } = entry.happening {
                return outcome;
            }
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, ended).await.as_deref(), Ok("Succeeded"));
}

#[tokio::test]
async fn what_may_not_run_at_once_is_throttled_by_name_or_waits() {
    let cloud = with_a_function().await;
    cloud.lambda.set_concurrency(1);
    let once = json!({"FunctionName": "subject", "MaximumRetryAttempts": 0});
    let put = cloud
        .call(
            &Principal::Administrator,
            "lambda",
            "PutFunctionEventInvokeConfig",
            once,
        )
        .await;
    put.expect("a configuration");
    invoke(&cloud, "Event", &json!({"do": "hang"})).await.expect("accepted");
    let refused = loop {
        match invoke(&cloud, "RequestResponse", &json!({"do": "echo"})).await {
            // It was sooner than the one that hangs.
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(
        (refused.code.as_str(), refused.status),
        ("TooManyRequestsException", 429)
    );
    // Events wait for their turn.
    let accepted = invoke(&cloud, "Event", &json!({"do": "echo"})).await.expect("accepted");
    cloud.lambda.kill("subject");
    let concluded = cloud.ongoing.end(accepted["RequestId"].as_str().expect("an id"));
    assert_eq!(tokio::time::timeout(PATIENCE, concluded).await, Ok(Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_answered() {
    let clients = number("STEPLINE_CLIENTS", 100);
    let cloud = with_a_function().await;
    cloud.lambda.set_concurrency(4);
    let mut working = JoinSet::new();
    for number in 0..clients {
        let cloud = Arc::clone(&cloud);
        working.spawn(async move {
            let event = json!({"do": "echo", "number": number});
            match invoke(&cloud, "RequestResponse", &event).await {
                Ok(answer) => assert_eq!(answer["Payload"], event),
                Err(error) => assert_eq!(error.code, "TooManyRequestsException"),
            }
        });
    }
    while let Some(worked) = tokio::time::timeout(PATIENCE, working.join_next())
        .await
        .expect("no client hangs")
    {
        worked.expect("a client whose answer was right");
    }
}
