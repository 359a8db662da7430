//! The port that the function needs: one request of HTTP.

use std::future::Future;

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status, such as 200.
    pub status: u16,
    /// Its body, or the beginning of one that is too long.
    pub body: Vec<u8>,
    /// Whether the body is longer than what is here.
    pub cut: bool,
}

/// Why no answer came, as a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReached(pub String);

/// Asks for what is at an address.
pub trait Get {
    /// `GET` of the address. It ends in a bounded time, follows no redirect, and reads a bounded part of the body.
    fn get(&self, url: &str) -> impl Future<Output = Result<Reply, NotReached>> + Send;
}
