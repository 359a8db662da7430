//! What was answered is there again for the next one who opens the account.

use crate::world::{call, refusal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use platform::account::Account;
use platform::store::Store;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};
use stepline::template::Deployed;

/// The account that lasts in this folder.
fn open(folder: &Path) -> Arc<Cloud> {
    let store = Store::open(folder).expect("the store");
    Cloud::open(Account::local(), std::env::temp_dir(), &store).expect("the account")
}

/// Closes an account, as far as nobody else has it.
async fn close(cloud: Arc<Cloud>) {
    cloud.store.settled().await.expect("it is written");
    drop(cloud);
}

async fn ok(cloud: &Arc<Cloud>, service: &str, operation: &str, input: Value) -> Value {
    let answer = call(cloud, service, operation, input).await;
    answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
}

/// Makes something of everything that lasts.
async fn fill(cloud: &Arc<Cloud>) -> Vec<(&'static str, &'static str, Value)> {
    let mut reads = Vec::new();
    for (name, kind) in [("/a/plain", "String"), ("/a/secret", "SecureString")] {
        let input = json!({"Name": name, "Type": kind, "Value": "first", "Tags": [{"Key": "k", "Value": "v"}]});
        ok(cloud, "ssm", "PutParameter", input).await;
        let input = json!({"Name": name, "Value": "second", "Overwrite": true});
        ok(cloud, "ssm", "PutParameter", input).await;
        reads.push((
            "ssm",
            "GetParameterHistory",
            json!({"Name": name, "WithDecryption": true}),
        ));
    }
    ok(cloud, "s3", "CreateBucket", json!({"Bucket": "data"})).await;
    let versioning = json!({"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}});
    ok(cloud, "s3", "PutBucketVersioning", versioning).await;
    for body in ["one", "two", "three"] {
        let input =
            json!({"Bucket": "data", "Key": "a/b c", "Body": body, "Metadata": {"m": "1"}, "ContentType": "text/x"});
        ok(cloud, "s3", "PutObject", input).await;
    }
    ok(cloud, "s3", "DeleteObject", json!({"Bucket": "data", "Key": "a/b c"})).await;
    ok(
        cloud,
        "s3",
        "PutObject",
        json!({"Bucket": "data", "Key": "kept", "Body": "{}"}),
    )
    .await;
    let upload = ok(
        cloud,
        "s3",
        "CreateMultipartUpload",
        json!({"Bucket": "data", "Key": "big"}),
    )
    .await;
    let part = json!({"Bucket": "data", "Key": "big", "UploadId": upload["UploadId"], "PartNumber": 1, "Body": "p"});
    ok(cloud, "s3", "UploadPart", part).await;
    reads.extend([
        ("s3", "ListObjectVersions", json!({"Bucket": "data"})),
        ("s3", "GetObject", json!({"Bucket": "data", "Key": "kept"})),
        ("s3", "GetBucketVersioning", json!({"Bucket": "data"})),
        (
            "s3",
            "ListParts",
            json!({"Bucket": "data", "Key": "big", "UploadId": upload["UploadId"]}),
        ),
    ]);
    ok(cloud, "ecr", "CreateRepository", json!({"repositoryName": "images"})).await;
    let config = b"{}";
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(config)));
    let begun = ok(cloud, "ecr", "InitiateLayerUpload", json!({"repositoryName": "images"})).await;
    let part = json!({
        "repositoryName": "images", "uploadId": begun["uploadId"], "partFirstByte": 0, "partLastByte": 1,
        "layerPartBlob": STANDARD.encode(config),
    });
    ok(cloud, "ecr", "UploadLayerPart", part).await;
    let done = json!({"repositoryName": "images", "uploadId": begun["uploadId"], "layerDigests": [digest]});
    ok(cloud, "ecr", "CompleteLayerUpload", done).await;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest}, "layers": [],
    });
    let image = json!({"repositoryName": "images", "imageManifest": manifest.to_string(), "imageTag": "t"});
    ok(cloud, "ecr", "PutImage", image).await;
    reads.extend([
        ("ecr", "DescribeImages", json!({"repositoryName": "images"})),
        (
            "ecr",
            "BatchGetImage",
            json!({"repositoryName": "images", "imageIds": [{"imageTag": "t"}]}),
        ),
        (
            "ecr",
            "GetDownloadUrlForLayer",
            json!({"repositoryName": "images", "layerDigest": digest}),
        ),
    ]);
    reads.extend(fill_messages(cloud).await);
    reads.extend(fill_machines(cloud).await);
    reads
}

