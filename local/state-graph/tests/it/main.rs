//! The drawing, through its public doors.

mod conditions;
mod house;
mod layout;
mod mermaid;
mod reading;
mod svg;
