//! CloudFormation: stacks of resources, made from templates by an [`Engine`].
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>. The local run deploys through
//! the same engine as the operations here, so that each shows what the other has made.

mod change_sets;
mod engine;
mod history;
mod input;
mod kept;
mod nested;
mod nested_change_sets;
mod on_failure;
mod operations;
mod rows;
mod stacks;
mod status;
mod templates;
mod work;

pub use engine::{Action, Change, Declared, Doing, Engine, Extent, Nested, Plan, Shown, Summary, Wanted};
pub use kept::{CloudFormation, Left, Outer};
pub use nested::{Nesting, NestingError, nested_name};
pub use rows::Record;
pub use status::Status;
pub use templates::ACTING;
