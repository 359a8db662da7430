//! What calls need of IAM: one table.
//!
//! Follows [IAM policies for integrated
//! services](https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html) and the [service
//! authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).

/// What something needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) actions: &'static [&'static str],
    pub(super) on: On,
    pub(super) when: When,
}

/// When it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// By every call.
    Always,
    /// By one that waits for a job.
    Sync,
    /// To ask for the state of the job that is waited for, beside hearing of it by an event.
    SyncToFollow,
    /// To stop it, with its execution.
    SyncToStop,
    /// AWS has it in the policy for waiting, and it is not known that waiting fails without.
    SyncAsDocumented,
    /// The same for every call.
    AsDocumented,
}

/// The argument that names a thing; those within others by their path.
pub(super) type Argument = &'static [&'static str];

/// What an action is on.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    /// Everything, as IAM has it.
    All,
    /// A resource that only the service knows.
    Unknown,
    /// Of this service the resource that an argument names: its ARN, or its name in the place of the star.
    Named(&'static str, &'static str, Argument),
    /// The function that is called, or its version or alias.
    Function,
    /// The queue of a `QueueUrl`.
    Queue,
    /// What a message is published to.
    Topic,
    /// A family's task definitions, or one of them.
    TaskDefinition,
    /// The executions of the state machine that is started.
    ExecutionsOf(Argument),
    /// The rule by which Step Functions hears of a job.
    Rule(&'static str),
    /// A role that is handed to this service.
    Role(Argument, &'static str),
    /// The bucket.
    Bucket,
    /// The object, or everything that begins so.
    Object,
    /// The state machine itself.
    OwnMachine,
    /// Its own executions.
    OwnExecutions,
}

const fn always(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::Always,
    }
}

const fn sync(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::Sync,
    }
}

const fn following(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::SyncToFollow,
    }
}

const fn stopping(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::SyncToStop,
    }
}

const fn documented(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::SyncAsDocumented,
    }
}

const fn as_documented(actions: &'static [&'static str], on: On) -> Need {
    Need {
        actions,
        on,
        when: When::AsDocumented,
    }
}

