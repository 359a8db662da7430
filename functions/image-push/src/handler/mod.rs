//! The handler: it reads an event, decides with [`crate::plan`], makes the calls, and reports.

mod follow;
mod function;
mod list;
mod look;
mod machine;
mod occasion;
mod push;
mod start;
mod untagged;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::deadline::{in_time, of_invocation};
use shared::parameters::GetParameters;
use shared::place::Place;
use shared::time::{Clock, Timestamp};

pub use function::ImagePush;

use occasion::Occasion;

use crate::error::HandlerError;
use crate::event::Event;
use crate::ports::{Registry, States};
use crate::report::{Decision, Handled, Outcome, Report, Reported};
use crate::rule::{Rule, RuleSource, parse_rules};

impl<R: Registry, S: States, P: GetParameters> ImagePush<R, S, P> {
    /// Handles what Lambda delivers: one event, or an array of events. Each event of an array is handled by itself,
    /// whether or not the others fail.
    ///
    /// # Errors
    /// [`HandlerError`]. For an array it names every event that failed, or for which no time was left. Then Lambda
    /// delivers the whole array again, and the executions that were started are found.
    pub async fn handle(&self, delivered: LambdaEvent<Value>, clock: &impl Clock) -> Result<Handled, HandlerError> {
        let LambdaEvent { payload, context } = delivered;
        let now = clock.now();
        let end = of_invocation(context.deadline, now);
        let Value::Array(events) = payload else {
            let event = LambdaEvent::new(payload, context);
            return self.handle_by(end, clock, event, now).await.map(Handled::One);
        };
        let (mut reports, mut failures) = (Vec::new(), Vec::new());
        for (number, payload) in (1..).zip(events) {
            let event = payload["id"].as_str().map(str::to_owned);
            let event_alone = LambdaEvent::new(payload, context.clone());
            let handled = match end {
                Some(end) if clock.now() >= end => Err(incomplete("no time left")),
                end => self.handle_by(end, clock, event_alone, now).await,
            };
            match handled {
                Ok(report) => reports.push(Reported { event, report }),
                Err(error) => failures.push(failure(number, event.as_deref(), &error)),
            }
        }
        if failures.is_empty() {
            Ok(Handled::Each(reports))
        } else {
            Err(HandlerError::Incomplete(failures))
        }
    }

    /// Handles an event. If the function's time is nearly over, it stops early enough to report that.
    async fn handle_by(
        &self,
        end: Option<Timestamp>,
        clock: &impl Clock,
        event: LambdaEvent<Value>,
        now: Timestamp,
    ) -> Result<Report, HandlerError> {
        // Boxed, because the futures of all its calls would be part of this one's type otherwise.
        let work = Box::pin(self.handle_one(event, now));
        let done = in_time(work, clock, end).await;
        done.unwrap_or_else(|| Err(incomplete("the function's time was nearly over")))
    }

    /// Handles an event: decides for every rule, and does what was decided.
    ///
    /// # Errors
    /// [`HandlerError`] when the event cannot be read, or something that is to be done could not be.
    pub async fn handle_one(&self, event: LambdaEvent<Value>, now: Timestamp) -> Result<Report, HandlerError> {
        let happened = Event::parse(&event.payload)?;
        let place = place_of(&event);
        let rules = self.rules(now).await?;
        let report = Report {
            decisions: self.decide(happened, &rules, &place, now).await,
        };
        report.log();
        match report.failures() {
            failures if failures.is_empty() => Ok(report),
            failures => Err(HandlerError::Incomplete(failures)),
        }
    }

    async fn decide(&self, event: Event, rules: &[Rule], place: &Place, now: Timestamp) -> Vec<Decision> {
        match event {
            Event::Arrival(arrival) => {
                let occasion = Occasion {
                    place,
                    now,
                    budget: None,
                };
                self.arrived(&arrival, rules, occasion).await
            }
            Event::Look { registry_id } => {
                let occasion = Occasion {
                    place,
                    now,
                    budget: Some(self.max_starts),
                };
                self.look(&registry_id, rules, occasion).await
            }
            Event::Irrelevant(reason) => {
                let ignored = |rule| Decision::new(&rule, None, Outcome::ignored(&reason));
                (1..).zip(rules).map(ignored).collect()
            }
        }
    }

    /// The rules: from the environment, or from the parameter that it names.
    async fn rules(&self, now: Timestamp) -> Result<Vec<Rule>, HandlerError> {
        match &self.rules {
            RuleSource::Given(rules) => Ok(rules.clone()),
            RuleSource::Parameter(reference) => Ok(parse_rules(&self.parameters.text(reference, now).await?)?),
        }
    }
}

fn incomplete(reason: &str) -> HandlerError {
    HandlerError::Incomplete(vec![reason.to_owned()])
}

/// What is said of an event of an array that failed: its place in the array, counted from one, and why.
fn failure(number: usize, event: Option<&str>, error: &HandlerError) -> String {
    match event {
        Some(id) => format!("event {number} (`{id}`): {error}"),
        None => format!("event {number}: {error}"),
    }
}

/// Where this function runs, as its own ARN says. A tool that only plays Lambda may give no ARN: then it is the place
/// that the event comes from.
fn place_of(event: &LambdaEvent<Value>) -> Place {
    let field = |name: &str| event.payload[name].as_str().unwrap_or_default();
    Place::of_arn(&event.context.invoked_function_arn)
        .unwrap_or_else(|| Place::of_region(field("region"), field("account")))
}
