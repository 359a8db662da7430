//! Lambda function behind a CodePipeline Invoke action: starts a state machine and follows its execution.
//!
//! A job comes in, and exactly one answer goes out: the action goes on, has succeeded, or has failed and why. If an
//! approval waits for the execution instead of the action, events come in, and the approval is answered once.
//!
//! - `settings`: what the environment says.
//! - [`event`]: what CodePipeline and EventBridge send. [`user_parameters`] is what people write into the action, with
//!   `json_path` for its output variables.
//! - `ports`: which operations of AWS the function calls.
//! - [`plan`]: the decisions, without any call. [`token`] is what one call tells the next.
//! - `handler`: reads an event, decides, makes the calls, answers. [`PipelineAction`] is its entry. It ensures an answer
//!   also after a panic, when the time is nearly over, or when AWS does not answer.
//! - `input` and [`artifact`]: what the state machine is started with, and the files that are read and written.
//! - `failure`: what people read if it went wrong. `history`: where a redrive would lead.
//! - `report`: what was done. `error`: why no answer could be given, so that Lambda calls again.
//!
//! What is absent: the function keeps nothing between calls but the types of state machines, which never change. It
//! takes no name from a clock or a random number. It logs neither events nor inputs nor outputs. It stops an execution
//! only if that took too long or nobody waits for it any more. It answers an approval only if the user parameters of
//! one of its own actions name it.

pub mod artifact;
mod error;
pub mod event;
mod failure;
mod handler;
mod history;
mod input;
mod json_path;
pub mod plan;
mod ports;
mod report;
mod settings;
mod suggest;
pub mod token;
pub mod user_parameters;

pub use error::HandlerError;
pub use handler::PipelineAction;
pub use ports::{AwsPorts, Ports};
pub use report::{Handled, Outcome, Report, Settled};
pub use settings::{Settings, SettingsError};