async fn fill_messages(cloud: &Arc<Cloud>) -> Vec<(&'static str, &'static str, Value)> {
    let queue = ok(cloud, "sqs", "CreateQueue", json!({"QueueName": "q"})).await["QueueUrl"].clone();
    for delay in [0, 600] {
        let input = json!({"QueueUrl": queue, "MessageBody": "m", "DelaySeconds": delay});
        ok(cloud, "sqs", "SendMessage", input).await;
    }
    let topic = ok(cloud, "sns", "CreateTopic", json!({"Name": "t"})).await["TopicArn"].clone();
    let policy = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic}});
    let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy.to_string()});
    ok(cloud, "sns", "SetTopicAttributes", input).await;
    ok(cloud, "logs", "CreateLogGroup", json!({"logGroupName": "/g"})).await;
    let stream = json!({"logGroupName": "/g", "logStreamName": "s"});
    ok(cloud, "logs", "CreateLogStream", stream.clone()).await;
    let now = jiff::Timestamp::now().as_millisecond();
    let mut input = stream.clone();
    input["logEvents"] = json!([{"timestamp": now, "message": "one"}, {"timestamp": now, "message": "two"}]);
    ok(cloud, "logs", "PutLogEvents", input).await;
    let group = json!({"ModelPackageGroupName": "models"});
    ok(cloud, "sagemaker", "CreateModelPackageGroup", group.clone()).await;
    let package = json!({
        "ModelPackageGroupName": "models", "ClientToken": "once", "CustomerMetadataProperties": {"commit": "abc"},
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}],
            "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"],
        },
    });
    let package = ok(cloud, "sagemaker", "CreateModelPackage", package).await["ModelPackageArn"].clone();
    let approved =
        json!({"ModelPackageArn": package, "ModelApprovalStatus": "Approved", "ApprovalDescription": "good"});
    ok(cloud, "sagemaker", "UpdateModelPackage", approved).await;
    vec![
        (
            "sqs",
            "GetQueueAttributes",
            json!({"QueueUrl": queue, "AttributeNames": ["All"]}),
        ),
        ("sns", "GetTopicAttributes", json!({"TopicArn": topic})),
        ("logs", "GetLogEvents", stream),
        ("logs", "DescribeLogGroups", json!({})),
        (
            "sagemaker",
            "DescribeModelPackage",
            json!({"ModelPackageName": package}),
        ),
        ("sagemaker", "DescribeModelPackageGroup", group),
    ]
}

async fn fill_machines(cloud: &Arc<Cloud>) -> Vec<(&'static str, &'static str, Value)> {
    let definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}).to_string();
    let role = "arn:aws:iam::123456789012:role/absent";
    let input = json!({"name": "m", "definition": definition, "roleArn": role, "publish": true});
    let made = ok(cloud, "states", "CreateStateMachine", input).await;
    let (machine, version) = (&made["stateMachineArn"], &made["stateMachineVersionArn"]);
    let route = json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": route});
    let alias = ok(cloud, "states", "CreateStateMachineAlias", alias).await["stateMachineAliasArn"].clone();
    let started = json!({"stateMachineArn": alias, "name": "e", "input": "{\"a\": 1}"});
    let execution = ok(cloud, "states", "StartExecution", started).await["executionArn"].clone();
    cloud.ongoing.end(execution.as_str().expect("an ARN")).await;
    let of_execution = json!({"executionArn": execution});
    let activity = ok(cloud, "states", "CreateActivity", json!({"name": "work"})).await["activityArn"].clone();
    vec![
        ("states", "DescribeActivity", json!({"activityArn": activity})),
        ("states", "DescribeStateMachine", json!({"stateMachineArn": machine})),
        ("states", "DescribeStateMachine", json!({"stateMachineArn": version})),
        (
            "states",
            "DescribeStateMachineAlias",
            json!({"stateMachineAliasArn": alias}),
        ),
        ("states", "ListExecutions", json!({"stateMachineArn": machine})),
        ("states", "DescribeExecution", of_execution.clone()),
        ("states", "GetExecutionHistory", of_execution.clone()),
        ("states", "DescribeStateMachineForExecution", of_execution),
    ]
}

