//! An account with an engine, a build project's role, a repository, and what the repository's own build needs.

use platform::account::Account;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use services::containers::Engine;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::gateway;
use tokio::net::TcpListener;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const ADMIN: Principal = Principal::Administrator;

pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    _folder: tempfile::TempDir,
}

impl World {
    /// An account whose roles may do everything but what is denied.
    pub(crate) async fn new(engine: Engine, denied: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = Cloud::new(Account::local(), folder.path().to_owned());
        cloud.containers.use_engine(engine);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        gateway::serve(Arc::clone(&cloud), listener).unwrap();
        let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
        statements.extend((!denied.is_empty()).then(|| json!({"Effect": "Deny", "Action": denied, "Resource": "*"})));
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        for (name, service) in [("build", "codebuild.amazonaws.com"), ("job", "sagemaker.amazonaws.com")] {
            let role = NewRole::for_service(name, service).with_policy("calls", policy.clone());
            cloud.iam.create_role(&cloud.account, role).unwrap();
        }
        for bucket in ["artifacts", "data"] {
            let input = json!({"Bucket": bucket});
            cloud.call(&ADMIN, "s3", "CreateBucket", input).await.unwrap();
        }
        let world = Self { cloud, _folder: folder };
        let parameter = json!({"Name": "/stepline/dev/python-env", "Type": "String", "Value": "development"});
        world.call("ssm", "PutParameter", parameter).await;
        let repository = json!({"repositoryName": "ml-pipeline-dev", "imageTagMutability": "IMMUTABLE"});
        world.call("ecr", "CreateRepository", repository).await;
        world
    }

    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.cloud.call(&ADMIN, service, operation, input).await.unwrap()
    }

    pub(crate) async fn put_object(&self, bucket: &str, key: &str, body: impl Into<bytes::Bytes>) {
        let input = json!({"Bucket": bucket, "Key": key});
        let put = self.cloud.send(&ADMIN, "s3", "PutObject", input, body.into());
        put.await.unwrap();
    }

    pub(crate) async fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let input = json!({"Bucket": bucket, "Key": key});
        let got = self.cloud.send(&ADMIN, "s3", "GetObject", input, bytes::Bytes::new());
        got.await.unwrap().body.unwrap().to_vec()
    }

    /// Builds the repository's container with its own buildspec, but for the files that are given; the build, and the
    /// image's URI by digest.
    pub(crate) async fn build(&self, changed: &[(&str, &str)]) -> (Value, String) {
        let source = source(changed);
        self.put_object("artifacts", "source.zip", source).await;
        let uri = format!("{}/ml-pipeline-dev", self.cloud.account.registry());
        let project = json!({
            "name": "build",
            "source": {"type": "CODEPIPELINE", "buildspec": "config/buildspec.yml"},
            "artifacts": {"type": "CODEPIPELINE"},
            "environment": {
                "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "standard:7.0",
                "environmentVariables": [
                    {"name": "PYTHON_ENV", "type": "PARAMETER_STORE", "value": "/stepline/dev/python-env"},
                    {"name": "REPOSITORY_NAME", "value": "ml-pipeline-dev"},
                    {"name": "REPOSITORY_URI", "value": uri},
                ],
            },
            "serviceRole": self.cloud.account.global_arn("iam", "role/build"),
        });
        self.call("codebuild", "CreateProject", project).await;
        let start = json!({
            "projectName": "build",
            "sourceTypeOverride": "S3",
            "sourceLocationOverride": "artifacts/source.zip",
            "sourceVersion": "0123456789abcdef0123456789abcdef01234567",
            "artifactsOverride": {"type": "NO_ARTIFACTS"},
        });
        let started = self.call("codebuild", "StartBuild", start).await;
        let build = &started["build"];
        self.cloud.ongoing.end(build["arn"].as_str().unwrap()).await;
        let ended = self
            .call("codebuild", "BatchGetBuilds", json!({"ids": [build["id"]]}))
            .await;
        let build = ended["builds"][0].clone();
        let exported = build["exportedEnvironmentVariables"].as_array().into_iter().flatten();
        let mut uris = exported.filter(|variable| variable["name"] == "IMAGE_URI");
        let uri = uris
            .next()
            .and_then(|variable| variable["value"].as_str())
            .unwrap_or_default();
        let uri = uri.to_owned();
        (build, uri)
    }

    /// The manifest of an image that was pushed.
    pub(crate) async fn manifest(&self, uri: &str) -> Value {
        let digest = uri.split_once('@').unwrap().1;
        let question = json!({"repositoryName": "ml-pipeline-dev", "imageIds": [{"imageDigest": digest}]});
        let found = self.call("ecr", "BatchGetImage", question).await;
        serde_json::from_str(found["images"][0]["imageManifest"].as_str().unwrap()).unwrap()
    }

    /// Makes a processing job of an image.
    pub(crate) async fn create(&self, image: &str, name: &str, changes: Value) {
        let mut job = json!({
            "ProcessingJobName": name,
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}},
            "AppSpecification": {"ImageUri": image},
            "RoleArn": self.cloud.account.global_arn("iam", "role/job"),
        });
        for (field, value) in changes.as_object().unwrap() {
            job[field] = value.clone();
        }
        self.call("sagemaker", "CreateProcessingJob", job).await;
    }

    /// A job as it is described at its end.
    pub(crate) async fn finished(&self, name: &str) -> Value {
        let arn = self
            .cloud
            .account
            .arn("sagemaker", format_args!("processing-job/{name}"));
        self.cloud.ongoing.end(&arn).await;
        let question = json!({"ProcessingJobName": name});
        self.call("sagemaker", "DescribeProcessingJob", question).await
    }

    /// Runs a processing job of an image to its end.
    pub(crate) async fn run(&self, image: &str, changes: Value) -> Value {
        self.create(image, "job", changes).await;
        self.finished("job").await
    }

    fn logged(&self, of: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = self.cloud.journal.entries().into_iter();
        let lines = entries.filter_map(|entry| match entry.happening {
            Happening::LogLine { group, line, .. } if of(&group) => Some(line),
            _ => None,
        });
        lines.collect()
    }

    /// All lines of all logs.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.logged(|_| true)
    }

    /// What jobs printed.
    pub(crate) fn printed(&self) -> Vec<String> {
        self.logged(|group| group == "/aws/sagemaker/ProcessingJobs")
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let entries = self.cloud.journal.entries().into_iter();
        let notes = entries.filter_map(|entry| match entry.happening {
            Happening::Note { text } => Some(text),
            _ => None,
        });
        notes.collect()
    }

    /// Whether there is a note with this in it.
    pub(crate) fn noted(&self, part: &str) -> bool {
        self.notes().iter().any(|note| note.contains(part))
    }
}

/// The repository's own files, as the pipeline's source has them.
fn source(changed: &[(&str, &str)]) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in [
        "config/buildspec.yml",
        "container/.dockerignore",
        "container/Dockerfile",
        "container/app/requirements.txt",
        "container/app/src/hello.py",
        "container/app/src/logger.py",
        "container/app/src/run.py",
        "container/tests/test_hello.py",
    ] {
        let change = changed.iter().find(|(path, _)| *path == name);
        let content = change.map_or_else(
            || std::fs::read_to_string(root.join(name)).unwrap(),
            |(_, content)| (*content).to_owned(),
        );
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
