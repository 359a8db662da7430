//! The ports that the function needs: which operations of AWS it calls.
//!
//! A part of the handler that calls fewer operations asks only for those.

use shared::ports::images::{BatchGetImage, DescribeImages, DescribeRepositories};
use shared::ports::step_functions::{DescribeExecution, DescribeStateMachine, StartExecution};

/// What the function calls of a registry.
pub trait Registry: DescribeImages + BatchGetImage + DescribeRepositories {}
impl<T: DescribeImages + BatchGetImage + DescribeRepositories> Registry for T {}

/// What the function calls of Step Functions.
pub trait States: StartExecution + DescribeExecution + DescribeStateMachine {}
impl<T: StartExecution + DescribeExecution + DescribeStateMachine> States for T {}
