//! Lines that were written, kept to be read.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::metrics::MetricSink;

/// A place to write to, for metrics and for log lines. Its clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// All that was written.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MetricSink for Lines {
    fn write(&self, line: &str) {
        let mut bytes = self.bytes();
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
}
