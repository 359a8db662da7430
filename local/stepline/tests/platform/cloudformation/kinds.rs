//! Each type of resource is made, changed and removed.

use super::{account, done, formation, ok};
use crate::world::call;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn each_type_is_made_changed_and_removed() {
    let cloud = account();
    let stack = |version: &str| {
        json!({
            "StackName": "s",
            "TemplateBody": include_str!("kinds.yaml"),
            "Parameters": [{"ParameterKey": "V", "ParameterValue": version}],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        })
    };
    let failures = async || {
        let events = formation(&cloud, "DescribeStackEvents", json!({"StackName": "s"})).await;
        let events = events
            .map(|mut events| events["StackEvents"].take())
            .unwrap_or_default();
        let all = events.as_array().cloned().unwrap_or_default().into_iter();
        let said = all.filter_map(|event| {
            Some(format!(
                "{}: {}",
                event["LogicalResourceId"],
                event["ResourceStatusReason"].as_str()?
            ))
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(
        done(&cloud, "CreateStack", stack("1")).await,
        "CREATE_COMPLETE",
        "{:?}",
        failures().await
    );
    assert_eq!(
        done(&cloud, "UpdateStack", stack("2")).await,
        "UPDATE_COMPLETE",
        "{:?}",
        failures().await
    );
    for (service, operation, input, pointer, expected) in [
        (
            "lambda",
            "GetFunctionConfiguration",
            json!({"FunctionName": "function"}),
            "/Description",
            json!("2"),
        ),
        (
            "lambda",
            "GetFunctionEventInvokeConfig",
            json!({"FunctionName": "function"}),
            "/MaximumRetryAttempts",
            json!(2),
        ),
        (
            "events",
            "ListTargetsByRule",
            json!({"Rule": "rule"}),
            "/Targets/0/Id",
            json!("t2"),
        ),
        (
            "states",
            "ListTagsForResource",
            json!({"resourceArn": "arn:aws:states:us-east-1:123456789012:activity:activity"}),
            "/tags/0/value",
            json!("2"),
        ),
        (
            "codebuild",
            "BatchGetProjects",
            json!({"names": ["project"]}),
            "/projects/0/description",
            json!("2"),
        ),
        (
            "logs",
            "DescribeLogGroups",
            json!({}),
            "/logGroups/0/retentionInDays",
            json!(3),
        ),
    ] {
        let answer = call(&cloud, service, operation, input).await.expect(operation);
        assert_eq!(answer.pointer(pointer), Some(&expected), "{operation}: {answer}");
    }
    let policy = call(&cloud, "lambda", "GetPolicy", json!({"FunctionName": "function"}))
        .await
        .expect("a policy");
    let policy = policy["Policy"].as_str().expect("a text");
    assert!(policy.contains("rule/2") && !policy.contains("rule/1"), "{policy}");
    // A role has a managed policy as it is now.
    let policies = json!(cloud.iam.role("all").expect("a role").policies).to_string();
    assert!(
        policies.contains("s3:::2") && policies.contains("ssm:*:*:2") && !policies.contains(":1\""),
        "{policies}"
    );
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE",
        "{:?}",
        failures().await
    );
    assert!(cloud.iam.role("all").is_err() && cloud.iam.user("somebody").is_err());
    assert!(
        cloud
            .iam
            .managed_policy("arn:aws:iam::123456789012:policy/managed")
            .is_none()
    );
    let left = json!(cloud.iam.resource_statements());
    assert_eq!(left, json!([]), "no policy is left");
    for (service, operation, input, list) in [
        ("lambda", "ListFunctions", json!({}), "Functions"),
        ("events", "ListRules", json!({}), "Rules"),
        ("sqs", "ListQueues", json!({}), "QueueUrls"),
        ("sns", "ListTopics", json!({}), "Topics"),
        ("s3", "ListBuckets", json!({}), "Buckets"),
        ("logs", "DescribeLogGroups", json!({}), "logGroups"),
        ("states", "ListStateMachines", json!({}), "stateMachines"),
        ("states", "ListActivities", json!({}), "activities"),
        ("ecr", "DescribeRepositories", json!({}), "repositories"),
        ("codebuild", "ListProjects", json!({}), "projects"),
    ] {
        let answer = call(&cloud, service, operation, input).await.expect(operation);
        let items = answer.get(list).and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(items, 0, "{operation}: {answer}");
    }
    ok(&cloud, "CreateStack", stack("1")).await;
}
