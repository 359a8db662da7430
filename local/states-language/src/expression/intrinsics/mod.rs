//! The intrinsic functions of JSONPath definitions: `States.Format('{}', $.name)`.
//!
//! See [Intrinsic functions](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).

mod arrays;
mod call;
mod evaluate;
mod numbers;
mod parse;
mod texts;

pub(crate) use call::Intrinsic;
#[cfg(feature = "jsonata")]
pub(super) use texts::hash_text;
