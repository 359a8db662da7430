//! EventBridge and Lambda's queue: events come at least once, late, out of order, twice, or are lost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::time::Timestamp;

use crate::account::{Account, FailedEvent};
use crate::happening::{About, Delivery, Function, Happening};
use crate::kept::words::{ACCOUNT, START};

/// How often Lambda tries an asynchronous event.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const ATTEMPTS: u32 = 3;
/// How long Lambda keeps an event: `MaximumEventAgeInSeconds` of the template.
const MOST_AGE: Duration = Duration::from_secs(900);
/// How late a delivery may be, in seconds.
const LATE: [u64; 8] = [5, 20, 60, 240, 900, 1_500, 5_400, 21_600];

impl Account {
    /// Puts an event on EventBridge: whether it was taken, and not lost.
    pub(crate) fn emit(&mut self, function: Function, event: Value, about: About) -> bool {
        if !self.calm && self.tape.rarely(self.mood.lost) {
            self.figures.count("events lost");
            self.tell(|| format!("EventBridge loses an event: {about:?}"));
            return false;
        }
        self.deliver(Delivery {
            function,
            event: Arc::new(event),
            about,
            attempt: 1,
            again: false,
        });
        true
    }

    /// Has Lambda call a function: soon, or late, and once or twice.
    pub(crate) fn deliver(&mut self, delivery: Delivery) {
        let (mut when, mut twice) = (Duration::from_millis(200), None);
        if !self.calm {
            if self.tape.rarely(self.mood.late) {
                self.figures.count("events late");
                when = Duration::from_secs(self.tape.pick(&LATE));
            }
            if self.tape.rarely(self.mood.twice) {
                self.figures.count("events twice");
                twice = Some(when + Duration::from_secs(self.tape.pick(&LATE)) - Duration::from_secs(5));
            }
        }
        if let Some(twice) = twice {
            let again = Delivery {
                again: true,
                ..delivery.clone()
            };
            self.after(twice, Happening::Called(again));
        }
        if when > MOST_AGE && matches!(delivery.about, About::Job { .. }) {
            // CodePipeline hands its events to Lambda itself, whose queue holds none for longer.
            self.after(MOST_AGE, Happening::GivenUp(delivery));
        } else {
            self.after(when, Happening::Called(delivery));
        }
    }

    /// An event has become too old in Lambda's queue.
    pub(crate) fn given_up(&mut self, delivery: Delivery) {
        self.figures.count("failed events");
        self.tell(|| format!("Lambda gives an event up that is too old: {:?}", delivery.about));
        self.failed_events.push(FailedEvent {
            delivery,
            error: "EventAgeExceeded".to_owned(),
        });
    }

    /// An event was not handled: Lambda calls again after a minute, then after two, and then gives it up.
    pub(crate) fn not_handled(&mut self, delivery: Delivery, error: String) {
        if delivery.about == About::Request {
            return;
        }
        if delivery.attempt < ATTEMPTS {
            let pause = Duration::from_secs(60) * delivery.attempt;
            let attempt = delivery.attempt + 1;
            self.after(pause, Happening::Called(Delivery { attempt, ..delivery }));
            return;
        }
        self.figures.count("failed events");
        self.tell(|| format!("Lambda gives an event up: {:?}: {error}", delivery.about));
        self.failed_events.push(FailedEvent { delivery, error });
    }

    /// An execution has ended, which EventBridge tells where somebody waits for that.
    pub(crate) fn execution_ended_event(&mut self, arn: &str, name: &str) {
        if !self.scenario.waits_by_event() {
            return;
        }
        let event = json!({
            "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
            "detail": {"executionArn": arn, "name": name, "stopDate": self.now.as_millis()},
        });
        self.emit(Function::PipelineAction, event, About::Look);
    }

    /// An image was pushed, which EventBridge tells.
    pub(crate) fn pushed_event(&mut self, repository: &str, digest: &str, tag: Option<&str>) {
        let mut detail = json!({
            "result": "SUCCESS", "repository-name": repository, "image-digest": digest, "action-type": "PUSH",
        });
        if let Some(tag) = tag {
            detail["image-tag"] = tag.into();
        }
        let event = json!({
            "version": "0", "id": "7c0e5b1a-93d2-4f68-8a41-000000000001", "source": "aws.ecr",
            "time": time_of(self.now), "detail-type": "ECR Image Action", "account": ACCOUNT, "region": "us-east-1", "detail": detail,
        });
        self.emit(Function::ImagePush, event, About::Image);
    }
}

/// What the schedule of a function sends.
pub(crate) fn look() -> Value {
    json!({
        "version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "account": ACCOUNT,
        "region": "us-east-1", "detail": {},
    })
}

/// A moment as events have it, to the second. Schedules begin on 24 November 2025 at 16:00 and last some days.
fn time_of(moment: Timestamp) -> String {
    let seconds = 16 * 3600 + moment.since(START).as_secs();
    let (day, rest) = (24 + seconds / 86_400, seconds % 86_400);
    format!(
        "2025-11-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest % 3600 / 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_events_have_them() {
        let later = START + Duration::from_secs(9 * 3600 + 61);
        for moment in [START, later] {
            assert_eq!(Timestamp::parse(&time_of(moment)), Some(moment));
        }
    }
}
