//! Permissions of CloudFormation's handlers that the templates never make use of, so that no deploy role has them.

/// Permissions, and why the templates do not need them.
pub(crate) struct Unused {
    /// The actions; may have wildcards.
    pub(crate) actions: &'static [&'static str],
    /// The type of the resource, or `*` for all.
    pub(crate) kind: &'static str,
    /// Which property would need them, or why they must not be had.
    pub(crate) reason: &'static str,
}

pub(crate) const UNUSED: &[Unused] = &[
    Unused {
        actions: &["kms:*"],
        kind: "*",
        reason: "nothing is encrypted with a key of the account's own",
    },
    Unused {
        actions: &["iam:DeleteRolePermissionsBoundary"],
        kind: "AWS::IAM::Role",
        reason: "a boundary is never taken off: that is what it is for",
    },
    Unused {
        actions: &["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        kind: "AWS::IAM::Role",
        reason: "roles have policies of their own and no managed ones (`ManagedPolicyArns`)",
    },
    Unused {
        actions: &["iam:UpdateRoleDescription"],
        kind: "AWS::IAM::Role",
        reason: "`UpdateRole` changes the description; this is its older form",
    },
    Unused {
        actions: &["elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets"],
        kind: "AWS::Lambda::Function",
        reason: "no function mounts a file system",
    },
    Unused {
        actions: &["ecs:PutAccountSetting*", "ecs:PutClusterCapacityProviders"],
        kind: "AWS::ECS::Cluster",
        reason: "the cluster has no capacity providers, and the account's settings are nobody's here",
    },
    Unused {
        actions: &["ecs:DeregisterTaskDefinition"],
        kind: "AWS::ECS::TaskDefinition",
        reason: "AWS knows no resource for it, so that it would reach the other environment: the stack keeps its own",
    },
    Unused {
        actions: &[
            "cognito-idp:DescribeUserPoolClient",
            "ec2:DescribeIpamPools",
            "elasticloadbalancing:*CapacityReservation",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyIpPools",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:SetIpAddressType",
        ],
        kind: "*",
        reason: "the load balancer signs nobody in, has no addresses or capacity of its own, and ECS registers its targets",
    },
    Unused {
        actions: &[
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:DeleteFunctionConcurrency",
            "lambda:GetCodeSigningConfig",
            "lambda:GetLayerVersion",
            "lambda:PassCapacityProvider",
            "lambda:PublishVersion",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:PutFunctionConcurrency",
            "lambda:PutFunctionRecursionConfig",
            "lambda:PutFunctionScalingConfig",
            "lambda:PutRuntimeManagementConfig",
        ],
        kind: "AWS::Lambda::Function",
        reason: "no function has a code signing configuration, layers, versions, or settings of its concurrency, recursion, \
                 scaling or runtime updates",
    },
    Unused {
        actions: &[
            "codepipeline:DisableStageTransition",
            "codepipeline:EnableStageTransition",
            "codepipeline:StartPipelineExecution",
        ],
        kind: "AWS::CodePipeline::Pipeline",
        reason: "no stage is disabled (`DisableInboundStageTransitions`), and no update starts an execution \
                 (`RestartExecutionOnUpdate`)",
    },
    Unused {
        actions: &[
            "firehose:TagDeliveryStream",
            "logs:AssociateKmsKey",
            "logs:CreateLogDelivery",
            "logs:DeleteDataProtectionPolicy",
            "logs:DeleteIndexPolicy",
            "logs:DeleteResourcePolicy",
            "logs:DisassociateKmsKey",
            "logs:PutBearerTokenAuthentication",
            "logs:PutDataProtectionPolicy",
            "logs:PutIndexPolicy",
            "logs:PutLogGroupDeletionProtection",
            "logs:PutResourcePolicy",
            "s3:REST.PUT.OBJECT",
        ],
        kind: "AWS::Logs::LogGroup",
        reason: "a log group has a name and a retention, and none of the policies and protections that these are for",
    },
    Unused {
        actions: &[
            "iam:PassRole",
            "s3:*Abac",
            "s3:*MetadataTable*",
            "s3:*Metadata*TableConfiguration",
            "s3:*ObjectLockConfiguration",
            "s3:DeleteObject",
            "s3:GetBucketAcl",
            "s3:PutAccelerateConfiguration",
            "s3:PutAnalyticsConfiguration",
            "s3:PutBucketAcl",
            "s3:PutBucketCORS",
            "s3:PutBucketLogging",
            "s3:PutBucketNotification",
            "s3:PutBucketReplication",
            "s3:PutBucketWebsite",
            "s3:PutIntelligentTieringConfiguration",
            "s3:PutInventoryConfiguration",
            "s3:PutMetricsConfiguration",
            "s3:PutObjectAcl",
            "s3:PutReplicationConfiguration",
            "s3tables:*",
        ],
        kind: "AWS::S3::Bucket",
        reason: "the bucket has encryption, ownership, versions, a lifecycle, tags and a public access block, and nothing else",
    },
    Unused {
        actions: &[
            "s3:DeleteBucketAnalyticsConfiguration",
            "s3:DeleteBucketCors",
            "s3:DeleteBucketEncryption",
            "s3:DeleteBucketLifecycle",
            "s3:DeleteBucketMetricsConfiguration",
            "s3:DeleteBucketReplication",
        ],
        kind: "AWS::S3::Bucket",
        reason: "no action that IAM knows: the `Put…Configuration` of the same name is asked about",
    },
];
