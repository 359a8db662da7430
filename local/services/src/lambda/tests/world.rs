//! An account that runs functions with files, and a team's folder for their code.

use super::super::Lambda;
use crate::containers::Containers;
use crate::python::Environments;
use crate::testing;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::{Platform, ServiceError};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) struct World {
    pub(super) platform: Arc<Platform>,
    pub(super) lambda: Arc<Lambda>,
    folder: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environments = Environments::new(folder.path().join("python"));
        let containers = Arc::new(Containers::new(environments));
        // A link leads there, as to the temporary files of macOS.
        let (kept, link) = (folder.path().join("kept"), folder.path().join("link"));
        fs::create_dir(&kept).unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        let lambda = Arc::new(Lambda::new(link.join("functions"), containers));
        let platform = testing::account(vec![
            lambda.clone(),
            Arc::<crate::ecr::Ecr>::default(),
            Arc::<crate::s3::S3>::default(),
        ]);
        // Nothing calls a service here.
        platform.set_endpoint("http://127.0.0.1:9".to_owned());
        let logs = json!({"Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}});
        let role = NewRole::for_service("f-role", "lambda.amazonaws.com").with_policy("logs", logs);
        platform.iam.create_role(&platform.account, role).unwrap();
        Self {
            platform,
            lambda,
            folder,
        }
    }

    /// The team's folder with these files.
    pub(super) fn team(&self, files: &[(&str, &str)]) -> PathBuf {
        let team = self.folder.path().join("team");
        for (path, text) in files {
            let path = team.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        team
    }

    pub(super) async fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        testing::call(&self.platform, "lambda", operation, input).await
    }

    /// The same of another service.
    pub(super) async fn of(&self, service: &str, operation: &str, input: Value) -> Value {
        testing::call(&self.platform, service, operation, input).await.unwrap()
    }

    /// The function `f` with this runtime, handler and code.
    pub(super) async fn create(&self, runtime: &str, handler: &str, members: Value) -> Result<Value, ServiceError> {
        let mut input = json!({
            "FunctionName": "f", "Runtime": runtime, "Handler": handler, "Timeout": 10,
            "Role": self.platform.account.global_arn("iam", "role/f-role"),
        });
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        self.call("CreateFunction", input).await
    }

    /// The same with the code of a folder.
    pub(super) async fn function(&self, runtime: &str, handler: &str, code: &Path) {
        let members = json!({"Code": {"LocalPath": code}});
        self.create(runtime, handler, members).await.unwrap();
    }

    pub(super) async fn invoke(&self, event: Value) -> Value {
        let input = json!({"FunctionName": "f", "Payload": event});
        self.call("Invoke", input).await.unwrap()
    }

    /// The function's log so far. Its processes are ended, so that all of it is there.
    pub(super) async fn log(&self) -> Vec<String> {
        self.lambda.kill("f");
        let running = || super::super::lock(&self.lambda.environments).values().next().cloned();
        while let Some(environment) = running() {
            environment.exited().await;
        }
        let entries = self.platform.journal.entries().into_iter();
        let lines = entries.filter_map(|entry| match entry.happening {
            Happening::LogLine { line, .. } => Some(line),
            _ => None,
        });
        lines.collect()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let entries = self.platform.journal.entries().into_iter();
        let notes = entries.filter_map(|entry| match entry.happening {
            Happening::Note { text } => Some(text),
            _ => None,
        });
        notes.collect()
    }
}

/// A zip with these files, as the API takes it.
pub(super) fn zip_file(files: &[(&str, &str, u32)]) -> String {
    use base64::Engine;
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text, mode) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    base64::prelude::BASE64_STANDARD.encode(archive.finish().unwrap().into_inner())
}
