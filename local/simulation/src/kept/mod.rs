//! What the services keep, and the words for it. The rules by which it changes are in [`crate::aws`].

pub(crate) mod parameters;
pub(crate) mod pipelines;
pub(crate) mod registry;
pub(crate) mod states;
pub(crate) mod words;
