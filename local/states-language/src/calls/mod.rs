//! The fourth floor: what a definition would call, without running it: the calls, whether AWS knows them, and the permissions that they need.
//!
//! It reads definitions as they are written, so that there is something to say of those that cannot be created.

mod call;
mod catalog;
mod misuse;
mod needs;
mod permissions;
mod place;
mod walk;

pub use call::{Call, CallKind, Target, calls};
pub use catalog::signing_name;
pub use misuse::{Misuse, misuse, unknown_integration};
pub use permissions::{Necessity, Needed, permissions};
pub use place::MachineSettings;
pub(crate) use walk::states;