/// What the rule of a job needs.
const fn rule(name: &'static str) -> Need {
    sync(
        &["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        On::Rule(name),
    )
}

const MACHINE: Argument = &["StateMachineArn"];
const PROJECT: On = On::Named("codebuild", "project/*", &["ProjectName"]);
const JOB: On = On::Named("glue", "job/*", &["JobName"]);
const TABLE: On = On::Named("dynamodb", "table/*", &["TableName"]);
const PROCESSING: On = On::Named("sagemaker", "processing-job/*", &["ProcessingJobName"]);
const TRAINING: On = On::Named("sagemaker", "training-job/*", &["TrainingJobName"]);
const TRANSFORM: On = On::Named("sagemaker", "transform-job/*", &["TransformJobName"]);
const TUNING: On = On::Named(
    "sagemaker",
    "hyper-parameter-tuning-job/*",
    &["HyperParameterTuningJobName"],
);
const LABELING: On = On::Named("sagemaker", "labeling-job/*", &["LabelingJobName"]);
const SAGEMAKER: &str = "sagemaker.amazonaws.com";
const LIST_TAGS: Need = documented(&["sagemaker:ListTags"], On::All);
const ROLE: On = On::Role(&["RoleArn"], SAGEMAKER);

/// What an operation needs: its prefix and name, the same for optimized integrations and those of the SDK.
pub(super) const OPERATIONS: &[(&str, &[Need])] = &[
    (
        // Only an API that asks for IAM's authorization needs it.
        "apigateway:Invoke",
        &[as_documented(&["execute-api:Invoke"], On::Unknown)],
    ),
    (
        "athena:StartQueryExecution",
        &[
            always(&["athena:StartQueryExecution"], On::Unknown),
            sync(&["athena:GetQueryExecution"], On::Unknown),
            stopping(&["athena:StopQueryExecution"], On::Unknown),
            documented(&["athena:GetDataCatalog"], On::Unknown),
        ],
    ),
    (
        "batch:SubmitJob",
        &[
            always(&["batch:SubmitJob"], On::Unknown),
            following(&["batch:DescribeJobs"], On::All),
            stopping(&["batch:TerminateJob"], On::All),
            rule("StepFunctionsGetEventsForBatchJobsRule"),
        ],
    ),
    (
        "codebuild:StartBuild",
        &[
            always(&["codebuild:StartBuild"], PROJECT),
            following(&["codebuild:BatchGetBuilds"], PROJECT),
            stopping(&["codebuild:StopBuild"], PROJECT),
            documented(&["codebuild:BatchGetReports"], On::Unknown),
            rule("StepFunctionsGetEventForCodeBuildStartBuildRule"),
        ],
    ),
    (
        "codebuild:StartBuildBatch",
        &[
            always(&["codebuild:StartBuildBatch"], PROJECT),
            following(&["codebuild:BatchGetBuildBatches"], PROJECT),
            stopping(&["codebuild:StopBuildBatch"], PROJECT),
            rule("StepFunctionsGetEventForCodeBuildStartBuildBatchRule"),
        ],
    ),
    ("dynamodb:GetItem", &[always(&["dynamodb:GetItem"], TABLE)]),
    ("dynamodb:PutItem", &[always(&["dynamodb:PutItem"], TABLE)]),
    ("dynamodb:UpdateItem", &[always(&["dynamodb:UpdateItem"], TABLE)]),
    ("dynamodb:DeleteItem", &[always(&["dynamodb:DeleteItem"], TABLE)]),
    ("dynamodb:Query", &[always(&["dynamodb:Query"], On::Unknown)]),
    ("dynamodb:Scan", &[always(&["dynamodb:Scan"], On::Unknown)]),
    (
        "ecs:RunTask",
        &[
            always(&["ecs:RunTask"], On::TaskDefinition),
            following(&["ecs:DescribeTasks"], On::Unknown),
            stopping(&["ecs:StopTask"], On::Unknown),
            rule("StepFunctionsGetEventsForECSTaskRule"),
        ],
    ),
    // Kubernetes decides about these two.
    ("eks:Call", &[]),
    ("eks:RunJob", &[]),
    (
        "elasticmapreduce:AddStep",
        &[
            always(&["elasticmapreduce:AddJobFlowSteps"], On::Unknown),
            following(&["elasticmapreduce:DescribeStep"], On::Unknown),
            stopping(&["elasticmapreduce:CancelSteps"], On::Unknown),
            rule("StepFunctionsGetEventForEMRAddJobFlowStepsRule"),
        ],
    ),
    (
        "elasticmapreduce:CreateCluster",
        &[
            always(&["elasticmapreduce:RunJobFlow"], On::All),
            always(&["iam:PassRole"], On::Role(&["JobFlowRole"], "ec2.amazonaws.com")),
            always(
                &["iam:PassRole"],
                On::Role(&["ServiceRole"], "elasticmapreduce.amazonaws.com"),
            ),
            following(&["elasticmapreduce:DescribeCluster"], On::Unknown),
            stopping(&["elasticmapreduce:TerminateJobFlows"], On::Unknown),
            rule("StepFunctionsGetEventForEMRRunJobFlowRule"),
        ],
    ),
    (
        "elasticmapreduce:TerminateCluster",
        &[
            always(&["elasticmapreduce:TerminateJobFlows"], On::Unknown),
            following(&["elasticmapreduce:DescribeCluster"], On::Unknown),
            rule("StepFunctionsGetEventForEMRTerminateJobFlowsRule"),
        ],
    ),
    ("events:PutEvents", &[always(&["events:PutEvents"], On::Unknown)]),
    (
        "glue:StartJobRun",
        &[
            always(&["glue:StartJobRun"], JOB),
            sync(&["glue:GetJobRun"], JOB),
            stopping(&["glue:BatchStopJobRun"], JOB),
            documented(&["glue:GetJobRuns"], JOB),
        ],
    ),
    (
        "http:Invoke",
        &[
            always(&["states:InvokeHTTPEndpoint"], On::OwnMachine),
            always(
                &["events:RetrieveConnectionCredentials"],
                On::Named("events", "connection/*", &["Authentication", "ConnectionArn"]),
            ),
            always(
                &["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                On::Unknown,
            ),
        ],
    ),
    ("lambda:Invoke", &[always(&["lambda:InvokeFunction"], On::Function)]),
    (
        "mediaconvert:CreateJob",
        &[
            always(&["mediaconvert:CreateJob"], On::All),
            always(&["iam:PassRole"], On::Role(&["Role"], "mediaconvert.amazonaws.com")),
            following(&["mediaconvert:GetJob"], On::All),
            stopping(&["mediaconvert:CancelJob"], On::All),
            rule("StepFunctionsGetEventsForMediaConvertJobRule"),
        ],
    ),
    ("s3:GetObject", &[always(&["s3:GetObject"], On::Object)]),
    ("s3:PutObject", &[always(&["s3:PutObject"], On::Object)]),
    ("s3:HeadObject", &[always(&["s3:GetObject"], On::Object)]),
    ("s3:DeleteObject", &[always(&["s3:DeleteObject"], On::Object)]),
    ("s3:DeleteObjects", &[always(&["s3:DeleteObject"], On::Unknown)]),
    (
        "s3:CopyObject",
        &[
            always(&["s3:PutObject"], On::Object),
            always(&["s3:GetObject"], On::Unknown),
        ],
    ),
    ("s3:HeadBucket", &[always(&["s3:ListBucket"], On::Bucket)]),
    ("s3:ListObjects", &[always(&["s3:ListBucket"], On::Bucket)]),
    ("s3:ListObjectsV2", &[always(&["s3:ListBucket"], On::Bucket)]),
    (
        "s3:ListObjectVersions",
        &[always(&["s3:ListBucketVersions"], On::Bucket)],
    ),
    (
        "s3:DeleteBucketTagging",
        &[always(&["s3:PutBucketTagging"], On::Bucket)],
    ),
    ("s3:ListBuckets", &[always(&["s3:ListAllMyBuckets"], On::All)]),
    (
        "sagemaker:CreateEndpoint",
        &[always(&["sagemaker:CreateEndpoint"], On::Unknown)],
    ),
    (
        "sagemaker:CreateHyperParameterTuningJob",
        &[
            always(&["sagemaker:CreateHyperParameterTuningJob"], TUNING),
            always(
                &["iam:PassRole"],
                On::Role(&["TrainingJobDefinition", "RoleArn"], SAGEMAKER),
            ),
            following(&["sagemaker:DescribeHyperParameterTuningJob"], TUNING),
            stopping(&["sagemaker:StopHyperParameterTuningJob"], TUNING),
            LIST_TAGS,
            rule("StepFunctionsGetEventsForSageMakerTuningJobsRule"),
        ],
    ),
    (
        "sagemaker:CreateLabelingJob",
        &[
            always(&["sagemaker:CreateLabelingJob"], LABELING),
            always(&["iam:PassRole"], ROLE),
            following(&["sagemaker:DescribeLabelingJob"], LABELING),
            stopping(&["sagemaker:StopLabelingJob"], LABELING),
            LIST_TAGS,
            rule("StepFunctionsGetEventsForSageMakerLabelingJobsRule"),
        ],
    ),
    (
        "sagemaker:CreateModel",
        &[
            always(
                &["sagemaker:CreateModel"],
                On::Named("sagemaker", "model/*", &["ModelName"]),
            ),
            always(&["iam:PassRole"], On::Role(&["ExecutionRoleArn"], SAGEMAKER)),
        ],
    ),
    (
        "sagemaker:CreateProcessingJob",
        &[
            always(&["sagemaker:CreateProcessingJob"], PROCESSING),
            always(&["iam:PassRole"], ROLE),
            sync(&["sagemaker:AddTags"], PROCESSING),
            following(&["sagemaker:DescribeProcessingJob"], PROCESSING),
            stopping(&["sagemaker:StopProcessingJob"], PROCESSING),
            LIST_TAGS,
            rule("StepFunctionsGetEventsForSageMakerProcessingJobsRule"),
        ],
    ),
    (
        "sagemaker:CreateTrainingJob",
        &[
            always(&["sagemaker:CreateTrainingJob"], TRAINING),
            always(&["iam:PassRole"], ROLE),
            sync(&["sagemaker:AddTags"], TRAINING),
            following(&["sagemaker:DescribeTrainingJob"], TRAINING),
            stopping(&["sagemaker:StopTrainingJob"], TRAINING),
            LIST_TAGS,
            rule("StepFunctionsGetEventsForSageMakerTrainingJobsRule"),
        ],
    ),
    (
        "sagemaker:CreateTransformJob",
        &[
            always(&["sagemaker:CreateTransformJob"], TRANSFORM),
            sync(&["sagemaker:AddTags"], TRANSFORM),
            following(&["sagemaker:DescribeTransformJob"], TRANSFORM),
            stopping(&["sagemaker:StopTransformJob"], TRANSFORM),
            LIST_TAGS,
            rule("StepFunctionsGetEventsForSageMakerTransformJobsRule"),
        ],
    ),
    ("sns:Publish", &[always(&["sns:Publish"], On::Topic)]),
    ("sns:PublishBatch", &[always(&["sns:Publish"], On::Topic)]),
    ("sqs:SendMessage", &[always(&["sqs:SendMessage"], On::Queue)]),
    ("sqs:SendMessageBatch", &[always(&["sqs:SendMessage"], On::Queue)]),
    ("sqs:DeleteMessageBatch", &[always(&["sqs:DeleteMessage"], On::Queue)]),
    (
        "sqs:ChangeMessageVisibilityBatch",
        &[always(&["sqs:ChangeMessageVisibility"], On::Queue)],
    ),
    (
        "states:StartExecution",
        &[
            always(
                &["states:StartExecution"],
                On::Named("states", "stateMachine:*", MACHINE),
            ),
            following(&["states:DescribeExecution"], On::ExecutionsOf(MACHINE)),
            stopping(&["states:StopExecution"], On::ExecutionsOf(MACHINE)),
            rule("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
        ],
    ),
    (
        "states:StartSyncExecution",
        &[always(
            &["states:StartSyncExecution"],
            On::Named("states", "stateMachine:*", MACHINE),
        )],
    ),
];

/// What the children of a distributed Map need:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>.
pub(super) const CHILDREN: &[Need] = &[
    always(&["states:StartExecution"], On::OwnMachine),
    as_documented(
        &[
            "states:DescribeExecution",
            "states:StopExecution",
            "states:RedriveExecution",
        ],
        On::OwnExecutions,
    ),
];

/// What results in S3 need.
pub(super) const WRITER: &[Need] = &[
    always(&["s3:PutObject"], On::Object),
    as_documented(
        &["s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
        On::Object,
    ),
];

/// What the log of executions needs: <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>.
pub(super) const LOGS: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// What traces need: <https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html>.
pub(super) const TRACES: &[&str] = &[
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// The services whose actions are called as their operations, but for those of the table. Of others an operation can need
/// an action of another name.
pub(super) const ALIKE: &[&str] = &[
    "codebuild",
    "codepipeline",
    "ecr",
    "ecs",
    "elasticloadbalancing",
    "events",
    "kms",
    "lambda",
    "logs",
    "sagemaker",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "states",
];
