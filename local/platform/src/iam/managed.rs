//! The few policies of AWS's own that templates attach to functions.
//!
//! Follows <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use serde_json::{Value, json};

/// The document of an AWS managed policy, by the part of its ARN after `policy/`.
pub(super) fn document(name: &str) -> Option<Value> {
    let actions: &[&str] = match name {
        "service-role/AWSLambdaBasicExecutionRole" => {
            &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        }
        "AWSXrayWriteOnlyAccess" | "AWSXRayDaemonWriteAccess" => &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
        "service-role/AWSLambdaSQSQueueExecutionRole" => &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
        _ => return None,
    };
    Some(json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    }))
}
