//! What can go wrong between a function and AWS.

use fuzzing::dice::Dice;
use serde_json::Value;
use shared::fakes::runtime::Reply;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

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
            0 => wire(Vec::new()),
            1 => {
                let _lost = call();
                wire(Vec::new())
            }
            2 => {
                let answer = http(200, "application/x-amz-json-1.1", &call().1.to_string());
                wire(answer[..answer.len() - 1 - answer.len() / 3].to_vec())
            }
            3 => {
                let (status, body) = call();
                slowly(http(status, "application/x-amz-json-1.1", &body.to_string()))
            }
            4 => wire(http(200, "text/html", PAGE)),
            5 => wire(http(503, "text/html", PAGE)),
            6 => wire(http(200, "application/x-amz-json-1.1", "")),
            _ => {
                let (status, body) = call();
                wire(http(status, "text/plain", &body.to_string()))
            }
        }
    }
}

fn http(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Writes this, and no more. That the other side is gone is no matter.
fn wire(bytes: Vec<u8>) -> Reply {
    Reply::Wire(Box::new(move |stream: &mut TcpStream| drop(stream.write_all(&bytes))))
}

/// Writes this in pieces, with pauses.
fn slowly(bytes: Vec<u8>) -> Reply {
    Reply::Wire(Box::new(move |stream: &mut TcpStream| {
        for piece in bytes.chunks(40) {
            let _ = stream.write_all(piece);
            thread::sleep(Duration::from_millis(1));
        }
    }))
}
