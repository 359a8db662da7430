//! Change sets: what an update would do, shown before it is done.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html> and its like.

use super::engine::{Action, Change};
use super::input::{NewChangeSet, Request, flag};
use super::kept::CloudFormation;
use super::nested_change_sets::{Including, refuse_nested};
use super::on_failure::OnFailure;
use super::rows::{ChangeSet, STACK, Stack};
use super::stacks::is_the_same;
use super::status::Status;
use super::templates::{Prepared, acting, missing_capability, parameters};
use super::work::Task;
use jiff::Timestamp;
use platform::input::{On, page};
use platform::{Call, ErrorKind, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What AWS says where nothing would change.
const UNCHANGED: &str = "The submitted information didn't contain changes. Submit different information to create a \
                         change set.";

/// How many changes a page has.
const PAGE: usize = 100;

/// Which change set.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OneChangeSet {
    pub(super) change_set_name: String,
    pub(super) stack_name: Option<String>,
    next_token: Option<String>,
    include_property_values: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ExecuteChangeSet {
    pub(super) change_set_name: String,
    pub(super) stack_name: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    disable_rollback: bool,
    #[expect(dead_code, reason = "a change set is executed once")]
    client_request_token: Option<String>,
}

/// The name of a change set: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>.
fn check_name(name: &str) -> Result<(), ServiceError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let rule = if name.len() > 128 {
        "Member must have length less than or equal to 128"
    } else if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits) {
        return Ok(());
    } else {
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    };
    Err(ServiceError::constraint(name, "changeSetName", rule))
}

