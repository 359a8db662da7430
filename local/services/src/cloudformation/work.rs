//! What is done to stacks, from its beginning to its end: each step is an event.

use super::engine::{Engine, Extent, Shown};
use super::kept::CloudFormation;
use super::on_failure::OnFailure;
use super::rows::Stack;
use super::status::Status;
use jiff::Timestamp;
use platform::{Platform, Principal, ServiceError};
use std::sync::Arc;

/// What is to be done with a stack.
pub(super) enum Task {
    /// It is made.
    Create(OnFailure),
    /// It is changed from what it was when it was last whole.
    Update(Box<Stack>, OnFailure),
    /// It is removed.
    Delete,
}

impl Task {
    fn first_status(&self) -> Status {
        match self {
            Self::Create(_) => Status::CreateInProgress,
            Self::Update(..) => Status::UpdateInProgress,
            Self::Delete => Status::DeleteInProgress,
        }
    }
}

/// A task, and what it is done with.
struct Work {
    service: Arc<CloudFormation>,
    engine: Arc<dyn Engine>,
    caller: Principal,
    name: String,
}

/// Begins a task, as the caller. The stack is as it shall be.
///
/// # Errors
/// Something else has begun with it meanwhile.
pub(super) fn begin(
    service: &Arc<CloudFormation>,
    (platform, engine): (&Arc<Platform>, Arc<dyn Engine>),
    (stack, task): (Stack, Task),
    caller: Principal,
) -> Result<(), ServiceError> {
    let stable = match &task {
        Task::Update(before, _) => Some(before.clone()),
        Task::Create(_) | Task::Delete => None,
    };
    let stack = Stack {
        status: task.first_status(),
        stable,
        ..stack
    };
    let is_creation = matches!(task, Task::Create(_));
    service.claim(stack.clone(), is_creation).map_err(|status| {
        let (id, name) = (&stack.id, &stack.wanted.stack);
        match task {
            Task::Create(_) => {
                ServiceError::new("AlreadyExistsException", format_args!("Stack [{name}] already exists"))
            }
            Task::Update(..) => {
                ServiceError::validation(format_args!("Stack:{id} is in {status} state and can not be updated."))
            }
            Task::Delete => ServiceError::validation(format_args!(
                "Stack [{name}] cannot be deleted while in status {status}"
            )),
        }
    })?;
    let underway = platform.ongoing.began(&stack.id);
    let work = Work {
        service: Arc::clone(service),
        engine,
        caller,
        name: stack.wanted.stack.clone(),
    };
    service.tell(&work.name, task.first_status(), Some("User Initiated".to_owned()));
    tokio::spawn(async move {
        let is_done = match task {
            Task::Create(on_failure) => work.create(stack, on_failure).await,
            Task::Update(before, on_failure) => work.update(stack, *before, on_failure).await,
            Task::Delete => work.delete(stack, Extent::All).await,
        };
        // Who waits for the end may close the account then.
        drop(work);
        underway.ended(is_done);
    });
    Ok(())
}

impl Work {
    fn tell(&self, status: Status, reason: Option<String>) {
        self.service.tell(&self.name, status, reason);
    }

    /// Says the last status of a stack with these outputs.
    fn complete(&self, outputs: Vec<Shown>, status: Status) {
        self.service.change(&self.name, |stack| {
            stack.outputs = outputs;
            stack.stable = None;
        });
        self.tell(status, None);
    }

    /// Makes a stack's resources. Its exports must be its own, and those that others import as they were.
    async fn make(&self, stack: &Stack, before: &[Shown]) -> Result<Vec<Shown>, String> {
        let outputs = self.engine.make(stack.wanted.clone(), self.caller.clone()).await?;
        match self.service.export_conflict(&self.name, before, &outputs) {
            Some(conflict) => Err(format!("{conflict}. ")),
            None => Ok(outputs),
        }
    }

    async fn create(&self, stack: Stack, on_failure: OnFailure) -> bool {
        let reason = match self.make(&stack, &[]).await {
            Ok(outputs) => {
                self.complete(outputs, Status::CreateComplete);
                return true;
            }
            Err(reason) => reason,
        };
        match on_failure {
            OnFailure::DoNothing => self.tell(Status::CreateFailed, Some(reason)),
            OnFailure::Delete => {
                self.tell(
                    Status::DeleteInProgress,
                    Some(format!("{reason}Delete requested by user.")),
                );
                self.delete(stack, Extent::NotCreated).await;
            }
            OnFailure::Rollback => {
                let reason = Some(format!("{reason}Rollback requested by user."));
                self.tell(Status::RollbackInProgress, reason);
                match self
                    .engine
                    .remove(stack.wanted, self.caller.clone(), Extent::NotCreated)
                    .await
                {
                    Ok(()) => self.tell(Status::RollbackComplete, None),
                    Err(reason) => self.tell(Status::RollbackFailed, Some(reason)),
                }
            }
        }
        false
    }

    async fn update(&self, stack: Stack, before: Stack, on_failure: OnFailure) -> bool {
        let reason = match self.make(&stack, &before.outputs).await {
            Ok(outputs) => {
                self.tell(Status::UpdateCompleteCleanupInProgress, None);
                // What cannot be removed stays, and the update is complete: the events say why.
                let _ = self
                    .engine
                    .remove(stack.wanted, self.caller.clone(), Extent::Gone)
                    .await;
                self.complete(outputs, Status::UpdateComplete);
                return true;
            }
            Err(reason) => reason,
        };
        if on_failure == OnFailure::DoNothing {
            self.tell(Status::UpdateFailed, Some(reason));
            return false;
        }
        self.tell(Status::UpdateRollbackInProgress, Some(reason));
        let (wanted, outputs) = (before.wanted.clone(), before.outputs.clone());
        self.service.change(&self.name, |stack| {
            *stack = Stack {
                status: stack.status,
                reason: stack.reason.clone(),
                updated: stack.updated,
                change_set: stack.change_set.clone(),
                ..before
            };
        });
        match self.engine.make(wanted.clone(), self.caller.clone()).await {
            Ok(_) => {
                self.tell(Status::UpdateRollbackCompleteCleanupInProgress, None);
                let _ = self.engine.remove(wanted, self.caller.clone(), Extent::Gone).await;
                self.complete(outputs, Status::UpdateRollbackComplete);
            }
            Err(reason) => self.tell(Status::UpdateRollbackFailed, Some(reason)),
        }
        false
    }

    async fn delete(&self, stack: Stack, extent: Extent) -> bool {
        match self.engine.remove(stack.wanted, self.caller.clone(), extent).await {
            Ok(()) => {
                self.service
                    .change(&self.name, |stack| stack.deleted = Some(Timestamp::now()));
                self.tell(Status::DeleteComplete, None);
                self.service.bury(&self.name);
                true
            }
            Err(reason) => {
                self.tell(Status::DeleteFailed, Some(reason));
                false
            }
        }
    }
}
