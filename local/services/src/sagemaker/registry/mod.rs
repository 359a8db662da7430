//! The model registry: groups of model packages, and their versions.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html>. All packages are versions of a group.

pub(super) mod groups;
mod package;
pub(super) mod packages;
mod specification;
pub(super) mod store;
