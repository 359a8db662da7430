//! Metrics: what their names say, and their numbers for people.

/// The part of the data that a metric is of, and the metric: `validation` and `loss` of `validation:loss`.
pub(crate) fn part_of(name: &str) -> (&str, &str) {
    const PARTS: [(&str, &str); 8] = [
        ("train", "train"),
        ("training", "train"),
        ("validation", "validation"),
        ("valid", "validation"),
        ("val", "validation"),
        ("eval", "validation"),
        ("test", "test"),
        ("dev", "validation"),
    ];
    let split = name
        .find([':', '_', '-', '.', '/'])
        .map(|at| (&name[..at], &name[at + 1..]));
    let known = split.and_then(|(part, rest)| {
        let (_, part) = PARTS.into_iter().find(|(spelt, _)| part.eq_ignore_ascii_case(spelt))?;
        (!rest.is_empty()).then_some((part, rest))
    });
    known.unwrap_or(("", name))
}

/// A number with at most four digits behind the point.
pub(crate) fn short(value: f64) -> String {
    if value != 0.0 && (value.abs() < 9.5e-5 || value.abs() >= 1e6) {
        return format!("{value:.2e}");
    }
    let written = format!("{value:.4}");
    let written = written.trim_end_matches('0').trim_end_matches('.');
    written.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_short_as_it_can_be() {
        assert_eq!([short(0.5), short(0.000_01), short(12.0)], ["0.5", "1.00e-5", "12"]);
    }

    #[test]
    fn a_metric_is_of_a_part_of_the_data() {
        for (name, part, metric) in [
            ("train:loss", "train", "loss"),
            ("validation:accuracy", "validation", "accuracy"),
            ("val_loss", "validation", "loss"),
            ("loss", "", "loss"),
            ("learning-rate", "", "learning-rate"),
            ("train:", "", "train:"),
        ] {
            assert_eq!(part_of(name), (part, metric), "{name}");
        }
    }
}
