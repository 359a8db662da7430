//! What Stepline's functions share: ports to AWS and their implementation, parameters, names, telemetry.
//!
//! - [`ports`] are narrow traits in AWS's own operation names. A function asks for those that it uses, so that its
//!   signature mirrors its policy. [`aws`] implements them over HTTP; `fakes` implements them in memory, for tests.
//! - [`state_machine`], [`execution_name`] and [`console`] are about names and ARNs. They call nothing.
//! - [`json`] reads JSON so that no number changes.
//! - [`telemetry`] and [`metrics`] write log lines and metrics. [`secret`] keeps credentials out of them.

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
