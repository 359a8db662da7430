//! An account in which one model has all of its links, and what stands in for the services that are not asked for real.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use platform::account::Account;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use stepline::aws::{Access, Looked, LookupError};
use stepline::cloud::Cloud;
use stepline::gateway;
use stepline::lineage::{self, Calls, LineageError, Record};
use tokio::net::TcpListener;

pub(crate) const GROUP: &str = "ml-pipeline-dev";
pub(crate) const BUCKET: &str = "ml-pipeline-data-dev-123456789012-us-east-1";
pub(crate) const COMMIT: &str = "25204e1c04a8b0f1c2d3e4f5a6b7c8d9e0f1a2b3";
pub(crate) const SERVICE: &str = "arn:aws:ecs:us-east-1:123456789012:service/stepline-dev/model-dev";
const JOB: &str = "arn:aws:sagemaker:us-east-1:123456789012:training-job/run-t0-0-0";
const MODEL: &str = "s3://ml-pipeline-data-dev-123456789012-us-east-1/runs/run/models/model.tar.gz";
const CSV: &str = "id,plan\n1,basic\n";

/// The ARN of a task definition of the service.
pub(crate) fn task_definition(revision: u32) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:task-definition/model-dev:{revision}")
}

/// The ARN of a version of the group.
pub(crate) fn package(version: u32) -> String {
    format!("arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{version}")
}

/// The account, and what answers in the place of some of its services.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    /// By the operation and the name that it is asked for. An `error` is the code of a refusal.
    pub(crate) instead: BTreeMap<(&'static str, String), Value>,
    pub(crate) image: String,
    pub(crate) version_of_data: String,
}

