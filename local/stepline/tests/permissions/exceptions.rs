//! What is allowed although nothing on this machine calls it, and what is denied on purpose.

/// Actions that a role is allowed and that only AWS itself calls with it.
pub(crate) struct Exception {
    /// The role's name; may have wildcards.
    pub(crate) role: &'static str,
    /// The actions.
    pub(crate) actions: &'static [&'static str],
    /// Who calls them, and why they cannot be seen here.
    #[expect(dead_code, reason = "for people: an exception without a reason is none")]
    pub(crate) reason: &'static str,
    /// Where AWS says so.
    #[expect(dead_code, reason = "for people: an exception without a source is none")]
    pub(crate) source: &'static str,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        role: "stepline-*-us-east-1",
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        reason: "Lambda and CodeBuild write what a function or a build prints; here it goes to the journal",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    },
    Exception {
        role: "stepline-*-us-east-1",
        actions: &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        reason: "Lambda sends traces where `Tracing: Active`; nothing is traced here",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    },
    Exception {
        role: "ml-pipeline-dev-us-east-1",
        actions: &[
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
        reason: "Step Functions sends traces with tracing on; nothing is traced here",
        source: "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html",
    },
    Exception {
        role: "ml-pipeline-dev-us-east-1",
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
        reason: "Step Functions delivers its log with the role's help; here it goes to the journal",
        source: "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    },
    Exception {
        role: "ml-pipeline-job-dev-us-east-1",
        actions: &["cloudwatch:PutMetricData"],
        reason: "SageMaker measures a job; nothing is measured here",
        source: "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
    },
    Exception {
        role: "stepline-pipeline-dev-us-east-1",
        actions: &["codestar-connections:UseConnection"],
        reason: "connections made before 2024 answer to their old name; the local one has the new name",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html",
    },
    Exception {
        role: "stepline-*-dev-us-east-1",
        actions: &["s3:GetObjectVersion", "s3:GetBucketVersioning"],
        reason: "CodePipeline and CodeBuild read a version where a bucket keeps them; buckets here keep the last",
        source: "https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html",
    },
];

/// A call that a scenario makes to see it denied.
pub(crate) struct ExpectedDenial {
    /// The role's name.
    pub(crate) role: &'static str,
    /// The action.
    pub(crate) action: &'static str,
    /// The resource; may have wildcards.
    pub(crate) resource: &'static str,
}

pub(crate) const EXPECTED_DENIALS: &[ExpectedDenial] = &[
    // events/resolve-parameters-access-denied.json asks for what is outside of the function's policy.
    ExpectedDenial {
        role: "stepline-resolve-parameters-dev-us-east-1",
        action: "ssm:GetParameters",
        resource: "*",
    },
    // events/pipeline-action-unknown-state-machine.json names what nobody made, and so nobody allowed.
    ExpectedDenial {
        role: "stepline-pipeline-action-dev-us-east-1",
        action: "states:DescribeStateMachine",
        resource: "*:stateMachine:no-such-state-machine",
    },
];
