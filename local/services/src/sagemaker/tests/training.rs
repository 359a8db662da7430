//! Training jobs from their creation to their ends.

use super::{ML, World};
use flate2::read::GzDecoder;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;

impl World {
    pub(super) fn training(&self, name: &str) -> Value {
        json!({
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "RoleArn": self.role(),
            "OutputDataConfig": {"S3OutputPath": "s3://data/models/"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        })
    }

    pub(super) async fn trained(&self, name: &str) -> Value {
        let arn = format!("training-job/{}", name.to_lowercase());
        let arn = self.platform.account.arn("sagemaker", arn);
        self.platform.ongoing.end(&arn).await;
        let name = json!({"TrainingJobName": name});
        self.ok("sagemaker", "DescribeTrainingJob", name).await
    }

    /// Runs a job to its end, with these changes at these places.
    pub(super) async fn train(&self, changes: &[(&str, Value)]) -> Value {
        let job = changed(self.training("job-1"), changes);
        self.ok("sagemaker", "CreateTrainingJob", job).await;
        self.trained("job-1").await
    }

    /// The files of an archive in S3.
    async fn archive(&self, key: &str) -> BTreeMap<String, String> {
        let object = json!({"Bucket": "data", "Key": key});
        let answer = self
            .platform
            .send(&super::ADMIN, "s3", "GetObject", object, bytes::Bytes::new())
            .await
            .unwrap();
        let body = answer.body.unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(body.as_ref()));
        let mut files = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.insert(entry.path().unwrap().display().to_string(), text);
        }
        files
    }
}

/// A request with other values at these pointers.
pub(super) fn changed(mut request: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let parent = request.pointer_mut(parent).unwrap();
        match parent.as_array_mut() {
            Some(items) => items.push(value.clone()),
            None => parent[last] = value.clone(),
        }
    }
    request
}

pub(super) fn channel(name: &str, uri: &str) -> Value {
    json!({
        "ChannelName": name, "ContentType": "text/csv",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
    })
}

