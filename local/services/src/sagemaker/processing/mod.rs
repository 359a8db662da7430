//! Processing jobs: <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html>.

mod contract;
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
    processing_job_name: String,
}

pub(super) fn operations() -> [Operation<SageMaker>; 4] {
    [
        Operation::new(
            "CreateProcessingJob",
            may_create::<SageMaker, Request>,
            SageMaker::create_processing_job,
        ),
        on("DescribeProcessingJob", arn, SageMaker::describe_processing_job),
        list("ListProcessingJobs", SageMaker::list_processing_jobs),
        on("StopProcessingJob", arn, SageMaker::stop_processing_job),
    ]
}

fn arn(platform: &Platform, input: &Named) -> String {
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
    fn create_processing_job(&self, call: &Call, request: Request) -> Result<Value, ServiceError> {
        self.processing.create(&call.platform, &self.containers, request)
    }

    fn describe_processing_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.processing.describe(&call.platform, &input.processing_job_name)
    }

    fn stop_processing_job(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        self.processing.stop(&call.platform, &input.processing_job_name)
    }

    fn list_processing_jobs(&self, _: &Call, input: List<ListJobs>) -> Result<Value, ServiceError> {
        self.processing.list(&input, &SUMMARY)
    }
}
