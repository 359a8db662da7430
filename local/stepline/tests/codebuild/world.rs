//! An account with a build role, and what its builds do there.

use platform::ServiceError;
use platform::account::Account;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::gateway;
use tokio::net::TcpListener;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const ADMIN: Principal = Principal::Administrator;

/// An account with a repository, a parameter, a bucket and a build role that may use them.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(statements: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = Cloud::new(Account::local(), folder.path().to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        gateway::serve(Arc::clone(&cloud), listener).unwrap();
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let role = NewRole::for_service("build", "codebuild.amazonaws.com").with_policy("calls", policy);
        cloud.iam.create_role(&cloud.account, role).unwrap();
        let world = Self { cloud, _folder: folder };
        world.call("s3", "CreateBucket", json!({"Bucket": "artifacts"})).await;
        let parameter = json!({"Name": "/stepline/dev/python-env", "Type": "String", "Value": "development"});
        world.call("ssm", "PutParameter", parameter).await;
        let repository = json!({"repositoryName": "ml-pipeline-dev", "imageTagMutability": "IMMUTABLE"});
        world.call("ecr", "CreateRepository", repository).await;
        world
    }

    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.cloud.call(&ADMIN, service, operation, input).await.unwrap()
    }

    /// Builds a source with a project of the role, to the end.
    pub(crate) async fn build(&self, files: &[(&str, &str)], project: Value) -> Value {
        let id = self.start(files, project).await;
        self.finished(&id).await
    }

    /// Builds the same with a project that is there, to the end.
    pub(crate) async fn again(&self, project: &str) -> Value {
        let id = self.begin(&project.into()).await;
        self.finished(&id).await
    }

    /// What CodeBuild refuses.
    pub(crate) async fn refused(&self, operation: &str, input: Value) -> ServiceError {
        let answer = self.cloud.call(&ADMIN, "codebuild", operation, input).await;
        answer.expect_err(operation)
    }

    /// A build as it is described at its end.
    pub(crate) async fn finished(&self, id: &str) -> Value {
        let arn = self.cloud.account.arn("codebuild", format_args!("build/{id}"));
        self.cloud.ongoing.end(&arn).await;
        let ended = self.call("codebuild", "BatchGetBuilds", json!({"ids": [id]})).await;
        ended["builds"][0].clone()
    }

    /// Puts the files where sources are taken from.
    pub(crate) async fn put_source(&self, files: &[(&str, &str)]) {
        let source = json!({"Bucket": "artifacts", "Key": "source.zip"});
        let put = self.cloud.send(&ADMIN, "s3", "PutObject", source, zip(files).into());
        put.await.unwrap();
    }

    pub(crate) async fn start(&self, files: &[(&str, &str)], changes: Value) -> String {
        self.put_source(files).await;
        let name = self.make_project(files, changes).await;
        self.begin(&name).await
    }

    /// Makes a project of this name.
    pub(crate) async fn project(&self, name: &str) {
        self.make_project(&[], json!({"name": name})).await;
    }

    async fn make_project(&self, files: &[(&str, &str)], changes: Value) -> Value {
        let mut project = json!({
            "name": format!("p-{}", files.len() + self.cloud.journal.entries().len()),
            "source": {"type": "CODEPIPELINE", "buildspec": "buildspec.yml"},
            "artifacts": {"type": "CODEPIPELINE"},
            "environment": {
                "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "standard:5.0",
                "environmentVariables": [
                    {"name": "ENVIRONMENT", "value": "dev"},
                    {"name": "Q", "type": "PARAMETER_STORE", "value": "/stepline/dev/python-env"},
                    {"name": "REPOSITORY_NAME", "value": "ml-pipeline-dev"},
                    {"name": "REPOSITORY_URI", "value": format!("{}/ml-pipeline-dev", self.cloud.account.registry())},
                ],
            },
            "serviceRole": self.cloud.account.global_arn("iam", "role/build"),
        });
        for (field, value) in changes.as_object().unwrap() {
            project[field] = value.clone();
        }
        let name = project["name"].clone();
        self.call("codebuild", "CreateProject", project).await;
        name
    }

    async fn begin(&self, name: &Value) -> String {
        let started = self
            .call(
                "codebuild",
                "StartBuild",
                json!({
                    "projectName": name,
                    "sourceTypeOverride": "S3",
                    "sourceLocationOverride": "artifacts/source.zip",
                    "sourceVersion": "0123456789abcdef0123456789abcdef01234567",
                    "artifactsOverride": {"type": "S3", "location": "artifacts", "name": "out.zip", "packaging": "ZIP"},
                }),
            )
            .await;
        started["build"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let entries = self.cloud.journal.entries().into_iter();
        let notes = entries.filter_map(|entry| match entry.happening {
            Happening::Note { text } => Some(text),
            _ => None,
        });
        notes.collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let entries = self.cloud.journal.entries().into_iter();
        let lines = entries.filter_map(|entry| match entry.happening {
            Happening::LogLine { line, .. } => Some(line),
            _ => None,
        });
        lines.collect()
    }
}

pub(crate) fn everything() -> Value {
    json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
