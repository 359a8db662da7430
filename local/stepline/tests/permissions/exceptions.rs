//! What is allowed although nothing on this machine calls it. `ENV` is the environment.

/// Actions on a resource that roles are allowed and that only AWS itself calls with them.
pub(crate) struct Exception {
    /// The roles.
    pub(crate) roles: &'static [&'static str],
    /// The actions.
    pub(crate) actions: &'static [&'static str],
    /// The resource as the policy has it; may have wildcards.
    pub(crate) resource: &'static str,
    /// Who calls them, and why they cannot be seen here.
    pub(crate) reason: &'static str,
    /// Where AWS says so.
    pub(crate) source: &'static str,
}

const FUNCTIONS: &[&str] = &[
    "stepline-ask-service-ENV-us-east-1",
    "stepline-image-push-ENV-us-east-1",
    "stepline-pipeline-action-ENV-us-east-1",
    "stepline-resolve-parameters-ENV-us-east-1",
];
const STATE_MACHINE: &[&str] = &[
    "ml-pipeline-ENV-us-east-1",
    "ml-pipeline-record-approval-ENV-us-east-1",
    "ml-pipeline-training-ENV-us-east-1",
    "stepline-deploy-service-ENV-us-east-1",
];
/// Those that look at images.
const GATED: &[&str] = &["ml-pipeline-ENV-us-east-1", "ml-pipeline-training-ENV-us-east-1"];
const JOB: &[&str] = &[
    "ml-pipeline-job-ENV-us-east-1",
    "ml-pipeline-training-job-ENV-us-east-1",
];
const BUILDS: &[&str] = &["stepline-build-ENV-us-east-1", "stepline-test-ENV-us-east-1"];
const PIPELINE: &[&str] = &["stepline-pipeline-ENV-us-east-1"];

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        roles: FUNCTIONS,
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        resource: "arn:aws:logs:*:log-group:/aws/lambda/stepline-*-ENV*",
        reason: "Lambda writes what a function prints; here it goes to the journal",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    },
    Exception {
        roles: FUNCTIONS,
        actions: &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        resource: "*",
        reason: "Lambda sends traces where `Tracing: Active`; nothing is traced here",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    },
    Exception {
        roles: STATE_MACHINE,
        actions: &[
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
        resource: "*",
        reason: "Step Functions sends traces with tracing on; nothing is traced here",
        source: "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html",
    },
    Exception {
        roles: STATE_MACHINE,
        actions: &[
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        resource: "*",
        reason: "Step Functions delivers its log with the role's help; here it goes to the journal",
        source: "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    },
    Exception {
        roles: GATED,
        actions: &["inspector2:ListCoverage", "inspector2:ListFindings"],
        resource: "*",
        reason: "ECR asks Amazon Inspector for enhanced findings on the caller's behalf; scans here are basic ones",
        source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html",
    },
    Exception {
        roles: JOB,
        actions: &["cloudwatch:PutMetricData"],
        resource: "*",
        reason: "SageMaker measures a job; nothing is measured here",
        source: "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
    },
    Exception {
        roles: PIPELINE,
        actions: &["codestar-connections:UseConnection"],
        resource: "arn:aws:codeconnections:*:connection/*",
        reason: "connections made before 2024 answer to their old name; the local one has the new name",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html",
    },
    Exception {
        roles: PIPELINE,
        actions: &["s3:GetBucketVersioning"],
        resource: "arn:aws:s3:::stepline-artifacts-ENV-*",
        reason: "CodePipeline looks whether the bucket keeps versions; here it takes the latest",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html",
    },
    Exception {
        roles: PIPELINE,
        actions: &["s3:GetObjectVersion"],
        resource: "arn:aws:s3:::stepline-artifacts-ENV-*/*",
        reason: "CodePipeline reads a version where the bucket keeps them; here it takes the latest",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html",
    },
    Exception {
        roles: BUILDS,
        actions: &["s3:GetObjectVersion"],
        resource: "arn:aws:s3:::stepline-artifacts-ENV-*/*",
        reason: "CodeBuild reads the version of the source that the pipeline names; here it takes the latest",
        source: "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html",
    },
    Exception {
        roles: PIPELINE,
        actions: &["sns:Publish"],
        resource: "arn:aws:sns:*",
        reason: "CodePipeline tells the topic of an approval, which is none of the templates'",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-iam-permissions.html",
    },
];
