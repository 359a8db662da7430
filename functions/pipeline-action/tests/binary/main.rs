//! The real binary, as Lambda runs it: events over the Runtime API, calls over AWS's protocols.

mod aws;
mod table;
mod thousand;
