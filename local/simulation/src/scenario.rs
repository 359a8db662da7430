//! What a schedule is about: which function, which way to wait, which settings.

use std::time::Duration;

use serde_json::json;

use crate::choices::Tape;
use crate::marked::INPUT_MARKER;

/// The parameter that holds a state machine's name, and the one that holds the rules.
pub(crate) const MACHINE_PARAMETER: &str = "/sim/machine";
pub(crate) const RULES_PARAMETER: &str = "/sim/rules";
/// How far `image-push` looks back.
pub(crate) const LOOK_BACK: Duration = Duration::from_secs(24 * 3600);

/// What a schedule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A pipeline's stage.
    Pipeline {
        by_event: bool,
        two_actions: bool,
        express: bool,
    },
    /// Images and rules.
    Images,
    /// Requests of state machines.
    Parameters,
}

/// The settings of a schedule.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) subject: Subject,
    pub(crate) redrives: bool,
    /// Whether the state machine is in a parameter, which may move.
    pub(crate) by_parameter: bool,
    /// How long an execution may take, in minutes.
    pub(crate) timeout: Option<u64>,
    pub(crate) leaves: bool,
    pub(crate) looks_again: bool,
    pub(crate) writes_output: bool,
    pub(crate) stops_abandoned: bool,
    /// How many rules were inserted in front.
    pub(crate) rules: usize,
}

impl Scenario {
    pub(crate) fn chosen(tape: &mut Tape) -> Self {
        let pipeline = |by_event, two_actions, express| Subject::Pipeline {
            by_event,
            two_actions,
            express,
        };
        let subject = tape.pick(&[
            pipeline(false, false, false),
            pipeline(true, false, false),
            pipeline(false, false, false),
            pipeline(true, false, false),
            pipeline(false, true, false),
            pipeline(false, false, true),
            Subject::Images,
            Subject::Parameters,
        ]);
        let is_pipeline = matches!(subject, Subject::Pipeline { .. });
        let mut flag = |one_in: u32, matters: bool| matters && tape.choose(one_in) == one_in - 1;
        Self {
            subject,
            redrives: flag(2, is_pipeline),
            by_parameter: flag(3, subject != Subject::Parameters),
            leaves: flag(3, is_pipeline),
            looks_again: flag(4, is_pipeline),
            writes_output: flag(
                3,
                is_pipeline && !matches!(subject, Subject::Pipeline { by_event: true, .. }),
            ),
            stops_abandoned: !flag(12, is_pipeline),
            timeout: if is_pipeline {
                tape.pick(&[None, Some(5), Some(30), Some(90), None])
            } else {
                None
            },
            rules: 0,
        }
    }

    pub(crate) const fn waits_by_event(&self) -> bool {
        matches!(self.subject, Subject::Pipeline { by_event: true, .. })
    }

    pub(crate) const fn is_express(&self) -> bool {
        matches!(self.subject, Subject::Pipeline { express: true, .. })
    }

    /// How long an execution may take.
    pub(crate) fn patience(&self) -> Duration {
        let longest = if self.waits_by_event() { 86_250 } else { 1_430 };
        Duration::from_secs(self.timeout.unwrap_or(longest) * 60)
    }

    /// The user parameters of an action, with `#{id}` where CodePipeline puts the id of its execution.
    pub(crate) fn user_parameters(&self, action: &str) -> String {
        let machine = match (self.is_express(), self.by_parameter) {
            (true, _) => "quick".to_owned(),
            (false, true) => format!("ssm:{MACHINE_PARAMETER}"),
            (false, false) => "ml".to_owned(),
        };
        let mut parameters = json!({
            "stateMachine": machine,
            "pipelineExecutionId": "#{id}",
            "onRetry": if self.redrives { "redrive" } else { "restart" },
            "onTimeout": if self.leaves { "leave" } else { "stop" },
            "input": {"action": action, "data": INPUT_MARKER},
            "outputVariables": {"Job": "$.job.name"},
        });
        if let Some(minutes) = self.timeout {
            parameters["timeoutMinutes"] = minutes.into();
        }
        if self.waits_by_event() {
            parameters["approval"] = json!({"pipeline": "stepline-dev", "stage": "Execute", "action": "Outcome"});
        }
        parameters.to_string()
    }

    /// The rules of `image-push`: two that are always there, behind those that were inserted.
    pub(crate) fn rules_text(&self) -> String {
        let machine = if self.by_parameter {
            format!("ssm:{MACHINE_PARAMETER}")
        } else {
            "ml".to_owned()
        };
        let mut rules = Vec::new();
        for number in (1..=self.rules).rev() {
            // Every second one names a state machine that cannot be looked up.
            let machine = if number % 2 == 0 { "ssm:/sim/nothing" } else { "ml-2" };
            rules.push(
                json!({"repository": "ml", "tag": "release-*", "stateMachine": machine, "input": {"rule": number + 2}}),
            );
        }
        rules.push(json!({"repository": "ml", "tag": "release-*", "stateMachine": machine, "input": {"rule": 1}}));
        rules.push(json!({"repository": "*", "tag": "*", "stateMachine": "ml-2", "input": {"rule": 2}}));
        serde_json::Value::Array(rules).to_string()
    }
}
