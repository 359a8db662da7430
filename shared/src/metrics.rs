//! Metrics in CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics, with no call at all.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::Write as _;

use serde_json::{Map, Value, json};

use crate::time::Timestamp;

/// The namespace of all of Stepline's metrics.
pub(crate) const NAMESPACE: &str = "Stepline";

/// A metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How often.
    Count,
    /// How long.
    Milliseconds,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// What one invocation measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    function: String,
    values: Vec<(&'static str, Unit, f64)>,
    /// A further dimension, with its value.
    dimension: Option<(&'static str, String)>,
}

impl Metrics {
    /// No measurements yet, for the function with this name.
    #[must_use]
    pub fn of(function: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            values: Vec::new(),
            dimension: None,
        }
    }

    /// One more of something.
    pub fn count(&mut self, name: &'static str) {
        self.add(name, Unit::Count, 1.0);
    }

    /// Adds to a metric.
    pub fn add(&mut self, name: &'static str, unit: Unit, value: f64) {
        match self.values.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, _, sum)) => *sum += value,
            None => self.values.push((name, unit, value)),
        }
    }

    /// Adds one more dimension to the metrics, such as the type of a failure.
    pub fn by(&mut self, dimension: &'static str, value: impl Into<String>) {
        self.dimension = Some((dimension, value.into()));
    }

    /// The sum of a metric.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(.., value)| *value)
    }

    /// The log line; nothing if nothing was measured.
    #[must_use]
    pub fn line(&self, now: Timestamp) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let mut dimensions = vec![vec!["FunctionName"]];
        let mut line = Map::new();
        if let Some((name, value)) = &self.dimension {
            dimensions.push(vec!["FunctionName", name]);
            line.insert((*name).to_owned(), json!(value));
        }
        let definitions: Vec<Value> = self
            .values
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()}))
            .collect();
        line.insert("FunctionName".to_owned(), json!(self.function));
        line.extend(
            self.values
                .iter()
                .map(|(name, _, value)| ((*name).to_owned(), json!(value))),
        );
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millis(),
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": definitions}],
            }),
        );
        Some(Value::Object(line).to_string())
    }
}

/// Where the lines go.
pub trait MetricSink: Send + Sync {
    /// Writes a line.
    fn write(&self, line: &str);
}

/// The process's standard output, which Lambda takes to CloudWatch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stdout;

impl MetricSink for Stdout {
    fn write(&self, line: &str) {
        // A function whose log cannot be written still does its work.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let mut metrics = Metrics::of("pipeline-action");
        metrics.count("Polls");
        metrics.count("Polls");
        metrics.add("AnswerDelay", Unit::Milliseconds, 1500.0);
        metrics.by("FailureType", "JobFailed");
        let line: Value = serde_json::from_str(&metrics.line(Timestamp::from_millis(5)).unwrap()).unwrap();
        assert_eq!(
            line,
            json!({
                "FailureType": "JobFailed",
                "FunctionName": "pipeline-action",
                "Polls": 2.0,
                "AnswerDelay": 1500.0,
                "_aws": {
                    "Timestamp": 5,
                    "CloudWatchMetrics": [{
                        "Namespace": "Stepline",
                        "Dimensions": [["FunctionName"], ["FunctionName", "FailureType"]],
                        "Metrics": [
                            {"Name": "Polls", "Unit": "Count"},
                            {"Name": "AnswerDelay", "Unit": "Milliseconds"},
                        ],
                    }],
                },
            })
        );
    }

    #[test]
    fn nothing_measured_is_no_line() {
        assert_eq!(Metrics::of("f").line(Timestamp::default()), None);
    }
}
