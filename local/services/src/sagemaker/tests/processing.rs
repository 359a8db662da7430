//! Processing jobs from their creation to their ends.

use super::{ML, World};
use platform::journal::Happening;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

impl World {
    fn job(&self) -> Value {
        json!({
            "ProcessingJobName": "job-1",
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}},
            "AppSpecification": {"ImageUri": self.image},
            "RoleArn": self.role(),
        })
    }

    async fn finished(&self) {
        let arn = self.platform.account.arn("sagemaker", "processing-job/job-1");
        self.platform.ongoing.end(&arn).await;
    }

    async fn run(&self, changes: Value) -> Value {
        let mut job = self.job();
        for (field, value) in changes.as_object().unwrap() {
            job[field] = value.clone();
        }
        self.ok("sagemaker", "CreateProcessingJob", job).await;
        self.finished().await;
        let name = json!({"ProcessingJobName": "job-1"});
        self.ok("sagemaker", "DescribeProcessingJob", name).await
    }
}

#[tokio::test]
async fn a_job_has_its_image_its_configuration_and_its_environment() {
    let world = World::new(&format!(
        "{ML}echo \"$FROM_IMAGE $GIVEN $1\"; pwd; grep -c job-1 $ML/config/processingjobconfig.json; ls $ML/config"
    ))
    .await;
    let job = world
        .run(json!({
            "Environment": {"GIVEN": "2"},
            "AppSpecification": {"ImageUri": world.image, "ContainerArguments": ["three"]},
        }))
        .await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
    assert_eq!(
        job["ProcessingJobArn"],
        "arn:aws:sagemaker:us-east-1:123456789012:processing-job/job-1"
    );
    assert_eq!(world.statuses(), ["InProgress", "Completed"]);
    let lines = world.lines();
    assert_eq!(lines[0], "1 2 three");
    assert!(lines[1].ends_with("/opt/program"), "{lines:?}");
    assert_eq!(&lines[2..], ["2", "processingjobconfig.json", "resourceconfig.json"]);
}

#[tokio::test]
async fn a_failed_job_says_what_it_left_as_its_message() {
    let script = format!("{ML}printf '%01100d' 7 >$ML/output/message; echo oops >&2; exit 3");
    let world = World::new(&script).await;
    let job = world.run(json!({})).await;
    assert_eq!(job["ProcessingJobStatus"], "Failed");
    assert_eq!(
        job["FailureReason"],
        "AlgorithmError: See job logs for more information, exit code: 3"
    );
    assert_eq!(job["ExitMessage"].as_str().unwrap().len(), 1024);
    assert_eq!(world.lines(), ["oops"]);
}

#[tokio::test]
async fn inputs_come_from_s3_and_outputs_go_there() {
    let script = format!("{ML}cd $ML/processing; cat in/a.txt in/deep/b.txt >out/c.txt");
    let world = World::new(&script).await;
    for (key, body) in [("x/a.txt", "1"), ("x/deep/b.txt", "2")] {
        world.put(key, body).await;
    }
    let job = world
        .run(json!({
            "ProcessingInputs": [{"InputName": "i", "S3Input": {
                "S3Uri": "s3://data/x/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix", "S3InputMode": "File",
            }}],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {
                "S3Uri": "s3://data/y", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob",
            }}]},
        }))
        .await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#} {:?}", world.lines());
    let object = json!({"Bucket": "data", "Key": "y/c.txt"});
    let object = world.ok("s3", "GetObject", object).await;
    assert_eq!(object["Body"], "12");
}

