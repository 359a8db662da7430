//! What an array or an object remembers of its text.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is known of a value's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes of UTF-8 of the compact text.
    pub(super) bytes: usize,
    /// How many levels of arrays and objects with something in them there are.
    pub(super) levels: usize,
    /// Whether each number is the one that a float would be written as: `1`, and not `1.0` or one of 17 digits.
    pub(super) floats: bool,
}

/// The size of an array or object, once somebody has asked. Whoever changes the value forgets it.
pub(super) struct Measured(AtomicU64);

impl Measured {
    /// More bytes than this are measured anew each time: the levels need room beside them.
    const MOST_BYTES: u64 = (1 << 47) - 1;

    pub(super) fn get(&self) -> Option<Size> {
        // Nothing that is known is zero: brackets are bytes.
        let packed = self.0.load(Ordering::Relaxed);
        (packed != 0).then(|| Size {
            bytes: usize::try_from(packed & Self::MOST_BYTES).unwrap_or(usize::MAX),
            levels: usize::try_from(packed >> 47 & u64::from(u16::MAX)).unwrap_or(usize::MAX),
            floats: packed >> 63 == 1,
        })
    }

    pub(super) fn set(&self, size: Size) {
        if let (Ok(bytes), Ok(levels)) = (u64::try_from(size.bytes), u16::try_from(size.levels))
            && bytes <= Self::MOST_BYTES
        {
            let packed = bytes | u64::from(levels) << 47 | u64::from(size.floats) << 63;
            self.0.store(packed, Ordering::Relaxed);
        }
    }

    /// The value has changed.
    pub(super) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }
}

impl Default for Measured {
    fn default() -> Measured {
        Measured(AtomicU64::new(0))
    }
}

impl Clone for Measured {
    fn clone(&self) -> Measured {
        Measured(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.get())
    }
}
