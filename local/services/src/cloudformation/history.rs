//! What is in a stack, and what happened to it.

use super::input::OfStack;
use super::kept::CloudFormation;
use super::rows::{Event, STACK, Stack};
use super::status::Status;
use jiff::Timestamp;
use platform::input::page;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many events a page has, and how many resources.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeStackResources {
    pub(super) stack_name: Option<String>,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeStackResource {
    pub(super) stack_name: String,
    logical_resource_id: String,
}

impl CloudFormation {
    pub(super) fn describe_stack_events(&self, _: &Call, input: OfStack) -> Result<Value, ServiceError> {
        let stack = self.stack(&input.stack_name)?;
        let events = self.events_of(&stack.id);
        let newest_first = events.into_iter().rev();
        let page = page(newest_first, PAGE, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("StackEvents", "NextToken", |event| {
            let mut shown = json!({
                "EventId": event.id,
                "StackId": event.stack_id,
                "StackName": event.stack,
                "LogicalResourceId": event.logical_id,
                "PhysicalResourceId": event.physical_id,
                "ResourceType": event.kind,
                "ResourceStatus": event.status,
                "Timestamp": event.at.to_string(),
            });
            if let Some(reason) = event.reason {
                shown["ResourceStatusReason"] = reason.into();
            }
            shown
        }))
    }

    /// The resources of one stack. The stack is given by its name, or by the id of one of its resources.
    pub(super) fn describe_stack_resources(
        &self,
        _: &Call,
        input: DescribeStackResources,
    ) -> Result<Value, ServiceError> {
        let stack = match (&input.stack_name, &input.physical_resource_id) {
            (Some(name), None) => self.stack(name).map_err(|_| no_stack_for(name))?,
            (None, Some(id)) => {
                let mut stacks = self.all().into_iter();
                let found = stacks.find(|stack| self.latest(stack).iter().any(|event| event.physical_id == *id));
                found.ok_or_else(|| no_stack_for(id))?
            }
            _ => {
                let message = "either `StackName` or `PhysicalResourceId` must be given";
                return Err(ServiceError::validation(message));
            }
        };
        let wanted = |event: &Event| {
            let id = input.logical_resource_id.as_ref();
            id.is_none_or(|id| *id == event.logical_id)
        };
        let resources = self.latest(&stack).into_iter().filter(wanted);
        let resources: Vec<Value> = resources.map(|event| show(&event, "Timestamp")).collect();
        Ok(json!({"StackResources": resources}))
    }

    pub(super) fn describe_stack_resource(
        &self,
        _: &Call,
        input: DescribeStackResource,
    ) -> Result<Value, ServiceError> {
        let stack = self.stack(&input.stack_name)?;
        let id = &input.logical_resource_id;
        let found = self.latest(&stack).into_iter().find(|event| event.logical_id == *id);
        let found = found.ok_or_else(|| {
            let message = format_args!("Resource {id} does not exist for stack {}", stack.wanted.stack);
            ServiceError::validation(message)
        })?;
        Ok(json!({"StackResourceDetail": show(&found, "LastUpdatedTimestamp")}))
    }

    pub(super) fn list_stack_resources(&self, _: &Call, input: OfStack) -> Result<Value, ServiceError> {
        let stack = self.stack(&input.stack_name)?;
        let page = page(
            self.latest(&stack),
            PAGE,
            input.next_token.as_deref(),
            "ValidationException",
        )?;
        Ok(page.answer("StackResourceSummaries", "NextToken", |event| {
            let mut shown = show(&event, "LastUpdatedTimestamp");
            if let Some(summary) = shown.as_object_mut() {
                summary.remove("StackName");
                summary.remove("StackId");
            }
            shown
        }))
    }

    /// What last happened to each of a stack's resources.
    fn latest(&self, stack: &Stack) -> Vec<Event> {
        let mut latest: Vec<Event> = Vec::new();
        for event in self.events_of(&stack.id) {
            if event.kind == STACK && event.physical_id == stack.id {
                continue;
            }
            match latest.iter_mut().find(|known| known.logical_id == event.logical_id) {
                // It is about the one whose place another one has taken.
                Some(known) if event.status.is_removal() && known.physical_id != event.physical_id => {}
                Some(known) => *known = event,
                None => latest.push(event),
            }
        }
        latest.retain(|event| event.status != Status::DeleteComplete || stack.deleted.is_some());
        latest
    }

    /// Says what happens to a stack, and keeps that as its status.
    pub(super) fn tell(&self, name: &str, status: Status, reason: Option<String>) {
        let mut id = String::new();
        self.change(name, |stack| {
            stack.status = status;
            stack.reason.clone_from(&reason);
            id.clone_from(&stack.id);
        });
        self.note(name, (name, &id), STACK, status, reason);
    }

    /// Says what happens to a resource of a stack, which has a logical and a physical id.
    pub fn note(
        &self,
        stack: &str,
        (logical_id, physical_id): (&str, &str),
        kind: &str,
        status: Status,
        reason: Option<String>,
    ) {
        let Some(stack_id) = self.look(stack, |found| found.id.clone()) else {
            return;
        };
        let at = Timestamp::now();
        let unique = uuid::Uuid::new_v4();
        self.keep_event(Event {
            id: match kind {
                STACK => unique.to_string(),
                _ => format!("{logical_id}-{status}-{at}"),
            },
            stack_id,
            stack: stack.to_owned(),
            logical_id: logical_id.to_owned(),
            physical_id: physical_id.to_owned(),
            kind: kind.to_owned(),
            status,
            reason,
            at,
        });
    }
}

fn no_stack_for(asked: &str) -> ServiceError {
    ServiceError::validation(format_args!("Stack for {asked} does not exist"))
}

/// A resource, as most operations show it.
fn show(event: &Event, time: &str) -> Value {
    let mut shown = json!({
        "StackName": event.stack,
        "StackId": event.stack_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "ResourceStatus": event.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        time: event.at.to_string(),
    });
    if let Some(reason) = &event.reason {
        shown["ResourceStatusReason"] = reason.as_str().into();
    }
    shown
}
