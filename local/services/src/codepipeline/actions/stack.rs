//! A stack of CloudFormation: made, changed, deleted, or by way of a change set, with a template of an artifact.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html>.

use super::archive;
use crate::codepipeline::execution::Artifact;
use crate::codepipeline::stack::{self, Given, Mode, TemplateConfiguration};
use crate::codepipeline::work::{Done, Failure, Work};
use platform::{ErrorKind, ServiceError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest that the action waits.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const TIMEOUT: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The statuses of a stack that has failed, which `REPLACE_ON_FAILURE` deletes.
const FAILED: [&str; 5] = [
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
];

/// The statuses of a stack that can be changed.
const UPDATABLE: [&str; 5] = [
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_FAILED",
];

/// What CloudFormation says where there is nothing to do. That is no failure of the action.
const UNCHANGED: [&str; 2] = [
    "No updates are to be performed",
    "The submitted information didn't contain changes",
];

/// What the action has done.
#[derive(Default)]
struct Ended {
    /// The ARN of the stack, or of the change set.
    id: Option<String>,
    /// The stack, if it is there.
    stack: Option<Value>,
}

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let names: Vec<&str> = work.inputs.iter().map(|artifact| artifact.name.as_str()).collect();
    stack::check(&work.action.name, &work.configuration, &names).map_err(invalid)?;
    let mode = Mode::of(work.configured("ActionMode")).map_err(invalid)?;
    let deployment = Deployment(&work);
    let ended = match tokio::time::timeout(TIMEOUT, deployment.carry_out(mode)).await {
        Ok(ended) => ended?,
        Err(_) => {
            let message = "The action has run for 3 days, the most that CodePipeline waits";
            return Err(Failure::new("JobTimedOut", message));
        }
    };
    let variables = ended.stack.as_ref().map(outputs).unwrap_or_default();
    let name = work.configured("OutputFileName");
    let mut written = Vec::new();
    if let (Some(_), Some(artifact), false) = (&ended.stack, work.outputs.first(), name.is_empty()) {
        archive::put_file(&work, artifact, name, json!(variables).to_string().as_bytes()).await?;
        written.push(artifact.clone());
    }
    Ok(Done {
        variables,
        outputs: written,
        external_id: ended.id,
        summary: None,
    })
}

fn invalid(message: String) -> Failure {
    Failure::new("ConfigurationError", message)
}

/// A stack's outputs by their names.
fn outputs(stack: &Value) -> BTreeMap<String, String> {
    let outputs = stack["Outputs"].as_array().into_iter().flatten();
    let text = |output: &Value, member: &str| output[member].as_str().map(str::to_owned);
    outputs
        .filter_map(|output| Some((text(output, "OutputKey")?, text(output, "OutputValue")?)))
        .collect()
}

fn of<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

fn says_unchanged(reason: &str) -> bool {
    UNCHANGED.iter().any(|said| reason.contains(said))
}

/// What is asked of CloudFormation, as the action's role.
struct Deployment<'d, 'w>(&'d Work<'w>);

