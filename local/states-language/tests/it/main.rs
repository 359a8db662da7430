//! The library through its public doors.

mod choices;
mod common;
mod definitions;
mod intrinsics;
mod jsonata;
mod maps;
mod paths;
mod tasks;
