//! Lambda function behind EventBridge: an image pushed to ECR starts the state machine that wants it.
//!
//! - [`Event`] is what happened, [`Rule`] who wants what, [`Manifest`] what a registry stores: all pure, as are the
//!   decisions whether something is an image to run and what its execution is called.
//! - [`ImagePush`] carries them out: it looks at an image before it starts anything, and on a schedule looks for what a
//!   lost event left out.
//! - [`Report`] has a decision for every rule. What could not be done is an error, so that Lambda calls again.
//! - [`Answer`] is a report, or one for each event of an array: what EventBridge's second generation delivers.
//!
//! What is absent: nothing is remembered between calls but what was read from parameters and which state machines are
//! Standard. That an image starts once is in the execution's name.

mod answer;
mod claims;
mod config;
mod decision;
mod error;
mod event;
mod examine;
mod follow;
mod look;
mod manifest;
mod push;
mod rule;
mod start;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::deadline::{in_time, of_invocation};
use shared::parameters::{GetParameters, Parameters};
use shared::place::Place;
use shared::ports::images::{BatchGetImage, DescribeImages, DescribeRepositories};
use shared::ports::step_functions::{DescribeExecution, DescribeStateMachine, StartExecution};
use shared::time::{Clock, Timestamp};

pub use answer::{Answer, Reported};
pub use config::{Config, ConfigError};
pub use decision::{Decision, Outcome, Report};
pub use error::ImagePushError;
pub use event::{Arrival, Event, EventError};
pub use manifest::{Child, Manifest, Platform};
pub use rule::{Rule, RuleSource, RulesError, TagPattern};

use follow::Occasion;

/// What this function asks of a registry.
pub trait Registry: DescribeImages + BatchGetImage + DescribeRepositories {}
impl<T: DescribeImages + BatchGetImage + DescribeRepositories> Registry for T {}

/// What this function asks of Step Functions.
pub trait Executions: StartExecution + DescribeExecution + DescribeStateMachine {}
impl<T: StartExecution + DescribeExecution + DescribeStateMachine> Executions for T {}

/// The function: its settings, and what it works with.
#[derive(Debug)]
pub struct ImagePush<R, S, P> {
    rules: RuleSource,
    look_back: Duration,
    max_starts: usize,
    registry: R,
    step_functions: S,
    parameters: Parameters<P>,
    /// State machines that are known to be Standard, which they stay.
    standard: Mutex<HashSet<String>>,
}

impl<R: Registry, S: Executions, P: GetParameters> ImagePush<R, S, P> {
    /// A function with these settings.
    pub fn new(config: Config, registry: R, step_functions: S, port: P) -> Self {
        Self {
            rules: config.rules,
            look_back: config.look_back,
            max_starts: config.max_starts,
            registry,
            step_functions,
            parameters: Parameters::new(port, config.time_to_live),
            standard: Mutex::default(),
        }
    }

    /// Handles what Lambda delivers: one event, or an array of them. Each event of an array is handled by itself, whatever
    /// becomes of the others.
    ///
    /// # Errors
    /// [`ImagePushError`], for an array with every event that failed, or for which no time was left. Then the whole array
    /// comes again, and what was started is found to be there.
    pub async fn handle_all(
        &self,
        delivered: LambdaEvent<Value>,
        clock: &impl Clock,
    ) -> Result<Answer, ImagePushError> {
        let LambdaEvent { payload, context } = delivered;
        let now = clock.now();
        let end = of_invocation(context.deadline, now);
        let Value::Array(events) = payload else {
            let event = LambdaEvent::new(payload, context);
            return self.handle_by(end, clock, event, now).await.map(Answer::One);
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
                Err(error) => failures.push(answer::failure(number, event.as_deref(), &error)),
            }
        }
        if failures.is_empty() {
            Ok(Answer::Each(reports))
        } else {
            Err(ImagePushError::Incomplete(failures))
        }
    }

    /// Handles an event by the end of the function's time, in time to say so.
    async fn handle_by(
        &self,
        end: Option<Timestamp>,
        clock: &impl Clock,
        event: LambdaEvent<Value>,
        now: Timestamp,
    ) -> Result<Report, ImagePushError> {
        // Boxed, because the futures of all its calls would be part of this one's type otherwise.
        let work = Box::pin(self.handle(event, now));
        let done = in_time(work, clock, end).await;
        done.unwrap_or_else(|| Err(incomplete("the function's time was nearly over")))
    }

    /// Handles an event: decides for every rule, and does what was decided.
    ///
    /// # Errors
    /// [`ImagePushError`] when the event cannot be read, or something that is to be done could not be.
    pub async fn handle(&self, event: LambdaEvent<Value>, now: Timestamp) -> Result<Report, ImagePushError> {
        let happened = Event::parse(&event.payload)?;
        let place = place_of(&event);
        let rules = self.rules(now).await?;
        let report = Report {
            decisions: self.decide(happened, &rules, &place, now).await,
        };
        report.log();
        match report.failures() {
            failures if failures.is_empty() => Ok(report),
            failures => Err(ImagePushError::Incomplete(failures)),
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
    async fn rules(&self, now: Timestamp) -> Result<Vec<Rule>, ImagePushError> {
        match &self.rules {
            RuleSource::Given(rules) => Ok(rules.clone()),
            RuleSource::Parameter(reference) => Ok(rule::parse_rules(&self.parameters.text(reference, now).await?)?),
        }
    }

    fn is_known_standard(&self, state_machine: &str) -> bool {
        self.standard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(state_machine)
    }

    fn know_standard(&self, state_machine: &str) {
        self.standard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(state_machine.to_owned());
    }
}

fn incomplete(reason: &str) -> ImagePushError {
    ImagePushError::Incomplete(vec![reason.to_owned()])
}

/// Where this function runs: by its own ARN, or, where Lambda is only played and says none, where the event comes from.
fn place_of(event: &LambdaEvent<Value>) -> Place {
    let field = |name: &str| event.payload[name].as_str().unwrap_or_default();
    Place::of_arn(&event.context.invoked_function_arn)
        .unwrap_or_else(|| Place::of_region(field("region"), field("account")))
}
