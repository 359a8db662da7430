//! SAM's policy templates for the services of the local run: each allows actions on resources that an argument names.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html>.

use super::super::fault::Fault;
use serde_json::{Value, json};

/// A template.
struct PolicyTemplate {
    name: &'static str,
    /// What its resources are named by; none where it allows its actions on all.
    argument: Option<&'static str>,
    statements: &'static [Statement],
}

/// Actions, and the ARNs that they are allowed on: `${name}` is the argument.
type Statement = (&'static [&'static str], &'static [&'static str]);

const ALL: &[&str] = &["*"];
const BUCKET: &[&str] = &["arn:${AWS::Partition}:s3:::${name}"];
const OBJECTS: &[&str] = &["arn:${AWS::Partition}:s3:::${name}/*"];
const BUCKET_AND_OBJECTS: &[&str] = &[
    "arn:${AWS::Partition}:s3:::${name}",
    "arn:${AWS::Partition}:s3:::${name}/*",
];
const PARAMETERS: &[&str] = &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"];
const STATE_MACHINE: &[&str] = &["arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${name}"];
const TOPIC: &[&str] = &["arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${name}"];
const QUEUE: &[&str] = &["arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${name}"];

const fn template(name: &'static str, argument: &'static str, statements: &'static [Statement]) -> PolicyTemplate {
    PolicyTemplate {
        name,
        argument: Some(argument),
        statements,
    }
}

const TEMPLATES: &[PolicyTemplate] = &[
    PolicyTemplate {
        name: "CloudFormationDescribeStacksPolicy",
        argument: None,
        statements: &[(
            &["cloudformation:DescribeStacks"],
            &["arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*"],
        )],
    },
    PolicyTemplate {
        name: "CodePipelineLambdaExecutionPolicy",
        argument: None,
        statements: &[(
            &["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
            ALL,
        )],
    },
    template(
        "CodePipelineReadOnlyPolicy",
        "PipelineName",
        &[(
            &["codepipeline:ListPipelineExecutions"],
            &["arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${name}"],
        )],
    ),
    template(
        "EcsRunTaskPolicy",
        "TaskDefinition",
        &[(
            &["ecs:RunTask"],
            &["arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/${name}"],
        )],
    ),
    template(
        "EventBridgePutEventsPolicy",
        "EventBusName",
        &[(
            &["events:PutEvents"],
            &["arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${name}"],
        )],
    ),
    template(
        "FilterLogEventsPolicy",
        "LogGroupName",
        &[(
            &["logs:FilterLogEvents"],
            &["arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${name}:log-stream:*"],
        )],
    ),
    template(
        "LambdaInvokePolicy",
        "FunctionName",
        &[(
            &["lambda:InvokeFunction"],
            &["arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${name}*"],
        )],
    ),
    template(
        "S3CrudPolicy",
        "BucketName",
        &[(
            &[
                "s3:GetObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:GetObjectVersion",
                "s3:PutObject",
                "s3:PutObjectAcl",
                "s3:GetLifecycleConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:DeleteObject",
            ],
            BUCKET_AND_OBJECTS,
        )],
    ),
    template(
        "S3FullAccessPolicy",
        "BucketName",
        &[
            (
                &[
                    "s3:GetObject",
                    "s3:GetObjectAcl",
                    "s3:GetObjectVersion",
                    "s3:PutObject",
                    "s3:PutObjectAcl",
                    "s3:DeleteObject",
                    "s3:DeleteObjectTagging",
                    "s3:DeleteObjectVersionTagging",
                    "s3:GetObjectTagging",
                    "s3:GetObjectVersionTagging",
                    "s3:PutObjectTagging",
                    "s3:PutObjectVersionTagging",
                ],
                OBJECTS,
            ),
            (
                &[
                    "s3:ListBucket",
                    "s3:GetBucketLocation",
                    "s3:GetLifecycleConfiguration",
                    "s3:PutLifecycleConfiguration",
                ],
                BUCKET,
            ),
        ],
    ),
    template(
        "S3ReadPolicy",
        "BucketName",
        &[(
            &[
                "s3:GetObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:GetObjectVersion",
                "s3:GetLifecycleConfiguration",
            ],
            BUCKET_AND_OBJECTS,
        )],
    ),
    template(
        "S3WritePolicy",
        "BucketName",
        &[(
            &["s3:PutObject", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"],
            BUCKET_AND_OBJECTS,
        )],
    ),
    template(
        "SNSCrudPolicy",
        "TopicName",
        &[(
            &[
                "sns:ListSubscriptionsByTopic",
                "sns:CreateTopic",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
                "sns:Publish",
            ],
            &["arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${name}*"],
        )],
    ),
    template("SNSPublishMessagePolicy", "TopicName", &[(&["sns:Publish"], TOPIC)]),
    template(
        "SQSPollerPolicy",
        "QueueName",
        &[(
            &[
                "sqs:ChangeMessageVisibility",
                "sqs:ChangeMessageVisibilityBatch",
                "sqs:DeleteMessage",
                "sqs:DeleteMessageBatch",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            QUEUE,
        )],
    ),
    template("SQSSendMessagePolicy", "QueueName", &[(&["sqs:SendMessage*"], QUEUE)]),
    template(
        "SSMParameterReadPolicy",
        "ParameterName",
        &[
            (&["ssm:DescribeParameters"], ALL),
            (
                PARAMETERS,
                &["arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${name}"],
            ),
        ],
    ),
    template(
        "SSMParameterWithSlashPrefixReadPolicy",
        "ParameterName",
        &[
            (&["ssm:DescribeParameters"], ALL),
            (
                PARAMETERS,
                &["arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${name}"],
            ),
        ],
    ),
    template(
        "StepFunctionsCallbackPolicy",
        "StateMachineName",
        &[(
            &[
                "states:SendTaskFailure",
                "states:SendTaskHeartbeat",
                "states:SendTaskSuccess",
            ],
            STATE_MACHINE,
        )],
    ),
    template(
        "StepFunctionsExecutionPolicy",
        "StateMachineName",
        &[(&["states:StartExecution"], STATE_MACHINE)],
    ),
    template(
        "StepFunctionsExecutionPolicy_v2",
        "StateMachineName",
        &[(&["states:StartExecution", "states:StartSyncExecution"], STATE_MACHINE)],
    ),
];

/// The statements that SAM makes from a template of its own.
pub(super) fn statements(name: &str, arguments: &Value) -> Result<Value, Fault> {
    let template = TEMPLATES.iter().find(|template| template.name == name);
    let template = template.ok_or_else(|| Fault::absent("is not a policy template that the local run has"))?;
    let argument = match template.argument {
        None => &Value::Null,
        // It may be an intrinsic function itself.
        Some(argument) => arguments
            .get(argument)
            .ok_or_else(|| Fault::new(format_args!("has no `{argument}`")))?,
    };
    let resource = |arn: &&str| match arn.contains("${name}") {
        true => json!({"Fn::Sub": [arn, {"name": argument}]}),
        false => json!({ "Fn::Sub": arn }),
    };
    let statements = template.statements.iter().map(|(actions, resources)| {
        let resources: Vec<Value> = resources.iter().map(resource).collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    });
    Ok(statements.collect())
}
