//! A small AWS in memory, and the function in it.

use std::time::Duration;

use image_push::{Decision, HandlerError, ImagePush, Outcome, Report, Settings};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use shared::fakes::images::{ImageRegistry, manifests};
use shared::fakes::{Fault, Faulty, ManualClock, StepFunctions};
use shared::parameters::fake::ParameterStore;
use shared::ports::images::Repository;
use shared::ports::step_functions::{ExecutionStatus, StateMachineType};
use shared::ports::{CallError, CallErrorKind};
use shared::time::{Clock, Timestamp};

use crate::step_functions::Reach;

/// When everything begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_451_400_000);

/// The repository that most tests push to.
pub(crate) fn repository(name: &str) -> Repository {
    Repository {
        registry_id: "123456789012".to_owned(),
        name: name.to_owned(),
    }
}

/// The ARN of a state machine.
pub(crate) fn machine(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}")
}

/// The state machines that there are.
const MACHINES: [&str; 8] = ["a", "b", "images", "indexes", "ml", "ml-pipeline", "other", "untagged"];

/// A registry, a Parameter Store and Step Functions, all by one clock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) registry: ImageRegistry,
    pub(crate) parameters: ParameterStore,
    pub(crate) step_functions: Faulty<StepFunctions>,
}

/// An execution as a test sees it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What was started, with the version or alias that was named.
    pub(crate) started_by: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

/// The function, working with a world as it is.
pub(crate) type Function<'a> = ImagePush<&'a ImageRegistry, Reach<'a>, &'a ParameterStore>;

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(START);
        let step_functions = StepFunctions::new(&clock);
        for name in MACHINES {
            step_functions.create(&machine(name), StateMachineType::Standard);
        }
        step_functions.create(&machine("express"), StateMachineType::Express);
        Self {
            clock,
            registry: ImageRegistry::new(),
            parameters: ParameterStore::new(),
            step_functions: Faulty::new(step_functions),
        }
    }

    /// The same with an image that was pushed as `release-1`, and its digest.
    pub(crate) fn with_release() -> (Self, String) {
        let (world, image) = (Self::new(), manifests::docker_image("1"));
        let digest = world.registry.push(&repository("ml"), Some("release-1"), &image, START);
        (world, digest)
    }

    /// The function with these rules, and whatever else the environment says.
    pub(crate) fn function(&self, rules: &Value, more: &[(&str, &str)]) -> Function<'_> {
        ImagePush::new(
            settings(rules, more),
            &self.registry,
            Reach(&self.step_functions),
            &self.parameters,
        )
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// The executions, in the order started.
    pub(crate) fn executions(&self) -> Vec<Seen> {
        let runs = self.step_functions.inner().runs().into_iter();
        let input = |text: &str| serde_json::from_str(text).expect("JSON");
        runs.map(|run| Seen {
            started_by: run.started_by,
            name: run.name,
            input: input(&run.input),
        })
        .collect()
    }

    /// Ends every execution well.
    pub(crate) fn end_all(&self) {
        for run in self.step_functions.inner().runs() {
            self.step_functions.inner().end(
                &run.execution_arn,
                ExecutionStatus::Succeeded {
                    output: "{}".to_owned(),
                },
            );
        }
    }

    /// Throttles calls to start, but for one in so many, until so many were made.
    pub(crate) fn throttle(&self, one_in: usize, of_first: usize) {
        self.step_functions.script(move |attempt| {
            let goes_through = attempt.nth > of_first || attempt.nth % one_in == 1;
            match attempt.operation {
                "StartExecution" if !goes_through => {
                    let error = CallError::new("StartExecution", CallErrorKind::Throttled, "Rate exceeded");
                    Fault::Before(error.with_code("ThrottlingException"))
                }
                // What goes through first is done, and its answer lost.
                "StartExecution" if attempt.nth == 1 && of_first > 100 => Fault::After(CallError::new(
                    "StartExecution",
                    CallErrorKind::Unavailable,
                    "no answer in time",
                )),
                _ => Fault::None,
            }
        });
    }
}

/// Settings with these rules (a string stands for itself).
pub(crate) fn settings(rules: &Value, more: &[(&str, &str)]) -> Settings {
    let rules = rules.as_str().map_or_else(|| rules.to_string(), str::to_owned);
    let find = |name: &str| {
        more.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Settings::read(|name| {
        if name == "RULES" {
            Some(rules.clone())
        } else {
            find(name)
        }
    })
    .expect("settings")
}

/// A rule for releases.
pub(crate) fn rule(state_machine: &str) -> Value {
    json!({"repository": "ml", "tag": "release-*", "stateMachine": state_machine})
}

/// An event as EventBridge delivers it.
pub(crate) fn event(source: &str, detail_type: &str, detail: Value) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:image-push".to_owned();
    let payload = json!({
        "version": "0", "id": "7c0e5b1a-93d2-4f68-8a41-000000000001", "source": source, "detail-type": detail_type,
        "account": "123456789012", "time": "2026-11-23T16:30:00Z", "region": "us-east-1", "resources": [],
        "detail": detail,
    });
    LambdaEvent::new(payload, context)
}

/// The event of a push.
pub(crate) fn pushed(repository: &str, digest: &str, tag: Option<&str>) -> LambdaEvent<Value> {
    let detail = json!({
        "result": "SUCCESS", "repository-name": repository, "image-digest": digest, "action-type": "PUSH",
        "image-tag": tag.unwrap_or_default(),
    });
    event("aws.ecr", "ECR Image Action", detail)
}

/// The event of the schedule.
pub(crate) fn scheduled() -> LambdaEvent<Value> {
    event("aws.events", "Scheduled Event", json!({}))
}

/// What was decided, in a word and what follows it: `started ml-1`, `adopted ml-1`, `ignored: because`.
pub(crate) fn outcomes(report: Result<Report, HandlerError>) -> Vec<String> {
    let report = report.expect("a report");
    let name = |arn: &str| arn.split(':').nth(7).unwrap_or_default().to_owned();
    let outcome = |Decision { outcome, .. }: &Decision| match outcome {
        Outcome::Started { execution_arn } => format!("started {}", name(execution_arn)),
        Outcome::Adopted { execution_arn } => format!("adopted {}", name(execution_arn)),
        Outcome::Ignored { reason } => format!("ignored: {reason}"),
        Outcome::Failed { reason } => format!("failed: {reason}"),
    };
    report.decisions.iter().map(outcome).collect()
}
