//! The kinds of resources that have a name of their own: their CloudFormation type, and the command that removes one.

/// A kind of resource that has a name of its own in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A Lambda function.
    Function,
    /// A state machine.
    StateMachine,
    /// An ECR repository.
    Repository,
    /// An S3 bucket, whose name is unique in the world.
    Bucket,
    /// A CodeBuild project.
    Project,
    /// A pipeline.
    Pipeline,
    /// A parameter.
    Parameter,
    /// An SQS queue.
    Queue,
    /// An IAM role.
    Role,
    /// A log group.
    LogGroup,
}

/// What is known of a kind.
struct Trait {
    kind: ResourceKind,
    /// CloudFormation's type.
    cloudformation: &'static str,
    /// What people call it.
    noun: &'static str,
    /// The command that removes a leftover; `{}` is its name. A bucket or a repository that is not empty is not
    /// removed.
    removal: &'static str,
}

const TRAITS: &[Trait] = &[
    Trait {
        kind: ResourceKind::Function,
        cloudformation: "AWS::Lambda::Function",
        noun: "function",
        removal: "aws lambda delete-function --function-name {}",
    },
    Trait {
        kind: ResourceKind::StateMachine,
        cloudformation: "AWS::StepFunctions::StateMachine",
        noun: "state machine",
        removal: "aws stepfunctions delete-state-machine --state-machine-arn {}",
    },
    Trait {
        kind: ResourceKind::Repository,
        cloudformation: "AWS::ECR::Repository",
        noun: "ECR repository",
        removal: "aws ecr delete-repository --repository-name {}",
    },
    Trait {
        kind: ResourceKind::Bucket,
        cloudformation: "AWS::S3::Bucket",
        noun: "bucket",
        removal: "aws s3 rb s3://{}",
    },
    Trait {
        kind: ResourceKind::Project,
        cloudformation: "AWS::CodeBuild::Project",
        noun: "CodeBuild project",
        removal: "aws codebuild delete-project --name {}",
    },
    Trait {
        kind: ResourceKind::Pipeline,
        cloudformation: "AWS::CodePipeline::Pipeline",
        noun: "pipeline",
        removal: "aws codepipeline delete-pipeline --name {}",
    },
    Trait {
        kind: ResourceKind::Parameter,
        cloudformation: "AWS::SSM::Parameter",
        noun: "parameter",
        removal: "aws ssm delete-parameter --name {}",
    },
    Trait {
        kind: ResourceKind::Queue,
        cloudformation: "AWS::SQS::Queue",
        noun: "queue",
        removal: "aws sqs delete-queue --queue-url {}",
    },
    Trait {
        kind: ResourceKind::Role,
        cloudformation: "AWS::IAM::Role",
        noun: "role",
        removal: "aws iam delete-role --role-name {}",
    },
    Trait {
        kind: ResourceKind::LogGroup,
        cloudformation: "AWS::Logs::LogGroup",
        noun: "log group",
        removal: "aws logs delete-log-group --log-group-name {}",
    },
];

impl ResourceKind {
    fn traits(self) -> &'static Trait {
        let found = TRAITS.iter().find(|traits| traits.kind == self);
        found.expect("every kind is in the table, as the tests below see to")
    }

    /// The kind that CloudFormation calls `kind`.
    pub fn of(kind: &str) -> Option<Self> {
        let traits = TRAITS.iter().find(|traits| traits.cloudformation == kind)?;
        Some(traits.kind)
    }

    /// What people call it.
    pub(crate) fn noun(self) -> &'static str {
        self.traits().noun
    }

    /// The command that removes a leftover of this kind.
    pub(crate) fn removal(self, id: &str) -> String {
        self.traits().removal.replace("{}", id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_type_and_can_be_removed() {
        use ResourceKind::*;
        for kind in [
            Function,
            StateMachine,
            Repository,
            Bucket,
            Project,
            Pipeline,
            Parameter,
            Queue,
            Role,
            LogGroup,
        ] {
            let traits = kind.traits();
            assert_eq!(ResourceKind::of(traits.cloudformation), Some(kind));
            assert!(kind.removal("the-name").ends_with("the-name"), "{kind:?}");
            assert!(!kind.noun().is_empty());
        }
        assert_eq!(ResourceKind::of("AWS::CloudWatch::Alarm"), None);
    }
}