impl Deployment<'_, '_> {
    async fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let work = self.0;
        work.platform
            .call(&work.caller, "cloudformation", operation, input)
            .await
    }

    /// The same, where something is not there: None.
    async fn find(&self, operation: &str, input: Value) -> Result<Option<Value>, Failure> {
        match self.call(operation, input).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The stack of this name or ARN, if it is there.
    async fn stack(&self, name: &str) -> Result<Option<Value>, Failure> {
        let found = self.find("DescribeStacks", json!({"StackName": name})).await?;
        Ok(found.map(|mut found| found["Stacks"][0].take()))
    }

    fn name(&self) -> &str {
        self.0.configured("StackName")
    }

    async fn carry_out(&self, mode: Mode) -> Result<Ended, Failure> {
        match mode {
            Mode::CreateUpdate => self.create_or_update(false).await,
            Mode::ReplaceOnFailure => self.create_or_update(true).await,
            Mode::DeleteOnly => match self.stack(self.name()).await? {
                Some(known) => self.delete(&known).await,
                None => Ok(Ended::default()),
            },
            Mode::ChangeSetReplace => self.replace_change_set().await,
            Mode::ChangeSetExecute => self.execute_change_set().await,
        }
    }

    async fn create_or_update(&self, is_replaced: bool) -> Result<Ended, Failure> {
        let request = self.request().await?;
        let mut known = self.stack(self.name()).await?;
        if let Some(failed) = known
            .as_ref()
            .filter(|known| is_replaced && FAILED.contains(&of(known, "StackStatus")))
        {
            self.delete(failed).await?;
            known = None;
        }
        let operation = match &known {
            None => "CreateStack",
            Some(known) if UPDATABLE.contains(&of(known, "StackStatus")) => "UpdateStack",
            Some(known) => {
                let status = of(known, "StackStatus");
                let message = format!("Stack exists but with non-updatable status: {status}");
                return Err(Failure::new("JobFailed", message));
            }
        };
        match (self.call(operation, request).await, known) {
            (Ok(begun), _) => self.ended(of(&begun, "StackId")).await,
            (Err(error), Some(known)) if says_unchanged(&error.message) => Ok(Ended {
                id: Some(of(&known, "StackId").to_owned()),
                stack: Some(known),
            }),
            (Err(error), _) => Err(error.into()),
        }
    }

    async fn delete(&self, known: &Value) -> Result<Ended, Failure> {
        let input = json!({"StackName": self.name(), "RoleARN": self.0.configured("RoleArn")});
        self.call("DeleteStack", input).await?;
        let id = of(known, "StackId").to_owned();
        self.note(&id);
        self.0.platform.ongoing.end(&id).await;
        match self.stack(&id).await? {
            Some(left) if of(&left, "StackStatus") != "DELETE_COMPLETE" => Err(self.failure(&left).await),
            _ => Ok(Ended {
                id: Some(id),
                stack: None,
            }),
        }
    }

    async fn replace_change_set(&self) -> Result<Ended, Failure> {
        let mut request = self.request().await?;
        let named = json!({"StackName": self.name(), "ChangeSetName": self.0.configured("ChangeSetName")});
        let known = self.stack(self.name()).await?;
        let is_new = known
            .as_ref()
            .is_none_or(|known| of(known, "StackStatus") == "REVIEW_IN_PROGRESS");
        if known.is_some() && self.find("DescribeChangeSet", named.clone()).await?.is_some() {
            self.call("DeleteChangeSet", named.clone()).await?;
        }
        request["ChangeSetName"] = named["ChangeSetName"].clone();
        request["ChangeSetType"] = if is_new { "CREATE" } else { "UPDATE" }.into();
        let made = self.call("CreateChangeSet", request).await?;
        let described = self.call("DescribeChangeSet", named).await?;
        let reason = of(&described, "StatusReason");
        if described["Status"] == "FAILED" && !says_unchanged(reason) {
            let message = format!(
                "The change set {} could not be made: {reason}",
                of(&described, "ChangeSetName")
            );
            return Err(Failure::new("JobFailed", message));
        }
        Ok(Ended {
            id: Some(of(&made, "Id").to_owned()),
            stack: known,
        })
    }

    async fn execute_change_set(&self) -> Result<Ended, Failure> {
        let named = json!({"StackName": self.name(), "ChangeSetName": self.0.configured("ChangeSetName")});
        let described = self.call("DescribeChangeSet", named.clone()).await?;
        let id = of(&described, "StackId");
        if says_unchanged(of(&described, "StatusReason")) {
            return Ok(Ended {
                id: Some(id.to_owned()),
                stack: self.stack(id).await?,
            });
        }
        self.call("ExecuteChangeSet", named).await?;
        self.ended(id).await
    }

    /// Shows the stack beside the action while it is under way.
    fn note(&self, id: &str) {
        let id = id.to_owned();
        self.0
            .execution
            .update_action(self.0.run_id, |run| run.external_id = Some(id));
    }

    /// Waits until a stack is made or changed. CodePipeline looks again and again; here it is told of the end.
    async fn ended(&self, id: &str) -> Result<Ended, Failure> {
        self.note(id);
        self.0.platform.ongoing.end(id).await;
        let stack = self.stack(id).await?.unwrap_or_default();
        if !matches!(of(&stack, "StackStatus"), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
            return Err(self.failure(&stack).await);
        }
        Ok(Ended {
            id: Some(id.to_owned()),
            stack: Some(stack),
        })
    }

    /// Why a stack is not as it was wanted. What failed first is told if the role may read the stack's events.
    async fn failure(&self, stack: &Value) -> Failure {
        let (name, status) = (of(stack, "StackName"), of(stack, "StackStatus"));
        let mut message = format!("The stack {name} ended with the status {status}");
        if let Some(event) = self.first_failure(of(stack, "StackId")).await {
            let (id, kind) = (of(&event, "LogicalResourceId"), of(&event, "ResourceType"));
            let (status, reason) = (of(&event, "ResourceStatus"), of(&event, "ResourceStatusReason"));
            message += &format!(". The resource {id} ({kind}) is {status}: {reason}");
        }
        Failure {
            external_id: stack["StackId"].as_str().map(str::to_owned),
            ..Failure::new("JobFailed", message)
        }
    }

    /// The first resource's failure since somebody has last asked for a change of the stack.
    async fn first_failure(&self, id: &str) -> Option<Value> {
        let mut input = json!({"StackName": id});
        let mut first = None;
        loop {
            let mut answer = self.call("DescribeStackEvents", input.clone()).await.ok()?;
            let events = answer["StackEvents"].as_array_mut().map(std::mem::take);
            for event in events.unwrap_or_default() {
                let is_of_stack = event["PhysicalResourceId"] == event["StackId"];
                if is_of_stack && event["ResourceStatusReason"] == "User Initiated" {
                    return first;
                }
                if !is_of_stack && of(&event, "ResourceStatus").ends_with("_FAILED") {
                    first = Some(event);
                }
            }
            match answer["NextToken"].take() {
                Value::String(token) => input["NextToken"] = token.into(),
                _ => return first,
            }
        }
    }

    /// What CreateStack, UpdateStack and CreateChangeSet have in common.
    async fn request(&self) -> Result<Value, Failure> {
        let work = self.0;
        let template = self.file("TemplatePath").await?;
        let template = String::from_utf8(template).map_err(|_| invalid("its TemplatePath leads to no UTF-8".into()))?;
        let mut configuration = TemplateConfiguration::default();
        if !work.configured("TemplateConfiguration").is_empty() {
            let file = self.file("TemplateConfiguration").await?;
            let place = work.configured("TemplateConfiguration");
            let read = TemplateConfiguration::read(&file);
            configuration = read.map_err(|message| invalid(format!("the file {place} {message}")))?;
        }
        let mut values = configuration.parameters;
        if let Some(text) = work.configuration.get("ParameterOverrides") {
            for (name, given) in stack::overrides(text).map_err(invalid)? {
                values.insert(name, self.value(given).await?);
            }
        }
        let values = values.into_iter();
        let values = values.map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}));
        let mut request = json!({
            "StackName": self.name(),
            "TemplateBody": template,
            "RoleARN": work.configured("RoleArn"),
            "Capabilities": stack::capabilities(work.configured("Capabilities")),
            "Parameters": values.collect::<Vec<_>>(),
        });
        if let Some(tags) = configuration.tags {
            let tags = tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value}));
            request["Tags"] = tags.collect();
        }
        Ok(request)
    }

    /// The file that a key of the configuration names.
    async fn file(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let place = stack::file(self.0.configured(key));
        let (artifact, file) = place.map_err(|message| invalid(format!("its {key} {message}")))?;
        archive::file(self.0, self.artifact(artifact)?, file).await
    }

    fn artifact(&self, name: &str) -> Result<&Artifact, Failure> {
        let found = self.0.inputs.iter().find(|artifact| artifact.name == name);
        found.ok_or_else(|| invalid(format!("it has no input artifact `{name}`")))
    }

    async fn value(&self, given: Given) -> Result<String, Failure> {
        match given {
            Given::Text(text) => Ok(text),
            Given::Attribute { artifact, attribute } => {
                let Artifact { bucket, key, .. } = self.artifact(&artifact)?;
                let region = &self.0.platform.account.region;
                Ok(match attribute.as_str() {
                    "BucketName" => bucket.clone(),
                    "ObjectKey" => key.clone(),
                    _ => format!("https://s3.{region}.amazonaws.com/{bucket}/{key}"),
                })
            }
            Given::Value { artifact, file, key } => {
                let content = archive::file(self.0, self.artifact(&artifact)?, &file).await?;
                let read: Result<Map<String, Value>, _> = serde_json::from_slice(&content);
                let place = format!("the file `{file}` of the artifact `{artifact}`");
                let read = read.map_err(|error| invalid(format!("{place} is no JSON object: {error}")))?;
                let value = read.get(&key).and_then(Value::as_str).map(str::to_owned);
                value.ok_or_else(|| invalid(format!("{place} has no text at the key `{key}`")))
            }
        }
    }
}