#[tokio::test]
async fn what_was_answered_is_there_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cloud = open(folder.path());
    let reads = fill(&cloud).await;
    let mut before = Vec::new();
    for (service, operation, input) in &reads {
        before.push(ok(&cloud, service, operation, input.clone()).await);
    }
    close(cloud).await;
    let cloud = open(folder.path());
    for ((service, operation, input), before) in reads.into_iter().zip(before) {
        let after = ok(&cloud, service, operation, input.clone()).await;
        assert_eq!(after, before, "{service}:{operation} {input}");
    }
    // The same once more is the same, and nothing is numbered twice.
    let start = json!({"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m", "name": "e"});
    assert_eq!(
        refusal(&cloud, "states", "StartExecution", start).await,
        "ExecutionAlreadyExists"
    );
    let redrive = json!({"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e"});
    assert_eq!(
        refusal(&cloud, "states", "RedriveExecution", redrive).await,
        "ExecutionNotRedrivable"
    );
    let statements = cloud.iam.resource_statements();
    assert_eq!(statements.len(), 1, "a policy of a resource lasts: {statements:?}");
}

/// The folder of an account that is open, as a killed process would leave it: both files as they were at one moment, since
/// what moves from one to the other meanwhile would be in neither.
fn as_killed(folder: &Path) -> tempfile::TempDir {
    let files = ["state.db", "state.db-wal"];
    let read = || files.map(|file| std::fs::read(folder.join(file)).expect(file));
    let mut contents = read();
    loop {
        let again = read();
        if again == contents {
            break;
        }
        contents = again;
    }
    let left = tempfile::tempdir().expect("a folder");
    for (file, content) in files.iter().zip(contents) {
        std::fs::write(left.path().join(file), content).expect(file);
    }
    left
}

#[tokio::test]
async fn what_was_under_way_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let cloud = open(folder.path());
    let definition =
        json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": true}}}).to_string();
    let input = json!({"name": "m", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/absent"});
    let machine = ok(&cloud, "states", "CreateStateMachine", input).await["stateMachineArn"].clone();
    let started = ok(
        &cloud,
        "states",
        "StartExecution",
        json!({"stateMachineArn": machine, "name": "e"}),
    )
    .await;
    let of_execution = json!({"executionArn": started["executionArn"]});
    let before = ok(&cloud, "states", "GetExecutionHistory", of_execution.clone()).await;
    cloud.store.settled().await.expect("it is written");
    let left = as_killed(folder.path());
    let cloud = open(left.path());
    let described = ok(&cloud, "states", "DescribeExecution", of_execution.clone()).await;
    assert_eq!(described["status"], "ABORTED");
    assert_eq!(
        described["cause"],
        "The local run ended while the execution was running."
    );
    let after = ok(&cloud, "states", "GetExecutionHistory", of_execution.clone()).await;
    let events = after["events"].as_array().expect("events");
    let (last, others) = events.split_last().expect("an event");
    assert_eq!(Some(&others.to_vec()), before["events"].as_array());
    assert_eq!(
        (&last["type"], &last["id"]),
        (&json!("ExecutionAborted"), &json!(others.len() + 1))
    );
    let stopped = ok(&cloud, "states", "StopExecution", of_execution).await;
    assert_eq!(stopped["stopDate"], described["stopDate"]);
    close(cloud).await;
    // Ended once, it is not ended again.
    let cloud = open(left.path());
    let arn = json!({"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e"});
    let again = ok(&cloud, "states", "GetExecutionHistory", arn).await;
    assert_eq!(again, after);
}

/// Deploys a template into the account of a folder, and closes it.
async fn deployed(folder: &Path, template: &str) -> Arc<Cloud> {
    let file = folder.join("template.yaml");
    std::fs::write(&file, template).expect("a template");
    let deployed = Deployed {
        environment: "e".to_owned(),
        stack: "s".to_owned(),
        template: file,
        ..Deployed::default()
    };
    let cloud = open(&folder.join("state"));
    let outcome = deploy::deploy_stack(&cloud, &deployed, &Deployment::default()).await;
    outcome.unwrap_or_else(|error| panic!("{error}"));
    cloud
}

async fn value(cloud: &Arc<Cloud>, name: &str) -> Value {
    ok(cloud, "ssm", "GetParameter", json!({"Name": name})).await["Parameter"]["Value"].clone()
}

#[tokio::test]
async fn a_deployment_changes_what_its_template_has_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let template = |value: &str, delay: u32, more: &str| {
        format!(
            "Resources:\n  P: {{Type: AWS::SSM::Parameter, Properties: {{Name: p, Type: String, Value: {value}}}}}\n  \
             Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: q, DelaySeconds: {delay}}}}}\n  \
             B: {{Type: AWS::S3::Bucket, DeletionPolicy: Retain, Properties: {{BucketName: kept}}}}\n{more}"
        )
    };
    let gone = "  G: {Type: AWS::SSM::Parameter, Properties: {Name: g, Type: String, Value: x}}\n  \
                K: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, Properties: {BucketName: retained}}\n";
    let cloud = deployed(folder.path(), &template("one", 1, gone)).await;
    ok(
        &cloud,
        "ssm",
        "PutParameter",
        json!({"Name": "p", "Value": "mine", "Overwrite": true}),
    )
    .await;
    close(cloud).await;
    // Nothing changed: what somebody has done stays.
    let cloud = deployed(folder.path(), &template("one", 1, gone)).await;
    assert_eq!(value(&cloud, "p").await, "mine");
    close(cloud).await;
    // The template changed.
    let cloud = deployed(folder.path(), &template("two", 2, "")).await;
    assert_eq!(value(&cloud, "p").await, "two");
    let attributes = json!({"QueueUrl": "q", "AttributeNames": ["DelaySeconds"]});
    let attributes = ok(&cloud, "sqs", "GetQueueAttributes", attributes).await;
    assert_eq!(attributes["Attributes"]["DelaySeconds"], "2");
    assert_eq!(
        refusal(&cloud, "ssm", "GetParameter", json!({"Name": "g"})).await,
        "ParameterNotFound"
    );
    ok(&cloud, "s3", "HeadBucket", json!({"Bucket": "retained"})).await;
    close(cloud).await;
    // A deployment that was cut off goes on where it was.
    let cloud = open(&folder.path().join("state"));
    let record = cloud.cloudformation.recorded("s", "Q").expect("a record");
    let begun = services::cloudformation::Record {
        reference: None,
        ..record
    };
    cloud.cloudformation.record("s", "Q", begun);
    close(cloud).await;
    close(deployed(folder.path(), &template("two", 2, "")).await).await;
}

