//! Stacks that templates nest: each is a stack of its own, made, changed, taken back and removed with the outer one.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html>. A change of a nested
//! stack waits for the outer one: what it does not need any more is removed when the outer stack is changed as a whole, so
//! that it can be taken back until then.

use super::engine::{Extent, Nested, Shown, Wanted};
use super::input::Given;
use super::kept::CloudFormation;
use super::rows::Stack;
use super::stacks::is_the_same;
use super::status::Status;
use super::templates::{load, may_transform, missing_capability, values};
use super::work::{Task, Work, claim};
use platform::{Platform, Principal, Requirement, ServiceError};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How long the name of a stack can be.
const NAME: usize = 128;

/// How long the part of a nested stack's name is that nobody chooses.
const SUFFIX: usize = 12;

/// How deep the local run nests stacks. Nobody does that by hand: a template that makes more nests itself.
const DEPTH: usize = 10;

/// Who makes a nested stack, and in which one.
#[derive(Debug, Clone, Copy)]
pub struct Nesting<'n> {
    /// The account.
    pub platform: &'n Arc<Platform>,
    /// As whom its resources are made.
    pub caller: &'n Principal,
    /// The name of the outer stack.
    pub parent: &'n str,
}

/// Why a nested stack is not what it is to be.
#[derive(Debug, Clone, PartialEq)]
pub enum NestingError {
    /// It was not even begun with.
    Refused {
        /// The operation that was refused.
        operation: &'static str,
        /// Why.
        error: ServiceError,
    },
    /// Something in it has failed: its own events say what.
    Embedded(String),
}

impl fmt::Display for NestingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As CloudFormation words it on the resource.
            Self::Refused { error, .. } => formatter.write_str(&error.message),
            Self::Embedded(reason) => formatter.write_str(reason),
        }
    }
}

impl std::error::Error for NestingError {}

/// The name of a nested stack. What is random on AWS comes from the names here, so that it is the same in every run.
pub fn nested_name(parent: &str, logical_id: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let hash = Sha256::digest(format!("{parent}/{logical_id}"));
    let suffix = hash.iter().take(SUFFIX);
    let suffix: String = suffix
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect();
    let room = NAME - SUFFIX - 2;
    let logical_id: String = logical_id.chars().take(room / 2).collect();
    let parent: String = parent.chars().take(room - logical_id.len()).collect();
    format!("{parent}-{logical_id}-{suffix}")
}

impl CloudFormation {
    /// Makes a nested stack, or changes the one that is there. While the outer stack is taken back, so is this one.
    ///
    /// # Errors
    /// It is refused, or something in it has failed.
    pub async fn nest(self: &Arc<Self>, by: Nesting<'_>, nested: Nested) -> Result<Vec<Shown>, NestingError> {
        let before = self.find(&nested_name(by.parent, &nested.logical_id));
        let before = before.filter(|stack| stack.deleted.is_none() && stack.status != Status::ReviewInProgress);
        let is_taken_back = self
            .find(by.parent)
            .is_some_and(|parent| parent.status == Status::UpdateRollbackInProgress);
        match before {
            None => self.create_nested(by, nested).await,
            Some(stack) if is_taken_back => self.take_back_nested(by, stack).await,
            Some(stack) => self.update_nested(by, nested, stack).await,
        }
    }

    async fn create_nested(self: &Arc<Self>, by: Nesting<'_>, nested: Nested) -> Result<Vec<Shown>, NestingError> {
        let operation = "CreateStack";
        let refused = |error| NestingError::Refused { operation, error };
        may(by, operation, &nested).map_err(refused)?;
        let stack = self.nested_in_parent(by, &nested, None).await.map_err(refused)?;
        let task = Task::Create(on_failure(&stack));
        let id = stack.id.clone();
        let underway = by.platform.ongoing.began(&id);
        let work = self.nested_work(by, &stack).map_err(refused)?;
        let stack = claim(self, stack, &task).map_err(refused)?;
        let created = apart(async move { work.create_nested(stack).await }).await;
        let created = created.unwrap_or_else(Err);
        underway.ended(created.is_ok());
        created.map_err(|reason| {
            NestingError::Embedded(format!("Embedded stack {id} was not successfully created: {reason}"))
        })
    }

