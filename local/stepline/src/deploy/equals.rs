//! Actions of one pipeline that `pipeline-action` could not tell apart.
//!
//! A job of CodePipeline does not name its action. The function knows an action only by its user parameters. Two
//! actions with the same user parameters would share an execution. If one was abandoned, the other's execution would be
//! stopped.

use crate::template::Fault;
use serde_json::Value;

/// Refuses two Lambda actions with the same function and the same user parameters, if these name a state machine.
pub(super) fn refuse_equal_actions(pipeline: &Value) -> Result<(), Fault> {
    let mut seen: Vec<((&str, Value), String)> = Vec::new();
    let stages = pipeline["stages"].as_array().into_iter().flatten();
    for (stage_at, stage) in stages.enumerate() {
        let actions = stage["actions"].as_array().into_iter().flatten();
        for (action_at, action) in actions.enumerate() {
            let configuration = &action["configuration"];
            let text = configuration["UserParameters"].as_str().unwrap_or_default();
            let Ok(parameters) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            let (Some(function), true) = (
                configuration["FunctionName"].as_str(),
                parameters["stateMachine"].is_string(),
            ) else {
                continue;
            };
            let name = format!(
                "`{}` of stage `{}`",
                action["name"].as_str().unwrap_or_default(),
                stage["name"].as_str().unwrap_or_default()
            );
            let is = (function, parameters);
            if let Some((_, other)) = seen.iter().find(|(earlier, _)| *earlier == is) {
                let fault = Fault::new(format_args!(
                    "action {name} has the same user parameters as action {other}, and a job does not name its action: \
                     they would share an execution. Give each a name in its user parameters, such as \"action\":\"{}\"",
                    action["name"].as_str().unwrap_or_default()
                ));
                return Err(fault
                    .within(action_at)
                    .within("Actions")
                    .within(stage_at)
                    .within("Stages"));
            }
            seen.push((is, name));
        }
    }
    Ok(())
}
