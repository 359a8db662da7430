//! Definitions, and one state tried alone.

pub(crate) mod definition;
pub(crate) mod definitions;
pub(crate) mod trying;
