//! Numbers that look random, the same for the same seed; and the faults that calls meet by them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::fakes::Fault;
use shared::ports::{CallError, CallErrorKind};

/// Dice: clones throw the same ones on.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Arc<Mutex<u64>>);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        // Neighbouring seeds are to be nothing alike.
        Self(Arc::new(Mutex::new(
            seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        )))
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Knuth's MMIX generator; its high bits are the good ones.
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % limit
    }

    /// Whether something happens that does so in `percent` of a hundred cases.
    pub(crate) fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn between(&self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_secs().max(1);
        least + Duration::from_secs(self.below(span))
    }

    /// The fault of a call: one of eight fails, before it did something or after.
    pub(crate) fn fault(&self) -> Fault {
        let error = |kind, code: &str| CallError::new("Operation", kind, "as AWS has it").with_code(code);
        match self.below(16) {
            0 => Fault::Before(error(CallErrorKind::Throttled, "ThrottlingException")),
            1 => Fault::After(error(CallErrorKind::Unavailable, "ServiceUnavailable")),
            _ => Fault::None,
        }
    }
}
