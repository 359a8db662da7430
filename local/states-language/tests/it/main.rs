//! The library through its public doors.

mod choices;
mod common;
mod definitions;
mod distributed;
mod errors;
mod floors;
mod fuzz;
mod history;
mod intrinsics;
mod jsonata;
mod maps;
mod paths;
mod single_states;
mod tasks;
