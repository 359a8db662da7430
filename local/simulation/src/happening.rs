//! What is on the agenda of a schedule, and what may be delivered to a function.

use std::sync::Arc;
use std::task::Waker;

use crate::act::Act;
use crate::kept::words::Id;
use serde_json::Value;

/// Something that happens at a moment.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// What waits for this moment goes on.
    Wake(Waker),
    /// Lambda calls a function.
    Called(Delivery),
    /// Lambda has kept an event for as long as it may.
    GivenUp(Delivery),
    /// Lambda ends an invocation that is not over by its deadline.
    Deadline { invocation: usize },
    /// CodePipeline calls again for an action that goes on.
    Continues { run: Id, token: String },
    /// CodePipeline has waited for the answer to a job for twenty minutes.
    JobExpires { job: Id },
    /// CodePipeline has waited for an action as long as it does.
    ActionTimesOut { run: Id },
    /// An execution ends, unless it was stopped or redriven since.
    Ends { execution: Id, generation: u32 },
    /// Somebody does something.
    Acts(Act),
    /// The schedule of a function fires.
    Look(Function),
    /// A state machine asks `resolve-parameters`.
    Asks,
}

/// The three functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// `pipeline-action`.
    PipelineAction,
    /// `image-push`.
    ImagePush,
    /// `resolve-parameters`.
    ResolveParameters,
}

impl Function {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PipelineAction => "pipeline-action",
            Self::ImagePush => "image-push",
            Self::ResolveParameters => "resolve-parameters",
        }
    }
}

/// An event on its way to a function.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) function: Function,
    pub(crate) event: Arc<Value>,
    pub(crate) about: About,
    /// The how-many-eth of Lambda's three tries it is, from 1.
    pub(crate) attempt: u32,
    /// Whether it comes once more than it need.
    pub(crate) again: bool,
}

/// What an event is about, as the model knows and the function has to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// A job of a run of an action. `follows` tells whether its token names an execution.
    Job { run: Id, job: Id, follows: bool },
    /// A run of an action that was abandoned.
    Abandoned { run: Id },
    /// An approval, an execution's end, or the time: the function is to look.
    Look,
    /// An image.
    Image,
    /// A request of a state machine.
    Request,
}

impl About {
    /// The run of an action that it is about.
    pub(crate) fn run(self) -> Option<Id> {
        match self {
            Self::Job { run, .. } | Self::Abandoned { run } => Some(run),
            Self::Look | Self::Image | Self::Request => None,
        }
    }
}
