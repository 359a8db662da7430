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
