//! Why a deployment ends early.

use crate::project::ProjectError;
use crate::template::TemplateError;
use platform::error::ServiceError;

/// Why a deployment ended early.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeployError {
    /// It cannot be said what is deployed.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A value was given for a parameter that no template has.
    #[error("no template has the parameter `{0}`")]
    NoParameter(String),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A service refused to create a resource.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// What is in `seed/` was not put into its bucket, or into Parameter Store.
    #[error("what the account begins with: {0}")]
    Seed(String),
}

/// A service refused to create a resource.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{file}: `{resource}`: {operation}: {error}")]
pub struct Refusal {
    /// The template's file.
    pub file: String,
    /// The resource's logical id.
    pub resource: String,
    /// The operation that was refused, such as `lambda:CreateFunction`.
    pub operation: String,
    /// The service's error.
    pub error: ServiceError,
}
