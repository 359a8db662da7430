//! Looking: which waits an event may be about, and each of them settled.
//!
//! Every event leads to the same look at a pipeline's execution. What the event itself says is believed only as far as
//! it says where to look, and when an execution ended that does not show it yet.

use std::collections::BTreeSet;
use std::sync::Mutex;

use lambda_runtime::Context;
use shared::metrics::Metrics;
use shared::ports::code_pipeline::{ActionExecution, GetPipelineState as _, ListActionExecutions as _};
use shared::ports::{CallError, CallErrorKind};

use super::approval::Occasion;
use super::{HandlerError, Outcome, PipelineAction, Report};
use crate::approval::waits;
use crate::event::{ApprovalChanged, EndedExecution};
use crate::settings::Settings;
use crate::world::World;

/// How many pages of actions are looked through: each has a hundred.
const MAX_PAGES: usize = 10;

impl<W: World> PipelineAction<W> {
    /// The state of an approval changed: it may be one of this function's.
    pub(super) async fn approval_changed(
        &self,
        changed: &ApprovalChanged,
        context: &Context,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let ApprovalChanged {
            pipeline,
            pipeline_execution_id,
        } = changed;
        let occasion = Occasion {
            settings: self.settings_of_events()?,
            context,
            metrics,
            ended: None,
        };
        let mut looked = Looked::default();
        self.look_at(pipeline, pipeline_execution_id, occasion, &mut looked)
            .await;
        looked.report()
    }

    /// An execution has ended: its name tells which execution of which pipeline may wait for it.
    pub(super) async fn execution_ended(
        &self,
        ended: &EndedExecution,
        context: &Context,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let settings = self.settings_of_events()?;
        let Some(id) = ended.pipeline_execution_id() else {
            return Ok(Report::of(Outcome::Ignored));
        };
        let occasion = Occasion {
            settings,
            context,
            metrics,
            ended: Some(ended),
        };
        let mut looked = Looked::default();
        for pipeline in &settings.pipelines {
            self.look_at(pipeline, id, occasion, &mut looked).await;
        }
        looked.report()
    }

    /// Looks for what a lost event left out, in every stage of the pipelines that this function answers approvals of.
    pub(super) async fn look(&self, context: &Context, metrics: &Mutex<Metrics>) -> Result<Report, HandlerError> {
        let settings = self.settings_of_events()?;
        let occasion = Occasion {
            settings,
            context,
            metrics,
            ended: None,
        };
        let mut looked = Looked::default();
        for pipeline in &settings.pipelines {
            match self.world.pipelines().get_pipeline_state(pipeline).await {
                Ok(actions) => {
                    let ids = actions.into_iter().filter_map(|action| action.pipeline_execution_id);
                    for id in ids.collect::<BTreeSet<_>>() {
                        self.look_at(pipeline, &id, occasion, &mut looked).await;
                    }
                }
                // It is deployed after this function, and may not be there yet.
                Err(error) if error.is("PipelineNotFoundException") => {
                    tracing::info!(pipeline.name = pipeline, "there is no such pipeline");
                }
                Err(error) => looked.failures.push(error.to_string()),
            }
        }
        looked.report()
    }

    /// Settles the waits of one execution of a pipeline, each by itself.
    async fn look_at(&self, pipeline: &str, id: &str, occasion: Occasion<'_>, looked: &mut Looked) {
        let runs = match self.list_actions(pipeline, id).await {
            Ok(runs) => runs,
            Err(error) => return looked.failures.push(error.to_string()),
        };
        for wait in waits(&runs, pipeline, &occasion.settings.function_name) {
            match self.settle(pipeline, id, &wait, occasion).await {
                Ok(settled) => {
                    tracing::info!(
                        pipeline.name = pipeline,
                        pipeline.execution_id = id,
                        approval = settled.approval,
                        execution.arn = settled.execution.as_deref(),
                        outcome = ?settled.outcome,
                        reason = settled.reason,
                        "approval looked at"
                    );
                    looked.approvals.push(settled);
                }
                Err(failure) => looked.failures.push(failure),
            }
        }
    }

    /// The actions that ran in an execution of a pipeline, the last ones first; none if there is no such execution.
    pub(super) async fn list_actions(&self, pipeline: &str, id: &str) -> Result<Vec<ActionExecution>, CallError> {
        let mut runs = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let pipelines = self.world.pipelines();
            let page = match pipelines.list_action_executions(pipeline, id, next.as_deref()).await {
                // An event can name a pipeline, or an execution's name an id, that CodePipeline does not know.
                Err(error) if error.kind == CallErrorKind::NotFound => break,
                page => page?,
            };
            runs.extend(page.executions);
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(runs)
    }

    fn settings_of_events(&self) -> Result<&Settings, HandlerError> {
        self.settings
            .as_ref()
            .map_err(|error| HandlerError::NotSettled(vec![error.to_string()]))
    }
}

/// What a look found and did.
#[derive(Debug, Default)]
struct Looked {
    approvals: Vec<super::Settled>,
    failures: Vec<String>,
}

impl Looked {
    fn report(self) -> Result<Report, HandlerError> {
        if !self.failures.is_empty() {
            return Err(HandlerError::NotSettled(self.failures));
        }
        let outcome = if self.approvals.is_empty() {
            Outcome::Ignored
        } else {
            Outcome::Looked
        };
        Ok(Report {
            approvals: self.approvals,
            ..Report::of(outcome)
        })
    }
}
