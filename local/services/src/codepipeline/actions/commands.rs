//! Shell commands of the pipeline itself.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html>.

use super::compute::{self, Commands};
use crate::codepipeline::variables;
use crate::codepipeline::work::{Done, Failure, Work};
use serde_json::json;

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let action = work.action;
    let mut buildspec = json!({
        "version": 0.2,
        "env": {"exported-variables": action.output_variables},
        "phases": {"build": {"commands": action.commands}},
    });
    if let [output] = action.output_artifacts.as_slice() {
        let files = if output.files.is_empty() {
            json!(["**/*"])
        } else {
            json!(output.files)
        };
        buildspec["artifacts"] = json!({"files": files});
    }
    let resolved = {
        let progress = work.execution.progress();
        let given = action.environment_variables.iter();
        given
            .map(|given| {
                Ok((
                    given.name.clone(),
                    variables::resolve(&given.value, &progress.namespaces)?,
                ))
            })
            .collect::<Result<_, String>>()
    };
    let variables = resolved.map_err(|message| Failure::new("ConfigurationError", message))?;
    compute::run(work, Commands { buildspec, variables }).await
}
