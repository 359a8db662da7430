//! What may befall a call: before it, after it, slowly, never, and by a policy that somebody has to mend.

use std::time::Duration;

use shared::ports::{CallError, CallErrorKind};

use crate::account::Account;
use crate::act::Act;
use crate::happening::Happening;

/// What befalls one call.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    None,
    /// It fails, and does nothing.
    Before(CallError),
    /// It does what it should, and its answer is lost.
    After(CallError),
    /// It does what it should after so long.
    SlowBefore(Duration),
    /// It does what it should, and answers after so long.
    SlowAfter(Duration),
    /// It does nothing and never comes back.
    HangsBefore,
    /// It does what it should and never comes back.
    HangsAfter,
}

/// Operations that an AWS policy cannot deny to who got the job.
const NEVER_DENIED: [&str; 2] = ["PutJobSuccessResult", "PutJobFailureResult"];

impl Account {
    /// The fault of a call that is about to be made.
    pub(crate) fn fault(&mut self, operation: &'static str) -> Fault {
        if self.calm {
            return Fault::None;
        }
        if self.denied.contains(operation) {
            self.met("denied");
            return Fault::Before(denied(operation));
        }
        if let Some(until) = self.outages.get(operation) {
            if *until > self.now {
                self.met("outage");
                return Fault::Before(self.unavailable(operation));
            }
            self.outages.remove(operation);
        }
        if !self.tape.rarely(self.mood.faults) {
            return self.pace();
        }
        self.any_fault(operation)
    }

    /// A new fault, of any kind. Some last, and the next calls meet them too.
    fn any_fault(&mut self, operation: &'static str) -> Fault {
        match self.tape.choose(9) {
            0 => {
                self.met("throttled");
                Fault::Before(self.throttled(operation))
            }
            1 => {
                self.met("5xx before");
                Fault::Before(self.unavailable(operation))
            }
            2 => {
                self.met("answer lost");
                Fault::After(self.unavailable(operation))
            }
            3 => {
                self.met("answer incomplete");
                let error = CallError::new(operation, CallErrorKind::Unavailable, "the answer is incomplete");
                Fault::After(error)
            }
            4 => {
                self.met("slow before");
                Fault::SlowBefore(self.long())
            }
            5 => {
                self.met("slow after");
                Fault::SlowAfter(self.long())
            }
            6 => {
                self.met("hangs");
                match self.tape.choose(2) {
                    0 => Fault::HangsBefore,
                    _ => Fault::HangsAfter,
                }
            }
            7 if !NEVER_DENIED.contains(&operation) => {
                self.met("denied");
                self.denied.insert(operation);
                // Often so soon that a delivery of the same event finds it mended.
                let mended = match self.tape.choose(3) {
                    0 => self.tape.seconds(60, 4 * 3600),
                    _ => self.tape.seconds(2, 180),
                };
                self.after(mended, Happening::Acts(Act::MendPolicy(operation)));
                Fault::Before(denied(operation))
            }
            _ => {
                self.met("outage");
                let lasts = self.tape.seconds(30, 1800);
                self.outages.insert(operation, self.now + lasts);
                Fault::Before(self.unavailable(operation))
            }
        }
    }

    /// Calls take a moment, and now and then some seconds: others go on meanwhile.
    fn pace(&mut self) -> Fault {
        if !self.tape.rarely(self.mood.slow) {
            return Fault::None;
        }
        let millis = self.tape.pick(&[20_u64, 100, 700, 3_000, 9_000]);
        if millis >= 3_000 {
            // Enough of these take a function's time away.
            self.met("seconds late");
        }
        match self.tape.choose(2) {
            0 => Fault::SlowBefore(Duration::from_millis(millis)),
            _ => Fault::SlowAfter(Duration::from_millis(millis)),
        }
    }

    /// As long as it takes a function's time away, or longer.
    fn long(&mut self) -> Duration {
        Duration::from_secs(self.tape.pick(&[20, 40, 58, 70, 400]))
    }

    fn met(&mut self, fault: &'static str) {
        self.figures.count(&format!("fault: {fault}"));
        if let Some(number) = self.current {
            self.invocations[number].faults += 1;
        }
    }

    fn throttled(&mut self, operation: &'static str) -> CallError {
        let (code, message) = self.tape.pick(&[
            ("ThrottlingException", "Rate exceeded"),
            ("TooManyRequestsException", "Too Many Requests"),
            ("Throttling", "Rate exceeded"),
            ("RequestLimitExceeded", "Request limit exceeded."),
            ("429", "the service answered with HTTP 429"),
        ]);
        CallError::new(operation, CallErrorKind::Throttled, message).with_code(code)
    }

    fn unavailable(&mut self, operation: &'static str) -> CallError {
        let error = |message: &str| CallError::new(operation, CallErrorKind::Unavailable, message);
        match self.tape.choose(4) {
            0 => error("Service is temporarily unavailable").with_code("ServiceUnavailable"),
            1 => error("We encountered an internal error").with_code("InternalServerError"),
            2 => error("the connection was closed before an answer came"),
            _ => error("the service answered with HTTP 502"),
        }
    }
}

fn denied(operation: &'static str) -> CallError {
    let message = format!("not authorized to perform: {operation}");
    CallError::new(operation, CallErrorKind::Denied, message).with_code("AccessDeniedException")
}
