//! Stacks: made, changed, removed and shown.

use super::input::{Creation, Request, Update, list};
use super::kept::CloudFormation;
use super::on_failure::OnFailure;
use super::rows::Stack;
use super::status::Status;
use super::templates::{Prepared, may_transform, missing_capability, parameters};
use super::work::{Task, begin};
use platform::input::{On, page};
use platform::{Call, ErrorKind, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many stacks a page has.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeStacks {
    pub(super) stack_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListStacks {
    next_token: Option<String>,
    #[serde(default, deserialize_with = "list")]
    stack_status_filter: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteStack {
    pub(super) stack_name: String,
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    #[serde(default, deserialize_with = "list")]
    retain_resources: Vec<String>,
    #[expect(dead_code, reason = "a stack is removed once")]
    client_request_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListExports {
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListImports {
    export_name: String,
    next_token: Option<String>,
}

impl CloudFormation {
    pub(super) async fn create_stack(
        self: Arc<Self>,
        call: Call,
        input: On<Request, Creation>,
    ) -> Result<Value, ServiceError> {
        let On { target, own } = input;
        target.check()?;
        let known = self.find(&target.stack_name);
        if known
            .as_ref()
            .is_some_and(|known| known.status != Status::ReviewInProgress)
        {
            let message = format_args!("Stack [{}] already exists", target.stack_name);
            return Err(ServiceError::new("AlreadyExistsException", message));
        }
        let is_kept = own.disable_rollback || target.deployment_config.disable_rollback;
        let on_failure = match (is_kept, own.on_failure) {
            (true, Some(_)) => {
                let message = "Either DisableRollback or OnFailure can be specified, not both.";
                return Err(ServiceError::validation(message));
            }
            (true, None) => OnFailure::DoNothing,
            (false, given) => given.unwrap_or_default(),
        };
        let mut prepared = self.ready(&call, target, None, true).await?;
        prepared.stack.disable_rollback = on_failure == OnFailure::DoNothing;
        self.begin(&call, prepared, Task::Create(on_failure))
    }

    pub(super) async fn update_stack(
        self: Arc<Self>,
        call: Call,
        input: On<Request, Update>,
    ) -> Result<Value, ServiceError> {
        let On { target, own } = input;
        target.check()?;
        let before = self.updatable(&target.stack_name)?;
        let is_kept = own.disable_rollback || target.deployment_config.disable_rollback;
        let mut prepared = self.ready(&call, target, Some(&before), true).await?;
        let changes = self.plan(&mut prepared.stack)?;
        if changes.is_empty() && is_the_same(&before, &prepared.stack) {
            return Err(ServiceError::validation("No updates are to be performed."));
        }
        prepared.stack.disable_rollback = is_kept;
        let on_failure = match is_kept {
            true => OnFailure::DoNothing,
            false => OnFailure::Rollback,
        };
        self.begin(&call, prepared, Task::Update(Box::new(before.stable()), on_failure))
    }

    /// A request that can be carried out: its template and its values fit, and what must be is acknowledged.
    pub(super) async fn ready(
        &self,
        call: &Call,
        request: Request,
        before: Option<&Stack>,
        directly: bool,
    ) -> Result<Prepared, ServiceError> {
        let mut prepared = self.prepare(call, request, before).await?;
        let needed = match directly {
            true => missing_capability(&prepared.summary, &prepared.stack.capabilities, true),
            false => None,
        };
        if let Some(message) = needed {
            return Err(ServiceError::new("InsufficientCapabilitiesException", message));
        }
        may_transform((&call.platform, &call.caller), &prepared.summary)?;
        if directly {
            self.plan(&mut prepared.stack)?;
        }
        Ok(prepared)
    }

    /// How a stack would differ from what is there. What its template says is noted in it.
    pub(super) fn plan(&self, stack: &mut Stack) -> Result<Vec<super::engine::Change>, ServiceError> {
        self.plan_with_nested(stack).map(|(changes, _)| changes)
    }

    /// The same, and the stacks that its template nests.
    pub(super) fn plan_with_nested(
        &self,
        stack: &mut Stack,
    ) -> Result<(Vec<super::engine::Change>, Vec<super::engine::Nested>), ServiceError> {
        let plan = self.engine()?.plan(&stack.wanted).map_err(ServiceError::validation)?;
        stack.processed = plan.processed;
        stack.imports = plan.imports;
        Ok((plan.changes, plan.nested))
    }

    /// Begins what has been prepared, and says the stack's id.
    pub(super) fn begin(self: &Arc<Self>, call: &Call, prepared: Prepared, task: Task) -> Result<Value, ServiceError> {
        let Prepared { mut stack, caller, .. } = prepared;
        stack.is_own = false;
        let id = stack.id.clone();
        begin(self, (&call.platform, self.engine()?), (stack, task), caller)?;
        Ok(json!({"StackId": id}))
    }

    /// A stack that can be changed now.
    pub(super) fn updatable(&self, name: &str) -> Result<Stack, ServiceError> {
        let stack = self.stack(name)?;
        if stack.status.can_be_updated() {
            return Ok(stack);
        }
        Err(ServiceError::validation(format_args!(
            "Stack:{} is in {} state and can not be updated.",
            stack.id, stack.status
        )))
    }

    pub(super) fn delete_stack(self: &Arc<Self>, call: &Call, input: DeleteStack) -> Result<Value, ServiceError> {
        if !input.retain_resources.is_empty() {
            return Err(ServiceError::not_in_local_run(
                "cloudformation",
                "DeleteStack with RetainResources",
            ));
        }
        // A stack that is not there is gone already.
        let Some(mut stack) = self.find(&input.stack_name).filter(|stack| stack.deleted.is_none()) else {
            return Ok(json!({}));
        };
        if stack.status.is_under_way() {
            let message = format_args!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.wanted.stack, stack.status
            );
            return Err(ServiceError::validation(message));
        }
        let exports = stack.outputs.iter().filter_map(|output| output.export.as_deref());
        if let Some((used, by)) = self.imported(&stack.wanted.stack, exports) {
            let message = format_args!("Export {used} cannot be deleted as it is in use by {by}");
            return Err(ServiceError::validation(message));
        }
        let is_passed = input.role_arn.is_some();
        stack.role_arn = input.role_arn.or(stack.role_arn);
        let caller = super::templates::acting(call, stack.role_arn.as_deref(), is_passed)?;
        let id = stack.id.clone();
        begin(self, (&call.platform, self.engine()?), (stack, Task::Delete), caller)?;
        self.forget_change_sets(&id);
        Ok(json!({}))
    }

    pub(super) fn describe_stacks(&self, _: &Call, input: DescribeStacks) -> Result<Value, ServiceError> {
        let stacks = match &input.stack_name {
            Some(name) => vec![self.stack(name)?],
            None => self.all(),
        };
        let page = page(stacks, PAGE, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("Stacks", "NextToken", |stack| describe(&stack)))
    }

    pub(super) fn list_stacks(&self, _: &Call, input: ListStacks) -> Result<Value, ServiceError> {
        let wanted = |stack: &Stack| {
            let status = stack.status.to_string();
            input.stack_status_filter.is_empty() || input.stack_status_filter.contains(&status)
        };
        let stacks = self.with_the_deleted().into_iter().filter(wanted);
        let page = page(stacks, PAGE, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("StackSummaries", "NextToken", |stack| {
            let mut summary = times(&stack);
            summary["StackName"] = stack.wanted.stack.into();
            summary["StackId"] = stack.id.into();
            summary["StackStatus"] = json!(stack.status);
            for (name, text) in [
                ("StackStatusReason", stack.reason),
                ("TemplateDescription", stack.description),
                ("ParentId", stack.parent_id),
                ("RootId", stack.root_id),
            ] {
                if let Some(text) = text {
                    summary[name] = text.into();
                }
            }
            summary
        }))
    }

    pub(super) fn list_exports(&self, _: &Call, input: ListExports) -> Result<Value, ServiceError> {
        let stacks = self.all();
        let exports = stacks.iter().flat_map(|stack| {
            let exported = stack
                .outputs
                .iter()
                .filter_map(|output| Some((output.export.as_ref()?, &output.value)));
            exported.map(|(name, value)| json!({"ExportingStackId": stack.id, "Name": name, "Value": value}))
        });
        let page = page(exports, PAGE, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("Exports", "NextToken", |export| export))
    }

    pub(super) fn list_imports(&self, _: &Call, input: ListImports) -> Result<Value, ServiceError> {
        let name = &input.export_name;
        let stacks = self.all().into_iter();
        let importing: Vec<String> = stacks
            .filter(|stack| stack.imports.contains(name))
            .map(|stack| stack.wanted.stack)
            .collect();
        if importing.is_empty() {
            let message = format_args!("Export '{name}' is not imported by any stack.");
            return Err(ServiceError::validation(message));
        }
        let page = page(importing, PAGE, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("Imports", "NextToken", Value::from))
    }

    /// A stack by its name, or by its ARN.
    pub(super) fn stack(&self, name: &str) -> Result<Stack, ServiceError> {
        self.find(name).ok_or_else(|| {
            let message = format_args!("Stack with id {name} does not exist");
            ServiceError::validation(message).of_kind(ErrorKind::NotFound)
        })
    }
}

/// Whether nothing but what makes resources could differ.
pub(super) fn is_the_same(before: &Stack, after: &Stack) -> bool {
    let outputs = |stack: &Stack| {
        let processed: Option<Value> = serde_json::from_str(&stack.processed).ok();
        processed.and_then(|mut processed| Some(processed.get_mut("Outputs")?.take()))
    };
    before.tags == after.tags
        && before.role_arn == after.role_arn
        && before.wanted.values == after.wanted.values
        && outputs(before) == outputs(after)
}

fn times(stack: &Stack) -> Value {
    let mut times = json!({"CreationTime": stack.created.to_string()});
    for (name, at) in [("LastUpdatedTime", stack.updated), ("DeletionTime", stack.deleted)] {
        if let Some(at) = at {
            times[name] = at.to_string().into();
        }
    }
    times
}

fn describe(stack: &Stack) -> Value {
    let outputs = stack.outputs.iter().map(|output| {
        let mut shown = json!({"OutputKey": output.name, "OutputValue": output.value});
        if let Some(description) = &output.description {
            shown["Description"] = description.as_str().into();
        }
        if let Some(export) = &output.export {
            shown["ExportName"] = export.as_str().into();
        }
        shown
    });
    let mut shown = times(stack);
    for (name, value) in [
        ("StackId", json!(stack.id)),
        ("StackName", json!(stack.wanted.stack)),
        ("StackStatus", json!(stack.status)),
        ("Parameters", parameters(stack)),
        ("Outputs", outputs.collect()),
        ("Tags", json!(stack.tags)),
        ("Capabilities", json!(stack.capabilities)),
        ("DisableRollback", json!(stack.disable_rollback)),
        ("NotificationARNs", json!([])),
        ("RollbackConfiguration", json!({})),
        ("EnableTerminationProtection", json!(false)),
        ("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"})),
    ] {
        // AWS leaves out the lists of what a stack does not have, but for tags and topics.
        let is_left_out = matches!(name, "Parameters" | "Outputs" | "Capabilities") && value == json!([]);
        if !is_left_out {
            shown[name] = value;
        }
    }
    for (name, value) in [
        ("StackStatusReason", &stack.reason),
        ("Description", &stack.description),
        ("RoleARN", &stack.role_arn),
        ("ChangeSetId", &stack.change_set),
        ("ParentId", &stack.parent_id),
        ("RootId", &stack.root_id),
    ] {
        if let Some(value) = value {
            shown[name] = value.as_str().into();
        }
    }
    shown
}
