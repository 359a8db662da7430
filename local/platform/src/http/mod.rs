//! HTTP as the services with a REST protocol and the gateway read and write it.

mod chunked;
mod incoming;
mod reply;
pub mod xml;

pub use chunked::{Decoded, decode as decode_chunks, is_chunked};
pub use incoming::{Incoming, pairs};
pub use reply::{header, json_error, reply, request_id};
