//! The library through its public doors.

mod choices;
mod common;
mod definitions;
mod fuzz;
mod intrinsics;
mod jsonata;
mod maps;
mod paths;
mod single_states;
mod tasks;
