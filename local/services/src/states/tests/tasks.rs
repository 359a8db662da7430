//! How tasks are done, and how they get their answers.

use super::{ADMIN, World, waiting};
use crate::objects;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

#[tokio::test]
async fn tokens_answer_the_tasks_that_wait_for_them() {
    for (operation, answer, status) in [
        ("SendTaskSuccess", json!({"output": "{\"x\": 1}"}), "SUCCEEDED"),
        ("SendTaskFailure", json!({"error": "E", "cause": "C"}), "FAILED"),
    ] {
        let world = World::new();
        let machine = world.machine("m", waiting()).await;
        let execution = world.start(&machine, "e", json!({})).await;
        let token = world.1.lock().known.tokens.any().unwrap();
        world.call("SendTaskHeartbeat", json!({"taskToken": token})).await;
        let wrong = json!({"taskToken": token, "output": "{"});
        assert_eq!(
            world.try_call("SendTaskSuccess", wrong).await.unwrap_err().code,
            "InvalidOutput"
        );
        let mut answer = answer;
        answer["taskToken"] = token.clone().into();
        world.call(operation, answer.clone()).await;
        world.0.ongoing.end(&execution).await;
        let described = world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await;
        assert_eq!(described["status"], status);
        assert_eq!(
            world.try_call(operation, answer).await.unwrap_err().code,
            "TaskTimedOut"
        );
        let unknown = world
            .try_call("SendTaskHeartbeat", json!({"taskToken": "none"}))
            .await
            .unwrap_err();
        assert_eq!(unknown.code, "InvalidToken");
    }
}

