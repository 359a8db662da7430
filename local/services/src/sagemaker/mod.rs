//! SageMaker: processing and training jobs, each a container or a process of this machine with the contract of `/opt/ml`;
//! the registry of model packages; and models.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html>.

mod account;
mod checks;
mod jobs;
mod lists;
mod models;
mod processing;
mod registry;
mod rows;
mod tagging;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod training;

pub use account::SageMaker;

use platform::{Operations, Served};
use std::sync::LazyLock;

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html>.
impl Served for SageMaker {
    const SIGNING_NAME: &'static str = "sagemaker";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<SageMaker>> = LazyLock::new(|| {
            let rows = processing::operations().into_iter();
            let rows = rows.chain(training::operations());
            let rows = rows.chain(registry::groups::operations());
            let rows = rows.chain(registry::packages::operations());
            let rows = rows.chain(models::operations());
            Operations::new(rows.chain(tagging::operations()))
        });
        &TABLE
    }
}
