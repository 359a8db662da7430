//! The services, a folder each. What they cannot do they refuse by name.
//!
//! None knows another: each stands on the [`platform`] alone, and calls the others through its door. What several of
//! them need and no service is: what runs the programs of images, [`containers`], real ones where an engine answers, the
//! [`python`] packages of images where none does, the [`manifest`]s of images, `tags`, and what only Linux has (`machine`).

pub mod cloudformation;
pub mod codebuild;
pub mod codeconnections;
pub mod codepipeline;
pub mod containers;
pub mod ecr;
pub mod ecs;
pub mod elasticloadbalancing;
pub mod events;
pub mod iam;
pub mod lambda;
pub mod logs;
mod machine;
pub mod manifest;
mod objects;
mod program;
pub mod python;
pub mod s3;
pub mod sagemaker;
pub mod servicequotas;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod states;
pub mod sts;
mod tags;
#[cfg(test)]
mod testing;
