//! Outcomes in the place of tasks' work, from a file of mocks.

mod check;
mod read;
mod states;

pub use states::{InvalidMocks, MockedStates, Mocks};
