//! The second floor: paths, JSONata, intrinsic functions and templates, and the data that they can see. It knows nothing
//! of states.

mod delimited;
mod failure;
mod intrinsics;
mod java;
#[cfg(feature = "jsonata")]
mod jsonata;
#[cfg(not(feature = "jsonata"))]
#[path = "without_jsonata.rs"]
mod jsonata;
mod jsonpath;
mod random;
mod refusal;
mod scope;
mod template;

pub(crate) use delimited::delimited;
pub use failure::Failure;
pub(crate) use failure::StateError;
pub(crate) use intrinsics::Intrinsic;
pub(crate) use jsonata::Expression;
pub(crate) use jsonpath::{Path, ReferencePath, Root};
pub(crate) use random::Random;
pub use scope::Assigned;
pub(crate) use scope::{Context, MapItem, Scope, Variables, format_time};
pub(crate) use template::{Problem, ProblemKind, Query, QueryKind, QueryLanguage, Template};
