//! The numbers that a training job prints: <https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html>.

use super::request::MetricDefinition;
use jiff::Timestamp;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The regular expression of a metric.
pub(super) fn read(regex: &str) -> Result<Regex, String> {
    Regex::new(regex).map_err(|error| error.to_string())
}

/// What a job has printed of its metrics until now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Metrics {
    /// The regular expressions, from the first line on.
    #[serde(skip)]
    expressions: Vec<Option<Regex>>,
    /// By the names, the last values.
    last: BTreeMap<String, (f64, Timestamp)>,
    /// What was printed where a number was expected, by the metrics' names.
    pub(super) no_numbers: BTreeMap<String, String>,
}

impl Metrics {
    /// Reads a line of the log.
    pub(super) fn hear(&mut self, definitions: &[MetricDefinition], line: &str) {
        if self.expressions.len() != definitions.len() {
            self.expressions = definitions
                .iter()
                .map(|definition| read(&definition.regex).ok())
                .collect();
        }
        for (MetricDefinition { name, .. }, expression) in definitions.iter().zip(&self.expressions) {
            let captures = expression.as_ref().and_then(|expression| expression.captures(line));
            let Some(found) = captures.and_then(|captures| captures.get(1)) else {
                continue;
            };
            match found.as_str().trim().parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    self.last.insert(name.clone(), (value, Timestamp::now()));
                }
                _ => {
                    self.no_numbers.insert(name.clone(), found.as_str().to_owned());
                }
            }
        }
    }

    /// The last value of each metric that has one, in the order of the definitions.
    pub(super) fn last<'a>(
        &'a self,
        definitions: &'a [MetricDefinition],
    ) -> impl Iterator<Item = (&'a str, f64, Timestamp)> {
        definitions.iter().filter_map(|definition| {
            let (value, at) = self.last.get(&definition.name)?;
            Some((definition.name.as_str(), *value, *at))
        })
    }

    /// All of them, for people.
    pub(super) fn all(&self) -> Vec<(String, f64)> {
        let all = self.last.iter();
        all.map(|(name, (value, _))| (name.clone(), *value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_each_metric_is_kept() {
        let definition = |name: &str, regex: &str| MetricDefinition {
            name: name.to_owned(),
            regex: regex.to_owned(),
        };
        let definitions = [
            definition("loss", "loss=([^ ]+)"),
            definition("accuracy", "accuracy: ([0-9.]+)"),
            definition("no-group", "loss"),
        ];
        let mut metrics = Metrics::default();
        for line in [
            "loss=0.5 accuracy: 0.1",
            "loss=1e-2",
            "accuracy: 0.95",
            "loss=nan",
            "loss=inf",
            "loss=x",
            "none",
        ] {
            metrics.hear(&definitions, line);
        }
        let last: Vec<_> = metrics
            .last(&definitions)
            .map(|(name, value, _)| (name, value))
            .collect();
        assert_eq!(last, [("loss", 0.01), ("accuracy", 0.95)]);
        assert_eq!(metrics.no_numbers["loss"], "x");
    }
}
