//! Rules: which images start which state machine, and with what.

use std::fmt;

use serde_json::{Map, Value};
use shared::glob::Glob;
use shared::json::{JsonError, Raw};
use shared::parameters::ParameterReference;
use shared::state_machine::StateMachineReference;
use thiserror::Error;

use crate::manifest::Platform;

/// The fields that a rule can have.
const FIELDS: [&str; 6] = [
    "repository",
    "tag",
    "stateMachine",
    "input",
    "acceptIndexes",
    "platform",
];

/// Which images start a state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The repositories.
    pub repository: Glob,
    /// The tags.
    pub tag: TagPattern,
    /// What is started.
    pub state_machine: StateMachineReference,
    /// What is laid over the input that tells of the image.
    pub input: Map<String, Value>,
    /// Whether an index is run as it is, by its own digest. If not, one of its images is.
    pub accept_indexes: bool,
    /// What the image must run on, where an index has several.
    pub platform: Option<Platform>,
}

impl Rule {
    /// Nothing, if the rule wants what is pushed to this repository with this tag; otherwise why not.
    pub(crate) fn wants(&self, repository: &str, tag: Option<&str>) -> Result<(), String> {
        if !self.repository.matches(repository) {
            Err(format!("repository `{repository}` is not `{}`", self.repository))
        } else if !self.tag.matches(tag) {
            let tag = tag.map_or("no tag".to_owned(), |tag| format!("tag `{tag}`"));
            Err(format!("{tag} is not `{}`", self.tag))
        } else {
            Ok(())
        }
    }
}

/// Which tags a rule wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagPattern {
    /// Images without any.
    Untagged,
    /// Tags that match.
    Glob(Glob),
}

impl TagPattern {
    /// Whether the rule wants an image with this tag, or without any.
    pub fn matches(&self, tag: Option<&str>) -> bool {
        match (self, tag) {
            (Self::Untagged, None) => true,
            (Self::Glob(glob), Some(tag)) => glob.matches(tag),
            (Self::Untagged, Some(_)) | (Self::Glob(_), None) => false,
        }
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untagged => formatter.write_str("untagged"),
            Self::Glob(glob) => glob.fmt(formatter),
        }
    }
}

/// Rules that cannot be: which one, and what about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RulesError {
    /// The whole is not a list of rules.
    #[error("the rules {0}")]
    Rules(String),
    /// One rule is ill-formed.
    #[error("rule {number}: `{field}` {problem}")]
    Rule {
        /// Which, counted from one.
        number: usize,
        /// Its field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where the rules are.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleSource {
    /// Here.
    Given(Vec<Rule>),
    /// In a parameter.
    Parameter(ParameterReference),
}

impl RuleSource {
    /// Reads `ssm:/path`, or the rules themselves.
    ///
    /// # Errors
    /// [`RulesError`] with the rule and the field.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        match ParameterReference::after_ssm(text.trim()) {
            Some(Ok(reference)) => Ok(Self::Parameter(reference)),
            Some(Err(error)) => Err(RulesError::Rules(format!("are in no parameter: {error}"))),
            None => parse_rules(text).map(Self::Given),
        }
    }
}

/// Reads a JSON array of rules, of which there must be one.
///
/// # Errors
/// [`RulesError`] with the rule and the field.
pub(crate) fn parse_rules(text: &str) -> Result<Vec<Rule>, RulesError> {
    let whole = |problem: &str| RulesError::Rules(problem.to_owned());
    let rules = Raw::parse(text).map_err(|error| whole(&format!("are not JSON: {error}")))?;
    if !rules.is_array() {
        return Err(whole("are not a JSON array"));
    }
    let read = |(rule, number): (Raw<'_>, usize)| match rule.read() {
        Ok(rule) => Fields::of(&rule, number)?.into_rule(),
        Err(JsonError::Flawed { path, flaw }) => Err(RulesError::Rule {
            number,
            field: path,
            problem: flaw.to_string(),
        }),
        Err(malformed) => Err(whole(&malformed.to_string())),
    };
    let rules: Vec<Rule> = rules.elements().zip(1..).map(read).collect::<Result<_, _>>()?;
    if rules.is_empty() {
        return Err(whole("are none: there must be at least one"));
    }
    Ok(rules)
}

