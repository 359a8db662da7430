//! What AWS promises, and no more: the rules of the services that the functions call.
//!
//! What the services keep is in [`crate::kept`]. The ports on them, with a fault now and then, are in [`ports`].

mod history;
mod parameters;
mod pipelines;
mod pipelines_read;
mod pipelines_steps;
pub(crate) mod ports;
mod registry;
mod states;
mod states_read;
