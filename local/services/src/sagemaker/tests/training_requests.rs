//! What training jobs are asked for with, who may ask, and what is told of them.

use super::World;
use super::training::{changed, channel};
use serde_json::{Value, json};

#[tokio::test]
async fn bad_requests_are_refused_with_what_is_wrong() {
    let world = World::new("true").await;
    let with = |member: &str, value: Value| {
        let mut channel = channel("train", "s3://data/in/");
        channel[member] = value;
        json!([channel])
    };
    let source = |kind: &str| json!({"S3DataSource": {"S3DataType": kind, "S3Uri": "s3://data/in/"}});
    let (channels, algorithm) = ("/InputDataConfig", "/AlgorithmSpecification");
    let refusals = [
        (
            "/TrainingJobName",
            json!("a_b"),
            "ValidationException",
            "'trainingJobName'",
        ),
        (
            "/ResourceConfig/InstanceType",
            json!("m5.large"),
            "ValidationException",
            "instanceType",
        ),
        (
            "/ResourceConfig/InstanceCount",
            json!(2),
            "NotInLocalRun",
            "2 instances",
        ),
        (
            "/ResourceConfig/VolumeSizeInGB",
            json!(0),
            "ValidationException",
            "volumeSizeInGB",
        ),
        (
            "/ResourceConfig/InstanceGroups",
            json!([]),
            "NotInLocalRun",
            "`InstanceGroups`",
        ),
        (
            "/StoppingCondition/MaxRuntimeInSeconds",
            json!(0),
            "ValidationException",
            "maxRuntimeInSeconds",
        ),
        (
            "/StoppingCondition/MaxWaitTimeInSeconds",
            json!(900),
            "ValidationException",
            "EnableManagedSpotTraining",
        ),
        (
            "/EnableManagedSpotTraining",
            json!(true),
            "ValidationException",
            "MaxWaitTimeInSeconds",
        ),
        (
            "/RoleArn",
            json!("arn:aws:iam::123456789012:role/none"),
            "ValidationException",
            "role/none",
        ),
        (
            "/OutputDataConfig/S3OutputPath",
            json!("data"),
            "ValidationException",
            "s3OutputPath",
        ),
        (
            "/OutputDataConfig/CompressionType",
            json!("ZIP"),
            "ValidationException",
            "compressionType",
        ),
        (
            "/HyperParameters",
            json!({"a": "x".repeat(2501)}),
            "ValidationException",
            "hyperParameters.a",
        ),
        ("/Environment", json!({"1a": "x"}), "ValidationException", "environment"),
        (
            channels,
            with("ChannelName", json!("a b")),
            "ValidationException",
            "channelName",
        ),
        (
            channels,
            with("InputMode", json!("Pipe")),
            "NotInLocalRun",
            "InputMode Pipe",
        ),
        (
            channels,
            with("CompressionType", json!("Gzip")),
            "NotInLocalRun",
            "CompressionType Gzip",
        ),
        (
            channels,
            with("RecordWrapperType", json!("RecordIO")),
            "NotInLocalRun",
            "RecordIO",
        ),
        (
            channels,
            with("ShuffleConfig", json!({"Seed": 1})),
            "NotInLocalRun",
            "`ShuffleConfig`",
        ),
        (
            channels,
            with("DataSource", source("Any")),
            "ValidationException",
            "s3DataType",
        ),
        (
            channels,
            with("DataSource", source("AugmentedManifestFile")),
            "NotInLocalRun",
            "Augmented",
        ),
        (
            channels,
            json!([channel("a", "s3://b/k"), channel("a", "s3://b/k")]),
            "ValidationException",
            "Duplicate",
        ),
        (
            &format!("{algorithm}/TrainingInputMode"),
            json!("Pipe"),
            "NotInLocalRun",
            "Pipe",
        ),
        (
            &format!("{algorithm}/TrainingInputMode"),
            json!("Any"),
            "ValidationException",
            "trainingInputMode",
        ),
        (
            &format!("{algorithm}/AlgorithmName"),
            json!("a"),
            "NotInLocalRun",
            "`AlgorithmName`",
        ),
        (
            &format!("{algorithm}/ContainerArguments"),
            json!([]),
            "ValidationException",
            "containerArguments",
        ),
        (
            &format!("{algorithm}/MetricDefinitions"),
            json!([{"Name": "m", "Regex": "("}]),
            "NotInLocalRun",
            "the metric `m`",
        ),
        (
            "/CheckpointConfig",
            json!({"S3Uri": "s3://b/k", "LocalPath": "/tmp"}),
            "NotInLocalRun",
            "/tmp",
        ),
        (
            "/Tags",
            json!([{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]),
            "ValidationException",
            "unique",
        ),
        ("/DebugHookConfig", json!({}), "NotInLocalRun", "`DebugHookConfig`"),
        ("/Colour", json!("red"), "NotInLocalRun", "`Colour`"),
    ];
    for (pointer, value, code, part) in refusals {
        let job = changed(world.training("job-1"), &[(pointer, value)]);
        let error = world.refused("CreateTrainingJob", job).await;
        assert_eq!(error.code, code, "{pointer}: {error}");
        assert!(error.message.contains(part), "{pointer}: {error}");
    }
    for member in [
        "AlgorithmSpecification",
        "OutputDataConfig",
        "ResourceConfig",
        "RoleArn",
    ] {
        let mut job = world.training("job-1");
        job.as_object_mut().unwrap().remove(member);
        let error = world.refused("CreateTrainingJob", job).await;
        assert!(error.message.contains(&format!("`{member}`")), "{error}");
    }
    world.train(&[]).await;
    let error = world.refused("CreateTrainingJob", world.training("Job-1")).await;
    assert_eq!(error.code, "ResourceInUse");
    for operation in ["DescribeTrainingJob", "StopTrainingJob"] {
        let error = world.refused(operation, json!({"TrainingJobName": "none"})).await;
        assert_eq!(error.to_string(), "ValidationException: Requested resource not found.");
    }
}

#[tokio::test]
async fn a_policy_can_ask_what_a_job_is_made_with() {
    let world = World::new("true").await;
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"});
    let create = json!({
        "Effect": "Allow", "Action": ["sagemaker:CreateTrainingJob", "sagemaker:AddTags"],
        "Resource": "arn:aws:sagemaker:*:*:training-job/team-a-*",
        "Condition": {
            "ForAllValues:StringEquals": {"sagemaker:InstanceTypes": "ml.m5.large"},
            "StringEquals": {"aws:RequestTag/team": "a"},
        },
    });
    let caller = world.caller(json!([pass, create]));
    let tags = json!([{"Key": "team", "Value": "a"}]);
    let others = json!([{"Key": "team", "Value": "b"}]);
    for (name, pointer, value, action) in [
        ("team-a-1", "/Tags", tags, None),
        ("team-a-2", "/Tags", others, Some("sagemaker:CreateTrainingJob")),
        ("team-a-3", "/Tags", json!([]), Some("sagemaker:CreateTrainingJob")),
        (
            "other",
            "/Tags",
            json!([{"Key": "team", "Value": "a"}]),
            Some("sagemaker:CreateTrainingJob"),
        ),
        (
            "team-a-4",
            "/ResourceConfig/InstanceType",
            json!("ml.p5.48xlarge"),
            Some("sagemaker:CreateTrainingJob"),
        ),
    ] {
        let job = changed(world.training(name), &[(pointer, value)]);
        let answer = world
            .platform
            .call(&caller, "sagemaker", "CreateTrainingJob", job)
            .await;
        match action {
            None => drop(answer.unwrap()),
            Some(action) => {
                let error = answer.unwrap_err();
                assert_eq!(error.code, "AccessDeniedException");
                assert!(error.message.contains(action), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn jobs_are_listed_by_name_status_and_time() {
    let world = World::new("test $TRAINING_JOB_NAME != b-2").await;
    for name in ["a-1", "b-2", "a-3"] {
        world.ok("sagemaker", "CreateTrainingJob", world.training(name)).await;
        world.trained(name).await;
    }
    let second = world.trained("b-2").await["CreationTime"].clone();
    for (input, names) in [
        (json!({}), vec!["a-3", "b-2", "a-1"]),
        (json!({"NameContains": "a-"}), vec!["a-3", "a-1"]),
        (json!({"StatusEquals": "Failed"}), vec!["b-2"]),
        (
            json!({"SortBy": "Name", "SortOrder": "Ascending"}),
            vec!["a-1", "a-3", "b-2"],
        ),
        (
            json!({"SortBy": "Status", "SortOrder": "Descending"}),
            vec!["b-2", "a-3", "a-1"],
        ),
        (json!({"SortOrder": "Ascending"}), vec!["a-1", "b-2", "a-3"]),
        (json!({"CreationTimeAfter": second}), vec!["a-3"]),
        (json!({"CreationTimeBefore": second}), vec!["a-1"]),
    ] {
        let mut listed = Vec::new();
        let mut question = input.clone();
        question["MaxResults"] = 1.into();
        loop {
            let page = world.ok("sagemaker", "ListTrainingJobs", question.clone()).await;
            let jobs = page["TrainingJobSummaries"].as_array().unwrap();
            listed.extend(
                jobs.iter()
                    .map(|job| job["TrainingJobName"].as_str().unwrap().to_owned()),
            );
            match page["NextToken"].as_str() {
                Some(token) => question["NextToken"] = token.into(),
                None => break,
            }
        }
        assert_eq!(listed, names, "{input}");
    }
    // A page is taken first, and then looked through for the status.
    let newest = json!({"StatusEquals": "Failed", "MaxResults": 1});
    let newest = world.ok("sagemaker", "ListTrainingJobs", newest).await;
    assert_eq!(newest["TrainingJobSummaries"], json!([]));
    assert!(newest["NextToken"].is_string(), "{newest}");
    for input in [
        json!({"StatusEquals": "Lost"}),
        json!({"SortBy": "Size"}),
        json!({"MaxResults": 101}),
        json!({"SortOrder": "Up"}),
    ] {
        let error = world.refused("ListTrainingJobs", input).await;
        assert_eq!(error.code, "ValidationException");
    }
    let error = world
        .refused("ListTrainingJobs", json!({"WarmPoolStatusEquals": "InUse"}))
        .await;
    assert!(error.message.contains("`WarmPoolStatusEquals`"), "{error}");
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = World::new("true").await;
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let job = world.train(&[("/Tags", json!([tag("a", "1")]))]).await;
    let arn = &job["TrainingJobArn"];
    let add = json!({"ResourceArn": arn, "Tags": [tag("a", "2"), tag("b", "3")]});
    world.ok("sagemaker", "AddTags", add).await;
    let delete = json!({"ResourceArn": arn, "TagKeys": ["a"]});
    world.ok("sagemaker", "DeleteTags", delete).await;
    let tags = world.ok("sagemaker", "ListTags", json!({"ResourceArn": arn})).await;
    assert_eq!(tags["Tags"], json!([tag("b", "3")]));
}
