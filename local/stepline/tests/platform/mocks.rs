//! The files of mocks in docs/, played.

use crate::deploy::root;
use crate::world::call;
use platform::journal::Happening;
use serde_json::json;
use states_language::Mocks;
use stepline::deploy;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";

/// Plays the sample with a file of mocks: how it ended, and which states were mocked.
async fn played(file: &str, case: &str) -> (String, Vec<String>) {
    let (cloud, _) = deploy::deploy_apart(&root(), "dev").await.expect("deployed");
    let text = std::fs::read_to_string(root().join("docs/mocks").join(file)).expect(file);
    cloud.states.use_mocks(Mocks::read(&text).expect(file));
    cloud.states.check_mocks().expect(file);
    let uri = format!(
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@sha256:{}",
        "0".repeat(64)
    );
    let input = json!({"image": {"uri": uri}}).to_string();
    let start = json!({"stateMachineArn": format!("{MACHINE}{case}"), "name": "e", "input": input});
    let started = call(&cloud, "states", "StartExecution", start).await.expect("started");
    cloud
        .ongoing
        .end(started["executionArn"].as_str().expect("an ARN"))
        .await;
    let arn = json!({"executionArn": started["executionArn"]});
    let described = call(&cloud, "states", "DescribeExecution", arn)
        .await
        .expect("described");
    let ended = described["error"].as_str().or(described["status"].as_str());
    let entries = cloud.journal.entries().into_iter();
    let mocked = entries.filter_map(|entry| match entry.happening {
        Happening::StateExited {
            state, mocked: true, ..
        } => Some(state),
        _ => None,
    });
    (ended.expect("a status").to_owned(), mocked.collect())
}

#[tokio::test]
async fn the_files_in_docs_do_what_they_say() {
    for (file, case, ended) in [
        ("ml-pipeline.json", "", "SUCCEEDED"),
        ("test-cases.json", "#NoRights", "SageMaker.AmazonSageMakerException"),
    ] {
        let (status, mocked) = played(file, case).await;
        assert_eq!(status, ended, "{file}{case}");
        assert_eq!(mocked, ["ResolveParameters", "SageMaker-Hello-World"], "{file}{case}");
    }
}