#[tokio::test]
async fn a_job_trains_a_model_from_its_channels() {
    let script = format!(
        "{ML}set -e
        echo \"$1 $TRAINING_JOB_NAME $TRAINING_JOB_ARN $GIVEN $AWS_REGION\"
        cat $ML/input/config/hyperparameters.json | tr -d ' \\n'; echo
        cat $ML/input/config/inputdataconfig.json | tr -d ' \\n'; echo
        grep -c algo-1 $ML/input/config/resourceconfig.json
        echo loss=0.5; echo loss=0.25 accuracy=0.95; echo loss=nan
        mkdir $ML/model/deep; cat $ML/input/data/train/a.csv >$ML/model/model.txt
        echo tree >$ML/model/deep/tree.txt; echo plot >$ML/output/data/plot.txt"
    );
    let world = World::new(&script).await;
    world.put("in/a.csv", "1,2").await;
    let metric = |name: &str| json!({"Name": name, "Regex": format!("{name}=([^ ]+)")});
    let job = world
        .train(&[
            ("/HyperParameters", json!({"epochs": "3"})),
            ("/InputDataConfig", json!([channel("train", "s3://data/in/")])),
            ("/Environment", json!({"GIVEN": "given"})),
            (
                "/AlgorithmSpecification/MetricDefinitions",
                json!([metric("loss"), metric("accuracy"), metric("none")]),
            ),
        ])
        .await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/job-1";
    let lines = world.lines();
    assert_eq!(lines[0], format!("train job-1 {arn} given us-east-1"));
    assert_eq!(lines[1], r#"{"epochs":"3"}"#);
    let channels: Value = serde_json::from_str(&lines[2]).unwrap();
    let expected = json!({"train": {
        "ContentType": "text/csv", "RecordWrapperType": "None", "S3DistributionType": "FullyReplicated", "TrainingInputMode": "File",
    }});
    assert_eq!(channels, expected);
    let model = "models/job-1/output/model.tar.gz";
    assert_eq!(job["ModelArtifacts"]["S3ModelArtifacts"], format!("s3://data/{model}"));
    let files = world.archive(model).await;
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(files, [("deep/tree.txt", "tree\n"), ("model.txt", "1,2")]);
    let output = world.archive("models/job-1/output/output.tar.gz").await;
    assert_eq!(output["plot.txt"], "plot\n");

    assert_eq!(job["SecondaryStatus"], "Completed");
    let transitions = job["SecondaryStatusTransitions"].as_array().unwrap();
    let stages: Vec<_> = transitions
        .iter()
        .map(|stage| stage["Status"].as_str().unwrap())
        .collect();
    assert_eq!(
        stages,
        ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    );
    assert!(transitions.iter().all(|stage| stage["EndTime"].is_f64()), "{job:#}");
    for field in ["TrainingTimeInSeconds", "BillableTimeInSeconds"] {
        assert!(job[field].as_i64().unwrap() >= 1, "{job:#}");
    }
    let metrics = job["FinalMetricDataList"].as_array().unwrap().iter();
    let metrics: Vec<_> = metrics
        .map(|metric| (metric["MetricName"].clone(), metric["Value"].clone()))
        .collect();
    assert_eq!(
        metrics,
        [(json!("loss"), json!(0.25)), (json!("accuracy"), json!(0.95))]
    );
    assert!(world.notes().iter().any(|note| note.contains("loss is not a number")));
}

#[tokio::test]
async fn a_job_is_told_of_in_the_journal_and_by_events() {
    let world = World::new("echo accuracy=0.95").await;
    let metric = json!([{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]);
    let tags = json!([{"Key": "team", "Value": "a"}]);
    world
        .train(&[("/AlgorithmSpecification/MetricDefinitions", metric), ("/Tags", tags)])
        .await;
    let jobs = world.happenings().filter_map(|happening| match happening {
        Happening::Job {
            kind, status, metrics, ..
        } => Some((kind, status, metrics)),
        _ => None,
    });
    let told = |status: &str, metrics| ("Training".to_owned(), status.to_owned(), metrics);
    let accuracy = vec![("accuracy".to_owned(), 0.95)];
    let expected = [told("InProgress", Vec::new()), told("Completed", accuracy)];
    assert_eq!(jobs.collect::<Vec<_>>(), expected);
    let streams = world.happenings().filter_map(|happening| match happening {
        Happening::LogLine { group, stream, .. } => Some((group, stream)),
        _ => None,
    });
    let (group, stream) = streams.last().unwrap();
    assert_eq!(group, "/aws/sagemaker/TrainingJobs");
    assert!(stream.starts_with("job-1/algo-1-"), "{stream}");
    let events = world.events("SageMaker Training Job State Change");
    let stages = events
        .iter()
        .map(|event| event["detail"]["SecondaryStatus"].as_str().unwrap());
    let expected = ["Starting", "Downloading", "Training", "Uploading", "Completed"];
    assert_eq!(stages.collect::<Vec<_>>(), expected);
    let last = events.last().unwrap();
    assert_eq!(last["source"], "aws.sagemaker");
    assert_eq!(last["resources"][0], last["detail"]["TrainingJobArn"]);
    assert_eq!(last["detail"]["TrainingJobStatus"], "Completed");
    assert_eq!(last["detail"]["Tags"], json!({"team": "a"}));
    assert!(last["detail"]["CreationTime"].is_i64());
}

#[tokio::test]
async fn the_command_is_the_entry_point_with_train_unless_the_job_says_otherwise() {
    let says = json!(["sh", "-c", "echo \"other $0\""]);
    for (entrypoint, arguments, line) in [
        (None, None, "train"),
        (None, Some(json!(["fit"])), "fit"),
        (Some(&says), Some(json!(["fit"])), "other fit"),
        (Some(&says), None, "other sh"),
    ] {
        let world = World::new("echo $1").await;
        let mut changes = Vec::new();
        if let Some(entrypoint) = entrypoint {
            changes.push(("/AlgorithmSpecification/ContainerEntrypoint", entrypoint.clone()));
        }
        if let Some(arguments) = arguments {
            changes.push(("/AlgorithmSpecification/ContainerArguments", arguments));
        }
        let job = world.train(&changes).await;
        assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
        assert_eq!(world.lines(), [line]);
    }
}

#[tokio::test]
async fn a_failed_job_says_what_it_left_as_its_failure() {
    for (script, reason) in [
        (
            "printf 'no data' >$ML/output/failure; exit 1",
            "AlgorithmError: no data, exit code: 1",
        ),
        ("exit 2", "AlgorithmError: , exit code: 2"),
        ("kill -KILL $$", "AlgorithmError: , exit code: 137"),
    ] {
        let world = World::new(&format!("{ML}echo half >$ML/model/half; {script}")).await;
        let job = world.train(&[]).await;
        assert_eq!(job["TrainingJobStatus"], "Failed");
        assert_eq!(job["SecondaryStatus"], "Failed");
        assert_eq!(job["FailureReason"], reason);
        assert!(job["ModelArtifacts"].is_null(), "{job:#}");
        // What it left is kept all the same.
        assert_eq!(world.keys().await, ["models/job-1/output/model.tar.gz"]);
        let is_killed = reason.ends_with("137");
        let notes = world.notes();
        let names_signal = notes.iter().any(|note| note.contains("137, which SIGKILL leaves"));
        assert_eq!(names_signal, is_killed, "{notes:?}");
    }
}

#[tokio::test]
async fn a_job_without_a_model_completes_and_leaves_no_archive() {
    let world = World::new(&format!("{ML}rmdir $ML/output/data; ln -s /etc/passwd $ML/model/link")).await;
    let job = world.train(&[]).await;
    assert_eq!(job["TrainingJobStatus"], "Completed");
    let artifacts = &job["ModelArtifacts"]["S3ModelArtifacts"];
    assert_eq!(artifacts, "s3://data/models/job-1/output/model.tar.gz");
    assert!(world.keys().await.is_empty());
    let notes = world.notes();
    assert!(
        notes.iter().any(|note| note.ends_with("/opt/ml/model/link")),
        "{notes:?}"
    );
}

#[tokio::test]
async fn what_is_not_to_be_compressed_is_put_as_it_is() {
    let world = World::new(&format!("{ML}echo m >$ML/model/m; echo o >$ML/output/data/o")).await;
    let none = json!("NONE");
    let job = world.train(&[("/OutputDataConfig/CompressionType", none)]).await;
    let artifacts = &job["ModelArtifacts"]["S3ModelArtifacts"];
    assert_eq!(artifacts, "s3://data/models/job-1/output/model");
    let expected = ["models/job-1/output/data/o", "models/job-1/output/model/m"];
    assert_eq!(world.keys().await, expected);
}

#[tokio::test]
async fn checkpoints_are_where_the_last_job_left_them() {
    let world = World::new(&format!(
        "{ML}cd $ML/checkpoints; cat last 2>/dev/null; echo $TRAINING_JOB_NAME >last"
    ))
    .await;
    for (name, lines) in [("first", 0), ("second", 1)] {
        let spot = json!({"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60});
        let job = changed(
            world.training(name),
            &[
                ("/CheckpointConfig", json!({"S3Uri": "s3://data/checkpoints"})),
                ("/EnableManagedSpotTraining", json!(true)),
                ("/StoppingCondition", spot),
                ("/RetryStrategy", json!({"MaximumRetryAttempts": 2})),
            ],
        );
        world.ok("sagemaker", "CreateTrainingJob", job).await;
        let job = world.trained(name).await;
        assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
        assert_eq!(world.lines().len(), lines);
    }
    assert_eq!(world.lines(), ["first"]);
    assert_eq!(world.keys().await, ["checkpoints/last"]);
}

#[tokio::test]
async fn a_stopped_job_keeps_what_it_saves_in_time() {
    let script = format!("{ML}trap 'echo saved >$ML/model/m; exit 0' TERM; echo started; sleep 600 & wait");
    let world = World::new(&script).await;
    let mut journal = world.platform.journal.follow();
    let name = json!({"TrainingJobName": "job-1"});
    world
        .ok("sagemaker", "CreateTrainingJob", world.training("job-1"))
        .await;
    loop {
        if let Happening::LogLine { .. } = journal.recv().await.unwrap().happening {
            break;
        }
    }
    world.ok("sagemaker", "StopTrainingJob", name.clone()).await;
    let job = world.trained("job-1").await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Stopped"), &json!("Stopped"))
    );
    assert_eq!(world.statuses(), ["InProgress", "Stopping", "Stopped"]);
    assert_eq!(world.archive("models/job-1/output/model.tar.gz").await["m"], "saved\n");
    assert!(job["ModelArtifacts"].is_object());
    let again = world.refused("StopTrainingJob", name).await;
    assert_eq!(again.code, "ValidationException");
    assert!(
        again.message.contains("the training job is in status Stopped"),
        "{again}"
    );

    let world = World::new("sleep 600").await;
    let limit = json!({"MaxRuntimeInSeconds": 1});
    let job = world.train(&[("/StoppingCondition", limit)]).await;
    assert_eq!(job["TrainingJobStatus"], "Stopped");
    assert_eq!(job["SecondaryStatus"], "MaxRuntimeExceeded");
}

#[tokio::test]
async fn what_the_role_may_not_do_fails_the_job() {
    for (denied, reason) in [
        ("ecr:BatchGetImage", "ClientError: Failed to pull the image"),
        ("s3:GetObject", "ClientError: Data download failed"),
        ("s3:PutObject", "ClientError: Data upload failed"),
    ] {
        let policy = json!({"Effect": "Allow", "NotAction": denied, "Resource": "*"});
        let world = World::with_role(&format!("{ML}echo m >$ML/model/m"), policy).await;
        world.put("in/a.csv", "1").await;
        let channels = json!([channel("train", "s3://data/in/")]);
        let job = world.train(&[("/InputDataConfig", channels)]).await;
        assert_eq!(job["TrainingJobStatus"], "Failed");
        let told = job["FailureReason"].as_str().unwrap();
        assert!(told.starts_with(reason) && told.contains(denied), "{told}");
    }
    let world = World::new("true").await;
    let channels = json!([channel("train", "s3://data/none/")]);
    let job = world.train(&[("/InputDataConfig", channels)]).await;
    let told = job["FailureReason"].as_str().unwrap();
    assert!(told.contains("No S3 objects found under S3 URL"), "{told}");
}
