//! State machines that train models and register them.

use super::World;
use crate::sagemaker::tests::{ML, push_image};
use platform::iam::NewRole;
use serde_json::{Value, json};

/// A task that trains, and one that registers what was trained.
fn train_and_register(image: &str, job: &str) -> Value {
    json!({
        "Train": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Parameters": {
                "TrainingJobName": job,
                "AlgorithmSpecification": {
                    "TrainingImage": image, "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
                },
                "RoleArn": "arn:aws:iam::123456789012:role/job",
                "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
                "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            },
            "ResultPath": "$.job",
            "Next": "Register",
        },
        "Register": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModelPackage",
            "Parameters": {
                "ModelPackageGroupName": "churn",
                "InferenceSpecification": {"Containers": [{
                    "Image": image, "ModelDataUrl.$": "$.job.ModelArtifacts.S3ModelArtifacts",
                }]},
                "CustomerMetadataProperties": {"accuracy.$": "States.Format('{}', $.job.FinalMetricDataList[0].Value)"},
            },
            "ResultPath": "$.package",
            "Next": "Approve",
        },
        "Approve": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:updateModelPackage",
            "Parameters": {"ModelPackageArn.$": "$.package.ModelPackageArn", "ModelApprovalStatus": "Approved"},
            "ResultPath": null,
            "Next": "Model",
        },
        "Model": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createModel",
            "Parameters": {
                "ModelName": "churn",
                "PrimaryContainer": {"ModelPackageName.$": "$.package.ModelPackageArn"},
                "ExecutionRoleArn": "arn:aws:iam::123456789012:role/job",
            },
            "ResultPath": "$.model",
            "End": true,
        },
    })
}

impl World {
    /// An account in which this script trains; answers with its image.
    async fn trains(&self, script: &str) -> String {
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let role = NewRole::for_service("job", "sagemaker.amazonaws.com").with_policy("calls", policy);
        self.0.iam.create_role(&self.0.account, role).unwrap();
        for (service, operation, input) in [
            ("s3", "CreateBucket", json!({"Bucket": "data"})),
            (
                "sagemaker",
                "CreateModelPackageGroup",
                json!({"ModelPackageGroupName": "churn"}),
            ),
        ] {
            self.0.call(&super::ADMIN, service, operation, input).await.unwrap();
        }
        push_image(&self.0, script).await
    }

    async fn sagemaker(&self, operation: &str, input: Value) -> Value {
        self.0.call(&super::ADMIN, "sagemaker", operation, input).await.unwrap()
    }
}

#[tokio::test]
async fn a_machine_trains_a_model_and_registers_it() {
    let world = World::new();
    let image = world
        .trains(&format!("{ML}echo accuracy=0.95; echo m >$ML/model/m"))
        .await;
    let described = world.run(train_and_register(&image, "machine-trains"), json!({})).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described:#}");
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    let job = &output["job"];
    assert_eq!(job["TrainingJobStatus"], "Completed");
    for time in [
        &job["TrainingStartTime"],
        &job["SecondaryStatusTransitions"][0]["StartTime"],
        &job["FinalMetricDataList"][0]["Timestamp"],
    ] {
        assert!(time.as_i64().unwrap() > 1_000_000_000_000, "{job:#}");
    }
    let tags = world
        .sagemaker("ListTags", json!({"ResourceArn": job["TrainingJobArn"]}))
        .await;
    let mark = json!([{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]);
    assert_eq!(tags["Tags"], mark);
    let package = world
        .sagemaker("DescribeModelPackage", json!({"ModelPackageName": "churn/1"}))
        .await;
    assert_eq!(package["ModelApprovalStatus"], "Approved");
    assert_eq!(package["CustomerMetadataProperties"]["accuracy"], "0.95");
    let container = &package["InferenceSpecification"]["Containers"][0];
    assert_eq!(
        container["ModelDataUrl"],
        "s3://data/models/machine-trains/output/model.tar.gz"
    );
    assert!(output["model"]["ModelArn"].as_str().unwrap().ends_with(":model/churn"));
}

#[tokio::test]
async fn a_failed_training_fails_its_task_with_its_description() {
    let world = World::new();
    let image = world
        .trains(&format!("{ML}printf 'no data' >$ML/output/failure; exit 1"))
        .await;
    let described = world.run(train_and_register(&image, "machine-fails"), json!({})).await;
    assert_eq!(described["error"], "States.TaskFailed", "{described:#}");
    let cause: Value = serde_json::from_str(described["cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause["TrainingJobStatus"], "Failed");
    assert_eq!(cause["FailureReason"], "AlgorithmError: no data, exit code: 1");
}

#[tokio::test]
async fn a_stopped_execution_stops_its_training() {
    let world = World::new();
    let image = world.trains("echo started; sleep 600").await;
    let mut journal = world.0.journal.follow();
    let machine = world.machine("m", train_and_register(&image, "machine-stops")).await;
    let execution = world.start(&machine, "e", json!({})).await;
    while !matches!(
        journal.recv().await.unwrap().happening,
        platform::journal::Happening::LogLine { .. }
    ) {}
    world.call("StopExecution", json!({"executionArn": execution})).await;
    let arn = world.0.account.arn("sagemaker", "training-job/machine-stops");
    world.0.ongoing.end(&arn).await;
    let job = world
        .sagemaker("DescribeTrainingJob", json!({"TrainingJobName": "machine-stops"}))
        .await;
    assert_eq!(job["TrainingJobStatus"], "Stopped");
}

#[tokio::test]
async fn a_role_that_may_not_make_the_rule_is_refused() {
    let rules = [
        (
            "sagemaker:createTrainingJob.sync",
            "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        ),
        (
            "sagemaker:createProcessingJob.sync",
            "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
        ),
        (
            "states:startExecution.sync:2",
            "StepFunctionsGetEventsForStepFunctionsExecutionRule",
        ),
        (
            "codebuild:startBuild.sync",
            "StepFunctionsGetEventForCodeBuildStartBuildRule",
        ),
        ("ecs:runTask.sync", "StepFunctionsGetEventsForECSTaskRule"),
    ];
    for (resource, rule) in rules {
        let resource = format!("arn:aws:states:::{resource}");
        let parameters = json!({"StateMachineArn": "a", "TaskDefinition": "t"});
        let task = json!({"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true}});
        for (_, allowed) in rules {
            let allowed_rule = format!("arn:aws:events:*:*:rule/{allowed}");
            let world = World::allowing(&json!({"Effect": "Allow", "Action": "events:*", "Resource": allowed_rule}));
            let created = world.try_call("CreateStateMachine", world.definition("m", task.clone()));
            match created.await {
                Ok(_) => assert_eq!(rule, allowed, "{resource}"),
                Err(error) => {
                    assert_ne!(rule, allowed, "{resource}: {error}");
                    let refused = "is not authorized to create managed-rule";
                    assert!(error.message.contains(refused), "{error}");
                }
            }
        }
    }
}
