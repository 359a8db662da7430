//! Declarations of pipelines that CodePipeline would not take.

use crate::world::{call, cloud};
use serde_json::{Value, json};
use stepline::iam::NewRole;

/// A pipeline of a source and an approval with this text.
fn pipeline(text: &str) -> Value {
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
            cloud.codepipeline.hold_first_executions();
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
