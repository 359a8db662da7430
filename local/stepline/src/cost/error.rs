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
    /// There is no pipeline, and so no run of one.
    #[error("the environment `{0}` has no pipeline: what is computed is the most that one run of a pipeline can cost")]
    NoPipeline(String),
    /// What was deployed does not show itself.
    #[error("{0}")]
    Service(String),
}
