//! Change sets of nested stacks, which are made, carried out and deleted with that of the outermost stack.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html>.

use super::engine::{Change, Nested};
use super::kept::CloudFormation;
use super::nested::{Nesting, nested_name};
use super::rows::{ChangeSet, Stack};
use super::stacks::is_the_same;
use super::status::Status;
use jiff::Timestamp;
use platform::{Call, Principal, ServiceError};
use std::pin::Pin;

/// A change set that is being made, and who makes it.
#[derive(Clone, Copy)]
pub(super) struct Including<'i> {
    pub(super) call: &'i Call,
    pub(super) caller: &'i Principal,
    pub(super) outer: &'i ChangeSet,
}

impl CloudFormation {
    /// Makes the change sets of the stacks that a change set's template nests, and leaves out of its changes those of them
    /// that stay as they are.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub(super) fn include_nested<'i>(
        &'i self,
        by: Including<'i>,
        nested: Vec<Nested>,
        mut changes: Vec<Change>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Change>, ServiceError>> + Send + 'i>> {
        Box::pin(async move {
            for nested in nested {
                let at = changes.iter().position(|change| change.logical_id == nested.logical_id);
                let Some(at) = at else { continue };
                match self.nested_change_set(by, &nested).await? {
                    Some(id) => changes[at].change_set = Some(id),
                    None => drop(changes.remove(at)),
                }
            }
            Ok(changes)
        })
    }

    /// The change set of a nested stack, unless it stays as it is.
    async fn nested_change_set(&self, by: Including<'_>, nested: &Nested) -> Result<Option<String>, ServiceError> {
        let Including { call, caller, outer } = by;
        let parent = &outer.stack.wanted.stack;
        let known = self.find(&nested_name(parent, &nested.logical_id));
        let before = known.filter(|stack| stack.deleted.is_none() && stack.status != Status::ReviewInProgress);
        let nesting = Nesting {
            platform: &call.platform,
            caller,
            parent,
        };
        let mut stack = self
            .nested_stack(nesting, nested, before.as_ref(), &outer.stack)
            .await?;
        let (changes, inner) = self.plan_with_nested(&mut stack)?;
        let is_creation = before.is_none();
        let name = format!("{}-{}", outer.name, nested.logical_id);
        let unique = uuid::Uuid::new_v4();
        let mut change_set = ChangeSet {
            id: call
                .platform
                .account
                .arn("cloudformation", format_args!("changeSet/{name}/{unique}")),
            name,
            stack_id: stack.id.clone(),
            is_creation,
            stack,
            changes: Vec::new(),
            parent_id: Some(outer.id.clone()),
            root_id: Some(outer.root_id.clone().unwrap_or_else(|| outer.id.clone())),
            created: Timestamp::now(),
            ..outer.clone()
        };
        if is_creation {
            self.review(&change_set.stack);
        }
        let by = Including {
            outer: &change_set,
            ..by
        };
        let changes = self.include_nested(by, inner, changes).await?;
        let stays = |before: &Stack| changes.is_empty() && is_the_same(before, &change_set.stack);
        if before.as_ref().is_some_and(stays) {
            return Ok(None);
        }
        change_set.changes = changes;
        let id = change_set.id.clone();
        self.put_change_set(change_set);
        Ok(Some(id))
    }

    /// Forgets a change set with those of the nested stacks, and the stacks of which there is nothing else yet.
    pub(super) fn forget_with_nested(&self, change_set: &ChangeSet) {
        for nested in self.change_sets_below(&change_set.id) {
            self.forget_change_set(&nested.id);
        }
        self.forget_reviewed(&change_set.stack_id);
        self.forget_change_set(&change_set.id);
    }
}

/// Refuses to do to a nested stack's change set what is done to the outermost one.
pub(super) fn refuse_nested(change_set: &ChangeSet, what: &str) -> Result<(), ServiceError> {
    match &change_set.root_id {
        None => Ok(()),
        Some(root) => {
            let message = format_args!(
                "ChangeSet [{}] is part of another one and cannot be {what} alone: use the root change set [{root}]",
                change_set.id
            );
            Err(ServiceError::new("InvalidChangeSetStatus", message))
        }
    }
}