    async fn update_nested(
        self: &Arc<Self>,
        by: Nesting<'_>,
        nested: Nested,
        before: Stack,
    ) -> Result<Vec<Shown>, NestingError> {
        let operation = "UpdateStack";
        let refused = |error| NestingError::Refused { operation, error };
        may(by, operation, &nested).map_err(refused)?;
        let mut stack = self
            .nested_in_parent(by, &nested, Some(&before))
            .await
            .map_err(refused)?;
        let changes = self.plan(&mut stack).map_err(refused)?;
        let is_whole = matches!(
            before.status,
            Status::CreateComplete | Status::UpdateComplete | Status::UpdateRollbackComplete
        );
        if is_whole && changes.is_empty() && is_the_same(&before, &stack) {
            return Ok(before.outputs);
        }
        self.updatable(&stack.id).map_err(refused)?;
        let id = stack.id.clone();
        let task = Task::Update(Box::new(before.stable()), on_failure(&stack));
        let underway = by.platform.ongoing.began(&id);
        let work = self.nested_work(by, &stack).map_err(refused)?;
        let stack = claim(self, stack, &task).map_err(refused)?;
        let Task::Update(before, on_failure) = task else {
            return Ok(Vec::new());
        };
        let updated = apart(async move { work.update_nested(stack, *before, on_failure).await }).await;
        let updated = updated.unwrap_or_else(|error| Err((Status::UpdateFailed, error)));
        underway.ended(updated.is_ok());
        updated.map_err(|(status, reason)| {
            let why = format!("Currently in {status} with reason: {reason}");
            NestingError::Embedded(format!("Embedded stack {id} was not successfully updated. {why}"))
        })
    }

    /// Makes a nested stack what it was before the change of the outer one, if that has reached it.
    async fn take_back_nested(self: &Arc<Self>, by: Nesting<'_>, stack: Stack) -> Result<Vec<Shown>, NestingError> {
        let operation = "UpdateStack";
        let refused = |error| NestingError::Refused { operation, error };
        let is_back = matches!(
            stack.status,
            Status::UpdateRollbackComplete | Status::UpdateRollbackCompleteCleanupInProgress
        );
        let Some(before) = stack.stable.clone().filter(|_| !is_back) else {
            return Ok(stack.outputs);
        };
        let (id, outputs) = (stack.id.clone(), before.outputs.clone());
        let work = self.nested_work(by, &stack).map_err(refused)?;
        let taken_back = apart(async move { work.take_back(*before, None).await }).await;
        let taken_back = taken_back.unwrap_or_else(Err);
        taken_back.map(|()| outputs).map_err(|reason| {
            NestingError::Embedded(format!(
                "Embedded stack {id} was not successfully updated. Currently in UPDATE_ROLLBACK_FAILED with reason: {reason}"
            ))
        })
    }

    /// Removes a nested stack, unless it is gone.
    ///
    /// # Errors
    /// It is refused, or something in it was not removed.
    pub async fn delete_nested(self: &Arc<Self>, by: Nesting<'_>, id: &str) -> Result<(), NestingError> {
        let operation = "DeleteStack";
        let refused = |error| NestingError::Refused { operation, error };
        let Some(stack) = self.find(id).filter(|stack| stack.deleted.is_none()) else {
            return Ok(());
        };
        let needed = Requirement::new("cloudformation:DeleteStack", id);
        by.platform.authorize(by.caller, &[needed]).map_err(refused)?;
        let failed =
            |reason| NestingError::Embedded(format!("Embedded stack {id} was not successfully deleted: {reason}"));
        let exports = stack.outputs.iter().filter_map(|output| output.export.as_deref());
        if let Some((used, user)) = self.imported(&stack.wanted.stack, exports) {
            let reason = format!("Export {used} cannot be deleted as it is in use by {user}");
            return Err(failed(reason));
        }
        let underway = by.platform.ongoing.began(id);
        let work = self.nested_work(by, &stack).map_err(refused)?;
        let stack = claim(self, stack, &Task::Delete).map_err(refused)?;
        let deleted = apart(async move { work.delete(stack, Extent::All).await }).await;
        let is_deleted = deleted.unwrap_or_default();
        underway.ended(is_deleted);
        match is_deleted {
            true => Ok(()),
            false => Err(failed(self.find(id).and_then(|stack| stack.reason).unwrap_or_default())),
        }
    }

    async fn nested_in_parent(
        &self,
        by: Nesting<'_>,
        nested: &Nested,
        before: Option<&Stack>,
    ) -> Result<Stack, ServiceError> {
        let parent = self.stack(by.parent)?;
        self.nested_stack(by, nested, before, &parent).await
    }

