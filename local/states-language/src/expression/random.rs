//! Randomness that starts from a seed: the same seed gives the same execution.

use std::cell::Cell;

/// A SplitMix64 generator. Good enough for jitter and identifiers of a local run; not for keys.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(Cell::new(seed))
    }

    /// 64 bits.
    pub(crate) fn bits(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0, and below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a float")]
    pub(crate) fn fraction(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number from the first, and below the second.
    pub(crate) fn between(&self, from: i64, below: i64) -> i64 {
        let width = i128::from(below) - i128::from(from);
        if width <= 0 {
            return from;
        }
        let offset = i128::from(self.bits()) % width;
        i64::try_from(i128::from(from) + offset).unwrap_or(from)
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff,
        )
    }
}
