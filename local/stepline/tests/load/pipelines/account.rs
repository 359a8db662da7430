//! What the pipelines need: a repository, the function and its rule, and for each client a pipeline and a state machine.

use super::bells::Bells;
use crate::client::Client;
use crate::world::{machine, served};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;

/// The function that pipelines invoke, which is also its binary's name.
const FUNCTION: &str = "pipeline-action";
/// How many of its processes there are at most, so that the clients are many and not the processes.
const PROCESSES: u32 = 8;

/// An account with everything but the pipelines.
pub(super) struct Account {
    pub(super) cloud: Arc<Cloud>,
    pub(super) bells: Arc<Bells>,
    /// Where executions send a message.
    pub(super) done: String,
    /// Where the events are that the function could not handle.
    pub(super) failed: String,
    _repository: tempfile::TempDir,
}

impl Account {
    /// Makes it for so many clients.
    pub(super) async fn made(clients: usize) -> Self {
        let repository = repository();
        let cloud = served(repository.path().to_owned()).await;
        cloud.lambda.set_concurrency(PROCESSES);
        // At AWS half a minute. Here as short as leaves each process some twenty milliseconds for a look.
        let interval = Duration::from_millis(3 * u64::try_from(clients).expect("a number"));
        cloud.pace.set_poll_interval(interval.max(Duration::from_millis(20)));
        let mut client = Client::connect(&cloud).await;
        let done = queue(&mut client, "done").await;
        let failed = queue(&mut client, "failed").await;
        call(&cloud, "s3", "CreateBucket", json!({"Bucket": "artifacts"})).await;
        function(&cloud).await;
        rule(&cloud).await;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        let built = cloud.lambda.prepare_from(root.expect("the workspace"), |_| ()).await;
        built.unwrap_or_else(|error| panic!("{error}"));
        Self {
            bells: Bells::hung(&cloud),
            cloud,
            done,
            failed,
            _repository: repository,
        }
    }

    /// Makes a pipeline, and the state machine of the same name that it runs; the latter's ARN.
    pub(super) async fn pipeline(&self, client: &mut Client, name: &str) -> String {
        let machine = machine(&self.cloud, name, &states()).await;
        let role = self.cloud.account.global_arn("iam", "role/all");
        let pipeline = declaration(name, &role);
        let create = client.call("codepipeline", "CodePipeline_20150709.CreatePipeline", &pipeline);
        create.await.expect("a pipeline");
        machine
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.cloud.lambda.shut_down();
    }
}

/// Creates a queue, or finds it; its URL.
pub(super) async fn queue(client: &mut Client, name: &str) -> String {
    let created = client
        .call("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name}))
        .await
        .expect("a queue");
    created["QueueUrl"].as_str().expect("its URL").to_owned()
}

/// How many messages there are in a queue.
pub(super) async fn messages(client: &mut Client, queue: &str) -> usize {
    let input = json!({"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]});
    let attributes = client.call("sqs", "AmazonSQS.GetQueueAttributes", &input).await;
    let attributes = attributes.expect("attributes")["Attributes"].clone();
    let number = attributes["ApproximateNumberOfMessages"].as_str().expect("a number");
    number.parse().expect("a number")
}

/// Sends a message to a queue, where there is one; or fails, or waits for longer than anybody does.
fn states() -> Value {
    json!({
        "Which": {"Type": "Choice", "Default": "Send", "Choices": [
            {"Variable": "$.end", "StringEquals": "FAILED", "Next": "Fail"},
            {"Variable": "$.end", "StringEquals": "ABORTED", "Next": "Wait"}]},
        "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
            "Parameters": {"QueueUrl.$": "$.queue", "MessageBody.$": "$.pipeline.jobId"}},
        "Fail": {"Type": "Fail", "Error": "Asked", "Cause": "for it"},
        "Wait": {"Type": "Wait", "Seconds": 86_400, "End": true},
    })
}

/// A source, two approvals one after the other, and the function.
fn declaration(name: &str, role: &str) -> Value {
    let action = |name: &str, category: &str, provider: &str, order: u32, configuration: Value| {
        json!({
            "name": name, "runOrder": order, "configuration": configuration,
            "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        })
    };
    let connection = json!({
        "ConnectionArn": "arn:aws:codeconnections:us-east-1:123456789012:connection/c0ffee",
        "FullRepositoryId": "us/ours", "BranchName": "main",
    });
    let mut source = action("Source", "Source", "CodeStarSourceConnection", 1, connection);
    source["outputArtifacts"] = json!([{"name": "Source"}]);
    let parameters = json!({
        "stateMachine": name, "pipelineExecutionId": "#{codepipeline.PipelineExecutionId}", "onRetry": "redrive",
        "input": {"end": "#{variables.end}", "queue": "#{variables.queue}"},
    });
    let invoke = json!({"FunctionName": FUNCTION, "UserParameters": parameters.to_string()});
    json!({"pipeline": {
        "name": name, "roleArn": role, "pipelineType": "V2", "executionMode": "QUEUED",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        // Without defaults, so that the new pipeline does not start by itself.
        "variables": [{"name": "end"}, {"name": "queue"}],
        "stages": [
            {"name": "Source", "actions": [source]},
            {"name": "Approve", "actions": [
                action("First", "Approval", "Manual", 1, json!({})),
                action("Second", "Approval", "Manual", 2, json!({})),
            ]},
            {"name": "Execute", "actions": [action("Execute", "Invoke", "Lambda", 1, invoke)]},
        ],
    }})
}

/// The function, whose events that fail are kept.
async fn function(cloud: &Arc<Cloud>) {
    let role = cloud.account.global_arn("iam", "role/all");
    let create = json!({"FunctionName": FUNCTION, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role,
        "Code": {"LocalBinary": FUNCTION}, "Timeout": 60});
    call(cloud, "lambda", "CreateFunction", create).await;
    let failed = cloud.account.arn("sqs", "failed");
    let configure = json!({"FunctionName": FUNCTION, "DestinationConfig": {"OnFailure": {"Destination": failed}}});
    call(cloud, "lambda", "PutFunctionEventInvokeConfig", configure).await;
}

/// The rule that tells the function of an abandoned action, as in `template.yaml`.
async fn rule(cloud: &Arc<Cloud>) {
    let pattern = json!({
        "source": ["aws.codepipeline"], "detail-type": ["CodePipeline Action Execution State Change"],
        "detail": {"state": ["ABANDONED"], "type": {"provider": ["Lambda"], "category": ["Invoke"]}},
    });
    let rule = json!({"Name": "abandoned", "EventPattern": pattern.to_string()});
    let rule = call(cloud, "events", "PutRule", rule).await;
    let function = cloud.account.arn("lambda", format_args!("function:{FUNCTION}"));
    let targets = json!({"Rule": "abandoned", "Targets": [{"Id": "function", "Arn": function}]});
    call(cloud, "events", "PutTargets", targets).await;
    let permission = json!({"FunctionName": FUNCTION, "StatementId": "rule", "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com", "SourceArn": rule["RuleArn"]});
    call(cloud, "lambda", "AddPermission", permission).await;
}

async fn call(cloud: &Arc<Cloud>, service: &str, operation: &str, input: Value) -> Value {
    let output = cloud.call(&Principal::Administrator, service, operation, input).await;
    output.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
}

/// A repository as small as one can be: every execution takes it as its source.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("README.md"), "A repository.\n").expect("a file");
    let init = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(folder.path())
        .status();
    assert!(init.is_ok_and(|status| status.success()), "git runs");
    folder
}
