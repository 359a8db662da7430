//! A server that remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use crate::message::{Reply, Request};
use crate::server::{Server, port};

/// A server that remembers what it was asked.
#[derive(Debug)]
pub struct Loopback {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    _server: Option<Server>,
}

impl Loopback {
    /// Answers every request by `answer`.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let server = Server::start(move |request| {
            let reply = answer(&request);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            std::future::ready(reply)
        });
        Self {
            url: format!("http://{}", server.address()),
            requests,
            _server: Some(server),
        }
    }

    /// An address where nobody listens.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            url: format!("http://{}", port().1),
            requests: Arc::default(),
            _server: None,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// What it was asked, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