impl CloudFormation {
    pub(super) async fn create_change_set(
        self: Arc<Self>,
        call: Call,
        input: On<Request, NewChangeSet>,
    ) -> Result<Value, ServiceError> {
        let On { target, own } = input;
        target.check()?;
        let is_creation = match own.change_set_type.as_deref() {
            Some("CREATE") => true,
            None | Some("UPDATE") => false,
            Some(other) => {
                let what = format!("CreateChangeSet with ChangeSetType {other}");
                return Err(ServiceError::not_in_local_run("cloudformation", &what));
            }
        };
        check_name(&own.change_set_name)?;
        let known = self.find(&target.stack_name).filter(|stack| stack.deleted.is_none());
        let before = match (is_creation, known) {
            (true, None) => None,
            (true, Some(known)) if known.status == Status::ReviewInProgress => None,
            (true, Some(known)) => {
                let message = format_args!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                    known.wanted.stack, own.change_set_name
                );
                return Err(ServiceError::validation(message));
            }
            (false, _) => Some(self.updatable(&target.stack_name)?),
        };
        let is_kept = target.deployment_config.disable_rollback;
        let prepared = self.ready(&call, target, before.as_ref(), false).await?;
        let mut change_set = self.new_change_set(&call, own, prepared, before).await?;
        if is_kept {
            change_set.on_failure = OnFailure::DoNothing;
        }
        let answer = json!({"Id": change_set.id, "StackId": change_set.stack_id});
        self.put_change_set(change_set);
        Ok(answer)
    }

    async fn new_change_set(
        &self,
        call: &Call,
        own: NewChangeSet,
        prepared: Prepared,
        before: Option<Stack>,
    ) -> Result<ChangeSet, ServiceError> {
        let Prepared {
            mut stack,
            summary,
            caller,
        } = prepared;
        let missing = missing_capability(&summary, &stack.capabilities, false);
        if let Some(message) = missing.as_ref().filter(|_| summary.transforms.is_empty()) {
            return Err(ServiceError::new("InsufficientCapabilitiesException", message));
        }
        let of_stack = self.change_sets_of(&stack.id);
        if of_stack.iter().any(|other| other.name == own.change_set_name) {
            let message = format_args!("ChangeSet {} already exists", own.change_set_name);
            return Err(ServiceError::new("AlreadyExistsException", message));
        }
        let planned = match missing {
            Some(missing) => Err(missing),
            None => self.plan_with_nested(&mut stack).map_err(|error| error.message),
        };
        if before.is_none() {
            self.review(&stack);
        }
        let mut change_set = ChangeSet {
            id: new_id(call, &own.change_set_name),
            name: own.change_set_name,
            stack_id: stack.id.clone(),
            is_creation: before.is_none(),
            stack,
            changes: Vec::new(),
            description: own.description,
            failure: None,
            is_executed: false,
            is_obsolete: false,
            includes_nested: own.include_nested_stacks,
            parent_id: None,
            root_id: None,
            created: Timestamp::now(),
            on_failure: own.on_stack_failure.unwrap_or_default(),
        };
        let changes = match planned {
            Ok((changes, nested)) if change_set.includes_nested => {
                let by = Including {
                    call,
                    caller: &caller,
                    outer: &change_set,
                };
                let included = self.include_nested(by, nested, changes).await;
                included.map_err(|error| error.message)
            }
            planned => planned.map(|(changes, _)| changes),
        };
        change_set.decide(changes, before.as_ref());
        Ok(change_set)
    }

    /// Notes a stack that there is nothing of yet but a change set.
    pub(super) fn review(&self, stack: &Stack) {
        let name = &stack.wanted.stack;
        if self.find(name).is_none_or(|known| known.deleted.is_some()) {
            let hidden = stack.hidden.clone();
            self.put(Stack {
                hidden,
                parent_id: stack.parent_id.clone(),
                root_id: stack.root_id.clone(),
                ..Stack::new(stack.id.clone(), stack.wanted.clone())
            });
            self.tell(name, Status::ReviewInProgress, Some("User Initiated".into()));
        }
    }

    pub(super) fn describe_change_set(&self, _: &Call, input: OneChangeSet) -> Result<Value, ServiceError> {
        if input
            .include_property_values
            .is_some_and(|value| value != "false" && value != false)
        {
            let what = "DescribeChangeSet with IncludePropertyValues";
            return Err(ServiceError::not_in_local_run("cloudformation", what));
        }
        let change_set = self.change_set(&input.change_set_name, input.stack_name.as_deref())?;
        let mut answer = summary(&change_set);
        answer["Parameters"] = parameters(&change_set.stack);
        answer["Capabilities"] = json!(change_set.stack.capabilities);
        answer["Tags"] = json!(change_set.stack.tags);
        answer["NotificationARNs"] = json!([]);
        answer["RollbackConfiguration"] = json!({});
        let token = input.next_token.as_deref();
        let page = page(change_set.changes, PAGE, token, "ValidationException")?;
        let Value::Object(changes) = page.answer("Changes", "NextToken", |change| show(&change)) else {
            return Ok(answer);
        };
        for (name, value) in changes {
            answer[name] = value;
        }
        Ok(answer)
    }

    pub(super) fn list_change_sets(&self, _: &Call, input: super::input::OfStack) -> Result<Value, ServiceError> {
        let stack = self.stack(&input.stack_name)?;
        let page = page(
            self.change_sets_of(&stack.id),
            PAGE,
            input.next_token.as_deref(),
            "ValidationException",
        )?;
        Ok(page.answer("Summaries", "NextToken", |change_set| summary(&change_set)))
    }

    pub(super) fn execute_change_set(
        self: &Arc<Self>,
        call: &Call,
        input: ExecuteChangeSet,
    ) -> Result<Value, ServiceError> {
        let change_set = self.change_set(&input.change_set_name, input.stack_name.as_deref())?;
        refuse_nested(&change_set, "executed")?;
        let invalid = |status: &str| {
            let message = format!(
                "ChangeSet [{}] cannot be executed in its current status of [{status}]",
                change_set.id
            );
            Err(ServiceError::new("InvalidChangeSetStatus", message))
        };
        if change_set.failure.is_some() {
            return invalid("FAILED");
        }
        if change_set.is_executed {
            return invalid("EXECUTE_COMPLETE");
        }
        if change_set.is_obsolete {
            return invalid("OBSOLETE");
        }
        let before = match change_set.is_creation {
            true => None,
            false => Some(self.updatable(&change_set.stack_id)?),
        };
        let mut stack = change_set.stack.clone();
        stack.change_set = Some(change_set.id.clone());
        stack.disable_rollback = input.disable_rollback || change_set.on_failure == OnFailure::DoNothing;
        let on_failure = if stack.disable_rollback {
            OnFailure::DoNothing
        } else {
            change_set.on_failure
        };
        // It was passed when the change set was made.
        let caller = acting(call, stack.role_arn.as_deref(), false)?;
        let executed = change_set;
        let summary = super::engine::Summary::default();
        let task = match before {
            None => Task::Create(on_failure),
            Some(before) => Task::Update(Box::new(before.stable()), on_failure),
        };
        self.begin(call, Prepared { stack, summary, caller }, task)?;
        // AWS deletes the others: they are of a stack that is not there any more.
        let nested = self.change_sets_below(&executed.id);
        self.forget_change_sets(&executed.stack_id);
        for change_set in nested.into_iter().chain([executed]) {
            self.put_change_set(ChangeSet {
                is_executed: true,
                ..change_set
            });
        }
        Ok(json!({}))
    }

    pub(super) fn delete_change_set(&self, _: &Call, input: OneChangeSet) -> Result<Value, ServiceError> {
        // One that is not there is gone already.
        if let Ok(change_set) = self.change_set(&input.change_set_name, input.stack_name.as_deref()) {
            refuse_nested(&change_set, "deleted")?;
            self.forget_with_nested(&change_set);
        }
        Ok(json!({}))
    }

    /// A change set by its ARN, or by its name and its stack.
    pub(super) fn change_set(&self, name: &str, stack: Option<&str>) -> Result<ChangeSet, ServiceError> {
        let found = match stack {
            _ if name.starts_with("arn:") => self.change_set_of_id(name),
            Some(stack) => {
                let stack = self.stack(stack)?;
                let of_stack = self.change_sets_of(&stack.id);
                of_stack.into_iter().find(|change_set| change_set.name == name)
            }
            None => {
                let message = "StackName must be specified if ChangeSetName is not specified as an ARN.";
                return Err(ServiceError::validation(message));
            }
        };
        found.ok_or_else(|| {
            let message = format_args!("ChangeSet [{name}] does not exist");
            ServiceError::new("ChangeSetNotFound", message)
                .of_kind(ErrorKind::NotFound)
                .with_status(404)
        })
    }
}