/// A rule's fields, on the way to become one.
struct Fields<'a> {
    number: usize,
    fields: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn of(rule: &'a Value, number: usize) -> Result<Self, RulesError> {
        let fields = rule
            .as_object()
            .ok_or_else(|| RulesError::Rules(format!("are not all objects: {number} is not")))?;
        let rule = Self { number, fields };
        match fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            None => Ok(rule),
            Some(unknown) => Err(rule.error(unknown, format!("is not known: a rule has `{}`", FIELDS.join("`, `")))),
        }
    }

    fn into_rule(self) -> Result<Rule, RulesError> {
        Ok(Rule {
            repository: Glob::new(self.required("repository")?),
            tag: match self.required("tag")? {
                "untagged" => TagPattern::Untagged,
                glob => TagPattern::Glob(Glob::new(glob)),
            },
            state_machine: self.state_machine()?,
            input: self
                .typed("input", "an object", Value::as_object)?
                .cloned()
                .unwrap_or_default(),
            accept_indexes: self
                .typed("acceptIndexes", "true or false", Value::as_bool)?
                .unwrap_or_default(),
            platform: match self.typed("platform", "a string", Value::as_str)? {
                None => None,
                Some(text) => Some(
                    text.parse()
                        .map_err(|problem: &str| self.error("platform", problem.to_owned()))?,
                ),
            },
        })
    }

    fn state_machine(&self) -> Result<StateMachineReference, RulesError> {
        let field = "stateMachine";
        let reference = StateMachineReference::parse(self.required(field)?);
        let reference = reference.map_err(|error| self.error(field, format!("names no state machine: {error}")))?;
        if let StateMachineReference::Parameter(path) = &reference {
            let parameter = path.parse::<ParameterReference>();
            parameter.map_err(|error| self.error(field, format!("names no parameter: {error}")))?;
        }
        Ok(reference)
    }

    fn required(&self, field: &str) -> Result<&'a str, RulesError> {
        let text = self
            .typed(field, "a string", Value::as_str)?
            .filter(|text| !text.is_empty());
        text.ok_or_else(|| self.error(field, "is missing or empty".to_owned()))
    }

    fn typed<T>(
        &self,
        field: &str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, RulesError> {
        match self.fields.get(field).map(read) {
            None => Ok(None),
            Some(None) => Err(self.error(field, format!("must be {expected}"))),
            Some(value) => Ok(value),
        }
    }

    fn error(&self, field: &str, problem: String) -> RulesError {
        RulesError::Rule {
            number: self.number,
            field: field.to_owned(),
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule() -> Value {
        json!({"repository": "ml-*", "tag": "release-*", "stateMachine": "ml-pipeline-dev"})
    }

    #[test]
    fn a_rule_is_read_with_its_defaults() {
        let [rule] = &parse_rules(&json!([rule()]).to_string()).expect("rules")[..] else {
            panic!("one")
        };
        assert!(rule.repository.matches("ml-pipeline-dev") && rule.tag.matches(Some("release-1")));
        assert!(!rule.tag.matches(Some("main")) && !rule.tag.matches(None));
        assert_eq!(
            (rule.input.len(), rule.accept_indexes, &rule.platform),
            (0, false, &None)
        );
    }

    #[test]
    fn untagged_is_a_word_of_its_own() {
        assert!(TagPattern::Untagged.matches(None) && !TagPattern::Untagged.matches(Some("untagged")));
        assert!(!TagPattern::Glob(Glob::new("*")).matches(None));
    }

    #[test]
    fn the_rule_and_the_field_are_named() {
        let with = |field: &str, value: Value| {
            let mut rule = rule();
            rule[field] = value;
            json!([self::rule(), rule]).to_string()
        };
        let cases = [
            ("{".to_owned(), "the rules are not JSON"),
            ("{}".to_owned(), "the rules are not a JSON array"),
            ("[]".to_owned(), "the rules are none"),
            ("[1]".to_owned(), "the rules are not all objects: 1 is not"),
            (
                with("repository", json!("")),
                "rule 2: `repository` is missing or empty",
            ),
            (with("repository", json!(1)), "rule 2: `repository` must be a string"),
            (with("tag", Value::Null), "rule 2: `tag` must be a string"),
            (
                with("stateMachine", json!("arn:aws:s3:::x")),
                "rule 2: `stateMachine` names no state machine",
            ),
            (
                with("stateMachine", json!("ssm:a/b")),
                "rule 2: `stateMachine` names no parameter",
            ),
            (with("input", json!([])), "rule 2: `input` must be an object"),
            (
                with("acceptIndexes", json!("yes")),
                "rule 2: `acceptIndexes` must be true or false",
            ),
            (
                with("input", json!({"opt": [1, {"rate": "X"}]})).replace("\"X\"", "0.12345678901234567891"),
                "rule 2: `input.opt[1].rate` is a number that would change here",
            ),
            (
                with("input", json!({"seed": "X"})).replace("\"X\"", "18446744073709551617"),
                "rule 2: `input.seed` is a number that would change here",
            ),
            (
                with("input", json!({"name": "X"})).replace("X", "\\ud800"),
                "rule 2: `input.name` has half of a surrogate pair",
            ),
            (
                with("platform", json!("linux")),
                "rule 2: `platform` must be like `linux/amd64`",
            ),
            (
                with("statemachine", json!("x")),
                "rule 2: `statemachine` is not known: a rule has `repository`, `tag`",
            ),
        ];
        for (text, message) in cases {
            let error = RuleSource::parse(&text).expect_err(message).to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(RuleSource::parse("ssm:").is_err());
    }

    #[test]
    fn rules_can_be_in_a_parameter() {
        let source = RuleSource::parse(" ssm:/stepline/dev/rules ").expect("a parameter");
        assert!(matches!(source, RuleSource::Parameter(reference) if reference.as_str() == "/stepline/dev/rules"));
    }
}
