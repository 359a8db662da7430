//! Why nothing can be said of the cost.

use crate::deploy::DeployError;
use crate::template::TemplateError;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    /// The files that deploy are wrong.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What was deployed does not show itself.
    #[error("{0}")]
    Service(String),
}
