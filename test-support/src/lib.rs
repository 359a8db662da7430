//! What stands on the other end of the wire in tests and benchmarks, on this machine's loopback alone.
//!
//! - [`Server`] is an HTTP/1.1 server whose answers a closure gives, over TCP, TLS or a Unix socket; [`Loopback`] is one
//!   that remembers what it was asked. A [`Reply`] can be cut off on its way, or come in pieces.
//! - [`RuntimeApi`] is Lambda's Runtime API, and [`Process`] a function's binary that is invoked over it.
//!
//! Nothing depends on this but as a dev-dependency, and it depends on no other crate of the workspace.

mod loopback;
mod message;
mod process;
mod runtime_api;
mod server;
#[cfg(feature = "tls")]
mod tls;
mod wire;

pub use loopback::Loopback;
pub use message::{Reply, Request};
pub use process::Process;
pub use runtime_api::{Answer, RuntimeApi};
pub use server::Server;
#[cfg(feature = "tls")]
pub use tls::Authority;
