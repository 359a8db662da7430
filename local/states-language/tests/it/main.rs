//! The library through its public doors.

mod chains;
mod choices;
mod common;
mod contexts;
mod definitions;
mod distributed;
mod errors;
mod fails;
mod floors;
mod fuzz;
mod history;
mod intrinsics;
mod invocations;
mod jayway;
mod jsonata;
mod maps;
mod maps_by_query;
mod parallels;
mod paths;
mod refusals;
mod scopes;
mod single_states;
mod tasks;
mod variables;
mod waits;
