//! What policies can ask about the tags that a request gives, or takes away.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests>. Which actions
//! have the keys `aws:RequestTag/KEY` and `aws:TagKeys` the service authorization reference lists.

use crate::world::{cloud, role};
use platform::error::ErrorKind;
use serde_json::{Value, json};

/// Operations that give the tag `team`: the service, the actions that policies can refuse, and the request with `$` for
/// the tag's value.
const GIVING: &[(&str, &[&str], &str)] = &[
    (
        "codebuild",
        &["CreateProject"],
        r#"{"name": "p", "source": {"type": "CODEPIPELINE"}, "artifacts": {}, "environment":
        {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"}, "serviceRole": "r",
        "tags": [{"key": "team", "value": "$"}]}"#,
    ),
    (
        "codebuild",
        &["UpdateProject"],
        r#"{"name": "p", "tags": [{"key": "team", "value": "$"}]}"#,
    ),
    (
        "codebuild",
        &["CreateReportGroup"],
        r#"{"name": "p", "type": "TEST", "exportConfig": {}, "tags": [{"key": "team", "value": "$"}]}"#,
    ),
    (
        "cloudformation",
        &["CreateStack"],
        r#"{"StackName": "s", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "cloudformation",
        &["UpdateStack"],
        r#"{"StackName": "s", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "cloudformation",
        &["CreateChangeSet"],
        r#"{"StackName": "s", "ChangeSetName": "c", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "events",
        &["PutRule", "TagResource"],
        r#"{"Name": "r", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "events",
        &["TagResource"],
        r#"{"ResourceARN": "arn:aws:events:us-east-1:123456789012:rule/r", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "iam",
        &["CreateRole", "TagRole"],
        r#"{"RoleName": "r", "AssumeRolePolicyDocument": "", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "iam",
        &["TagRole"],
        r#"{"RoleName": "r", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "lambda",
        &["CreateFunction"],
        r#"{"FunctionName": "f", "Role": "r", "Code": {}, "Tags": {"team": "$"}}"#,
    ),
    (
        "logs",
        &["CreateLogGroup", "TagResource"],
        r#"{"logGroupName": "g", "tags": {"team": "$"}}"#,
    ),
    (
        "logs",
        &["TagLogGroup"],
        r#"{"logGroupName": "none", "tags": {"team": "$"}}"#,
    ),
    (
        "logs",
        &["TagResource"],
        r#"{"resourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:none", "tags": {"team": "$"}}"#,
    ),
    (
        "sns",
        &["CreateTopic", "TagResource"],
        r#"{"Name": "t", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "sns",
        &["TagResource"],
        r#"{"ResourceArn": "arn:aws:sns:us-east-1:123456789012:none", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "sqs",
        &["CreateQueue", "TagQueue"],
        r#"{"QueueName": "q", "tags": {"team": "$"}}"#,
    ),
    ("sqs", &["TagQueue"], r#"{"QueueUrl": "q", "Tags": {"team": "$"}}"#),
    (
        "ssm",
        &["PutParameter", "AddTagsToResource"],
        r#"{"Name": "/p", "Type": "String", "Value": "v", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "ssm",
        &["AddTagsToResource"],
        r#"{"ResourceType": "Parameter", "ResourceId": "/p", "Tags": [{"Key": "team", "Value": "$"}]}"#,
    ),
    (
        "states",
        &["CreateActivity"],
        r#"{"name": "a", "tags": [{"key": "team", "value": "$"}]}"#,
    ),
    (
        "states",
        &["CreateStateMachine"],
        r#"{"name": "a", "definition": "{}", "roleArn": "r", "tags": [{"key": "team", "value": "$"}]}"#,
    ),
    (
        "states",
        &["TagResource"],
        r#"{"resourceArn": "arn:aws:states:us-east-1:123456789012:activity:a", "tags": [{"key": "team", "value": "$"}]}"#,
    ),
];

/// Operations that take the tag `$` away.
const TAKING: &[(&str, &str, &str)] = &[
    (
        "events",
        "UntagResource",
        r#"{"ResourceARN": "arn:aws:events:us-east-1:123456789012:rule/r", "TagKeys": ["$"]}"#,
    ),
    ("iam", "UntagRole", r#"{"RoleName": "r", "TagKeys": ["$"]}"#),
    ("logs", "UntagLogGroup", r#"{"logGroupName": "none", "tags": ["$"]}"#),
    (
        "logs",
        "UntagResource",
        r#"{"resourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:none", "tagKeys": ["$"]}"#,
    ),
    (
        "sns",
        "UntagResource",
        r#"{"ResourceArn": "arn:aws:sns:us-east-1:123456789012:none", "TagKeys": ["$"]}"#,
    ),
    ("sqs", "UntagQueue", r#"{"QueueUrl": "q", "TagKeys": ["$"]}"#),
    (
        "ssm",
        "RemoveTagsFromResource",
        r#"{"ResourceType": "Parameter", "ResourceId": "/p", "TagKeys": ["$"]}"#,
    ),
    (
        "states",
        "UntagResource",
        r#"{"resourceArn": "arn:aws:states:us-east-1:123456789012:activity:a", "tagKeys": ["$"]}"#,
    ),
];

/// Whether a role that may do all but `refused` is denied this request.
async fn is_denied(refused: (&str, &str, Value), operation: &str, input: &str) -> bool {
    let (service, action, condition) = refused;
    let cloud = cloud();
    let caller = role(
        &cloud,
        "caller",
        json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": format!("{service}:{action}"), "Resource": "*", "Condition": condition},
        ]),
    );
    let input = serde_json::from_str(input).expect(input);
    let answer = cloud.call(&caller, service, operation, input).await;
    answer.is_err_and(|error| error.kind == ErrorKind::Denied)
}

#[tokio::test]
async fn a_policy_sees_the_tags_that_are_given() {
    for (service, actions, input) in GIVING {
        for action in *actions {
            for condition in [
                json!({"StringEquals": {"aws:RequestTag/team": "others"}}),
                json!({"StringNotEquals": {"aws:RequestTag/team": "ours"}, "ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}),
            ] {
                for value in ["others", "ours"] {
                    let refused = (*service, *action, condition.clone());
                    let denied = is_denied(refused, actions[0], &input.replace('$', value)).await;
                    assert_eq!(
                        denied,
                        value == "others",
                        "{service}:{action} of {}, {condition}",
                        actions[0]
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_policy_sees_the_keys_that_are_taken_away() {
    for (service, action, input) in TAKING {
        for key in ["kept", "other"] {
            let condition = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "kept"}});
            let refused = (*service, *action, condition);
            let denied = is_denied(refused, action, &input.replace('$', key)).await;
            assert_eq!(denied, key == "kept", "{service}:{action} of {key}");
        }
    }
}
