//! Stateful stand-ins for the ports, in memory, for tests: they keep to the rules of the real services, so that a
//! function that breaks one fails its test.
//!
//! Faults are injected by wrapping a stand-in in [`Faulty`], never by flags inside of one. Time is a [`ManualClock`].

mod artifacts;
mod clock;
mod code_pipeline;
mod faulty;
mod lines;
mod step_functions;

pub use artifacts::ArtifactStore;
pub use clock::ManualClock;
pub use code_pipeline::{CodePipeline, Put};
pub use faulty::{Attempt, Fault, Faulty};
pub use lines::Lines;
pub use step_functions::{Run, StepFunctions};

pub mod images;
