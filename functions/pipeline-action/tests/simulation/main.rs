//! A thousand seeded schedules for each way to wait: events lost, late and twice, invocations killed at any call, calls
//! that fail before or after they did something, and people who retry, abandon and answer.
//!
//! No execution is started twice for one attempt, none is stopped that is waited for, and no approval stays without its
//! answer once the look has run. A seed that fails prints its schedule; `SEED=7` plays that one alone.

mod dice;
mod events;
mod histories;
mod schedule;
mod seeds;
mod world;
