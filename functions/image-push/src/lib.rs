//! Lambda function behind EventBridge: an image pushed to ECR starts the state machine that wants it.
//!
//! - `settings`: what the environment says. Its `rule` says which images start which state machine.
//! - `event`: what EventBridge delivers.
//! - `ports`: which operations of AWS the function calls.
//! - `plan`: the decisions, without any call. `manifest` reads what a registry stores.
//! - `handler`: reads an event, decides, makes the calls. [`ImagePush`] is its entry.
//! - `report`: what was done, for every rule. `error`: what could not be done, so that Lambda calls again.
//!
//! What is absent: nothing is remembered between calls but the values of parameters and which state machines are
//! Standard. That an image starts only once is ensured by the execution's name.

mod error;
mod event;
mod handler;
mod manifest;
mod plan;
mod ports;
mod report;
mod rule;
mod settings;

pub use error::HandlerError;
pub use event::{Arrival, Event, EventError};
pub use handler::ImagePush;
pub use manifest::{Child, Manifest, Platform};
pub use ports::{Registry, States};
pub use report::{Decision, Handled, Outcome, Report, Reported};
pub use rule::{Rule, RuleSource, RulesError, TagPattern};
pub use settings::{Settings, SettingsError};
