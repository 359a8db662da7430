//! The metrics of a job as it prints them: read from its log by the regular expressions of its metric definitions, as
//! SageMaker does: <https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html>.

use super::jobs::Job;
use super::logs::Stream;
use super::reader::Reader;
use regex_lite::Regex;

/// A metric as it changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// The metric's name.
    pub(crate) name: String,
    /// Its values, the earliest first.
    pub(crate) values: Vec<f64>,
}

impl Reader {
    /// The curves of a job: of the first instance, which is the one that SageMaker's algorithms print on.
    pub(crate) async fn curves(&self, job: &Job, stream: Option<&Stream>) -> Vec<Curve> {
        let definitions = job.definitions();
        let (Some(stream), false) = (stream, definitions.is_empty()) else {
            return Vec::new();
        };
        let lines = self.lines(stream, "", usize::MAX).await.unwrap_or_default();
        read(&definitions, lines.lines.iter().map(|(_, line)| &**line))
    }
}

/// What lines say of metrics. Those of which nothing is said are left out.
fn read<'l>(definitions: &[(&str, &str)], lines: impl Iterator<Item = &'l str>) -> Vec<Curve> {
    let mut found: Vec<(Regex, Curve)> = Vec::new();
    for (name, regex) in definitions {
        if let Ok(regex) = Regex::new(regex) {
            let curve = Curve {
                name: (*name).to_owned(),
                values: Vec::new(),
            };
            found.push((regex, curve));
        }
    }
    for line in lines {
        for (regex, curve) in &mut found {
            let captures = regex.captures(line);
            let number = captures.and_then(|found| found.get(1)?.as_str().trim().parse::<f64>().ok());
            curve.values.extend(number.filter(|number| number.is_finite()));
        }
    }
    let curves = found.into_iter().map(|(_, curve)| curve);
    curves.filter(|curve| !curve.values.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_each_number_that_was_printed() {
        let definitions = [("loss", "loss=([^ ]+)"), ("never", "never=(.*)"), ("broken", "(")];
        let curves = read(
            &definitions,
            ["loss=0.5", "loss=nan", "other", "loss=1e-2 x"].into_iter(),
        );
        let expected = Curve {
            name: "loss".into(),
            values: vec![0.5, 0.01],
        };
        assert_eq!(curves, [expected]);
    }
}
