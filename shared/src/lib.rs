//! What Stepline's functions share: ports to AWS and their one implementation on the SDKs, parameters, names, telemetry.
//!
//! - [`ports`] are narrow traits in AWS's own operation names. A function asks for those that it uses, so that its
//!   signature mirrors its policy. [`aws`] implements them on the SDKs; `fakes` implements them in memory, for tests.
//! - [`state_machine`], [`execution_name`] and [`console`] are the names: pure, and the same in every function.
//! - [`json`] reads what goes through, so that no number becomes another.
//! - [`telemetry`], [`metrics`] and [`secret`] see to it that what is written can be read, and holds no credential.

pub mod aws;
pub mod console;
pub mod deadline;
pub mod execution_name;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod glob;
pub mod json;
pub mod metrics;
pub mod parameters;
pub mod place;
pub mod ports;
pub mod secret;
pub mod state_machine;
pub mod telemetry;
pub mod time;
