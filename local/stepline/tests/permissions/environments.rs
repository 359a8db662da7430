//! Names without their environment, so that what is the same in both is the same text.

/// The environments that the templates know.
const NAMES: [&str; 2] = ["dev", "prod"];

/// The environment that a name belongs to: the first one that is a word of it.
pub(crate) fn environment_of(name: &str) -> Option<&'static str> {
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| NAMES.into_iter().find(|known| *known == word))
}

/// The text with `ENV` in place of the environment, and `OTHER` in place of the other one.
pub(crate) fn fold(text: &str, environment: Option<&str>) -> String {
    let Some(environment) = environment else {
        return text.to_owned();
    };
    let words = text.split_inclusive(|c: char| !c.is_alphanumeric());
    words
        .map(|word| {
            let end = word.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
            let (name, rest) = word.split_at(end);
            match NAMES.contains(&name) {
                true if name == environment => format!("ENV{rest}"),
                true => format!("OTHER{rest}"),
                false => word.to_owned(),
            }
        })
        .collect()
}

#[test]
fn folding() {
    for (text, environment, expected) in [
        ("stepline-dev-us-east-1", Some("dev"), "stepline-ENV-us-east-1"),
        ("parameter/ml/dev/*", Some("dev"), "parameter/ml/ENV/*"),
        (
            "repository/ml-pipeline-prod",
            Some("dev"),
            "repository/ml-pipeline-OTHER",
        ),
        (
            "repository/ml-pipeline-prod",
            Some("prod"),
            "repository/ml-pipeline-ENV",
        ),
        ("developer:production", Some("dev"), "developer:production"),
        ("ml-pipeline-dev", None, "ml-pipeline-dev"),
    ] {
        assert_eq!(fold(text, environment), expected);
    }
    for (name, expected) in [("a-prod-b", Some("prod")), ("a/dev", Some("dev")), ("device", None)] {
        assert_eq!(environment_of(name), expected);
    }
}