const USER: &str = r#"
Resources:
  Group:
    Type: AWS::IAM::Group
    Properties:
      GroupName: builders
      Policies: [{PolicyName: read, PolicyDocument: {Version: "2012-10-17", Statement: [
        {Effect: Allow, Action: "ssm:GetParameter", Resource: "*"}]}}]
  User: {Type: AWS::IAM::User, Properties: {UserName: ci, Path: /team/}}
  Membership: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref Group, Users: [!Ref User]}}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: write
      Users: [!Ref User]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ssm:PutParameter", Resource: "*"}]}
  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User, Status: STATUS}}
  Id: {Type: AWS::SSM::Parameter, Properties: {Name: /ci/id, Type: String, Value: !Ref Key}}
  Secret: {Type: AWS::SSM::Parameter, Properties: {Name: /ci/secret, Type: String, Value: !GetAtt Key.SecretAccessKey}}
"#;

#[tokio::test]
async fn a_users_access_key_is_the_same_in_each_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut keys = Vec::new();
    for status in ["Active", "Active", "Inactive"] {
        let cloud = deployed(folder.path(), &USER.replace("STATUS", status)).await;
        let (id, secret) = (value(&cloud, "/ci/id").await, value(&cloud, "/ci/secret").await);
        let id = id.as_str().expect("an id");
        assert_eq!(cloud.iam.secret_of(id).map(Value::from), Some(secret.clone()));
        let principal = cloud.iam.principal_of(id, None);
        assert_eq!(principal.is_ok(), status == "Active");
        if let Ok(principal) = principal {
            let who = cloud.call(&principal, "sts", "GetCallerIdentity", json!({})).await;
            assert_eq!(who.expect("who")["Arn"], "arn:aws:iam::123456789012:user/team/ci");
            for (operation, input, is_allowed) in [
                ("GetParameter", json!({"Name": "/ci/id"}), true),
                (
                    "PutParameter",
                    json!({"Name": "p", "Value": "v", "Type": "String", "Overwrite": true}),
                    true,
                ),
                ("DeleteParameter", json!({"Name": "p"}), false),
            ] {
                let answer = cloud.call(&principal, "ssm", operation, input).await;
                assert_eq!(answer.is_ok(), is_allowed, "{operation}: {answer:?}");
            }
        }
        keys.push((id.to_owned(), secret));
        close(cloud).await;
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
}
