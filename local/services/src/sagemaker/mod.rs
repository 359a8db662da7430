//! SageMaker: processing and training jobs, each a container or a process of this machine with the contract of `/opt/ml`;
//! the registry of model packages; and models.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html>.

mod checks;
mod jobs;
mod lists;
mod models;
mod processing;
mod registry;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod training;

use crate::containers::Containers;
use jobs::{ListJobs, Store, may_create};
use lists::List;
use platform::Nothing;
use platform::{Call, Operation, Operations, Platform, Served, ServiceError};
use registry::{groups, packages};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, LazyLock, Mutex};
use tags::{AddTags, DeleteTags, ListTags};

/// SageMaker in this account and region.
#[derive(Debug, Default)]
pub struct SageMaker {
    processing: Store<processing::Request>,
    training: Store<training::Request>,
    registry: Mutex<registry::Registry>,
    models: Mutex<models::Models>,
    containers: Arc<Containers>,
}

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html>.
impl Served for SageMaker {
    const SIGNING_NAME: &'static str = "sagemaker";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<SageMaker>> = LazyLock::new(|| {
            Operations::new([
                on(
                    "AddTags",
                    |_, it: &AddTags| it.resource_arn.clone(),
                    SageMaker::add_tags,
                ),
                Operation::waiting("CreateModel", models::may_create, SageMaker::create_model),
                Operation::new("CreateModelPackage", packages::may_create, SageMaker::create_package),
                Operation::new("CreateModelPackageGroup", groups::may_create, SageMaker::create_group),
                Operation::new(
                    "CreateProcessingJob",
                    may_create::<processing::Request>,
                    SageMaker::create_processing_job,
                ),
                Operation::new(
                    "CreateTrainingJob",
                    may_create::<training::Request>,
                    SageMaker::create_training_job,
                ),
                on("DeleteModel", models::arn, SageMaker::delete_model),
                on("DeleteModelPackage", packages::arn, SageMaker::delete_package),
                on("DeleteModelPackageGroup", groups::arn, SageMaker::delete_group),
                on(
                    "DeleteTags",
                    |_, it: &DeleteTags| it.resource_arn.clone(),
                    SageMaker::delete_tags,
                ),
                on("DescribeModel", models::arn, SageMaker::describe_model),
                on("DescribeModelPackage", packages::arn, SageMaker::describe_package),
                on("DescribeModelPackageGroup", groups::arn, SageMaker::describe_group),
                on(
                    "DescribeProcessingJob",
                    processing::arn,
                    SageMaker::describe_processing_job,
                ),
                on("DescribeTrainingJob", training::arn, SageMaker::describe_training_job),
                Operation::on(
                    "ListModelPackageGroups",
                    |_, _: &List<Nothing>| "*",
                    SageMaker::list_groups,
                ),
                Operation::new("ListModelPackages", packages::may_list, SageMaker::list_packages),
                Operation::on("ListModels", |_, _: &List<Nothing>| "*", SageMaker::list_models),
                Operation::on(
                    "ListProcessingJobs",
                    |_, _: &List<ListJobs>| "*",
                    SageMaker::list_processing_jobs,
                ),
                on(
                    "ListTags",
                    |_, it: &ListTags| it.resource_arn.clone(),
                    SageMaker::list_tags,
                ),
                Operation::on(
                    "ListTrainingJobs",
                    |_, _: &List<ListJobs>| "*",
                    SageMaker::list_training_jobs,
                ),
                on("StopProcessingJob", processing::arn, SageMaker::stop_processing_job),
                on("StopTrainingJob", training::arn, SageMaker::stop_training_job),
                Operation::new("UpdateModelPackage", packages::may_update, SageMaker::update_package),
            ])
        });
        &TABLE
    }
}

/// An operation on the resource with this ARN. Policies can ask for the resource's tags.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&Platform, &I) -> String,
    does: fn(&SageMaker, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<SageMaker> {
    let requires = move |sagemaker: &SageMaker, platform: &Platform, input: &I| {
        let arn = arn(platform, input);
        // Whether the resource exists is told only to those who may ask.
        Ok(vec![tags::on_tagged(name, &arn, sagemaker.tags_of(&arn))])
    };
    Operation::new(name, requires, does)
}

impl SageMaker {
    /// SageMaker whose jobs run in these containers, where an engine answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            containers,
            ..Self::default()
        }
    }
}
