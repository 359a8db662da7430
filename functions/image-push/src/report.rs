//! What the function did, rule by rule: what Lambda is told, and what the log says.

use serde::Serialize;

use crate::rule::Rule;

/// What the function did with what Lambda delivered: one event, or an array of events.
///
/// The second generation of EventBridge delivers up to a hundred events at once:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-eventsv2-subscriber-batchconfiguration.html>.
/// It documents no way to name the events that failed, so one failure fails the whole delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Handled {
    /// The report of one event.
    One(Report),
    /// A report for each event, in their order.
    Each(Vec<Reported>),
}

/// The report of one event of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// The event's id, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What the function did about it.
    #[serde(flatten)]
    pub report: Report,
}

/// What the function did about an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// A decision for every rule, or for every image that a rule wanted.
    pub decisions: Vec<Decision>,
}

/// What became of one rule and one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The rule, counted from one.
    pub rule: usize,
    /// The state machine, as the rule names it.
    pub state_machine: String,
    /// The image: `repository:tag@digest`, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of one rule and one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// An execution was started.
    Started {
        /// Its ARN.
        execution_arn: String,
    },
    /// An execution for this image was there already.
    Adopted {
        /// Its ARN.
        execution_arn: String,
    },
    /// Nothing was to be done.
    Ignored {
        /// Why.
        reason: String,
    },
    /// Something was to be done, and failed.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Decision {
    /// What became of an image for a rule.
    pub(crate) fn new((number, rule): &(usize, &Rule), image: Option<String>, outcome: Outcome) -> Self {
        Self {
            rule: *number,
            state_machine: rule.state_machine.to_string(),
            image,
            outcome,
        }
    }

    fn log(&self) {
        let Self {
            rule,
            state_machine,
            image,
            outcome,
        } = self;
        let (name, digest) = image.as_deref().and_then(|image| image.split_once('@')).unzip();
        let (word, arn, reason) = outcome.in_words();
        match outcome {
            Outcome::Failed { .. } => tracing::error!(
                rule,
                state_machine,
                image.name = name,
                image.digest = digest,
                execution.arn = arn,
                reason,
                "{word}"
            ),
            Outcome::Started { .. } | Outcome::Adopted { .. } | Outcome::Ignored { .. } => tracing::info!(
                rule,
                state_machine,
                image.name = name,
                image.digest = digest,
                execution.arn = arn,
                reason,
                "{word}"
            ),
        }
    }
}

impl Outcome {
    /// Nothing to be done.
    pub(crate) fn ignored(reason: impl Into<String>) -> Self {
        Self::Ignored { reason: reason.into() }
    }

    /// The words for the log, the execution, and the reason.
    fn in_words(&self) -> (&'static str, Option<&str>, Option<&str>) {
        match self {
            Self::Started { execution_arn } => ("execution started", Some(execution_arn), None),
            Self::Adopted { execution_arn } => ("execution adopted", Some(execution_arn), None),
            Self::Ignored { reason } => ("image ignored", None, Some(reason)),
            Self::Failed { reason } => ("image not handled", None, Some(reason)),
        }
    }

    /// Something that could not be done.
    pub(crate) fn failed(reason: impl ToString) -> Self {
        Self::Failed {
            reason: reason.to_string(),
        }
    }
}

impl Report {
    /// Writes a line for every decision. A failure is logged here and nowhere else.
    pub(crate) fn log(&self) {
        self.decisions.iter().for_each(Decision::log);
    }

    /// What could not be done, said for each rule.
    pub(crate) fn failures(&self) -> Vec<String> {
        let failure = |decision: &Decision| match &decision.outcome {
            Outcome::Failed { reason } => Some(format!("rule {}: {reason}", decision.rule)),
            Outcome::Started { .. } | Outcome::Adopted { .. } | Outcome::Ignored { .. } => None,
        };
        self.decisions.iter().filter_map(failure).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::fakes::Lines;
    use tracing::level_filters::LevelFilter;

    use super::*;

    #[test]
    fn one_event_is_answered_as_ever_and_an_array_with_an_array() {
        let report = Report { decisions: Vec::new() };
        let one = serde_json::to_value(Handled::One(report.clone())).expect("JSON");
        assert_eq!(one, json!({"decisions": []}));
        let reported = |event: Option<&str>| Reported {
            event: event.map(str::to_owned),
            report: report.clone(),
        };
        let each = serde_json::to_value(Handled::Each(vec![reported(Some("e-1")), reported(None)])).expect("JSON");
        assert_eq!(each, json!([{"event": "e-1", "decisions": []}, {"decisions": []}]));
    }

    #[test]
    fn a_decision_reads_as_one_object() {
        let decision = Decision {
            rule: 1,
            state_machine: "ml".to_owned(),
            image: Some("ml:v1".to_owned()),
            outcome: Outcome::Started {
                execution_arn: "arn".to_owned(),
            },
        };
        let expected = json!({
            "rule": 1, "stateMachine": "ml", "image": "ml:v1", "decision": "started", "executionArn": "arn",
        });
        assert_eq!(serde_json::to_value(&decision).expect("JSON"), expected);
        let ignored = Decision {
            image: None,
            outcome: Outcome::ignored("so"),
            ..decision
        };
        let expected = json!({"rule": 1, "stateMachine": "ml", "decision": "ignored", "reason": "so"});
        assert_eq!(serde_json::to_value(&ignored).expect("JSON"), expected);
    }

    #[test]
    fn every_decision_is_a_line_that_says_what_it_is_about() {
        let execution_arn = "arn".to_owned();
        let cases = [
            (
                Outcome::Started {
                    execution_arn: execution_arn.clone(),
                },
                json!({"level": "INFO", "message": "execution started", "execution.arn": "arn"}),
            ),
            (
                Outcome::Adopted { execution_arn },
                json!({"level": "INFO", "message": "execution adopted", "execution.arn": "arn"}),
            ),
            (
                Outcome::ignored("so"),
                json!({"level": "INFO", "message": "image ignored", "reason": "so"}),
            ),
            (
                Outcome::failed("why"),
                json!({"level": "ERROR", "message": "image not handled", "reason": "why"}),
            ),
        ];
        let decision = |(outcome, _): &(Outcome, Value)| Decision {
            rule: 2,
            state_machine: "ml".to_owned(),
            image: Some("ml:v1@sha256:a1".to_owned()),
            outcome: outcome.clone(),
        };
        let report = Report {
            decisions: cases.iter().map(decision).collect(),
        };
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = shared::telemetry::subscriber(LevelFilter::INFO, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || report.log());
        let text = lines.text();
        assert_eq!(text.lines().count(), cases.len(), "{text}");
        for (line, (_, mut expected)) in text.lines().zip(cases) {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            for field in ["timestamp", "target"] {
                line.as_object_mut().expect("an object").remove(field);
            }
            expected["rule"] = json!(2);
            expected["state_machine"] = json!("ml");
            expected["image.name"] = json!("ml:v1");
            expected["image.digest"] = json!("sha256:a1");
            assert_eq!(line, expected);
        }
    }
}
