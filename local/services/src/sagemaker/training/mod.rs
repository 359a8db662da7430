//! Training jobs: <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html>.

mod archive;
mod check;
mod contract;
mod describe;
mod metrics;
mod request;

use super::SageMaker;
use super::jobs::{ListJobs, Store};
use super::lists::List;
use platform::{Call, Platform, ServiceError};
pub(super) use request::Request;
use serde::Deserialize;
use serde_json::Value;

/// What operations on one job name it by.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    training_job_name: String,
}

pub(super) fn arn(platform: &Platform, input: &Named) -> String {
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
    pub(super) fn create_training_job(&self, call: &Call, request: Request) -> Result<Value, ServiceError> {
        self.training.create(&call.platform, &self.containers, request)
    }

    pub(super) fn describe_training_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.training.describe(&call.platform, &input.training_job_name)
    }

    pub(super) fn stop_training_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.training.stop(&call.platform, &input.training_job_name)
    }

    pub(super) fn list_training_jobs(&self, _: &Call, input: List<ListJobs>) -> Result<Value, ServiceError> {
        self.training.list(&input, &SUMMARY)
    }
}
