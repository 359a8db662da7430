//! Declarations of pipelines that CodePipeline would not take.

use crate::world::{call, cloud};
use platform::account::Account;
use platform::iam::NewRole;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::path::Path;
use stepline::cloud::Cloud;
use stepline::{deploy, gateway};
use tokio::net::TcpListener;

/// A pipeline of a source and an approval with this text.
pub(crate) fn pipeline(text: &str) -> Value {
    let action = |name: &str, category: &str, provider: &str| {
        json!({
            "name": name,
            "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        })
    };
    let mut source = action("Source", "Source", "CodeStarSourceConnection");
    source["outputArtifacts"] = json!([{"name": "Source"}]);
    source["configuration"] = json!({
        "ConnectionArn": "arn:aws:codeconnections:us-east-1:123456789012:connection/c0ffee",
        "FullRepositoryId": "us/ours",
        "BranchName": "main",
    });
    let mut approval = action("Approval", "Approval", "Manual");
    approval["configuration"] = json!({"CustomData": text});
    json!({
        "name": "p",
        "roleArn": "arn:aws:iam::123456789012:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [source]},
            {"name": "Approval", "actions": [approval]},
        ],
    })
}

#[tokio::test]
async fn a_configuration_has_a_thousand_characters_at_most() {
    for (length, refused) in [(1000, false), (1001, true)] {
        let cloud = cloud();
        let role = NewRole::for_service("pipeline", "codepipeline.amazonaws.com");
        cloud.iam.create_role(&cloud.account, role).expect("a role");
        let input = json!({"pipeline": pipeline(&"é".repeat(length))});
        let error = call(&cloud, "codepipeline", "CreatePipeline", input).await.err();
        let said = error.map(|error| error.message).unwrap_or_default();
        let expected = format!("its CustomData has {length} characters, and CodePipeline takes at most 1000");
        assert_eq!(said.contains(&expected), refused, "{said}");
        assert_eq!(said.is_empty(), !refused, "{said}");
    }
}

#[tokio::test]
async fn a_new_pipeline_starts_by_itself() {
    for held in [false, true] {
        let cloud = cloud();
        let role = NewRole::for_service("pipeline", "codepipeline.amazonaws.com");
        cloud.iam.create_role(&cloud.account, role).expect("a role");
        if held {
            cloud.codepipeline.hold_first_execution("p");
        }
        let input = json!({"pipeline": pipeline("go on?")});
        call(&cloud, "codepipeline", "CreatePipeline", input)
            .await
            .expect("a pipeline");
        let list = || {
            call(
                &cloud,
                "codepipeline",
                "ListPipelineExecutions",
                json!({"pipelineName": "p"}),
            )
        };
        let mut listed = list().await.expect("a list");
        if held {
            assert_eq!(listed["pipelineExecutionSummaries"], json!([]));
            let started = cloud.codepipeline.start_first_executions(&cloud);
            assert_eq!(started.keys().collect::<Vec<_>>(), ["p"]);
            assert!(
                cloud.codepipeline.start_first_executions(&cloud).is_empty(),
                "once is enough"
            );
            listed = list().await.expect("a list");
        }
        let executions = listed["pipelineExecutionSummaries"].as_array().expect("summaries");
        assert_eq!(executions.len(), 1, "{listed}");
        assert_eq!(executions[0]["trigger"]["triggerType"], "CreatePipeline", "{listed}");
    }
}

/// What the first execution ends with where something of the other stack is gone, or was never there.
async fn first_end_without(service: &str, operation: &str, input: Value) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the root");
    let cloud = Cloud::new(Account::local(), root.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gateway::serve(cloud.clone(), listener).expect("the gateway serves");
    deploy::deploy(&cloud, "dev").await.expect("the deployment succeeds");
    call(&cloud, service, operation, input).await.expect("it is there");
    let mut journal = cloud.journal.follow();
    let started = cloud.codepipeline.start_first_executions(&cloud);
    loop {
        let entry = journal.recv().await.expect("the journal goes on");
        if let Happening::PipelineEnded {
            execution_id,
            status,
            reason,
            ..
        } = entry.happening
            && started.values().any(|id| *id == execution_id)
        {
            return format!("{status}: {}", reason.unwrap_or_default());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_execution_that_comes_too_early_says_what_is_missing() {
    let name = "/stepline/dev/python-env";
    let said = first_end_without("ssm", "DeleteParameter", json!({"Name": name})).await;
    assert!(
        said.starts_with("Failed: action Build in stage Build failed: "),
        "{said}"
    );
    assert!(
        said.contains(&format!("the parameter `{name}`")) && said.contains("does not exist"),
        "{said}"
    );

    let function = "stepline-pipeline-action-dev";
    let said = first_end_without("lambda", "DeleteFunction", json!({"FunctionName": function})).await;
    assert!(
        said.starts_with("Failed: action Execute in stage Execute failed: "),
        "{said}"
    );
    assert!(said.contains(function), "{said}");
}
