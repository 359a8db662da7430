//! How operations answer about an execution that the interpreter has.

use super::map_run;
use super::running::{Running, State};
use platform::input::seconds;
use serde_json::{Value, json};
use states_language::{ExecutionType, Status};

impl Running {
    /// The execution as DescribeExecution answers it:
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
    pub(crate) fn describe(&self) -> Value {
        self.described(&self.lock())
    }

    /// The state machine as DescribeStateMachineForExecution answers:
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html>.
    pub(crate) fn machine(&self, state: &State) -> Value {
        let revision = &self.chosen.revision;
        json!({
            "stateMachineArn": self.machine_arn,
            "name": self.machine_name,
            "definition": revision.definition.text(),
            "roleArn": revision.role_arn,
            "updateDate": seconds(state.execution.started_at()),
            "loggingConfiguration": revision.logging,
            "tracingConfiguration": revision.tracing,
            "encryptionConfiguration": revision.encryption,
            "revisionId": revision.id,
        })
    }

    /// Its Map Runs, each as ListMapRuns and as DescribeMapRun answers it.
    pub(crate) fn map_runs(&self, state: &State) -> Vec<(Value, Value)> {
        map_run::shown(&self.machine_arn, state.execution.map_runs())
    }

    /// The same as [`describe`](Self::describe), of this state.
    pub(crate) fn described(&self, state: &State) -> Value {
        let execution = &state.execution;
        let mut shown = json!({
            "executionArn": execution.arn(),
            "stateMachineArn": self.machine_arn,
            "name": self.name,
            "status": execution.status().name(),
            "startDate": seconds(execution.started_at()),
            "input": execution.input(),
            "inputDetails": {"included": true},
            "redriveCount": execution.redrive_count(),
        });
        let mut set = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                shown[field] = value;
            }
        };
        set("stopDate", execution.stopped_at().map(seconds));
        if let Some(output) = execution.output() {
            set("output", Some(output.into()));
            set("outputDetails", Some(json!({"included": true})));
        }
        let failure = execution.failure();
        set(
            "error",
            failure.and_then(|failure| failure.error.as_deref()).map(Value::from),
        );
        set(
            "cause",
            failure.and_then(|failure| failure.cause.as_deref()).map(Value::from),
        );
        set("redriveDate", execution.redriven_at().map(seconds));
        set(
            "stateMachineVersionArn",
            self.chosen.version_arn.as_deref().map(Value::from),
        );
        set(
            "stateMachineAliasArn",
            self.chosen.alias_arn.as_deref().map(Value::from),
        );
        set("traceHeader", self.trace_header.as_deref().map(Value::from));
        if self.kind == ExecutionType::Standard {
            let status = execution.status();
            let redrivable = !matches!(status, Status::Running | Status::Succeeded);
            set(
                "redriveStatus",
                Some(if redrivable { "REDRIVABLE" } else { "NOT_REDRIVABLE" }.into()),
            );
            let reason = format!("Execution is {} and cannot be redriven", status.name());
            set("redriveStatusReason", (!redrivable).then(|| reason.into()));
        }
        shown
    }
}
