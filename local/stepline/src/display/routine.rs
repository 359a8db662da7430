//! What tells nobody anything: polls, waits, the same again, and what another line says better. Whoever wants to see it
//! takes `-v`.

use platform::journal::Happening;
use std::collections::BTreeSet;
use std::time::Duration;

/// Output variables that a pipeline's definition or another line has, or that are the same in each run.
const VARIABLES: [&str; 10] = [
    "AuthorDate",
    "AuthorDisplayName",
    "AuthorEmail",
    "BranchName",
    "ConnectionArn",
    "ExecutionArn",
    "ExecutionName",
    "FullRepositoryName",
    "ProviderType",
    "StateMachineArn",
];

/// A state that takes longer than this is worth a line each time.
const SHORT: Duration = Duration::from_secs(1);

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Routine {
    /// States that have succeeded, by their executions.
    states: BTreeSet<(String, String)>,
}

impl Routine {
    /// Whether this is left out.
    pub(super) fn is(&mut self, happening: &Happening) -> bool {
        match happening {
            // The action's end says the same.
            Happening::JobAnswered { answer, .. } => answer != "Failure",
            Happening::Invocation { error, .. } => error.is_none(),
            Happening::BuildPhase {
                status: Some(status), ..
            } => status == "SUCCEEDED",
            Happening::RuleMatched { .. } => true,
            Happening::StateExited {
                execution_arn,
                state,
                state_type,
                error: None,
                took,
                ..
            } => {
                // A loop that waits for something goes through the same states each time.
                let is_new = self.states.insert((execution_arn.clone(), state.clone()));
                state_type == "Wait" || (!is_new && *took < SHORT)
            }
            Happening::ExecutionEnded { execution_arn, .. } => {
                self.states.retain(|(of, _)| of != execution_arn);
                false
            }
            _ => false,
        }
    }
}

/// The same without output variables that say nothing new; nothing of what has none.
pub(super) fn without_known_variables(happening: &Happening) -> Option<Happening> {
    let Happening::OutputVariables {
        stage,
        action,
        variables,
    } = happening
    else {
        return None;
    };
    let mut variables = variables.clone();
    if let Some(variables) = variables.as_object_mut() {
        variables.retain(|name, _| !VARIABLES.contains(&name.as_str()));
    }
    Some(Happening::OutputVariables {
        stage: stage.clone(),
        action: action.clone(),
        variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(execution: &str, state: &str, state_type: &str, millis: u64, error: Option<&str>) -> Happening {
        Happening::StateExited {
            execution_arn: execution.into(),
            state: state.into(),
            state_type: state_type.into(),
            error: error.map(str::to_owned),
            took: Duration::from_millis(millis),
            mocked: false,
        }
    }

    fn phase(status: &str) -> Happening {
        Happening::BuildPhase {
            build: "build-dev:0001".into(),
            phase: "BUILD".into(),
            status: Some(status.into()),
            took: None,
        }
    }

    fn answered(answer: &str) -> Happening {
        Happening::JobAnswered {
            action: "Execute".into(),
            job_id: "j".into(),
            answer: answer.into(),
        }
    }

    fn invoked(error: Option<&str>) -> Happening {
        Happening::Invocation {
            function: "image-push-dev".into(),
            request_id: "r".into(),
            outcome: "Failed".into(),
            error: error.map(Into::into),
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            init: None,
            memory_size_mb: 128,
            max_memory_used_mb: 9,
            attempt: 1,
            event: "{}".into(),
            answer: "{}".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        }
    }

    #[test]
    fn a_loop_is_told_once_and_what_fails_each_time() {
        let mut routine = Routine::default();
        let matched = Happening::RuleMatched {
            rule: "r".into(),
            target: "t".into(),
            detail_type: "d".into(),
        };
        for (happening, is_left_out) in [
            (exited("a", "Look", "Task", 20, None), false),
            (exited("a", "Wait", "Wait", 1000, None), true),
            (exited("a", "Look", "Task", 20, None), true),
            (exited("b", "Look", "Task", 20, None), false),
            // An iteration of a Map, which has worked.
            (exited("a", "Look", "Task", 2000, None), false),
            (exited("a", "Look", "Task", 20, Some("States.TaskFailed")), false),
            (exited("a", "Wait", "Wait", 20, Some("States.Timeout")), false),
            (answered("Continuation"), true),
            (answered("Success"), true),
            (answered("Failure"), false),
            (phase("SUCCEEDED"), true),
            (phase("FAILED"), false),
            (invoked(None), true),
            (invoked(Some("E: m")), false),
            (matched, true),
        ] {
            assert_eq!(routine.is(&happening), is_left_out, "{happening:?}");
        }
    }

    #[test]
    fn variables_that_everybody_knows_are_left_out() {
        let told = Happening::OutputVariables {
            stage: "Source".into(),
            action: "Source".into(),
            variables: serde_json::json!({"CommitId": "0a1b", "ConnectionArn": "arn"}),
        };
        let Some(Happening::OutputVariables { variables, .. }) = without_known_variables(&told) else {
            panic!("{told:?} has variables");
        };
        assert_eq!(variables, serde_json::json!({"CommitId": "0a1b"}));
        assert_eq!(without_known_variables(&answered("Success")), None);
    }
}
