//! What stands around views, and what many of them have: the frame, what is selected, the log, what was found.

pub(crate) mod form;
pub(crate) mod log;
pub(crate) mod search;
pub(crate) mod selection;
pub(crate) mod shell;
