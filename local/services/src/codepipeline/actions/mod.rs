//! What the actions do, one file per provider.

mod approval;
mod build;
mod function;
mod source;

pub(super) use source::zip_of;

use super::declaration::Provider;
use super::work::{Done, Failure, Work};

/// Does what the action is for.
pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    match work.action.action_type_id.known() {
        Some(Provider::Connection) => source::perform(work).await,
        Some(Provider::CodeBuild) => build::perform(work).await,
        Some(Provider::Lambda) => function::perform(work).await,
        Some(Provider::Approval) => approval::perform(work).await,
        None => Err(Failure::new(
            "ConfigurationError",
            format!(
                "the local run has no provider `{}`",
                work.action.action_type_id.provider
            ),
        )),
    }
}
