//! AWS, over its SDKs: the only folder that imports them.
//!
//! [`Aws`] reads the environment once and hands out one adapter per service; each implements the ports of
//! [`crate::ports`]. Nothing is looked up over the network: region and credentials come from the environment, as Lambda
//! sets them, and what is missing there is an error that says how to mend it.

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

    /// S3, for a job's artifacts: reached with the job's own credentials, never with the function's.
    #[must_use]
    pub fn artifact_store(&self) -> ArtifactStore {
        ArtifactStore::new(&self.config)
    }
}

#[cfg(test)]
mod wire_tests;
