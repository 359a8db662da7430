//! The services, one module each; what they cannot do they refuse by name.

pub mod cloudformation;
pub mod codebuild;
pub mod codeconnections;
pub mod codepipeline;
pub mod ecr;
pub mod events;
pub mod iam;
pub mod input;
pub mod lambda;
pub mod logs;
pub mod s3;
pub mod sagemaker;
pub mod servicequotas;
pub mod sqs;
pub mod ssm;
pub mod states;
pub mod sts;
