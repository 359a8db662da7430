//! A task's failure, and the names under which a state machine sees a service's errors.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>: the service's name in
//! an SDK, a dot and the exception's class. An error that the service's model does not have is its general exception.

use platform::error::ServiceError;

/// The error of an execution that calls what the local run does not have.
pub const NOT_IN_LOCAL_RUN: &str = "Stepline.NotInLocalRun";
/// The error of an execution whose mocks have no outcome for one more invocation of a state.
pub const NO_MOCKED_RESPONSE: &str = "Stepline.NoMockedResponse";

/// A task's failure, as its state sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) error: String,
    pub(crate) cause: String,
    /// Whether it ends the execution, whatever that retries or catches: AWS would not have failed.
    pub(crate) ends: bool,
}

impl Failed {
    pub(crate) fn new(error: &str, cause: impl std::fmt::Display) -> Self {
        Self {
            error: error.to_owned(),
            cause: cause.to_string(),
            ends: false,
        }
    }

    /// A failure that ends the execution.
    pub(crate) fn ending(error: &str, cause: impl std::fmt::Display) -> Self {
        Self {
            ends: true,
            ..Self::new(error, cause)
        }
    }
}

/// Errors that any call can have and that no service's model lists.
const COMMON: [&str; 10] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalFailure",
    "NotInLocalRun",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// How a service is called in errors: its prefix, and its general exception.
fn names(service: &str) -> (String, String) {
    let (prefix, general) = match service {
        "lambda" => ("Lambda", "AWSLambdaException"),
        "sagemaker" => ("SageMaker", "AmazonSageMakerException"),
        "states" => ("StepFunctions", "AWSStepFunctionsException"),
        "sns" => ("SNS", "AmazonSNSException"),
        "sqs" => ("SQS", "AmazonSQSException"),
        "events" => ("EventBridge", "AmazonEventBridgeException"),
        "codebuild" => ("CodeBuild", "AWSCodeBuildException"),
        other => {
            // The SDK integrations' names are the SDK's own: `aws-sdk:ssm` is `Ssm`.
            let name = match other.trim_start_matches("aws-sdk:") {
                "sagemaker" => "SageMaker".to_owned(),
                "eventbridge" => "EventBridge".to_owned(),
                "codebuild" => "CodeBuild".to_owned(),
                "elasticloadbalancingv2" => "ElasticLoadBalancingV2".to_owned(),
                "codepipeline" => "CodePipeline".to_owned(),
                "cloudwatchlogs" => "CloudWatchLogs".to_owned(),
                "cloudformation" => "CloudFormation".to_owned(),
                name => name[..1].to_uppercase() + &name[1..],
            };
            return (name.clone(), format!("{name}Exception"));
        }
    };
    (prefix.to_owned(), general.to_owned())
}

/// How a service is called in the causes of optimized integrations, which have an older SDK than the others.
fn service_in_cause(service: &str, prefix: &str) -> String {
    match service {
        "lambda" => "AWSLambda".to_owned(),
        "sagemaker" => "AmazonSageMaker".to_owned(),
        "states" => "AWSStepFunctions".to_owned(),
        "sns" => "AmazonSNS".to_owned(),
        "sqs" => "AmazonSQS".to_owned(),
        "codebuild" => "AWSCodeBuild".to_owned(),
        _ => prefix.to_owned(),
    }
}

/// A service's error as a task's failure.
pub(crate) fn failed(service: &str, error: &ServiceError) -> Failed {
    let (prefix, general) = names(service);
    // ECS is one of the few whose models list what IAM does not allow.
    let is_of_model = service == "aws-sdk:ecs" && error.code == "AccessDeniedException";
    let class = if COMMON.contains(&error.code.as_str()) && !is_of_model {
        general
    } else if error.code.ends_with("Exception") {
        error.code.clone()
    } else {
        format!("{}Exception", error.code)
    };
    let request = uuid::Uuid::new_v4();
    let cause = if service.starts_with("aws-sdk:") {
        format!(
            "{} (Service: {prefix}, Status Code: {}, Request ID: {request})",
            error.message, error.status
        )
    } else {
        format!(
            "{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {request}; Proxy: null)",
            error.message,
            service_in_cause(service, &prefix),
            error.status,
            error.code
        )
    };
    Failed::new(&format!("{prefix}.{class}"), cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_that_state_machines_catch() {
        for (service, code, name) in [
            (
                "sagemaker",
                "ResourceLimitExceeded",
                "SageMaker.ResourceLimitExceededException",
            ),
            ("sagemaker", "ThrottlingException", "SageMaker.AmazonSageMakerException"),
            (
                "sagemaker",
                "AccessDeniedException",
                "SageMaker.AmazonSageMakerException",
            ),
            (
                "lambda",
                "ResourceNotFoundException",
                "Lambda.ResourceNotFoundException",
            ),
            ("lambda", "AccessDeniedException", "Lambda.AWSLambdaException"),
            ("aws-sdk:ssm", "ParameterNotFound", "Ssm.ParameterNotFoundException"),
            ("aws-sdk:s3", "NoSuchKey", "S3.NoSuchKeyException"),
            ("aws-sdk:sfn", "ValidationException", "Sfn.SfnException"),
            (
                "aws-sdk:ecs",
                "ClusterNotFoundException",
                "Ecs.ClusterNotFoundException",
            ),
            ("aws-sdk:ecs", "ThrottlingException", "Ecs.EcsException"),
            ("aws-sdk:ecs", "AccessDeniedException", "Ecs.AccessDeniedException"),
            (
                "aws-sdk:elasticloadbalancingv2",
                "TargetGroupNotFound",
                "ElasticLoadBalancingV2.TargetGroupNotFoundException",
            ),
        ] {
            let failed = failed(service, &ServiceError::new(code, "why"));
            assert_eq!(failed.error, name);
            assert!(failed.cause.starts_with("why (Service: "), "{}", failed.cause);
        }
    }
}
