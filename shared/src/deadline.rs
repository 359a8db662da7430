//! When an invocation must be over. A call that takes longer is cut off, so that there is time to answer.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use crate::ports::{CallError, CallErrorKind};
use crate::time::{Clock, SystemClock, Timestamp};

/// The longest that Lambda lets an invocation last: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
const LONGEST: Duration = Duration::from_secs(900);

/// The most time that is kept for the answer, before Lambda ends the invocation.
const MARGIN: Duration = Duration::from_secs(4);

/// The time that is kept after the answer, for the end of the invocation. An answer gets at least as long.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// How long an answer may take if there is no deadline.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// When the work of an invocation must be over: Lambda's deadline (milliseconds since the epoch, as the runtime's
/// context has it), less what it takes to answer; nothing if there is none.
///
/// A deadline that is long past is ignored: `cargo lambda watch` gives every event a deadline in 1970.
#[must_use]
pub fn of_invocation(deadline: u64, now: Timestamp) -> Option<Timestamp> {
    let end = Timestamp::from_millis(i64::try_from(deadline).ok().filter(|millis| *millis > 0)?);
    if now.since(end) > LONGEST {
        return None;
    }
    // A third of a short time: a function of three seconds answers after two.
    let margin = MARGIN.min(end.since(now) / 3);
    Some(end - margin)
}

/// When the answer of an invocation must be given at the latest: Lambda's deadline as in [`of_invocation`], less what
/// it takes to end, but never less than a moment after `now`. Without a deadline, an answer may take some time.
#[must_use]
pub fn of_answer(deadline: u64, now: Timestamp) -> Timestamp {
    if of_invocation(deadline, now).is_none() {
        return now + LONGEST_ANSWER;
    }
    let end = Timestamp::from_millis(i64::try_from(deadline).unwrap_or(i64::MAX));
    (end - ANSWER_MARGIN).max(now + ANSWER_MARGIN)
}

/// Does work until `end`, if there is one. Nothing if `end` came first.
pub async fn in_time<T>(work: impl Future<Output = T>, clock: &impl Clock, end: Option<Timestamp>) -> Option<T> {
    let Some(end) = end else {
        return Some(work.await);
    };
    let (work, time_is_over) = (pin!(work), pin!(clock.reached(end)));
    // The work first: what is done as the time ends is done.
    match futures_util::future::select(work, time_is_over).await {
        futures_util::future::Either::Left((output, _)) => Some(output),
        futures_util::future::Either::Right(((), _)) => None,
    }
}

/// A moment by which calls are over, answered or not.
#[derive(Debug)]
pub struct Deadline<'a, C> {
    clock: &'a C,
    at: Option<Timestamp>,
}

impl Deadline<'static, SystemClock> {
    /// No deadline: calls take as long as they take.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            clock: &SystemClock,
            at: None,
        }
    }
}

impl<'a, C: Clock> Deadline<'a, C> {
    /// The deadline at the moment `at` of `clock`; without a moment, no deadline.
    pub const fn new(clock: &'a C, at: Option<Timestamp>) -> Self {
        Self { clock, at }
    }

    /// Makes a call if there is time left, and waits for it until the deadline at most.
    ///
    /// # Errors
    /// What the call itself fails with, or [`CallErrorKind::Unavailable`] when the time was over first.
    pub async fn within<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let Some(at) = self.at else {
            return call.await;
        };
        let (call, time_is_over) = (pin!(call), pin!(self.clock.reached(at)));
        let late = || {
            let message = "no answer came in the time that the function has";
            CallError::new(operation, CallErrorKind::Unavailable, message)
        };
        // The time first: once it is over, no further call is begun.
        match futures_util::future::select(time_is_over, call).await {
            futures_util::future::Either::Left(((), _)) => Err(late()),
            futures_util::future::Either::Right((answer, _)) => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::ManualClock;

    fn timestamp(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn time_to_answer_is_kept() {
        let now = timestamp(1_000_000);
        for (deadline, expected) in [
            (1_060_000, Some(1_056_000)),
            // A third of a short time.
            (1_003_000, Some(1_002_000)),
            // It is over already.
            (999_000, Some(999_000)),
            // None was said, or one of `cargo lambda watch`.
            (0, None),
            (1, None),
            (u64::MAX, None),
        ] {
            assert_eq!(of_invocation(deadline, now), expected.map(timestamp), "{deadline}");
        }
    }

    #[test]
    fn the_answer_may_take_what_the_work_leaves() {
        let now = timestamp(1_000_000);
        for (deadline, expected) in [
            (1_060_000, 1_059_500),
            (1_003_000, 1_002_500),
            // It is over already, and the answer is tried all the same.
            (1_000_200, 1_000_500),
            (999_000, 1_000_500),
            // None was said, or one of `cargo lambda watch`.
            (0, 1_030_000),
            (1, 1_030_000),
        ] {
            assert_eq!(of_answer(deadline, now), timestamp(expected), "{deadline}");
        }
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_cut_off_and_none_is_begun_afterwards() {
        let clock = ManualClock::at(timestamp(0));
        let deadline = Deadline::new(&clock, Some(timestamp(1_000)));
        let (hanging, time) = (
            deadline.within("GetParameters", std::future::pending::<Result<(), _>>()),
            async { clock.advance(Duration::from_secs(1)) },
        );
        let (cut_off, ()) = tokio::join!(hanging, time);
        assert_eq!(cut_off.unwrap_err().kind, CallErrorKind::Unavailable);
        let too_late = deadline.within("GetParameters", async { panic!("a call was begun") });
        let answer: Result<(), _> = too_late.await;
        assert!(answer.unwrap_err().is_transient());
    }

    #[tokio::test]
    async fn what_comes_in_time_is_the_answer() {
        let clock = ManualClock::at(timestamp(0));
        for at in [None, Some(timestamp(1))] {
            let answer = Deadline::new(&clock, at).within("GetParameters", async { Ok(7) }).await;
            assert_eq!(answer, Ok(7));
        }
        assert_eq!(Deadline::none().within("GetParameters", async { Ok(7) }).await, Ok(7));
    }
}
