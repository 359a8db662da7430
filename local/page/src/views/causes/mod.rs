//! What made it happen: permissions, events, functions.

pub(crate) mod cause;
pub(crate) mod denials;
pub(crate) mod events;
pub(crate) mod function;
pub(crate) mod functions;
pub(crate) mod permissions;
pub(crate) mod role;
pub(crate) mod rule;
pub(crate) mod sent;
