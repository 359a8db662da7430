//! What is done to stacks, from its beginning to its end: each step is an event.

use super::engine::{Engine, Extent, Shown};
use super::kept::CloudFormation;
use super::on_failure::OnFailure;
use super::rows::Stack;
use super::status::Status;
use jiff::Timestamp;
use platform::{Platform, Principal, ServiceError};
use std::pin::Pin;
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
pub(super) struct Work {
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
    let work = Work::new(service, engine, caller, &stack.wanted.stack);
    let stack = claim(service, stack, &task)?;
    let underway = platform.ongoing.began(&stack.id);
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

/// Says that a task begins, and gives the stack as it is from now on.
///
/// # Errors
/// Something else has begun with it meanwhile.
pub(super) fn claim(service: &CloudFormation, stack: Stack, task: &Task) -> Result<Stack, ServiceError> {
    let stable = match task {
        Task::Update(before, _) => Some(before.clone()),
        Task::Create(_) | Task::Delete => None,
    };
    let mut stack = Stack {
        status: task.first_status(),
        stable,
        ..stack
    };
    match task {
        Task::Create(_) => stack.created = Timestamp::now(),
        Task::Update(..) => stack.updated = Some(Timestamp::now()),
        Task::Delete => {}
    }
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
    let reason = Some("User Initiated".to_owned());
    service.tell(&stack.wanted.stack, task.first_status(), reason);
    Ok(stack)
}

impl Work {
    /// What is done with a stack of this name.
    pub(super) fn new(service: &Arc<CloudFormation>, engine: Arc<dyn Engine>, caller: Principal, name: &str) -> Self {
        Self {
            service: Arc::clone(service),
            engine,
            caller,
            name: name.to_owned(),
        }
    }

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

    async fn remove(&self, stack: &Stack, extent: Extent) -> Result<(), String> {
        let removed = self.engine.remove(stack.wanted.clone(), self.caller.clone(), extent);
        removed.await
    }

    async fn create(&self, stack: Stack, on_failure: OnFailure) -> bool {
        let reason = match self.make(&stack, &[]).await {
            Ok(outputs) => {
                self.complete(outputs, Status::CreateComplete);
                return true;
            }
            Err(reason) => reason,
        };
        if on_failure == OnFailure::Delete {
            let reason = Some(format!("{reason}Delete requested by user."));
            self.tell(Status::DeleteInProgress, reason);
            self.delete(stack, Extent::NotCreated).await;
        } else {
            self.take_away(&stack, reason, on_failure).await;
        }
        false
    }

    /// Makes a nested stack. One that cannot be made stays to be looked at, until the outer one removes it.
    pub(super) async fn create_nested(&self, stack: Stack) -> Result<Vec<Shown>, String> {
        match self.make(&stack, &[]).await {
            Ok(outputs) => {
                self.complete(outputs.clone(), Status::CreateComplete);
                Ok(outputs)
            }
            Err(reason) => {
                let on_failure = match stack.disable_rollback {
                    true => OnFailure::DoNothing,
                    false => OnFailure::Rollback,
                };
                self.take_away(&stack, reason.clone(), on_failure).await;
                Err(reason)
            }
        }
    }

    /// Removes what was made of a stack that cannot be created, unless all of it is to stay.
    async fn take_away(&self, stack: &Stack, reason: String, on_failure: OnFailure) {
        if on_failure == OnFailure::DoNothing {
            self.tell(Status::CreateFailed, Some(reason));
            return;
        }
        let reason = Some(format!("{reason}Rollback requested by user."));
        self.tell(Status::RollbackInProgress, reason);
        match self.remove(stack, Extent::NotCreated).await {
            Ok(()) => self.tell(Status::RollbackComplete, None),
            Err(reason) => self.tell(Status::RollbackFailed, Some(reason)),
        }
    }

