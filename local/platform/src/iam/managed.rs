//! Policies of AWS's own that templates attach to roles: those that are about services of the local run.
//!
//! Follows <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use serde_json::{Value, json};

/// What writes a function's logs.
const LOGS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

/// What reads images.
const PULL: &[&str] = &[
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
];

/// What writes images.
const PUSH: &[&str] = &[
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
];

const XRAY: &[&str] = &[
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
];

/// The document of an AWS managed policy, by the part of its ARN after `policy/`. All of these allow their actions on all
/// resources.
pub(super) fn document(name: &str) -> Option<Value> {
    let actions: &[&[&str]] = match name {
        "AdministratorAccess" => &[&["*"]],
        "AmazonEC2ContainerRegistryFullAccess" => &[&["ecr:*", "cloudtrail:LookupEvents"]],
        "AmazonEC2ContainerRegistryPowerUser" => &[PULL, PUSH],
        "AmazonEC2ContainerRegistryReadOnly" => &[PULL],
        "AmazonS3FullAccess" => &[&["s3:*", "s3-object-lambda:*"]],
        "AmazonS3ReadOnlyAccess" => &[&[
            "s3:Get*",
            "s3:List*",
            "s3:Describe*",
            "s3-object-lambda:Get*",
            "s3-object-lambda:List*",
        ]],
        "AmazonSNSFullAccess" => &[&["sns:*"]],
        "AmazonSNSReadOnlyAccess" => &[&["sns:GetTopicAttributes", "sns:List*"]],
        "AmazonSQSFullAccess" => &[&["sqs:*"]],
        "AmazonSSMReadOnlyAccess" => &[&["ssm:Describe*", "ssm:Get*", "ssm:List*"]],
        "AWSStepFunctionsFullAccess" => &[&["states:*"]],
        "AWSXrayWriteOnlyAccess" | "AWSXRayDaemonWriteAccess" => &[XRAY],
        "CloudWatchLogsFullAccess" => &[&["logs:*", "cloudwatch:GenerateQuery"]],
        "service-role/AWSLambdaBasicExecutionRole" => &[LOGS],
        "service-role/AWSLambdaRole" => &[&["lambda:InvokeFunction"]],
        "service-role/AWSLambdaSQSQueueExecutionRole" => &[
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            LOGS,
        ],
        "service-role/AWSLambdaVPCAccessExecutionRole" => &[
            LOGS,
            &[
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:DeleteNetworkInterface",
                "ec2:AssignPrivateIpAddresses",
                "ec2:UnassignPrivateIpAddresses",
            ],
        ],
        "service-role/AmazonECSTaskExecutionRolePolicy" => &[
            &[
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
            ],
            &["logs:CreateLogStream", "logs:PutLogEvents"],
        ],
        _ => return None,
    };
    Some(json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions.concat(), "Resource": "*"}],
    }))
}