#[tokio::test]
async fn a_manifest_names_the_objects_of_an_input() {
    let world = World::new(&format!("{ML}cd $ML/processing/in; cat a.txt deep/b.txt; ls")).await;
    for key in ["x/a.txt", "x/deep/b.txt", "x/not-named.txt"] {
        world.put(key, key).await;
    }
    let inputs = json!([{"InputName": "i", "S3Input": {
        "S3Uri": "s3://data/manifest", "LocalPath": "/opt/ml/processing/in", "S3DataType": "ManifestFile",
    }}]);
    world
        .put("manifest", r#"[{"prefix": "s3://data/x/"}, "a.txt", "deep/b.txt"]"#)
        .await;
    let job = world.run(json!({"ProcessingInputs": inputs})).await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
    assert_eq!(world.lines(), ["x/a.txtx/deep/b.txta.txt", "deep"]);
    for manifest in ["[]", "{", r#"["a.txt"]"#, r#"[{"prefix": "s3://data/x/"}, "../a.txt"]"#] {
        let world = World::new("true").await;
        world.put("manifest", manifest).await;
        let job = world.run(json!({"ProcessingInputs": inputs})).await;
        let reason = job["FailureReason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("ClientError: Data download failed"), "{job:#}");
    }
}

#[tokio::test]
async fn a_command_that_a_signal_ends_has_the_exit_code_of_its_container() {
    let world = World::new("kill -SEGV $$").await;
    let job = world.run(json!({})).await;
    let reason = "AlgorithmError: See job logs for more information, exit code: 139";
    assert_eq!(job["FailureReason"], reason);
    assert!(
        world
            .notes()
            .iter()
            .any(|note| note.contains("139, which SIGSEGV leaves"))
    );
}

#[tokio::test]
async fn jobs_are_stopped_by_call_and_by_time() {
    let world = World::new("echo started; sleep 600").await;
    let mut journal = world.platform.journal.follow();
    world
        .call("sagemaker", "CreateProcessingJob", world.job())
        .await
        .unwrap();
    loop {
        if let Happening::LogLine { .. } = journal.recv().await.unwrap().happening {
            break;
        }
    }
    let name = json!({"ProcessingJobName": "job-1"});
    world
        .call("sagemaker", "StopProcessingJob", name.clone())
        .await
        .unwrap();
    world.finished().await;
    assert_eq!(world.statuses(), ["InProgress", "Stopping", "Stopped"]);
    let again = world.call("sagemaker", "StopProcessingJob", name).await.unwrap_err();
    assert_eq!(again.code, "ValidationException");

    let world = World::new("sleep 600").await;
    let job = world
        .run(json!({"StoppingCondition": {"MaxRuntimeInSeconds": 1}}))
        .await;
    assert_eq!(job["ProcessingJobStatus"], "Stopped");
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_ends_with_the_job() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The connection is open for as long as any process has it.
    let script = format!("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; sleep 600 & exit 0'");
    let world = World::new(&script).await;
    let job = world.run(json!({})).await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
    let (mut connection, _) = listener.accept().await.unwrap();
    let closed = timeout(Duration::from_secs(60), connection.read(&mut [0])).await;
    assert_eq!(closed.expect("the background process is gone").unwrap(), 0);
}

#[tokio::test]
async fn what_the_role_may_not_do_fails_the_job() {
    let world = World::with_role("true", json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})).await;
    let job = world.run(json!({})).await;
    assert_eq!(job["ProcessingJobStatus"], "Failed");
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("is not authorized to perform: ecr:GetAuthorizationToken"),
        "{reason}"
    );
}