impl World {
    /// Version 1 of the group is registered, approved and in service with the service's first task definition.
    pub(crate) async fn new() -> Self {
        let cloud = Cloud::new(Account::local(), std::env::temp_dir());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        gateway::serve(Arc::clone(&cloud), listener).expect("the gateway serves");
        let mut world = Self {
            image: image(&cloud).await,
            version_of_data: String::new(),
            instead: BTreeMap::new(),
            cloud,
        };
        world.data().await;
        let execution = world.execution().await;
        world
            .call(
                "sagemaker",
                "CreateModelPackageGroup",
                json!({"ModelPackageGroupName": GROUP}),
            )
            .await;
        world.register(COMMIT, &execution).await;
        world.trained();
        world.deployed(1, 1);
        world.serves(1);
        let deployed = json!({
            "ModelPackageArn": package(1),
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "better for new customers",
            "CustomerMetadataProperties": {
                "deployment": task_definition(1), "service": SERVICE, "deployedAt": "2026-11-29T22:40:00Z",
            },
        });
        world.call("sagemaker", "UpdateModelPackage", deployed).await;
        world
    }

    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        call(&self.cloud, service, operation, input).await
    }

    /// The data, its record, and the model.
    async fn data(&mut self) {
        self.call("s3", "CreateBucket", json!({"Bucket": BUCKET})).await;
        let enabled = json!({"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Enabled"}});
        self.call("s3", "PutBucketVersioning", enabled).await;
        let data = json!({"Bucket": BUCKET, "Key": "raw/customers.csv", "Body": CSV});
        let put = self.call("s3", "PutObject", data).await;
        self.version_of_data = put["VersionId"].as_str().expect("a version").to_owned();
        let record = json!({
            "commit": COMMIT,
            "image": self.image,
            "model": MODEL,
            "data": {
                "bucket": BUCKET, "prefix": "raw/", "pages": 0, "sha256": hex::encode(Sha256::digest(CSV)),
                "objects": [{"key": "raw/customers.csv", "versionId": self.version_of_data, "size": CSV.len()}],
            },
        });
        for (key, body) in [
            ("runs/run/models/model.tar.gz", json!("a model")),
            ("runs/run/lineage.json", record),
        ] {
            self.call("s3", "PutObject", json!({"Bucket": BUCKET, "Key": key, "Body": body}))
                .await;
        }
    }

    async fn execution(&self) -> String {
        let role = NewRole::for_service("machine", "states.amazonaws.com");
        self.cloud.iam.create_role(&self.cloud.account, role).expect("a role");
        let machine = json!({
            "name": "ml-pipeline-training-dev",
            "roleArn": self.cloud.account.global_arn("iam", "role/machine"),
            "definition": json!({"StartAt": "Train", "States": {"Train": {"Type": "Pass", "End": true}}}).to_string(),
        });
        let machine = self.call("states", "CreateStateMachine", machine).await;
        let input = json!({"image": {"uri": self.image}, "commit": COMMIT, "pipeline": {"executionId": "p-1"}});
        let start = json!({"stateMachineArn": machine["stateMachineArn"], "name": "run", "input": input.to_string()});
        let started = self.call("states", "StartExecution", start).await;
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// Registers another version, of this commit.
    pub(crate) async fn register(&self, commit: &str, execution: &str) {
        let package = json!({
            "ModelPackageGroupName": GROUP,
            "InferenceSpecification": {
                "Containers": [{"Image": self.image, "ModelDataUrl": MODEL}],
                "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"],
            },
            "MetadataProperties": {"CommitId": commit, "GeneratedBy": execution},
            "CustomerMetadataProperties": {
                "commit": commit, "image": self.image, "execution": execution, "trainingJob": JOB,
                "data": format!("raw/customers.csv@{}", self.version_of_data),
                "dataSha256": hex::encode(Sha256::digest(CSV)),
                "lineage": format!("s3://{BUCKET}/runs/run/lineage.json"), "metric.accuracy": "0.91",
            },
        });
        self.call("sagemaker", "CreateModelPackage", package).await;
    }

    fn trained(&mut self) {
        let job = json!({
            "TrainingJobArn": JOB, "TrainingJobName": "run-t0-0-0", "TrainingJobStatus": "Completed",
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "ModelArtifacts": {"S3ModelArtifacts": MODEL}, "HyperParameters": {"max-depth": "4"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}, "BillableTimeInSeconds": 61,
        });
        self.instead.insert(("DescribeTrainingJob", "run-t0-0-0".into()), job);
    }

    /// There is a task definition of this version of the model.
    pub(crate) fn deployed(&mut self, revision: u32, version: u32) {
        let environment = json!([
            {"name": "MODEL_PACKAGE_ARN", "value": package(version)},
            {"name": "COMMIT", "value": COMMIT},
            {"name": "IMAGE_URI", "value": self.image},
        ]);
        let definition = json!({"taskDefinition": {
            "taskDefinitionArn": task_definition(revision),
            "containerDefinitions": [{"name": "model", "image": self.image, "environment": environment}],
        }});
        self.instead
            .insert(("DescribeTaskDefinition", task_definition(revision)), definition);
    }

    /// The service has this task definition.
    pub(crate) fn serves(&mut self, revision: u32) {
        let service = json!({"serviceArn": SERVICE, "taskDefinition": task_definition(revision), "status": "ACTIVE"});
        let answer = json!({"services": [service], "failures": []});
        self.instead.insert(("DescribeServices", "model-dev".into()), answer);
    }

    /// The records of what this names.
    pub(crate) async fn trace(&self, text: &str) -> Result<Vec<Record>, LineageError> {
        lineage::trace(self, GROUP, text).await
    }

    /// The only record of what this names.
    pub(crate) async fn one(&self, text: &str) -> Record {
        let [record] = self.trace(text).await.expect("records").try_into().expect("one record");
        record
    }

    fn instead(&self, operation: &str, input: &Value) -> Option<Looked<Value>> {
        let name = match operation {
            "DescribeServices" => &input["services"][0],
            "DescribeTaskDefinition" => &input["taskDefinition"],
            "DescribeTrainingJob" => &input["TrainingJobName"],
            _ => &Value::Null,
        };
        let name = name.as_str().unwrap_or_default();
        let found = self
            .instead
            .iter()
            .find(|((of, named), _)| *of == operation && named == name);
        let refused = |code: &str| {
            Err(LookupError {
                call: operation.to_owned(),
                code: code.to_owned(),
                message: "as the test has it".to_owned(),
            })
        };
        match found {
            Some((_, answer)) => Some(answer["error"].as_str().map_or_else(|| Ok(answer.clone()), refused)),
            None if operation == "DescribeTaskDefinition" => Some(refused("ClientException")),
            None => None,
        }
    }

    /// The same account over its gateway, as AWS is asked.
    pub(crate) fn over_the_gateway(&self) -> Remote<'_> {
        self.with(Credentials::new("test", "test", None, None, "test"))
    }

    /// The same for somebody whom this policy alone allows anything.
    pub(crate) fn allowed_by(&self, policy: Value) -> Remote<'_> {
        let role = NewRole::for_service("reader", "lambda.amazonaws.com").with_policy("lineage", policy);
        self.cloud.iam.create_role(&self.cloud.account, role).expect("a role");
        let issued = self
            .cloud
            .iam
            .assume_role("reader", "session", Vec::new())
            .expect("credentials");
        let (id, secret, token) = (issued.access_key_id, issued.secret_access_key, issued.session_token);
        self.with(Credentials::new(id, secret, Some(token), None, "test"))
    }

    fn with(&self, credentials: Credentials) -> Remote<'_> {
        let endpoint = self.cloud.endpoint().expect("an endpoint");
        Remote(self, Access::at(endpoint, "us-east-1", credentials))
    }
}

