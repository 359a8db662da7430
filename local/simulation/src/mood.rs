//! How much goes wrong in a schedule.

use crate::choices::Tape;

/// How much goes wrong in a schedule, in so many of a thousand cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mood {
    /// Calls that meet a fault.
    pub(crate) faults: u32,
    /// Invocations that are killed at some await.
    pub(crate) kills: u32,
    /// Answers that show how things were some seconds ago.
    pub(crate) lags: u32,
    /// Deliveries that are late, and those that come twice.
    pub(crate) late: u32,
    pub(crate) twice: u32,
    /// Events that EventBridge loses.
    pub(crate) lost: u32,
    /// Calls that take a while.
    pub(crate) slow: u32,
}

impl Mood {
    const fn of(faults: u32, kills: u32, lags: u32, late: u32, twice: u32, lost: u32, slow: u32) -> Self {
        Self {
            faults,
            kills,
            lags,
            late,
            twice,
            lost,
            slow,
        }
    }

    /// One of a few: the first is a day on which nothing goes wrong by itself.
    pub(crate) fn chosen(tape: &mut Tape) -> Self {
        tape.pick(&[
            Self::of(0, 0, 0, 0, 0, 0, 0),
            Self::of(10, 20, 50, 30, 50, 30, 30),
            Self::of(40, 80, 100, 100, 200, 150, 60),
            Self::of(150, 150, 200, 150, 250, 200, 100),
            // Deliveries go astray, calls do not.
            Self::of(0, 30, 150, 300, 400, 200, 20),
            // Calls go wrong, deliveries do not.
            Self::of(300, 50, 20, 20, 250, 0, 150),
        ])
    }
}
