//! The function through its front door, against a registry, a Parameter Store and Step Functions in memory.

mod arrays;
mod decisions;
mod failures;
mod look;
mod once;
mod step_functions;
mod world;
