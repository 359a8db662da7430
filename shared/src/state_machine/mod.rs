//! State machines: how a person names one, its ARN, and which one is meant.
//!
//! - [`StateMachineReference`] is what a person writes: an ARN, a name, or `ssm:/path` of a parameter that holds either.
//! - [`StateMachineArn`] is what AWS is called with.
//! - [`StateMachines`] goes from the one to the other. It needs the function's [`Place`](crate::place::Place) to complete
//!   a name, and Parameter Store to read a parameter. [`NotResolved`] says what is wrong if it cannot.

mod reference;
mod resolve;

pub use reference::{ReferenceError, StateMachineArn, StateMachineName, StateMachineReference};
pub use resolve::{NotResolved, StateMachines};
