//! The three functions in a small model of AWS, under one seeded executor and one virtual clock.
//!
//! A [`Tape`] holds every choice that is left to chance; [`play`] plays the schedule that it describes: a pipeline, or
//! images, or requests; EventBridge, Lambda and people; a fault with any call; and every interleaving of calls. What has to
//! hold is checked with every effect, and the first [`Violation`] ends the schedule. [`shrink()`] finds the plainest tape
//! that still breaks the same rule, and the story of that one is for people.
//!
//! The functions are those that are deployed, called in this process over their ports. What is absent: the wire, the
//! SDKs, real time, and threads within a schedule. `docs/simulation.md` says what the model promises in AWS's place.

mod account;
mod act;
mod aws;
mod choices;
mod clock;
mod event_bridge;
mod faults;
mod figures;
mod happening;
mod invariants;
mod kept;
mod lambda;
mod marked;
mod mood;
mod people;
pub mod planted;
mod scenario;
mod schedule;
mod setting_out;
mod shrink;
mod violation;

pub use choices::Tape;
pub use clock::VirtualClock;
pub use figures::Figures;
pub use happening::Function;
pub use kept::words::START;
pub use schedule::{Played, play};
pub use shrink::shrink;
pub use violation::Violation;