#[tokio::test]
async fn other_services_are_called_with_their_own_names_and_errors() {
    let task = |resource: &str, parameters: Value| json!({"T": {"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true}});
    for (resource, parameters, status, part) in [
        (
            "aws-sdk:ssm:getParameter",
            json!({"Name": "/none"}),
            "FAILED",
            "Ssm.ParameterNotFoundException",
        ),
        (
            "aws-sdk:ecr:createRepository",
            json!({"RepositoryName": "made"}),
            "SUCCEEDED",
            "\"RepositoryName\":\"made\"",
        ),
        (
            "aws-sdk:ecs:describeServices",
            json!({"Cluster": "none", "Services": ["s"]}),
            "FAILED",
            "Ecs.ClusterNotFoundException",
        ),
        (
            "aws-sdk:ecs:registerTaskDefinition",
            json!({
                "Family": "app", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
                "Cpu": "256", "Memory": "512",
                "ContainerDefinitions": [{"Name": "c", "Image": "i", "DockerLabels": {"Some-Label": "l"}}],
            }),
            "SUCCEEDED",
            r#""DockerLabels":{"Some-Label":"l"}"#,
        ),
        (
            "aws-sdk:elasticloadbalancingv2:describeTargetHealth",
            json!({"TargetGroupArn": "none"}),
            "FAILED",
            "ElasticLoadBalancingV2.TargetGroupNotFoundException",
        ),
        (
            "aws-sdk:sfn:describeExecution",
            json!({"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:none"}),
            "FAILED",
            "Sfn.ExecutionDoesNotExistException",
        ),
        (
            "events:putEvents",
            json!({"Entries": [{"Source": "aws.x", "DetailType": "t", "Detail": {}}]}),
            "FAILED",
            "EventBridge.FailedEntry",
        ),
        (
            "sagemaker:createProcessingJob",
            json!({"ProcessingJobName": "j", "RoleArn": "r"}),
            "FAILED",
            "SageMaker.AmazonSageMakerException",
        ),
        (
            "lambda:invoke",
            json!({"FunctionName": "none"}),
            "FAILED",
            "Lambda.ResourceNotFoundException",
        ),
    ] {
        let world = World::new();
        let described = world.run(task(resource, parameters), json!({})).await;
        assert_eq!(described["status"], status, "{described:#}");
        let told = described["error"].as_str().or(described["output"].as_str()).unwrap();
        assert!(told.contains(part), "{resource}: {described:#}");
    }
}

#[tokio::test]
async fn tasks_are_done_as_the_machines_role() {
    let world = World::allowing(&json!({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}));
    let states = json!({"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ecr:createRepository",
        "Parameters": {"RepositoryName": "made"},
        "Catch": [{"ErrorEquals": ["Ecr.EcrException"], "Next": "Caught"}],
        "End": true,
    }, "Caught": {"Type": "Pass", "End": true}});
    let described = world.run(states, json!({})).await;
    assert_eq!(described["status"], "SUCCEEDED");
    let cause = described["output"].as_str().unwrap();
    assert!(
        cause.contains("assumed-role/machine/e is not authorized to perform: ecr:CreateRepository"),
        "{cause}"
    );
}

#[tokio::test]
async fn one_machine_waits_for_another() {
    let world = World::new();
    let inner = world
        .machine(
            "inner",
            json!({"P": {"Type": "Pass", "Parameters": {"doubled.$": "States.MathAdd($.n, $.n)"}, "End": true}}),
        )
        .await;
    let outer = |suffix: &str| {
        json!({"T": {
            "Type": "Task",
            "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
            "Parameters": {"StateMachineArn": inner, "Input": {"n.$": "$.n"}},
            "OutputPath": "$.Output",
            "End": true,
        }})
    };
    let described = world.run(outer(".sync:2"), json!({"n": 2})).await;
    assert_eq!(described["output"], r#"{"doubled":4}"#, "{described:#}");
    let arn = described["executionArn"].as_str().unwrap();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(world.events(arn).await, expected);
    let world2 = World::new();
    let failing = world2
        .machine("inner", json!({"F": {"Type": "Fail", "Error": "E"}}))
        .await;
    assert_eq!(failing, inner);
    let described = world2.run(outer(".sync"), json!({"n": 2})).await;
    assert_eq!(described["error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(described["cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause["Error"], "E");
}

#[tokio::test]
async fn distributed_maps_read_and_write_the_local_s3() {
    let world = World::new();
    let s3 = async |operation: &str, input: Value| world.0.call(&ADMIN, "s3", operation, input).await.unwrap();
    s3("CreateBucket", json!({"Bucket": "data"})).await;
    let items = json!({"Bucket": "data", "Key": "items.json", "Body": r#"[{"n": 1}, {"n": 2}]"#});
    s3("PutObject", items).await;
    let map = json!({"M": {
        "Type": "Map",
        "Label": "run",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "data", "Key": "items.json"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.n", "End": true}}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "results"}},
        "End": true,
    }});
    let described = world.run(map, json!({})).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described:#}");
    let runs = world
        .call("ListMapRuns", json!({"executionArn": described["executionArn"]}))
        .await;
    let run = world
        .call("DescribeMapRun", json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]}))
        .await;
    assert_eq!(run["itemCounts"]["succeeded"], 2);
    let listing = s3("ListObjectsV2", json!({"Bucket": "data", "Prefix": "results/"})).await;
    let keys = listing["Contents"].as_array().unwrap().iter();
    let mut keys = keys.map(|object| object["Key"].as_str().unwrap());
    assert!(keys.any(|key| key.ends_with("manifest.json")));
}

#[tokio::test]
async fn distributed_maps_read_inventories_of_the_local_s3() {
    let world = World::new();
    let create = json!({"Bucket": "data"});
    world.0.call(&ADMIN, "s3", "CreateBucket", create).await.unwrap();
    let put = async |key: &str, body: Vec<u8>| {
        objects::put(&world.0, &ADMIN, ("data", key), body, json!({}))
            .await
            .unwrap();
    };
    let manifest = json!({
        "sourceBucket": "source", "destinationBucket": "arn:aws:s3:::data", "version": "2016-11-30",
        "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "files/1.csv.gz", "size": 1, "MD5checksum": "m"}],
    });
    put("manifest.json", manifest.to_string().into_bytes()).await;
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    compressed
        .write_all(b"\"source\",\"a.csv\",\"7\"\n\"source\",\"b.csv\",\"8\"\n")
        .unwrap();
    put("files/1.csv.gz", compressed.finish().unwrap()).await;
    let place = json!({"Bucket": "data", "Key": "manifest.json"});
    let config = json!({"InputType": "MANIFEST"});
    let map = json!({"M": {
        "Type": "Map",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Parameters": place},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.Key", "End": true}},
        },
        "End": true,
    }});
    let described = world.run(map.clone(), json!({})).await;
    assert_eq!(described["output"], r#"["a.csv","b.csv"]"#, "{described:#}");
    put("files/1.csv.gz", b"plain".to_vec()).await;
    let again = described["stateMachineArn"].as_str().unwrap();
    let execution = world.start(again, "again", json!({})).await;
    world.0.ongoing.end(&execution).await;
    let described = world
        .call("DescribeExecution", json!({"executionArn": execution}))
        .await;
    assert_eq!(described["error"], "States.ItemReaderFailed");
    let cause = described["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("The object 'files/1.csv.gz', which a manifest lists, cannot be decompressed"),
        "{cause}"
    );
}

#[tokio::test]
async fn versions_of_objects_are_listed_with_s3s_own_members() {
    let world = World::new();
    let s3 = async |operation: &str, input: Value| world.0.call(&ADMIN, "s3", operation, input).await.unwrap();
    s3("CreateBucket", json!({"Bucket": "data"})).await;
    let versioning = json!({"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}});
    s3("PutBucketVersioning", versioning).await;
    for body in ["one", "two"] {
        s3("PutObject", json!({"Bucket": "data", "Key": "k", "Body": body})).await;
    }
    let states = json!({"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:listObjectVersions",
        "Parameters": {"Bucket": "data", "Prefix": "k"},
        "ResultSelector": {"latest.$": "$.Versions[*].IsLatest", "sizes.$": "$.Versions[*].Size"},
        "End": true,
    }});
    let described = world.run(states, json!({})).await;
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({"latest": [true, false], "sizes": [3, 3]}));
}

#[tokio::test]
async fn a_machine_publishes_what_a_queue_receives() {
    let world = World::new();
    let call = async |service: &str, operation: &str, input: Value| {
        world.0.call(&ADMIN, service, operation, input).await.expect(operation)
    };
    let topic = call("sns", "CreateTopic", json!({"Name": "news"})).await["TopicArn"].take();
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
    }]});
    let queue = json!({"QueueName": "inbox", "Attributes": {"Policy": policy.to_string()}});
    call("sqs", "CreateQueue", queue).await;
    let endpoint = "arn:aws:sqs:us-east-1:123456789012:inbox";
    let raw = json!({"RawMessageDelivery": "true"});
    let subscription = json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": endpoint, "Attributes": raw});
    call("sns", "Subscribe", subscription).await;
    let task = |resource: &str, topic: &Value, message: Value| {
        json!({
            "Type": "Task",
            "Resource": format!("arn:aws:states:::{resource}"),
            "Parameters": {"TopicArn": topic, "Message": message},
        })
    };
    let none = json!("arn:aws:sns:us-east-1:123456789012:none");
    let mut states = json!({
        "Optimized": task("sns:publish", &topic, json!({"n": 1})),
        "Sdk": task("aws-sdk:sns:publish", &topic, json!("text")),
        "Nowhere": task("sns:publish", &none, json!("text")),
    });
    states["Optimized"]["Next"] = "Sdk".into();
    states["Sdk"]["Next"] = "Nowhere".into();
    states["Nowhere"]["End"] = true.into();
    let failed = world.run(states, json!({})).await;
    assert_eq!(failed["error"], "SNS.NotFoundException", "{failed:#}");
    let received = call(
        "sqs",
        "ReceiveMessage",
        json!({"QueueUrl": "inbox", "MaxNumberOfMessages": 10}),
    )
    .await;
    let bodies = received["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["Body"]);
    assert_eq!(bodies.collect::<Vec<_>>(), [&json!(r#"{"n":1}"#), &json!("text")]);
}
