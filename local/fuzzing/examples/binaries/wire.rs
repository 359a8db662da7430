//! What can go wrong between a function and AWS.

use fuzzing::dice::Dice;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use test_support::Reply;

/// Faults by chance, the same for the same seed as long as the calls are.
#[derive(Clone, Default)]
pub(crate) struct Faults(Option<Arc<Chance>>);

struct Chance {
    once_in: usize,
    dice: Mutex<Dice>,
    count: AtomicUsize,
}

const PAGE: &str = "<html><body><h1>503 Service Unavailable</h1></body></html>";

impl Faults {
    /// One call in so many has a fault.
    pub(crate) fn once_in(once_in: usize, seed: u64) -> Self {
        Self(Some(Arc::new(Chance {
            once_in,
            dice: Mutex::new(Dice::new(seed)),
            count: AtomicUsize::new(0),
        })))
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |chance| chance.count.load(Ordering::Relaxed))
    }

    /// Answers a call, or does what a bad wire does to its answer. `call` carries it out.
    pub(crate) fn answer(&self, call: impl FnOnce() -> (u16, Value)) -> Reply {
        let Some(chance) = &self.0 else { return call().into() };
        let kind = {
            let mut dice = chance.dice.lock().unwrap_or_else(PoisonError::into_inner);
            dice.once_in(chance.once_in).then(|| dice.below(8))
        };
        let Some(kind) = kind else { return call().into() };
        chance.count.fetch_add(1, Ordering::Relaxed);
        match kind {
            // The connection closes before the call was carried out, or afterwards.
            0 => Reply::cut_off(),
            1 => {
                let _lost = call();
                Reply::cut_off()
            }
            2 => {
                let body = call().1.to_string();
                let length = HEAD + body.len();
                http(200, JSON, body).cut_after(length - 1 - length / 3)
            }
            3 => {
                let (status, body) = call();
                http(status, JSON, body.to_string()).in_pieces(40, Duration::from_millis(1))
            }
            4 => http(200, "text/html", PAGE.to_owned()),
            5 => http(503, "text/html", PAGE.to_owned()),
            6 => http(200, JSON, String::new()),
            _ => {
                let (status, body) = call();
                http(status, "text/plain", body.to_string())
            }
        }
    }
}

const JSON: &str = "application/x-amz-json-1.1";

/// About as long as the head of an answer is: a short one is cut off in its head, a long one in its body.
const HEAD: usize = 100;

/// An answer after which the connection is closed.
fn http(status: u16, content_type: &str, body: String) -> Reply {
    Reply::new(status, body)
        .header("content-type", content_type)
        .header("connection", "close")
}
