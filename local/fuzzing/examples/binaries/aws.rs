//! What the functions call, as little as they need: Step Functions, CodePipeline, ECR and Parameter Store.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";
pub(crate) const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// How long a call is waited for at most that a process may never make.
const PATIENCE: Duration = Duration::from_millis(300);

/// The services.
#[derive(Default)]
pub(crate) struct Aws {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// Executions by name: input, and how often each was described.
    executions: BTreeMap<String, (String, usize)>,
    /// Answers to jobs, by the job: the last token, or the final answer.
    jobs: BTreeMap<String, Vec<Value>>,
    /// How many calls are still to be waited for, and for how long after the last.
    left: usize,
    pause: Duration,
    violations: Vec<String>,
}

impl Aws {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has [`Aws::wait_for_it`] come back after so many calls and this pause.
    pub(crate) fn after(&self, calls: usize, pause: Duration) {
        let mut state = self.state();
        (state.left, state.pause) = (calls, pause);
    }

    pub(crate) fn wait_for_it(&self) {
        let state = self.state();
        let waited = self.called.wait_timeout_while(state, PATIENCE, |state| state.left > 0);
        let pause = waited.unwrap_or_else(PoisonError::into_inner).0.pause;
        std::thread::sleep(pause);
    }

    /// A call has come in.
    pub(crate) fn counted(&self) {
        let mut state = self.state();
        state.left = state.left.saturating_sub(1);
        self.called.notify_all();
    }

    /// The token that a job goes on with.
    pub(crate) fn token_of(&self, job: &str) -> Option<String> {
        let state = self.state();
        Some(state.jobs.get(job)?.last()?["continuationToken"].as_str()?.to_owned())
    }

    /// Whether a job has its final answer.
    pub(crate) fn is_answered(&self, job: &str) -> bool {
        let state = self.state();
        state.jobs.get(job).is_some_and(|answers| answers.iter().any(is_final))
    }

    /// # Panics
    /// When something happened that must not.
    pub(crate) fn check(&self) {
        let state = self.state();
        assert!(state.violations.is_empty(), "{:#?}", state.violations);
        let mut inputs: Vec<&String> = state.executions.values().map(|(input, _)| input).collect();
        inputs.sort();
        let (all, ()) = (inputs.len(), inputs.dedup());
        assert_eq!(inputs.len(), all, "an input was started twice");
    }

    pub(crate) fn call(&self, target: &str, body: &Value) -> (u16, Value) {
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let mut state = self.state();
        match target.rsplit('.').next().unwrap_or_default() {
            "DescribeStateMachine" => (
                200,
                json!({"stateMachineArn": text("stateMachineArn"), "name": "ml", "definition": "{}", "roleArn": "r",
                    "type": "STANDARD", "creationDate": 1}),
            ),
            "StartExecution" => state.start(&text("name"), text("input")),
            "DescribeExecution" => state.describe(&text("executionArn")),
            "PutJobSuccessResult" | "PutJobFailureResult" => state.answer(&text("jobId"), body),
            "DescribeImages" => (
                200,
                json!({"imageDetails": [{"imageDigest": DIGEST, "imageTags": ["release-1"], "imagePushedAt": 1_795_451_400,
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                    "artifactMediaType": "application/vnd.oci.image.config.v1+json"}]}),
            ),
            "BatchGetImage" => {
                let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 1},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 1}]});
                let image = json!({"imageId": {"imageDigest": DIGEST}, "imageManifest": manifest.to_string()});
                (200, json!({"images": [image]}))
            }
            "GetParameters" => {
                let names = body["Names"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let found = names.map(|name| {
                    let value = name.rsplit('/').next();
                    json!({"Name": name, "Type": "String", "Value": value, "Version": 1})
                });
                (200, json!({"Parameters": found.collect::<Vec<_>>()}))
            }
            other => refusal("UnknownOperationException", other),
        }
    }
}

impl State {
    fn start(&mut self, name: &str, input: String) -> (u16, Value) {
        let started = |name: &str| {
            let arn = format!("arn:aws:states:us-east-1:123456789012:execution:ml:{name}");
            (200, json!({"executionArn": arn, "startDate": 4_102_444_800_u64}))
        };
        match self.executions.get(name) {
            None => {
                self.executions.insert(name.to_owned(), (input, 0));
                started(name)
            }
            Some((known, 0)) if *known == input => started(name),
            Some(_) => refusal("ExecutionAlreadyExists", name),
        }
    }

    /// Every execution runs when it is looked at for the first time, and has succeeded afterwards.
    fn describe(&mut self, arn: &str) -> (u16, Value) {
        let name = arn.rsplit(':').next().unwrap_or_default();
        let Some((_, looks)) = self.executions.get_mut(name) else {
            return refusal("ExecutionDoesNotExist", arn);
        };
        *looks += 1;
        let mut shown = json!({"executionArn": arn, "stateMachineArn": MACHINE, "status": "RUNNING", "startDate": 1});
        if *looks > 1 {
            shown["status"] = "SUCCEEDED".into();
            shown["output"] = "{}".into();
            shown["stopDate"] = 2.into();
        }
        (200, shown)
    }

    /// The first final answer stands; the same again is accepted, and any other is refused.
    fn answer(&mut self, job: &str, answer: &Value) -> (u16, Value) {
        let answers = self.jobs.entry(job.to_owned()).or_default();
        match answers.iter().find(|answer| is_final(answer)) {
            Some(last) if last != answer => {
                self.violations
                    .push(format!("{job} was answered {last} and then {answer}"));
                refusal("InvalidJobStateException", job)
            }
            _ => {
                if answer["failureDetails"].is_object() {
                    self.violations.push(format!("{job} failed: {answer}"));
                }
                answers.push(answer.clone());
                (200, json!({}))
            }
        }
    }
}

fn is_final(answer: &Value) -> bool {
    answer["continuationToken"].is_null()
}

fn refusal(code: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": message}))
}
