//! Which operation's answer is the result of a task.

use states_language::{Integration, Pattern};

/// What a mocked result is held against.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<'i> {
    /// The answer of an operation, by the service's name in the SDK for Java.
    Of(&'i str, String),
    /// Nothing: there is no API whose answer it is, or AWS looks at none.
    Anything,
    /// AWS waits by an operation that nobody here knows.
    Unknown,
}

/// The operation whose answer a task has for its result.
///
/// AWS validates no results of HTTP Tasks, API Gateway, `eks:call` and `eks:runJob`:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html#mocking-service-integrations>. What comes
/// by a task token is what a worker sends.
pub(super) fn answer(integration: &Integration) -> Answer<'_> {
    let Integration::Service {
        service,
        operation,
        pattern,
        ..
    } = integration
    else {
        return Answer::Anything;
    };
    if *pattern == Pattern::WaitForTaskToken || is_without_model(service, operation) {
        return Answer::Anything;
    }
    let called = match pattern {
        Pattern::Sync => match polled(service, operation) {
            Some(polled) => polled.to_owned(),
            None => return Answer::Unknown,
        },
        _ => operation[..1].to_uppercase() + &operation[1..],
    };
    Answer::Of(of_sdk(service, operation), called)
}

fn is_without_model(service: &str, operation: &str) -> bool {
    matches!(
        (service, operation),
        ("http" | "apigateway", "invoke") | ("eks", "call" | "runJob")
    )
}

/// The service's name in the SDK for Java.
fn of_sdk<'i>(service: &'i str, operation: &str) -> &'i str {
    match service.strip_prefix("aws-sdk:") {
        Some(name) => name,
        None => match (service, operation) {
            ("states", _) => "sfn",
            ("events", _) => "eventbridge",
            ("elasticmapreduce", _) => "emr",
            ("emr-containers", _) => "emrcontainers",
            ("emr-serverless", _) => "emrserverless",
            ("bedrock", "invokeModel") => "bedrockruntime",
            (other, _) => other,
        },
    }
}

/// The operation that Step Functions asks until a job has ended, whose answer a `.sync` task has for its result.
fn polled(service: &str, operation: &str) -> Option<&'static str> {
    Some(match (service, operation) {
        ("athena", "startQueryExecution") => "GetQueryExecution",
        ("batch", "submitJob") => "DescribeJobs",
        ("bedrock", "createModelCustomizationJob") => "GetModelCustomizationJob",
        ("codebuild", "startBuild") => "BatchGetBuilds",
        ("codebuild", "startBuildBatch" | "retryBuildBatch") => "BatchGetBuildBatches",
        ("databrew", "startJobRun") => "DescribeJobRun",
        ("ecs", "runTask") => "DescribeTasks",
        ("eks", "createCluster" | "deleteCluster") => "DescribeCluster",
        ("eks", "createFargateProfile" | "deleteFargateProfile") => "DescribeFargateProfile",
        ("eks", "createNodegroup" | "deleteNodegroup") => "DescribeNodegroup",
        ("elasticmapreduce", "createCluster" | "terminateCluster") => "DescribeCluster",
        ("elasticmapreduce", "addStep") => "DescribeStep",
        ("emr-containers", "startJobRun") => "DescribeJobRun",
        ("emr-containers", "deleteVirtualCluster") => "DescribeVirtualCluster",
        ("emr-serverless", "startJobRun" | "cancelJobRun") => "GetJobRun",
        ("emr-serverless", _) => "GetApplication",
        ("glue", "startJobRun") => "GetJobRun",
        ("mediaconvert", "createJob") => "GetJob",
        ("sagemaker", "createHyperParameterTuningJob") => "DescribeHyperParameterTuningJob",
        ("sagemaker", "createLabelingJob") => "DescribeLabelingJob",
        ("sagemaker", "createProcessingJob") => "DescribeProcessingJob",
        ("sagemaker", "createTrainingJob") => "DescribeTrainingJob",
        ("sagemaker", "createTransformJob") => "DescribeTransformJob",
        ("states", "startExecution") => "DescribeExecution",
        _ => return None,
    })
}
