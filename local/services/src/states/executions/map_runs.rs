//! Map Runs: how far the items of a distributed Map are.

use super::known::Known;
use crate::states::arn::Arn;
use crate::states::registry::{StepFunctions, not_found};
use crate::states::rows::{on, paged};
use platform::{Call, Operation, ServiceError};
use serde::Deserialize;
use serde_json::Value;

/// The rows of these operations.
pub(super) fn operations() -> [Operation<StepFunctions>; 2] {
    [
        on(
            "ListMapRuns",
            |it: &List| &it.execution_arn,
            StepFunctions::list_map_runs,
        ),
        on(
            "DescribeMapRun",
            |it: &Describe| &it.map_run_arn,
            StepFunctions::describe_map_run,
        ),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    execution_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Describe {
    map_run_arn: String,
}

impl StepFunctions {
    fn list_map_runs(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let runs = self.lock().execution(&input.execution_arn)?.map_runs();
        let listed = runs.into_iter().map(|(listed, _)| listed);
        paged("mapRuns", listed, input.max_results, input.next_token.as_deref())
    }

    fn describe_map_run(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        let arn = &input.map_run_arn;
        Arn::of_kind(arn, "mapRun")?;
        let registry = self.lock();
        let runs = registry.known.executions.values().flat_map(Known::map_runs);
        let found = runs
            .map(|(_, described)| described)
            .find(|run| run["mapRunArn"] == arn.as_str());
        found.ok_or_else(|| not_found(arn))
    }
}
