//! What CodePipeline tells of its actions: late.

use std::collections::BTreeMap;

use shared::ports::code_pipeline::{ActionExecution, ActionExecutionPage, ActionState, ActionStatus};
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;

use crate::account::Account;
use crate::kept::pipelines::{Action, FUNCTION, Kind, LAG, PIPELINE, Run, STAGE};
use crate::kept::words::{page, refused};

/// How many runs a page holds: few, so that pages are turned.
const RUNS_A_PAGE: usize = 3;

impl Account {
    pub(super) fn list_action_executions(
        &mut self,
        pipeline: &str,
        execution: &str,
        next: Option<&str>,
    ) -> Result<ActionExecutionPage, CallError> {
        const OPERATION: &str = "ListActionExecutions";
        if pipeline != PIPELINE {
            return Err(refused(OPERATION, CallErrorKind::NotFound, "PipelineNotFoundException"));
        }
        let Some(execution) = self.pipelines.executions.iter().position(|id| id == execution) else {
            return Err(refused(
                OPERATION,
                CallErrorKind::NotFound,
                "PipelineExecutionNotFoundException",
            ));
        };
        let at = self.lag(LAG);
        let runs = self
            .pipelines
            .runs
            .iter()
            .rev()
            .filter(|run| run.execution == execution);
        let listed: Vec<ActionExecution> = runs.filter_map(|run| self.listed(run, at)).collect();
        let (executions, next_token) = page(&listed, next, RUNS_A_PAGE);
        Ok(ActionExecutionPage { executions, next_token })
    }

    fn listed(&self, run: &Run, at: Timestamp) -> Option<ActionExecution> {
        let (since, status) = run.stood(at)?;
        let action = &self.pipelines.actions[run.action];
        let configuration = match &action.kind {
            Kind::Approval => BTreeMap::new(),
            Kind::Invoke(parameters) => BTreeMap::from([
                ("FunctionName".to_owned(), FUNCTION.to_owned()),
                ("UserParameters".to_owned(), self.resolved(parameters, run.execution)),
            ]),
        };
        Some(ActionExecution {
            id: run.id.clone(),
            stage: STAGE.to_owned(),
            action: action.name.clone(),
            configuration,
            status,
            started_at: run.started_at,
            updated_at: since,
            output_variables: if status == ActionStatus::Succeeded {
                run.variables.clone()
            } else {
                BTreeMap::new()
            },
        })
    }

    pub(super) fn get_pipeline_state(&mut self, pipeline: &str) -> Result<Vec<ActionState>, CallError> {
        if pipeline != PIPELINE {
            return Err(refused(
                "GetPipelineState",
                CallErrorKind::NotFound,
                "PipelineNotFoundException",
            ));
        }
        let at = self.lag(LAG);
        let state = |(number, action): (usize, &Action)| {
            let runs = self.pipelines.runs.iter().rev().filter(|run| run.action == number);
            let shown = runs.filter_map(|run| Some((run, run.stood(at)?.1))).next();
            let waits =
                shown.filter(|(_, status)| *status == ActionStatus::InProgress && action.kind == Kind::Approval);
            ActionState {
                stage: STAGE.to_owned(),
                action: action.name.clone(),
                pipeline_execution_id: shown.map(|(run, _)| self.pipelines.executions[run.execution].clone()),
                action_execution_id: shown.map(|(run, _)| run.id.clone()),
                token: waits.map(|(run, _)| run.token.clone()),
            }
        };
        Ok(self.pipelines.actions.iter().enumerate().map(state).collect())
    }
}