    /// A nested stack as it is to be: with its template, its values, and what it has of the outer one.
    pub(super) async fn nested_stack(
        &self,
        by: Nesting<'_>,
        nested: &Nested,
        before: Option<&Stack>,
        parent: &Stack,
    ) -> Result<Stack, ServiceError> {
        let template = self.template_at(by, &nested.template_url).await?;
        let summary = self.engine()?.summary(&template)?;
        let given = nested.values.iter().map(|(key, value)| Given {
            parameter_key: key.clone(),
            parameter_value: Some(value.clone()),
            use_previous_value: false,
        });
        let values = values(&summary, &given.collect::<Vec<_>>(), None)?;
        if let Some(fault) = self.nesting_fault(parent, &template, &values) {
            return Err(ServiceError::validation(fault));
        }
        if let Some(message) = missing_capability(&summary, &parent.capabilities, true) {
            return Err(ServiceError::new("InsufficientCapabilitiesException", message));
        }
        may_transform((by.platform, by.caller), &summary)?;
        let name = nested_name(by.parent, &nested.logical_id);
        let id = self.engine()?.stack_id(&name);
        let wanted = Wanted {
            stack: name,
            template,
            values,
        };
        let mut stack = Stack::becoming(before, id, wanted);
        stack.nest_in(parent, &nested.tags);
        stack.say(&summary);
        stack.is_own = false;
        stack.capabilities.clone_from(&parent.capabilities);
        stack.role_arn.clone_from(&parent.role_arn);
        stack.disable_rollback = parent.disable_rollback;
        if before.is_none() {
            self.plan(&mut stack)?;
        }
        Ok(stack)
    }

    /// Why a template cannot be nested in a stack: it is around it already, with the same values, or too many are.
    fn nesting_fault(&self, parent: &Stack, template: &str, values: &BTreeMap<String, String>) -> Option<String> {
        let mut around = Some(parent.clone());
        let mut depth = 1;
        while let Some(outer) = around {
            if outer.wanted.template == template && outer.wanted.values == *values {
                return Some(format!(
                    "the template nests itself: stack {} is made of it, with the same values of its parameters",
                    outer.wanted.stack
                ));
            }
            if depth == DEPTH {
                return Some(format!("stacks are nested {DEPTH} deep at most in the local run"));
            }
            depth += 1;
            around = outer.parent_id.and_then(|id| self.find(&id));
        }
        None
    }

    /// The template at an address in S3, read as whoever deploys.
    ///
    /// # Errors
    /// It is none of S3's, or S3 does not give it.
    pub async fn template_at(&self, by: Nesting<'_>, url: &str) -> Result<String, ServiceError> {
        let read = load((by.platform, by.caller), None, Some(&url.to_owned())).await?;
        Ok(read.unwrap_or_default())
    }

    /// Why the local run cannot nest a template of its own in a stack that it deploys.
    pub fn own_nesting_fault(&self, parent: &str, wanted: &Wanted) -> Option<String> {
        self.nesting_fault(&self.find(parent)?, &wanted.template, &wanted.values)
    }

    fn nested_work(self: &Arc<Self>, by: Nesting<'_>, stack: &Stack) -> Result<Work, ServiceError> {
        Ok(Work::new(self, self.engine()?, by.caller.clone(), &stack.wanted.stack))
    }
}

/// Does something in a task of its own: however deep stacks are nested, none is done on the stack of calls of its outer one.
async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    tokio::spawn(work).await.map_err(|error| error.to_string())
}

/// Asks IAM for leave to do something with a nested stack, by its template.
fn may(by: Nesting<'_>, operation: &str, nested: &Nested) -> Result<(), ServiceError> {
    let name = nested_name(by.parent, &nested.logical_id);
    let arn = by
        .platform
        .account
        .arn("cloudformation", format_args!("stack/{name}/*"));
    let needed = Requirement::new(format!("cloudformation:{operation}"), arn);
    let needed = needed.with("cloudformation:TemplateUrl", &nested.template_url);
    by.platform.authorize(by.caller, &[needed])
}

/// What becomes of a nested stack that cannot be made: what becomes of the outer one.
fn on_failure(stack: &Stack) -> super::on_failure::OnFailure {
    match stack.disable_rollback {
        true => super::on_failure::OnFailure::DoNothing,
        false => super::on_failure::OnFailure::Rollback,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_stack_is_named_after_the_outer_one() {
        let name = nested_name("root", "Inner");
        let suffix = name.strip_prefix("root-Inner-").expect("both names");
        assert!(
            suffix.len() == 12
                && suffix
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        );
        assert_ne!(name, nested_name("root", "Other"));
        assert_eq!(nested_name(&"r".repeat(128), &"L".repeat(255)).len(), 128);
    }
}
