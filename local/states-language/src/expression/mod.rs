//! The second floor: paths, JSONata, intrinsic functions and templates, and the data that they can see. It knows nothing
//! of states.

mod failure;
mod intrinsics;
mod java;
mod jsonata;
mod jsonpath;
mod random;
mod scope;
mod template;

pub use failure::Failure;
pub(crate) use failure::StateError;
pub(crate) use intrinsics::Intrinsic;
pub(crate) use jsonata::{Expression, delimited};
pub(crate) use jsonpath::{Path, ReferencePath, Root};
pub(crate) use random::Random;
pub use scope::Assigned;
pub(crate) use scope::{Context, MapItem, Scope, Variables, format_time};
pub(crate) use template::{Problem, Query, QueryKind, QueryLanguage, Template};