impl ChangeSet {
    /// Notes what it would change of what was there before, or why it cannot be executed.
    fn decide(&mut self, changes: Result<Vec<Change>, String>, before: Option<&Stack>) {
        match changes {
            Err(failure) => self.failure = Some(failure),
            Ok(changes) => {
                let is_same = before.is_some_and(|before| is_the_same(before, &self.stack));
                self.failure = (changes.is_empty() && is_same).then(|| UNCHANGED.to_owned());
                self.changes = changes;
            }
        }
    }
}

/// The ARN of a new change set of this name.
fn new_id(call: &Call, name: &str) -> String {
    let unique = uuid::Uuid::new_v4();
    let account = &call.platform.account;
    account.arn("cloudformation", format_args!("changeSet/{name}/{unique}"))
}

/// What is said of a change set everywhere.
fn summary(change_set: &ChangeSet) -> Value {
    let (status, execution) = match &change_set.failure {
        Some(_) => ("FAILED", "UNAVAILABLE"),
        None if change_set.is_executed => ("CREATE_COMPLETE", "EXECUTE_COMPLETE"),
        None if change_set.is_obsolete => ("CREATE_COMPLETE", "OBSOLETE"),
        None => ("CREATE_COMPLETE", "AVAILABLE"),
    };
    let mut summary = json!({
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "StackId": change_set.stack_id,
        "StackName": change_set.stack.wanted.stack,
        "CreationTime": change_set.created.to_string(),
        "Status": status,
        "ExecutionStatus": execution,
        "IncludeNestedStacks": change_set.includes_nested,
    });
    for (name, text) in [
        ("StatusReason", &change_set.failure),
        ("Description", &change_set.description),
        ("ParentChangeSetId", &change_set.parent_id),
        ("RootChangeSetId", &change_set.root_id),
    ] {
        if let Some(text) = text {
            summary[name] = text.as_str().into();
        }
    }
    summary
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>
fn show(change: &Change) -> Value {
    let mut shown = json!({
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.kind,
        "Scope": [],
        "Details": [],
    });
    if let Some(physical_id) = &change.physical_id {
        shown["PhysicalResourceId"] = physical_id.as_str().into();
    }
    if let Some(change_set) = &change.change_set {
        shown["ChangeSetId"] = change_set.as_str().into();
    }
    if change.action == Action::Modify {
        let recreation = if change.is_replaced { "Always" } else { "Never" };
        // What a nested stack's template has become is looked at when the change set is executed.
        let is_automatic = change.kind == STACK && change.properties.is_empty();
        let automatic = is_automatic.then(|| {
            json!({
                "Target": {"Attribute": "Properties", "RequiresRecreation": "Never"},
                "Evaluation": "Dynamic",
                "ChangeSource": "Automatic",
            })
        });
        let details = change.properties.iter().map(|property| {
            json!({
                "Target": {"Attribute": "Properties", "Name": property, "RequiresRecreation": recreation},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            })
        });
        shown["Scope"] = json!(["Properties"]);
        shown["Replacement"] = if change.is_replaced { "True" } else { "False" }.into();
        shown["Details"] = details.chain(automatic).collect();
    }
    json!({"Type": "Resource", "ResourceChange": shown})
}
