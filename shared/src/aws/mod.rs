//! AWS, over the runtime that its SDKs share. No other folder imports that.
//!
//! [`Aws`] reads the environment once, and gives one adapter per service. Each adapter implements ports of
//! [`crate::ports`]. Region and credentials come from the environment, as Lambda sets them, and never over the network.
//! What is missing there is an error that says how to mend it.

mod access;
mod artifacts;
mod code_pipeline;
mod ecr;
mod environment;
mod error;
mod https;
mod json;
mod request;
mod roots;
mod service;
mod ssm;
mod start;
mod step_functions;

pub use access::Aws;
pub use artifacts::ArtifactStore;
pub use code_pipeline::CodePipeline;
pub use ecr::ImageRegistry;
pub use service::Service;
pub use ssm::ParameterStore;
pub use start::StartError;
pub use step_functions::StepFunctions;

impl Aws {
    /// Step Functions.
    #[must_use]
    pub fn step_functions(&self) -> StepFunctions {
        StepFunctions::new(&self.config)
    }

    /// CodePipeline.
    #[must_use]
    pub fn code_pipeline(&self) -> CodePipeline {
        CodePipeline::new(&self.config)
    }

    /// S3, for a job's artifacts. It uses the job's own credentials, never the function's.
    #[must_use]
    pub fn artifact_store(&self) -> ArtifactStore {
        ArtifactStore::new(&self.config)
    }
}

#[cfg(test)]
mod wire_tests;
