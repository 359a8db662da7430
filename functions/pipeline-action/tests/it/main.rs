//! The function through its one public door, an event in and an answer out, against stand-ins that keep AWS's rules.

mod abandoned;
mod approvals;
mod arrays;
mod artifacts;
mod bad_events;
mod beginning;
mod decisions;
mod ending;
mod exact;
mod express;
mod found;
mod guard;
mod histories;
mod interleaved;
mod late;
mod leaks;
mod left_behind;
mod line;
mod lost_answers;
mod overdue;
mod retried_often;
mod retries;
mod schema;
mod support;
mod taken_over;
mod unseen;
