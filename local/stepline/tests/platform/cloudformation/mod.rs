//! CloudFormation's operations: what they make of templates, how they take it back, and what they say.

mod actions;
mod again;
mod failing;
mod format;
mod guards;
mod kinds;
mod nested;
mod nested_files;
mod stacks;
mod sync;

use super::world::{call, cloud};
use platform::ServiceError;
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy;

/// An account in which templates can be deployed.
pub(super) fn account() -> Arc<Cloud> {
    let cloud = cloud();
    deploy::stand_behind(&cloud);
    cloud
}

pub(super) async fn formation(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    call(cloud, "cloudformation", operation, input).await
}

pub(super) async fn ok(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Value {
    formation(cloud, operation, input).await.expect(operation)
}

pub(super) async fn refusal(cloud: &Arc<Cloud>, operation: &str, input: Value) -> String {
    formation(cloud, operation, input)
        .await
        .expect_err(operation)
        .to_string()
}

/// Begins something with the stack `s`, and gives its status at the end.
pub(super) async fn done(cloud: &Arc<Cloud>, operation: &str, input: Value) -> String {
    let known = formation(cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    let answer = ok(cloud, operation, input).await;
    // DeleteStack and ExecuteChangeSet do not say it.
    let before = || known.expect("a stack")["Stacks"][0]["StackId"].take();
    let id = answer.get("StackId").cloned().unwrap_or_else(before);
    let id = id.as_str().expect("an id");
    cloud.ongoing.end(id).await;
    status(cloud, id).await
}

/// A stack, as it is described.
pub(super) async fn described(cloud: &Arc<Cloud>, name: &str) -> Value {
    ok(cloud, "DescribeStacks", json!({"StackName": name})).await["Stacks"][0].take()
}

pub(super) async fn status(cloud: &Arc<Cloud>, stack: &str) -> String {
    let stacks = ok(cloud, "DescribeStacks", json!({"StackName": stack})).await;
    stacks["Stacks"][0]["StackStatus"]
        .as_str()
        .expect("a status")
        .to_owned()
}

/// What happened to the stack, as `resource status`, in order.
pub(super) async fn events(cloud: &Arc<Cloud>) -> Vec<String> {
    let events = ok(cloud, "DescribeStackEvents", json!({"StackName": "s"})).await;
    let events = events["StackEvents"].as_array().expect("events").iter().rev();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    events
        .map(|event| format!("{} {}", text(event, "LogicalResourceId"), text(event, "ResourceStatus")))
        .collect()
}

/// A template with a queue of this delay, and what else is to be in it.
pub(super) fn template(delay: &str, others: &str) -> String {
    format!(
        "Parameters:\n  Name: {{Type: String, Default: q}}\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n    \
         Properties: {{QueueName: !Ref Name, DelaySeconds: {delay}}}\n{others}Outputs:\n  Url: {{Value: !Ref Q}}\n"
    )
}

pub(super) const PARAMETER: &str =
    "  P: {Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: !GetAtt Q.QueueName}}\n";

pub(super) fn stack(template: &str) -> Value {
    json!({"StackName": "s", "TemplateBody": template})
}

pub(super) async fn delay(cloud: &Arc<Cloud>, queue: &str) -> Option<String> {
    let input = json!({"QueueUrl": queue, "AttributeNames": ["DelaySeconds"]});
    let attributes = call(cloud, "sqs", "GetQueueAttributes", input).await.ok()?;
    attributes["Attributes"]["DelaySeconds"].as_str().map(str::to_owned)
}
