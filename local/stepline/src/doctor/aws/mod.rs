//! AWS as the doctor asks it: the caller's credentials, and the protocols of the services by hand.
//!
//! Region, profile and credentials are found as the SDKs find them ([`aws_config`]); a service's endpoint can be replaced
//! by `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`. An SDK crate per service would be a hundred thousand lines to
//! compile for a dozen questions.

mod access;
mod lookups;
mod services;
mod wire;
mod xml;

pub use access::Access;
