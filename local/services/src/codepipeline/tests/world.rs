//! An account in which whole pipelines run, from an object of a bucket on.

use crate::testing;
use platform::iam::NewRole;
use platform::{Platform, Principal, Service, ServiceError};
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::sync::Arc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The ARN of the pipeline's role.
const ROLE: &str = "arn:aws:iam::123456789012:role/pipeline";

/// The account. A pipeline's role may read and write artifacts, and what it is given.
pub(super) struct World(pub(super) Arc<Platform>);

impl World {
    /// An account whose pipelines' role has these statements too, and whose source has these files.
    pub(super) async fn new(statements: Value, files: &[(&str, &str)]) -> Self {
        Self::beside(Vec::new(), statements, files).await
    }

    /// The same with these services too.
    pub(super) async fn beside(others: Vec<Arc<dyn Service>>, statements: Value, files: &[(&str, &str)]) -> Self {
        let mut services: Vec<Arc<dyn Service>> = vec![
            Arc::<crate::codepipeline::CodePipeline>::default(),
            Arc::<crate::ecs::Ecs>::default(),
            Arc::<crate::s3::S3>::default(),
            Arc::<crate::states::StepFunctions>::default(),
        ];
        services.extend(others);
        let world = Self(testing::account(services));
        let mut own = json!([
            {"Effect": "Allow", "Action": ["s3:GetObject*", "s3:GetBucket*"], "Resource": "*"},
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:PutObjectAcl"], "Resource": "arn:aws:s3:::artifacts/*"},
        ]);
        if let (Some(own), Value::Array(statements)) = (own.as_array_mut(), statements) {
            own.extend(statements);
        }
        let role = |name: &str, service: &str| NewRole::for_service(name, service);
        let document = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
        for role in [
            role("pipeline", "codepipeline.amazonaws.com").with_policy("calls", document(own)),
            role("machine", "states.amazonaws.com"),
            role("task", "ecs-tasks.amazonaws.com"),
        ] {
            world.0.iam.create_role(&world.0.account, role).expect("a role");
        }
        for bucket in ["artifacts", "source"] {
            world.call("s3", "CreateBucket", json!({"Bucket": bucket})).await;
        }
        let versioning = json!({"Bucket": "source", "VersioningConfiguration": {"Status": "Enabled"}});
        world.call("s3", "PutBucketVersioning", versioning).await;
        world.put_source(files).await;
        world
    }

    /// Puts another version of the source.
    pub(super) async fn put_source(&self, files: &[(&str, &str)]) {
        let source = json!({"Bucket": "source", "Key": "source.zip"});
        let put = self
            .0
            .send(&Principal::Administrator, "s3", "PutObject", source, zip(files).into());
        put.await.expect("the source");
    }

    pub(super) async fn try_call(&self, service: &str, operation: &str, input: Value) -> Result<Value, ServiceError> {
        testing::call(&self.0, service, operation, input).await
    }

    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.try_call(service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// Makes a state machine of one state, and gives its ARN.
    pub(super) async fn machine(&self, kind: &str, state: Value) -> String {
        self.machine_of(kind, json!({ "S": state })).await
    }

    /// The same of several states, of which `S` is the first.
    pub(super) async fn machine_of(&self, kind: &str, states: Value) -> String {
        let definition = json!({"StartAt": "S", "States": states}).to_string();
        let input = json!({
            "name": "m", "type": kind, "definition": definition,
            "roleArn": self.0.account.global_arn("iam", "role/machine"),
        });
        let made = self.call("states", "CreateStateMachine", input).await;
        made["stateMachineArn"].as_str().expect("an ARN").to_owned()
    }

    /// Makes a pipeline of the source and these stages, and gives the id of its first execution.
    pub(super) async fn begin(&self, stages: &[Value]) -> String {
        let input = json!({"pipeline": declaration(stages)});
        self.call("codepipeline", "CreatePipeline", input).await;
        let latest = self.latest().await;
        latest["pipelineExecutionId"].as_str().expect("an id").to_owned()
    }

    /// Starts another execution, and gives its id.
    pub(super) async fn start(&self) -> String {
        let started = self
            .call("codepipeline", "StartPipelineExecution", json!({"name": "p"}))
            .await;
        started["pipelineExecutionId"].as_str().expect("an id").to_owned()
    }

    /// The latest execution, as it is listed.
    pub(super) async fn latest(&self) -> Value {
        let input = json!({"pipelineName": "p"});
        let listed = self.call("codepipeline", "ListPipelineExecutions", input).await;
        listed["pipelineExecutionSummaries"][0].clone()
    }

    /// The state of the stage behind the source.
    pub(super) async fn second_stage(&self) -> Value {
        let state = self
            .call("codepipeline", "GetPipelineState", json!({"name": "p"}))
            .await;
        state["stageStates"][1].clone()
    }

    /// Waits for an execution's end, and gives its status.
    pub(super) async fn end(&self, id: &str) -> String {
        self.0.ongoing.end(id).await;
        let input = json!({"pipelineName": "p", "pipelineExecutionId": id});
        let shown = self.call("codepipeline", "GetPipelineExecution", input).await;
        shown["pipelineExecution"]["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    }

    /// The last execution of an action, as it is listed.
    pub(super) async fn action(&self, name: &str) -> Value {
        let listed = self
            .call("codepipeline", "ListActionExecutions", json!({"pipelineName": "p"}))
            .await;
        let details = listed["actionExecutionDetails"].as_array().expect("details");
        let found = details.iter().find(|detail| detail["actionName"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {listed}")).clone()
    }
}

/// A pipeline `p` of a source and these stages.
pub(super) fn declaration(stages: &[Value]) -> Value {
    let source = json!({
        "name": "Source",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"S3Bucket": "source", "S3ObjectKey": "source.zip", "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Source"}],
        "namespace": "Source",
    });
    let mut all = vec![json!({"name": "Source", "actions": [source]})];
    all.extend_from_slice(stages);
    json!({
        "name": "p", "roleArn": ROLE, "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": all,
    })
}

/// A stage of one action, both with this name.
pub(super) fn stage(name: &str, category: &str, provider: &str, configuration: Value, members: Value) -> Value {
    let mut action = json!({
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
    });
    if let (Some(action), Value::Object(members)) = (action.as_object_mut(), members) {
        action.extend(members);
    }
    json!({"name": name, "actions": [action]})
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a file");
        writer.write_all(content.as_bytes()).expect("a file");
    }
    writer.finish().expect("a zip").into_inner()
}
