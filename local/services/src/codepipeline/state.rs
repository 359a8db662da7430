//! A pipeline's state: its stages, each with its last execution, its transition and its conditions.

use super::execution::{ActionRun, ConditionRun, Execution, Progress};
use super::pipeline::Pipeline;
use super::view::{execution_type, shown_id, shown_summary};
use platform::input::seconds;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GetPipelineState`'s output. See
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html>.
pub(super) fn state(pipeline: &Pipeline) -> Value {
    let declaration = pipeline.declaration();
    let executions = pipeline.executions();
    let stages: Vec<Value> = declaration
        .stages
        .iter()
        .map(|stage| {
            let latest = executions
                .iter()
                .rev()
                .find_map(|execution| Some((execution, *execution.progress().stages.get(&stage.name)?)));
            let actions: Vec<Value> = stage
                .actions
                .iter()
                .map(|action| action_state(&executions, &stage.name, &action.name))
                .collect();
            let mut shown = json!({
                "stageName": stage.name,
                "inboundTransitionState": transition(pipeline, &stage.name),
                "actionStates": actions,
            });
            if let Some((execution, status)) = latest {
                shown["latestExecution"] = json!({
                    "pipelineExecutionId": execution.id,
                    "status": status.word(),
                    "type": execution_type(execution),
                });
                let progress = execution.progress();
                if let Some(retries) = retries(&progress, &stage.name) {
                    shown["retryStageMetadata"] = retries;
                }
                for run in progress.conditions.iter().filter(|run| run.stage == stage.name) {
                    shown[format!("{}ConditionState", run.when.member())] = condition(run);
                }
            }
            if let Some(inbound) = pipeline.gates.inbound(&stage.name) {
                shown["inboundExecution"] = json!({"pipelineExecutionId": inbound, "status": "InProgress"});
            }
            shown
        })
        .collect();
    json!({
        "pipelineName": declaration.name,
        "pipelineVersion": declaration.version,
        "stageStates": stages,
        "created": seconds(pipeline.created),
    })
}

fn transition(pipeline: &Pipeline, stage: &str) -> Value {
    match pipeline.gates.disabled(stage) {
        None => json!({"enabled": true}),
        Some(disabled) => json!({
            "enabled": false,
            "lastChangedBy": disabled.by,
            "lastChangedAt": seconds(disabled.at),
            "disabledReason": disabled.reason,
        }),
    }
}

/// How a stage was retried. See
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageMetadata.html>.
fn retries(progress: &Progress, stage: &str) -> Option<Value> {
    let by_hand = progress.retried_by_hand.get(stage);
    let mut shown = match (progress.retried.contains(stage), by_hand) {
        (false, None) => return None,
        (_, Some(_)) => json!({"latestRetryTrigger": "ManualStageRetry"}),
        (true, None) => json!({"latestRetryTrigger": "AutomatedStageRetry"}),
    };
    if progress.retried.contains(stage) {
        shown["autoStageRetryAttempt"] = 1.into();
    }
    if let Some(times) = by_hand {
        shown["manualStageRetryAttempt"] = (*times).into();
    }
    Some(shown)
}

/// A condition as it was checked last. See
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageConditionState.html>.
fn condition(run: &ConditionRun) -> Value {
    let word = |failed: bool| if failed { "Failed" } else { "Succeeded" };
    let rules = run.rules.iter().map(|rule| {
        let mut latest = json!({
            "ruleExecutionId": rule.id,
            "status": word(rule.failure.is_some()),
            "lastStatusChange": seconds(rule.at),
        });
        if let Some(failure) = &rule.failure {
            latest["summary"] = failure.as_str().into();
        }
        json!({"ruleName": rule.name, "latestExecution": latest})
    });
    let status = word(run.rules.iter().any(|rule| rule.failure.is_some()));
    json!({
        "latestExecution": {"status": status},
        "conditionStates": [{
            "latestExecution": {"status": status, "lastStatusChange": seconds(run.at)},
            "ruleStates": rules.collect::<Vec<_>>(),
        }],
    })
}

fn action_state(executions: &[Arc<Execution>], stage: &str, action: &str) -> Value {
    let latest = executions.iter().rev().find_map(|execution| {
        let progress = execution.progress();
        let is_it = |run: &&ActionRun| run.stage == stage && run.action.name == action;
        progress.actions.iter().rev().find(is_it).cloned()
    });
    let Some(run) = latest else {
        return json!({"actionName": action});
    };
    let mut shown = json!({
        "actionName": action,
        "latestExecution": {
            "actionExecutionId": run.id,
            "status": run.status.word(),
            "lastStatusChange": seconds(run.updated),
        },
    });
    let latest = &mut shown["latestExecution"];
    for (field, value) in [
        ("summary", shown_summary(&run)),
        ("externalExecutionId", shown_id(&run)),
        ("token", run.token.as_deref()),
        ("lastUpdatedBy", run.updated_by.as_deref()),
    ] {
        if let Some(value) = value {
            latest[field] = value.into();
        }
    }
    if let Some((code, message)) = &run.error {
        latest["errorDetails"] = json!({"code": code, "message": message});
    }
    shown
}
