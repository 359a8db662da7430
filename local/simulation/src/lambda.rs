//! Lambda: processes that keep their state between invocations, each with one invocation at a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use image_push::ImagePush;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use pipeline_action::{Handled, PipelineAction, Ports};
use resolve_parameters::ResolveParameters;
use serde_json::Value;

use crate::account::{Account, Ended, Shared};
use crate::aws::ports::Port;
use crate::clock::VirtualClock;
use crate::happening::Function;
use crate::kept::words::ACCOUNT;
use crate::scenario::RULES_PARAMETER;

/// What `pipeline-action` reaches: everything through one port.
#[derive(Debug)]
pub(crate) struct Reach {
    port: Port,
    clock: VirtualClock,
}

impl Ports for Reach {
    type States = Port;
    type Pipelines = Port;
    type Artifacts = Port;
    type Parameters = Port;
    type Clock = VirtualClock;
    type Metrics = Port;

    fn states(&self) -> &Port {
        &self.port
    }

    fn pipelines(&self) -> &Port {
        &self.port
    }

    fn artifacts(&self) -> &Port {
        &self.port
    }

    fn parameters(&self) -> &Port {
        &self.port
    }

    fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    fn metrics(&self) -> &Port {
        &self.port
    }
}

/// What an invocation came to.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) ended: Ended,
    /// What Lambda is told: the answer, or the error.
    pub(crate) shown: String,
    /// The answer of `resolve-parameters`, and what is counted of the others'.
    pub(crate) value: Option<Value>,
    pub(crate) outcomes: Vec<String>,
}

pub(crate) type Running = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// A process: one function, with whatever it remembers.
#[derive(Debug, Clone)]
pub(crate) enum Handler {
    PipelineAction(Arc<PipelineAction<Reach>>),
    ImagePush(Arc<ImagePush<Port, Port, Port>>, VirtualClock),
    ResolveParameters(Arc<ResolveParameters<Port>>, VirtualClock),
}

impl Handler {
    /// A process that has just started.
    pub(crate) fn new(function: Function, account: &Shared) -> Self {
        let (port, clock) = (Port(account.clone()), VirtualClock(account.clone()));
        match function {
            Function::PipelineAction => {
                let scenario = account.lock().scenario.clone();
                let variable = |name: &str| {
                    let value = match name {
                        "AWS_LAMBDA_FUNCTION_NAME" => "stepline-pipeline-action-dev",
                        "AWS_REGION" => "us-east-1",
                        "PIPELINES" => "stepline-dev",
                        "LOOK_AGAIN_SECONDS" if scenario.looks_again => "5",
                        "STOP_ABANDONED_EXECUTIONS" if !scenario.stops_abandoned => "false",
                        _ => return None,
                    };
                    Some(value.to_owned())
                };
                Self::PipelineAction(Arc::new(PipelineAction::new(
                    pipeline_action::Settings::read(variable),
                    Reach { port, clock },
                )))
            }
            Function::ImagePush => {
                let rules = format!("ssm:{RULES_PARAMETER}");
                let settings = image_push::Settings::read(|name| (name == "RULES").then(|| rules.clone()));
                let settings = settings.unwrap_or_else(|error| panic!("settings of image-push: {error}"));
                Self::ImagePush(
                    Arc::new(ImagePush::new(settings, port.clone(), port.clone(), port)),
                    clock,
                )
            }
            Function::ResolveParameters => {
                let settings = resolve_parameters::Settings::read(|_| None);
                let settings = settings.unwrap_or_else(|error| panic!("settings of resolve-parameters: {error}"));
                Self::ResolveParameters(Arc::new(ResolveParameters::new(settings, port)), clock)
            }
        }
    }

