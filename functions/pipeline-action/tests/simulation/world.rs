//! The world of a schedule: the stand-ins, and what is asked of the function there.

use lambda_runtime::{Context, LambdaEvent};
use pipeline_action::PipelineAction;
use pipeline_action::world::World;
use serde_json::Value;
use shared::fakes::{ArtifactStore, CodePipeline, Faulty, Lines, ManualClock, StepFunctions};
use shared::parameters::fake::ParameterStore;
use shared::ports::step_functions::StateMachineType;
use shared::time::Timestamp;

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";
pub(crate) const FUNCTION: &str = "stepline-pipeline-action-dev";
pub(crate) const PIPELINE: &str = "stepline-dev";
pub(crate) const RUN_ID: &str = "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42";

/// The stand-ins.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) states: Faulty<StepFunctions>,
    pub(crate) pipelines: Faulty<CodePipeline>,
    artifacts: ArtifactStore,
    parameters: ParameterStore,
    pub(crate) clock: ManualClock,
    metrics: Lines,
}

impl World for Stage {
    type States = Faulty<StepFunctions>;
    type Pipelines = Faulty<CodePipeline>;
    type Artifacts = ArtifactStore;
    type Parameters = ParameterStore;
    type Clock = ManualClock;
    type Metrics = Lines;

    fn states(&self) -> &Self::States {
        &self.states
    }

    fn pipelines(&self) -> &Self::Pipelines {
        &self.pipelines
    }

    fn artifacts(&self) -> &ArtifactStore {
        &self.artifacts
    }

    fn parameters(&self) -> &ParameterStore {
        &self.parameters
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn metrics(&self) -> &Lines {
        &self.metrics
    }
}

impl Stage {
    pub(crate) fn function() -> PipelineAction<Self> {
        let clock = ManualClock::at(Timestamp::from_millis(1_764_000_000_000));
        let states = StepFunctions::new(&clock);
        states.create(MACHINE, StateMachineType::Standard);
        let pipelines = CodePipeline::by(&clock);
        pipelines.declare(PIPELINE, "Execute", "Outcome");
        let stage = Self {
            states: Faulty::new(states),
            pipelines: Faulty::new(pipelines),
            artifacts: ArtifactStore::opened_by("a-key"),
            parameters: ParameterStore::new(),
            clock,
            metrics: Lines::default(),
        };
        PipelineAction::new(stage, |name| {
            let value = match name {
                "AWS_LAMBDA_FUNCTION_NAME" => FUNCTION,
                "AWS_REGION" => "us-east-1",
                "PIPELINES" => PIPELINE,
                _ => return None,
            };
            Some(value.to_owned())
        })
    }
}

/// An event as Lambda hands it to the function.
pub(crate) fn invocation(event: &Value) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}");
    LambdaEvent::new(event.clone(), context)
}
