//! The function in a world of stand-ins, and events to call it with.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use lambda_runtime::{Context, LambdaEvent};
use pipeline_action::token::Token;
use pipeline_action::{Handled, HandlerError, PipelineAction, Ports, Report, Settings};
use serde_json::{Value, json};
use shared::fakes::{ArtifactStore, CodePipeline, Fault, Faulty, Lines, ManualClock, Put, Run, StepFunctions};
use shared::parameters::fake::ParameterStore;
use shared::ports::code_pipeline::{FailureType, JobSuccess};
use shared::ports::step_functions::StateMachineType;
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";
pub(crate) const EXPRESS: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:quick";
pub(crate) const FUNCTION: &str = "stepline-pipeline-action-dev";
pub(crate) const RUN_ID: &str = "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42";
pub(crate) const SECRET_KEY: &str = "the-secret-access-key-of-the-job";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);
/// About how long CodePipeline takes between two calls.
pub(crate) const POLL: Duration = Duration::from_secs(30);

/// The stand-ins.
#[derive(Debug)]
pub(crate) struct TestWorld {
    pub(crate) states: Faulty<StepFunctions>,
    pub(crate) pipelines: Faulty<CodePipeline>,
    pub(crate) artifacts: Faulty<ArtifactStore>,
    pub(crate) parameters: Faulty<ParameterStore>,
    pub(crate) clock: ManualClock,
    pub(crate) metrics: Lines,
}

impl Ports for TestWorld {
    type States = Faulty<StepFunctions>;
    type Pipelines = Faulty<CodePipeline>;
    type Artifacts = Faulty<ArtifactStore>;
    type Parameters = Faulty<ParameterStore>;
    type Clock = ManualClock;
    type Metrics = Lines;

    fn states(&self) -> &Self::States {
        &self.states
    }

    fn pipelines(&self) -> &Self::Pipelines {
        &self.pipelines
    }

    fn artifacts(&self) -> &Self::Artifacts {
        &self.artifacts
    }

    fn parameters(&self) -> &Self::Parameters {
        &self.parameters
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn metrics(&self) -> &Lines {
        &self.metrics
    }
}

/// The function in that world.
pub(crate) struct Bench {
    pub(crate) function: PipelineAction<TestWorld>,
}

/// An answer, as far as tests look at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Continue(Token),
    Succeed(Vec<(String, String)>),
    Fail(FailureType, String),
}

impl Bench {
    /// A world with a Standard and an Express state machine in it.
    pub(crate) fn new() -> Self {
        Self::with_settings(&[])
    }

    /// The same, with further environment variables.
    pub(crate) fn with_settings(settings: &[(&str, &str)]) -> Self {
        let clock = ManualClock::at(NOW);
        let states = StepFunctions::new(&clock);
        states.create(MACHINE, StateMachineType::Standard);
        states.create(EXPRESS, StateMachineType::Express);
        let world = TestWorld {
            states: Faulty::new(states),
            pipelines: Faulty::new(CodePipeline::by(&clock)),
            artifacts: Faulty::new(ArtifactStore::opened_by(SECRET_KEY)),
            parameters: Faulty::new(ParameterStore::new()),
            clock,
            metrics: Lines::default(),
        };
        let variable = |name: &str| match name {
            "AWS_LAMBDA_FUNCTION_NAME" => Some(FUNCTION.to_owned()),
            "AWS_REGION" => Some("us-east-1".to_owned()),
            name => settings
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned()),
        };
        Self {
            function: PipelineAction::new(Settings::read(variable), world),
        }
    }

    pub(crate) fn world(&self) -> &TestWorld {
        self.function.ports()
    }

    pub(crate) fn runs(&self) -> Vec<Run> {
        self.world().states.inner().runs()
    }

    /// The calls to Step Functions so far.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.world().states.inner().calls()
    }

    /// Delivers an event as it is.
    pub(crate) async fn deliver(&self, event: Value) -> Result<Report, HandlerError> {
        self.deliver_within(event, 0).await
    }

    /// Delivers an array of events, as a subscriber of EventBridge hands it on.
    pub(crate) async fn deliver_all(&self, events: Vec<Value>) -> Result<Vec<Report>, HandlerError> {
        self.deliver_all_within(events, 0).await
    }

    /// Delivers an array of events with a deadline, in milliseconds since the epoch.
    pub(crate) async fn deliver_all_within(
        &self,
        events: Vec<Value>,
        deadline: u64,
    ) -> Result<Vec<Report>, HandlerError> {
        let event = LambdaEvent::new(Value::Array(events), invoked(deadline));
        match self.function.handle(event).await? {
            Handled::Each(reports) => Ok(reports),
            Handled::One(report) => panic!("several events, and one report: {report:?}"),
        }
    }

    /// Delivers an event with a deadline, in milliseconds since the epoch.
    pub(crate) async fn deliver_within(&self, event: Value, deadline: u64) -> Result<Report, HandlerError> {
        match self.function.handle(LambdaEvent::new(event, invoked(deadline))).await? {
            Handled::One(report) => Ok(report),
            Handled::Each(reports) => panic!("one event, and {} reports", reports.len()),
        }
    }

    /// Has CodePipeline hand out a job, delivers its event, and reads the answer.
    pub(crate) async fn job(&self, job: Job) -> Answer {
        self.open(&job);
        let id = job.id.clone();
        self.deliver(job.event()).await.expect("the job is answered");
        self.answer(&id)
    }

    pub(crate) fn open(&self, job: &Job) {
        self.world().pipelines.inner().open(&job.id);
    }

    /// The answer that CodePipeline has for a job.
    pub(crate) fn answer(&self, job_id: &str) -> Answer {
        match self
            .world()
            .pipelines
            .inner()
            .answer(job_id)
            .expect("there is an answer")
        {
            Put::Success(JobSuccess::Continue { continuation_token }) => {
                Answer::Continue(Token::decode(&continuation_token).expect("the token is ours"))
            }
            Put::Success(JobSuccess::Done { output_variables }) => {
                Answer::Succeed(output_variables.into_iter().collect())
            }
            Put::Failure(failure) => Answer::Fail(failure.kind, failure.message),
        }
    }

    /// The same where a parameter names the state machine: the first job finds out which, and the second starts it.
    pub(crate) async fn started_by_parameter(&self, parameters: Value) -> Job {
        let job = self.started(parameters.clone()).await;
        let started = assert_continues(self.job(job).await);
        Job {
            id: "11111111-2222-4333-8444-200000000001".to_owned(),
            ..Job::following(parameters, &started)
        }
    }

    /// Starts an execution with a first job, and gives the job that follows.
    pub(crate) async fn started(&self, parameters: Value) -> Job {
        let first = Job::first(parameters.clone());
        Job::following(parameters, &assert_continues(self.job(first).await))
    }
}

