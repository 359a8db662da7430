//! A small AWS in memory, and the function in it.

use image_push::{Config, Decision, ImagePush, ImagePushError, Outcome, Report};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use shared::fakes::images::ImageRegistry;
use shared::parameters::fake::ParameterStore;
use shared::ports::images::Repository;
use shared::time::Timestamp;

use crate::step_functions::StepFunctions;

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

/// A registry, a Parameter Store and Step Functions.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) registry: ImageRegistry,
    pub(crate) parameters: ParameterStore,
    pub(crate) step_functions: StepFunctions,
}

/// The function, working with a world as it is.
pub(crate) type Function<'a> = ImagePush<&'a ImageRegistry, &'a StepFunctions, &'a ParameterStore>;

impl World {
    /// The function with these rules, and whatever else the environment says.
    pub(crate) fn function(&self, rules: &Value, more: &[(&str, &str)]) -> Function<'_> {
        ImagePush::new(
            config(rules, more),
            &self.registry,
            &self.step_functions,
            &self.parameters,
        )
    }
}

/// Settings with these rules (a string stands for itself).
pub(crate) fn config(rules: &Value, more: &[(&str, &str)]) -> Config {
    let rules = rules.as_str().map_or_else(|| rules.to_string(), str::to_owned);
    let find = |name: &str| {
        more.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Config::read(|name| {
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
pub(crate) fn outcomes(report: Result<Report, ImagePushError>) -> Vec<String> {
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
