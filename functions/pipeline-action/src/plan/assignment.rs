//! A job that could be read: what people want, and how far the action is.

use shared::execution_name::ExecutionName;
use shared::ports::code_pipeline::FailureType;
use shared::time::Timestamp;

use super::answer::Answer;
use crate::event::Job;
use crate::token::{Token, TokenError};
use crate::user_parameters::{ParametersError, UserParameters};

/// A job that could be read: what people want, and how far the action is.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// What people want.
    pub parameters: UserParameters,
    /// How far the action is.
    pub token: Token,
}

impl Assignment {
    /// Reads a job.
    ///
    /// # Errors
    /// The answer to a job that cannot be read.
    pub fn of(job: &Job, now: Timestamp) -> Result<Self, Answer> {
        let refused = |error: ParametersError| Answer::fail(FailureType::ConfigurationError, error.to_string());
        let parameters = UserParameters::parse(job.user_parameters.as_deref()).map_err(refused)?;
        if let (Some(_), Some(artifact)) = (&parameters.approval, job.output_artifacts.first()) {
            return Err(Answer::fail(
                FailureType::ConfigurationError,
                format!(
                    "The action declares the output artifact `{}`, but with `approval` it ends before the execution has \
                     an output: declare no output artifact",
                    artifact.name
                ),
            ));
        }
        let damaged = |error: TokenError| Answer::fail(FailureType::ConfigurationError, error.to_string());
        let token = match &job.continuation_token {
            Some(text) => Token::decode(text).map_err(damaged)?.at(now),
            None => Token::first(&job.id, now),
        };
        Ok(Self { parameters, token })
    }

    /// The same with another token.
    #[must_use]
    pub fn with(&self, token: Token) -> Self {
        Self { token, ..self.clone() }
    }

    /// The name of the execution. It comes from the pipeline's execution and the action's first job, so it is always
    /// the same.
    #[must_use]
    pub fn execution_name(&self) -> ExecutionName {
        self.parameters.execution_name(&self.token.job)
    }
}
