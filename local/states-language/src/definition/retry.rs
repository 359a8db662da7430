//! `Retry`: which errors are worth another attempt, and when.

use std::sync::Arc;

use super::reading::Fields;
use crate::expression::{Failure, Random};

/// An error that is on its way up, with the other name under which it can be caught.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raised {
    pub(crate) failure: Failure,
    /// A heartbeat's end is a `States.Timeout`, and answers to `States.HeartbeatTimeout` too.
    pub(crate) is_heartbeat: bool,
    /// Nothing retries or catches it: the host could not do what AWS could.
    pub(crate) is_final: bool,
}

impl From<Failure> for Raised {
    fn from(failure: Failure) -> Raised {
        Raised {
            failure,
            is_heartbeat: false,
            is_final: false,
        }
    }
}

/// Whether one of these names stands for the error. Exact, but for the names that stand for many.
pub(crate) fn matches(names: &[Arc<str>], raised: &Raised) -> bool {
    let error = raised.failure.error.as_deref().unwrap_or_default();
    names.iter().any(|name| match &**name {
        "States.ALL" => true,
        "States.TaskFailed" => error != "States.Timeout",
        "States.HeartbeatTimeout" if raised.is_heartbeat => true,
        name => name == error,
    })
}

/// One entry of `Retry`.
#[derive(Debug)]
pub(crate) struct Retrier {
    errors: Vec<Arc<str>>,
    interval_seconds: f64,
    max_attempts: u32,
    backoff_rate: f64,
    max_delay_seconds: Option<f64>,
    full_jitter: bool,
}

impl Retrier {
    pub(crate) fn parse_all(fields: &Fields<'_>) -> Vec<Retrier> {
        let items = fields.items("Retry").unwrap_or_default();
        let mut retriers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Retry"));
            let Some(fields) = fields.sub(item, pointer, format!("'Retry' {index} of {}", fields.what())) else {
                continue;
            };
            let interval = fields.whole("IntervalSeconds", 0, 99_999_999);
            let max_delay = fields.whole("MaxDelaySeconds", 1, 31_622_400);
            if let (Some(interval), Some(max_delay)) = (interval.or(Some(1)), max_delay)
                && max_delay <= interval
            {
                fields.error(
                    "MaxDelaySeconds",
                    "The field 'MaxDelaySeconds' must be greater than 'IntervalSeconds'",
                );
            }
            let jitter = fields.one_of("JitterStrategy", &["NONE", "FULL"]);
            retriers.push(Retrier {
                errors: fields.error_names(index + 1 == items.len()),
                interval_seconds: f64::from(interval.unwrap_or(1)),
                max_attempts: fields.whole("MaxAttempts", 0, 99_999_999).unwrap_or(3),
                backoff_rate: fields.number("BackoffRate", 1.0, f64::MAX).unwrap_or(2.0),
                max_delay_seconds: max_delay.map(f64::from),
                full_jitter: jitter == Some("FULL"),
            });
            fields.finish();
        }
        retriers
    }

    /// Whether the error is this retrier's business.
    pub(crate) fn matches(&self, raised: &Raised) -> bool {
        matches(&self.errors, raised)
    }

    /// How many attempts it makes at most.
    pub(crate) fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// How many seconds to wait before the next attempt, after so many that this retrier made; nothing when it gives up.
    pub(crate) fn delay(&self, attempts: u32, random: &Random) -> Option<f64> {
        if attempts >= self.max_attempts {
            return None;
        }
        let delay = self.interval_seconds * self.backoff_rate.powi(i32::try_from(attempts).unwrap_or(i32::MAX));
        let delay = delay.min(self.max_delay_seconds.unwrap_or(f64::MAX));
        Some(if self.full_jitter {
            delay * random.fraction()
        } else {
            delay
        })
    }
}
