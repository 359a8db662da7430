//! Training jobs: <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html>.

mod archive;
mod check;
mod contract;
mod describe;
mod metrics;
pub(super) mod request;

use super::account::SageMaker;
use super::jobs::{ListJobs, Store, may_create};
use super::lists::List;
use super::rows::{list, on};
use platform::{Call, Operation, Platform, ServiceError};
use request::Request;
use serde::Deserialize;
use serde_json::Value;

/// What operations on one job name it by.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    training_job_name: String,
}

pub(super) fn operations() -> [Operation<SageMaker>; 4] {
    [
        Operation::new(
            "CreateTrainingJob",
            may_create::<SageMaker, Request>,
            SageMaker::create_training_job,
        ),
        on("DescribeTrainingJob", arn, SageMaker::describe_training_job),
        list("ListTrainingJobs", SageMaker::list_training_jobs),
        on("StopTrainingJob", arn, SageMaker::stop_training_job),
    ]
}

fn arn(platform: &Platform, input: &Named) -> String {
    Store::<Request>::arn(platform, &input.training_job_name)
}

/// What a list shows of a job.
const SUMMARY: [&str; 7] = [
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
];

impl SageMaker {
    fn create_training_job(&self, call: &Call, request: Request) -> Result<Value, ServiceError> {
        self.training.create(&call.platform, &self.containers, request)
    }

    fn describe_training_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.training.describe(&call.platform, &input.training_job_name)
    }

    fn stop_training_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.training.stop(&call.platform, &input.training_job_name)
    }

    fn list_training_jobs(&self, _: &Call, input: List<ListJobs>) -> Result<Value, ServiceError> {
        self.training.list(&input, &SUMMARY)
    }
}
