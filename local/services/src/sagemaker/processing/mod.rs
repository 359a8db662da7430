//! Processing jobs: <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html>.

mod contract;
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
    processing_job_name: String,
}

pub(super) fn arn(platform: &Platform, input: &Named) -> String {
    Store::<Request>::arn(platform, &input.processing_job_name)
}

/// What a list shows of a job.
const SUMMARY: [&str; 8] = [
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
];

impl SageMaker {
    pub(super) fn create_processing_job(&self, call: &Call, request: Request) -> Result<Value, ServiceError> {
        self.processing.create(&call.platform, &self.containers, request)
    }

    pub(super) fn describe_processing_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.processing.describe(&call.platform, &input.processing_job_name)
    }

    pub(super) fn stop_processing_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.processing.stop(&call.platform, &input.processing_job_name)
    }

    pub(super) fn list_processing_jobs(&self, _: &Call, input: List<ListJobs>) -> Result<Value, ServiceError> {
        self.processing.list(&input, &SUMMARY)
    }
}
