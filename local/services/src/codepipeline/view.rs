//! Executions and their actions, as the operations that read show them.

use super::execution::{ActionRun, ActionStatus, Artifact, Execution};
use platform::input::seconds;
use serde_json::{Value, json};

/// `GetPipelineExecution`'s output. See
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html>.
pub(super) fn execution(execution: &Execution) -> Value {
    let progress = execution.progress();
    let revisions: Vec<Value> = progress.artifacts.values().filter_map(revision).collect();
    let variables: Vec<Value> = execution
        .variables
        .iter()
        .map(|(name, value)| json!({"name": name, "resolvedValue": value}))
        .collect();
    let mut shown = json!({
        "pipelineName": execution.declaration.name,
        "pipelineVersion": execution.declaration.version,
        "pipelineExecutionId": execution.id,
        "status": progress.status.word(),
        "artifactRevisions": revisions,
        "variables": variables,
        "trigger": execution.trigger,
        "executionMode": execution.declaration.execution_mode,
        "executionType": execution_type(execution),
    });
    if let Some(target) = execution.rolled_back_to() {
        shown["rollbackMetadata"] = json!({"rollbackTargetPipelineExecutionId": target});
    }
    if let Some(summary) = &progress.summary {
        shown["statusSummary"] = summary.as_str().into();
    }
    shown
}

fn revision(artifact: &Artifact) -> Option<Value> {
    let revision = artifact.revision.as_ref()?;
    Some(json!({"name": artifact.name, "revisionId": revision}))
}

/// One of `ListPipelineExecutions`' summaries.
pub(super) fn summary(execution: &Execution) -> Value {
    let progress = execution.progress();
    let mut shown = json!({
        "pipelineExecutionId": execution.id,
        "status": progress.status.word(),
        "startTime": seconds(execution.started),
        "lastUpdateTime": seconds(progress.updated),
        "trigger": execution.trigger,
        "executionMode": execution.declaration.execution_mode,
        "executionType": execution_type(execution),
    });
    if let Some(target) = execution.rolled_back_to() {
        shown["rollbackMetadata"] = json!({"rollbackTargetPipelineExecutionId": target});
    }
    shown
}

/// What kind of execution it is.
pub(super) fn execution_type(execution: &Execution) -> &'static str {
    execution.rolled_back_to().map_or("STANDARD", |_| "ROLLBACK")
}

/// One of `ListActionExecutions`' details. See
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html>.
pub(super) fn action_detail(execution: &Execution, run: &ActionRun) -> Value {
    let artifacts = |artifacts: &[Artifact]| artifacts.iter().map(Artifact::in_detail).collect::<Vec<_>>();
    let mut detail = json!({
        "pipelineExecutionId": execution.id,
        "actionExecutionId": run.id,
        "pipelineVersion": execution.declaration.version,
        "stageName": run.stage,
        "actionName": run.action.name,
        "startTime": seconds(run.started),
        "lastUpdateTime": seconds(run.updated),
        "status": run.status.word(),
        "input": {
            "actionTypeId": run.action.action_type_id,
            "configuration": run.action.configuration,
            "resolvedConfiguration": run.resolved,
            "inputArtifacts": artifacts(&run.inputs),
        },
    });
    if let Some(role) = &run.action.role_arn {
        detail["input"]["roleArn"] = role.as_str().into();
    }
    if let Some(by) = &run.updated_by {
        detail["updatedBy"] = by.as_str().into();
    }
    if let Some(namespace) = &run.action.namespace {
        detail["input"]["namespace"] = namespace.as_str().into();
    }
    if run.status == ActionStatus::InProgress {
        return detail;
    }
    detail["output"] = json!({
        "outputArtifacts": artifacts(&run.outputs),
        "executionResult": {},
        "outputVariables": run.variables,
    });
    let result = &mut detail["output"]["executionResult"];
    if let Some(id) = shown_id(run) {
        result["externalExecutionId"] = id.into();
    }
    if let Some(summary) = shown_summary(run) {
        result["externalExecutionSummary"] = summary.into();
    }
    if let Some((code, message)) = &run.error {
        result["errorDetails"] = json!({"code": code, "message": message});
    }
    detail
}

/// The external id that people see. Of a Lambda action it is the function's name, whatever its callbacks say.
pub(super) fn shown_id(run: &ActionRun) -> Option<&str> {
    match run.resolved.get("FunctionName") {
        Some(function) => Some(function),
        None => run.external_id.as_deref(),
    }
}

/// The summary that people see; callbacks of a Lambda action cannot set it.
pub(super) fn shown_summary(run: &ActionRun) -> Option<&str> {
    match &run.error {
        Some((_, message)) => Some(message),
        None if run.resolved.contains_key("FunctionName") => None,
        None => run.summary.as_deref(),
    }
}