    /// Begins an invocation.
    pub(crate) fn invoke(&self, event: LambdaEvent<Value>) -> Running {
        match self.clone() {
            Self::PipelineAction(function) => Box::pin(async move {
                match function.handle(event).await {
                    Ok(handled) => Answered {
                        ended: Ended::Well,
                        shown: serde_json::to_string(&handled).unwrap_or_default(),
                        value: None,
                        outcomes: outcomes(&handled),
                    },
                    Err(error) => failed(error.into()),
                }
            }),
            Self::ImagePush(function, clock) => Box::pin(async move {
                match function.handle(event, &clock).await {
                    Ok(answer) => Answered {
                        ended: Ended::Well,
                        shown: serde_json::to_string(&answer).unwrap_or_default(),
                        value: None,
                        outcomes: decisions(&answer),
                    },
                    Err(error) => failed(error.into()),
                }
            }),
            Self::ResolveParameters(function, clock) => Box::pin(async move {
                match function.handle(event, &clock).await {
                    Ok(value) => Answered {
                        ended: Ended::Well,
                        shown: value.to_string(),
                        value: Some(value),
                        outcomes: vec!["resolve-parameters: answered".to_owned()],
                    },
                    Err(error) => failed(error.into()),
                }
            }),
        }
    }

    pub(crate) const fn function(&self) -> Function {
        match self {
            Self::PipelineAction(_) => Function::PipelineAction,
            Self::ImagePush(..) => Function::ImagePush,
            Self::ResolveParameters(..) => Function::ResolveParameters,
        }
    }

    /// How much it remembers, by what it prints of itself.
    pub(crate) fn memory(&self) -> usize {
        let printed = match self {
            Self::PipelineAction(function) => format!("{function:?}"),
            Self::ImagePush(function, _) => format!("{function:?}"),
            Self::ResolveParameters(function, _) => format!("{function:?}"),
        };
        printed.len()
    }
}

fn failed(error: Diagnostic) -> Answered {
    Answered {
        ended: Ended::Error,
        shown: format!("{}: {}", error.error_type, error.error_message),
        value: None,
        outcomes: vec![format!("error: {}", error.error_type)],
    }
}

fn outcomes(handled: &Handled) -> Vec<String> {
    let reports = match handled {
        Handled::One(report) => std::slice::from_ref(report),
        Handled::Each(reports) => reports,
    };
    let of = |report: &pipeline_action::Report| {
        let own = format!("pipeline-action: {:?}", report.outcome);
        let settled = report
            .approvals
            .iter()
            .map(|settled| format!("approval: {:?}", settled.outcome));
        std::iter::once(own).chain(settled).collect::<Vec<_>>()
    };
    reports.iter().flat_map(of).collect()
}

fn decisions(answer: &image_push::Handled) -> Vec<String> {
    let image_push::Handled::One(report) = answer else {
        return Vec::new();
    };
    let word = |decision: &image_push::Decision| match decision.outcome {
        image_push::Outcome::Started { .. } => "image-push: started".to_owned(),
        image_push::Outcome::Adopted { .. } => "image-push: adopted".to_owned(),
        image_push::Outcome::Ignored { .. } => "image-push: ignored".to_owned(),
        image_push::Outcome::Failed { .. } => "image-push: failed".to_owned(),
    };
    report.decisions.iter().map(word).collect()
}

impl Account {
    /// How long Lambda lets an invocation last: as the template has it.
    pub(crate) fn timeout(&self, function: Function) -> Duration {
        Duration::from_secs(match function {
            Function::PipelineAction if self.scenario.is_express() => 330,
            Function::PipelineAction | Function::ImagePush => 60,
            Function::ResolveParameters => 30,
        })
    }

    /// The context of an invocation, as the runtime hands it over.
    pub(crate) fn context(&self, function: Function) -> Context {
        let mut context = Context::default();
        let deadline = (self.now + self.timeout(function)).as_millis();
        context.deadline = u64::try_from(deadline).unwrap_or_default();
        let name = function.name();
        context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:{}:function:stepline-{name}-dev", ACCOUNT);
        context
    }
}