#[async_trait]
impl Calls for World {
    async fn ask(&self, service: &str, operation: &str, input: Value) -> Looked<Value> {
        match self.instead(operation, &input) {
            Some(answer) => answer,
            None => self.cloud.ask(service, operation, input).await,
        }
    }

    async fn head_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<u64> {
        self.cloud.head_object(bucket, key, version).await
    }

    async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<Bytes> {
        self.cloud.get_object(bucket, key, version).await
    }
}

/// The account over HTTP.
pub(crate) struct Remote<'w>(&'w World, Access);

#[async_trait]
impl Calls for Remote<'_> {
    async fn ask(&self, service: &str, operation: &str, input: Value) -> Looked<Value> {
        match self.0.instead(operation, &input) {
            Some(answer) => answer,
            None => self.1.ask(service, operation, input).await,
        }
    }

    async fn head_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<u64> {
        self.1.head_object(bucket, key, version).await
    }

    async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<Bytes> {
        self.1.get_object(bucket, key, version).await
    }
}

async fn call(cloud: &Arc<Cloud>, service: &str, operation: &str, input: Value) -> Value {
    let answer = cloud.call(&Principal::Administrator, service, operation, input).await;
    answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
}

/// Pushes an image; its URI by digest.
async fn image(cloud: &Arc<Cloud>) -> String {
    let config = br#"{"os": "linux"}"#;
    let of = |bytes: &[u8]| format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
    call(cloud, "ecr", "CreateRepository", json!({"repositoryName": GROUP})).await;
    let upload = call(cloud, "ecr", "InitiateLayerUpload", json!({"repositoryName": GROUP})).await;
    let id = &upload["uploadId"];
    let part = json!({
        "repositoryName": GROUP, "uploadId": id, "partFirstByte": 0, "partLastByte": config.len() - 1,
        "layerPartBlob": STANDARD.encode(config),
    });
    call(cloud, "ecr", "UploadLayerPart", part).await;
    let complete = json!({"repositoryName": GROUP, "uploadId": id, "layerDigests": [of(config)]});
    call(cloud, "ecr", "CompleteLayerUpload", complete).await;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "size": config.len(), "digest": of(config),
        },
        "layers": [],
    });
    let manifest = manifest.to_string();
    let put = json!({"repositoryName": GROUP, "imageManifest": manifest, "imageTag": "commit-25204e1c04a8"});
    call(cloud, "ecr", "PutImage", put).await;
    format!("{}/{GROUP}@{}", cloud.account.registry(), of(manifest.as_bytes()))
}