#[tokio::test]
async fn bad_requests_are_refused_with_what_is_wrong() {
    let world = World::new("true").await;
    let input = |member: &str, value: &str| {
        let mut s3 = json!({"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/i", "S3DataType": "S3Prefix"});
        s3[member] = value.into();
        json!([{"InputName": "i", "S3Input": s3}])
    };
    let output = |mode: &str| {
        let s3 = json!({"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/o", "S3UploadMode": mode});
        json!({"Outputs": [{"OutputName": "o", "S3Output": s3}]})
    };
    let cluster = |count: u32, instance: &str, size: u32| json!({"ClusterConfig": {"InstanceCount": count, "InstanceType": instance, "VolumeSizeInGB": size}});
    for (field, value, part) in [
        ("ProcessingJobName", json!("a_b"), "processingJobName"),
        ("ProcessingResources", cluster(1, "t3.medium", 10), "instanceType"),
        ("ProcessingResources", cluster(1, "ml.t3.medium", 0), "volumeSizeInGB"),
        ("ProcessingResources", cluster(2, "ml.t3.medium", 1), "2 instances"),
        (
            "StoppingCondition",
            json!({"MaxRuntimeInSeconds": 0}),
            "maxRuntimeInSeconds",
        ),
        ("RoleArn", json!("arn:aws:iam::123456789012:role/none"), "role/none"),
        ("Colour", json!("red"), "`Colour`"),
        (
            "ProcessingInputs",
            json!([{"InputName": "i", "S3Input": {"S3Uri": "s3://b/k", "LocalPath": "/tmp", "S3DataType": "S3Prefix"}}]),
            "/tmp",
        ),
        ("ProcessingInputs", input("S3DataType", "Prefix"), "s3DataType"),
        ("ProcessingInputs", input("S3InputMode", "Pipe"), "`i` in Pipe mode"),
        (
            "ProcessingInputs",
            input("S3CompressionType", "Gzip"),
            "compressed inputs",
        ),
        (
            "ProcessingInputs",
            input("S3DataDistributionType", "Any"),
            "s3DataDistributionType",
        ),
        (
            "ProcessingInputs",
            json!([{"InputName": "i", "DatasetDefinition": {}}]),
            "`DatasetDefinition`",
        ),
        ("ProcessingOutputConfig", output("Continuous"), "`o` in Continuous mode"),
        ("ProcessingOutputConfig", output("Sometimes"), "s3UploadMode"),
        ("NetworkConfig", json!({"Colour": "red"}), "`Colour`"),
        ("Environment", json!({"1": "a"}), "environment"),
    ] {
        let mut job = world.job();
        job[field] = value;
        let error = world.call("sagemaker", "CreateProcessingJob", job).await.unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
    let error = world.refused("CreateEndpoint", json!({})).await;
    assert!(error.message.contains("sagemaker:CreateEndpoint"));
    world.run(json!({})).await;
    let error = world
        .call("sagemaker", "CreateProcessingJob", world.job())
        .await
        .unwrap_err();
    assert_eq!(error.code, "ResourceInUse");
}

#[tokio::test]
async fn an_image_that_is_not_there_fails_the_job() {
    let world = World::new("true").await;
    let image = format!("{}/ml:none", world.platform.account.registry());
    let job = world.run(json!({"AppSpecification": {"ImageUri": image}})).await;
    assert!(
        job["FailureReason"]
            .as_str()
            .unwrap()
            .starts_with("ClientError: Failed to pull the image"),
        "{job:#}"
    );
}

#[tokio::test]
async fn a_policy_can_ask_whose_a_job_is_by_its_tags() {
    let world = World::new("true").await;
    world
        .run(json!({"Tags": [{"Key": "environment", "Value": "prod"}]}))
        .await;
    let everything = json!({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"});
    let none_of_prod = json!({
        "Effect": "Deny", "Action": ["sagemaker:AddTags", "sagemaker:StopProcessingJob"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/environment": "prod"}},
    });
    let caller = world.caller(json!([everything, none_of_prod]));
    for (operation, denied) in [("StopProcessingJob", true), ("DescribeProcessingJob", false)] {
        let name = json!({"ProcessingJobName": "job-1"});
        let answer = world.platform.call(&caller, "sagemaker", operation, name).await;
        let is_denied = answer.is_err_and(|error| error.code == "AccessDeniedException");
        assert_eq!(is_denied, denied, "{operation}");
    }
}

#[tokio::test]
async fn a_job_is_found_by_its_arn_whatever_the_case_of_its_name() {
    let world = World::new("true").await;
    let tags = json!([{"Key": "environment", "Value": "dev"}]);
    let described = world.run(json!({"ProcessingJobName": "Job-1", "Tags": tags})).await;
    assert_eq!(described["ProcessingJobName"], "Job-1");
    let of_job = json!({"ResourceArn": described["ProcessingJobArn"]});
    assert_eq!(world.call("sagemaker", "ListTags", of_job).await.unwrap()["Tags"], tags);
    let of_endpoint = json!({"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"});
    let refused = world.call("sagemaker", "ListTags", of_endpoint).await.unwrap_err();
    assert!(refused.message.contains("endpoint/e"), "{refused}");
}