    async fn update(&self, stack: Stack, before: Stack, on_failure: OnFailure) -> bool {
        let id = stack.id.clone();
        match self.update_nested(stack, before, on_failure).await {
            Ok(_) => {
                self.clean(&id, true).await;
                true
            }
            // What was to be taken back is, as far as it could be.
            Err(_) => {
                self.clean(&id, on_failure != OnFailure::DoNothing).await;
                false
            }
        }
    }

    /// Changes a stack as far as nothing is removed: [`clean`](Self::clean) does that, once the outer stack is changed. A
    /// failure comes with the status that the stack has got by it first.
    pub(super) async fn update_nested(
        &self,
        stack: Stack,
        before: Stack,
        on_failure: OnFailure,
    ) -> Result<Vec<Shown>, (Status, String)> {
        let reason = match self.make(&stack, &before.outputs).await {
            Ok(outputs) => {
                self.service
                    .change(&self.name, |stack| stack.outputs.clone_from(&outputs));
                self.tell(Status::UpdateCompleteCleanupInProgress, None);
                return Ok(outputs);
            }
            Err(reason) => reason,
        };
        if on_failure == OnFailure::DoNothing {
            self.tell(Status::UpdateFailed, Some(reason.clone()));
            return Err((Status::UpdateFailed, reason));
        }
        // Its events say what could not be taken back.
        let _ = self.take_back(before, Some(reason.clone())).await;
        Err((Status::UpdateRollbackInProgress, reason))
    }

    /// Makes a stack what it was before. What is left of the change is removed by [`clean`](Self::clean).
    ///
    /// # Errors
    /// Why it cannot be.
    pub(super) async fn take_back(&self, before: Stack, reason: Option<String>) -> Result<(), String> {
        self.tell(Status::UpdateRollbackInProgress, reason);
        let wanted = before.wanted.clone();
        self.service.change(&self.name, |stack| {
            *stack = Stack {
                status: stack.status,
                reason: stack.reason.clone(),
                updated: stack.updated,
                change_set: stack.change_set.clone(),
                stable: None,
                ..before
            };
        });
        match self.engine.make(wanted, self.caller.clone()).await {
            Ok(_) => {
                self.tell(Status::UpdateRollbackCompleteCleanupInProgress, None);
                Ok(())
            }
            Err(reason) => {
                self.tell(Status::UpdateRollbackFailed, Some(reason.clone()));
                Err(reason)
            }
        }
    }

    /// Removes what a stack and those that are nested in it do not need any more after a change. Whether they are settled
    /// then: nothing is taken back to what they were before.
    fn clean<'w>(&'w self, id: &'w str, is_settled: bool) -> Pin<Box<dyn Future<Output = ()> + Send + 'w>> {
        Box::pin(async move {
            let Some(stack) = self.service.find(id) else { return };
            let done = match stack.status {
                Status::UpdateCompleteCleanupInProgress => Some(Status::UpdateComplete),
                Status::UpdateRollbackCompleteCleanupInProgress => Some(Status::UpdateRollbackComplete),
                _ => None,
            };
            if done.is_some() {
                // What cannot be removed stays, and the change is complete: the events say why.
                let _ = self.remove(&stack, Extent::Gone).await;
            }
            for nested in self.service.nested_in(id) {
                let name = &nested.wanted.stack;
                let work = Self::new(&self.service, Arc::clone(&self.engine), self.caller.clone(), name);
                work.clean(&nested.id, is_settled).await;
            }
            if is_settled {
                self.service.change(&self.name, |stack| stack.stable = None);
            }
            if let Some(done) = done {
                self.tell(done, None);
            }
        })
    }

    pub(super) async fn delete(&self, stack: Stack, extent: Extent) -> bool {
        match self.remove(&stack, extent).await {
            Ok(()) => {
                self.service
                    .change(&self.name, |stack| stack.deleted = Some(Timestamp::now()));
                self.tell(Status::DeleteComplete, None);
                self.service.forget_reviewed(&stack.id);
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
