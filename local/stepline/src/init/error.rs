//! Why `init` writes nothing.

use crate::deploy::DeployError;
use crate::project::ProjectError;
use crate::template::TemplateError;

/// Why `init` writes nothing, or not all.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InitError {
    /// What is there does not deploy, or a file cannot be written.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// Nobody says what has to be known.
    #[error("{what}: give it with {flag}")]
    Missing {
        /// What has to be known.
        what: String,
        /// The option that says it.
        flag: String,
    },
    /// What was said cannot be.
    #[error("{flag} {value}: {message}")]
    Wrong {
        /// The option that says it.
        flag: String,
        /// What it says.
        value: String,
        /// Why that cannot be.
        message: String,
    },
}

impl From<ProjectError> for InitError {
    fn from(error: ProjectError) -> Self {
        Self::Deploy(error.into())
    }
}

impl From<TemplateError> for InitError {
    fn from(error: TemplateError) -> Self {
        Self::Deploy(error.into())
    }
}
