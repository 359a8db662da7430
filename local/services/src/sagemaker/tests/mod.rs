//! SageMaker through the door, its jobs as processes on this machine.

mod models;
mod processing;
mod registry;
mod training;
mod training_requests;

use crate::manifest::digest;
use crate::testing::Listener;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::account::Account;
use platform::error::ServiceError;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::{Platform, Service};
use serde_json::{Value, json};
use std::sync::Arc;

const ADMIN: Principal = Principal::Administrator;

/// `/opt/ml`, which ways of running without namespaces put elsewhere.
pub(crate) const ML: &str = "ML=${ML_ROOT:-/opt/ml}\n";

/// Pushes an image that runs one script, and answers with its name.
pub(crate) async fn push_image(platform: &Arc<Platform>, script: &str) -> String {
    let call = async |operation: &str, input: Value| platform.call(&ADMIN, "ecr", operation, input).await.unwrap();
    let upload = async |blob: &[u8]| {
        let started = call("InitiateLayerUpload", json!({"repositoryName": "ml"})).await;
        let upload = started["uploadId"].clone();
        let part = json!({
            "repositoryName": "ml", "uploadId": upload, "partFirstByte": 0, "partLastByte": blob.len() - 1,
            "layerPartBlob": STANDARD.encode(blob),
        });
        call("UploadLayerPart", part).await;
        let complete = json!({"repositoryName": "ml", "uploadId": upload, "layerDigests": [digest(blob)]});
        call("CompleteLayerUpload", complete).await;
        json!({"digest": digest(blob), "size": blob.len()})
    };
    call("CreateRepository", json!({"repositoryName": "ml"})).await;
    let mut layer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_size(script.len() as u64);
    layer
        .append_data(&mut header, "opt/program/run.sh", script.as_bytes())
        .unwrap();
    let layer = layer.into_inner().unwrap();
    let config = json!({"config": {"Env": ["FROM_IMAGE=1"], "Entrypoint": ["sh", "/opt/program/run.sh"], "WorkingDir": "/opt/program"}});
    let config = config.to_string().into_bytes();
    let (layer, config) = (upload(&layer).await, upload(&config).await);
    let manifest =
        json!({"schemaVersion": 2, "mediaType": crate::manifest::OCI_MANIFEST, "config": config, "layers": [layer]})
            .to_string();
    call("PutImage", json!({"repositoryName": "ml", "imageManifest": manifest})).await;
    format!("{}/ml@{}", platform.account.registry(), digest(manifest.as_bytes()))
}

/// An account with a repository whose image has one script, a bucket, and a job role.
struct World {
    platform: Arc<Platform>,
    image: String,
    listener: Arc<Listener>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(script: &str) -> Self {
        Self::with_role(script, json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await
    }

    async fn with_role(script: &str, statement: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener: Arc<Listener> = Arc::default();
        let services: Vec<Arc<dyn Service>> = vec![
            Arc::<super::SageMaker>::default(),
            Arc::<crate::ecr::Ecr>::default(),
            Arc::<crate::s3::S3>::default(),
            listener.clone(),
        ];
        let platform = Platform::new(Account::local(), folder.path().to_owned(), services);
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        let role = NewRole::for_service("job", "sagemaker.amazonaws.com").with_policy("calls", policy);
        platform.iam.create_role(&platform.account, role).unwrap();
        let world = Self {
            image: push_image(&platform, script).await,
            platform,
            listener,
            _folder: folder,
        };
        world.ok("s3", "CreateBucket", json!({"Bucket": "data"})).await;
        world
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.platform.call(&ADMIN, service, operation, input).await
    }

    async fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.call(service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn refused(&self, operation: &str, input: Value) -> ServiceError {
        match self.call("sagemaker", operation, input).await {
            Ok(answer) => panic!("{operation} is not refused: {answer:#}"),
            Err(error) => error,
        }
    }

    /// Somebody with these statements as the policy.
    fn caller(&self, statements: Value) -> Principal {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let role = NewRole::for_service("dev", "lambda.amazonaws.com").with_policy("calls", policy);
        self.platform.iam.create_role(&self.platform.account, role).unwrap();
        self.platform.iam.session("dev", "session", Vec::new()).unwrap()
    }

    fn role(&self) -> String {
        self.platform.account.global_arn("iam", "role/job")
    }

    async fn put(&self, key: &str, body: &str) {
        let object = json!({"Bucket": "data", "Key": key, "Body": body});
        self.ok("s3", "PutObject", object).await;
    }

    /// The keys of all objects.
    async fn keys(&self) -> Vec<String> {
        let listed = self.ok("s3", "ListObjectsV2", json!({"Bucket": "data"})).await;
        let objects = listed["Contents"].as_array().into_iter().flatten();
        objects
            .map(|object| object["Key"].as_str().unwrap().to_owned())
            .collect()
    }

    fn happenings(&self) -> impl Iterator<Item = Happening> {
        let entries = self.platform.journal.entries().into_iter();
        entries.map(|entry| entry.happening)
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.happenings().filter_map(|happening| match happening {
            Happening::LogLine { line, .. } => Some(line),
            _ => None,
        });
        lines.collect()
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.happenings().filter_map(|happening| match happening {
            Happening::Note { text } => Some(text),
            _ => None,
        });
        notes.collect()
    }

    fn statuses(&self) -> Vec<String> {
        let statuses = self.happenings().filter_map(|happening| match happening {
            Happening::Job { status, .. } => Some(status),
            _ => None,
        });
        statuses.collect()
    }

    /// What the events of a kind tell.
    fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.listener.0.lock().unwrap();
        let events = events.iter().filter(|event| event["detail-type"] == kind);
        events.cloned().collect()
    }
}