/// What Lambda says of an invocation that it ends at this time.
fn invoked(deadline: u64) -> Context {
    let mut context = Context::default();
    context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}");
    context.deadline = deadline;
    context
}

/// A job, to be made into an event.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) parameters: Value,
    pub(crate) token: Option<String>,
    pub(crate) inputs: Vec<&'static str>,
    pub(crate) outputs: Vec<&'static str>,
    pub(crate) kms_key: Option<&'static str>,
}

impl Job {
    /// The first job of an action.
    pub(crate) fn first(parameters: Value) -> Self {
        let id = "11111111-2222-4333-8444-000000000001".to_owned();
        Self {
            id,
            parameters,
            token: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            kms_key: None,
        }
    }

    /// The job that follows with a token.
    pub(crate) fn following(parameters: Value, token: &Token) -> Self {
        let id = format!("11111111-2222-4333-8444-1{:011}", token.misses + 2);
        Self {
            id,
            token: Some(token.encode()),
            ..Self::first(parameters)
        }
    }

    /// The event that delivers it.
    pub(crate) fn event(&self) -> Value {
        let text = match &self.parameters {
            Value::String(text) => text.clone(),
            parameters => parameters.to_string(),
        };
        let artifact = |name: &&str| {
            json!({"name": name, "revision": null, "location": {
                "type": "S3", "s3Location": {"bucketName": "artifacts", "objectKey": format!("dev/{name}")}}})
        };
        let mut data = json!({
            "actionConfiguration": {"configuration": {"FunctionName": FUNCTION, "UserParameters": text}},
            "inputArtifacts": self.inputs.iter().map(artifact).collect::<Vec<_>>(),
            "outputArtifacts": self.outputs.iter().map(artifact).collect::<Vec<_>>(),
            "artifactCredentials": {
                "accessKeyId": "the-access-key-id-of-the-job",
                "secretAccessKey": SECRET_KEY,
                "sessionToken": "the-session-token-of-the-job",
                "expirationTime": 1_764_000_900_000_u64,
            },
        });
        if let Some(token) = &self.token {
            data["continuationToken"] = json!(token);
        }
        if let Some(key) = self.kms_key {
            data["encryptionKey"] = json!({"id": key, "type": "KMS"});
        }
        json!({"CodePipeline.job": {"id": self.id, "accountId": "123456789012", "data": data}})
    }
}

/// User parameters for the Standard state machine, with further fields.
pub(crate) fn parameters(more: Value) -> Value {
    let mut parameters = json!({"stateMachine": "ml", "pipelineExecutionId": RUN_ID});
    for (field, value) in more.as_object().expect("an object") {
        parameters[field] = value.clone();
    }
    parameters
}

/// An error as AWS gives it.
pub(crate) fn error(kind: CallErrorKind, code: &str) -> CallError {
    CallError::new("Operation", kind, format!("what AWS says of {code}")).with_code(code)
}

/// The fault of one operation, every time.
pub(crate) fn always(
    operation: &'static str,
    kind: CallErrorKind,
    code: &'static str,
) -> impl Fn(shared::fakes::Attempt) -> Fault {
    move |attempt| {
        if attempt.operation == operation {
            Fault::Before(error(kind, code))
        } else {
            Fault::None
        }
    }
}

/// Runs a test's future to its end. Nothing in it waits for time or the network: what stands still hangs.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = TaskContext::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the function hangs")
}

/// Asserts a failure: its type, and what its message says.
#[track_caller]
pub(crate) fn assert_fails(answer: &Answer, kind: FailureType, fragments: &[&str]) {
    let Answer::Fail(found, message) = answer else {
        panic!("no failure: {answer:?}")
    };
    assert_eq!(*found, kind, "{message}");
    for fragment in fragments {
        assert!(message.contains(fragment), "no `{fragment}` in: {message}");
    }
}

/// Asserts that the action goes on, and gives the token.
#[track_caller]
pub(crate) fn assert_continues(answer: Answer) -> Token {
    match answer {
        Answer::Continue(token) => token,
        other => panic!("does not go on: {other:?}"),
    }
}
