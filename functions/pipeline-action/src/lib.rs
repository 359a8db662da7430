//! Lambda function behind a CodePipeline Invoke action: starts a state machine and follows its execution.
//!
//! A job comes in, and exactly one answer goes out: the action goes on, has succeeded, or has failed and why. Where an
//! approval waits for the execution in the action's place, events come in, and the approval is answered once.
//!
//! - [`event`] reads what comes in, and [`user_parameters`] what people want.
//! - [`plan`] decides about jobs, [`approval`] about approvals and [`abandonment`] about what nobody waits for any more,
//!   purely; [`token`] is what one call tells the next.
//! - [`handler`] carries it out over the ports of [`world`], and sees to it that a panic, a deadline close at hand or a
//!   dependency that is down leads to an answer too.
//! - [`failure`] is what people read when it went wrong; [`history`] tells where a redrive would lead.
//!
//! What is absent: the function keeps nothing between calls but the types of state machines, which never change; it
//! takes no name from a clock or a random number; it logs neither events nor inputs nor outputs; it stops no execution
//! but one that overran its time or that nobody waits for any more; and it answers no approval but one that the user
//! parameters of an action of its own name.

pub mod abandonment;
pub mod approval;
pub mod artifact;
pub mod event;
pub mod failure;
pub mod handler;
pub mod history;
pub mod input;
pub mod json_path;
pub mod plan;
pub mod settings;
mod suggest;
pub mod token;
pub mod user_parameters;
pub mod world;

pub use handler::{Handled, HandlerError, Outcome, PipelineAction, Report, Settled};
