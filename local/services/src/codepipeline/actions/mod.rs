//! What the actions do, one file per provider.

mod approval;
mod archive;
mod build;
mod commands;
mod compute;
mod function;
mod image;
mod object;
mod object_deploy;
mod service;
pub(super) mod source;
mod stack;
mod state_machine;

pub(super) use source::zip_of;

use super::providers::{Kind, Provider};
use super::work::{Done, Failure, Work};

/// Does what the action is for.
pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let kind = Kind::of(&work.action.action_type_id);
    match kind
        .map_err(|message| Failure::new("ConfigurationError", message))?
        .provider
    {
        Provider::Connection => source::perform(work).await,
        Provider::Object => object::perform(work).await,
        Provider::CodeBuild => build::perform(work).await,
        Provider::ImageBuild => image::perform(work).await,
        Provider::Commands => commands::perform(work).await,
        Provider::ObjectDeploy => object_deploy::perform(work).await,
        Provider::Ecs => service::perform(work).await,
        Provider::CloudFormation => stack::perform(work).await,
        Provider::Lambda => function::perform(work).await,
        Provider::StepFunctions => state_machine::perform(work).await,
        Provider::Approval => approval::perform(work).await,
    }
}
