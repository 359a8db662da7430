//! The function's settings, from its environment.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::rule::{RuleSource, RulesError};

/// How far a look goes back by default.
const DEFAULT_LOOK_BACK_HOURS: u64 = 24;

/// How far a look may go back. Step Functions remembers an execution's name for 90 days: an older image would start
/// again. It is a day less, because a look may be late and tried again.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
const MAX_LOOK_BACK_HOURS: u64 = 89 * 24;

/// The most executions that one look may be told to start.
const MOST_STARTS: u64 = 10_000;

/// How many executions one look starts by default.
const DEFAULT_MAX_STARTS: usize = 10;

/// How long a parameter's value is used before it is read again.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// The function's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which images start what.
    pub rules: RuleSource,
    /// How far a look goes back.
    pub look_back: Duration,
    /// The most executions that one look starts.
    pub max_starts: usize,
    /// How long a parameter's value is used before it is read again.
    pub time_to_live: Duration,
}

/// A setting that is wrong. `Debug` gives the message too: a process that ends with an error prints its `Debug`.
#[derive(Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// There are no rules.
    #[error(
        "environment variable `RULES` is not set; give it a JSON array of rules, or `ssm:/path` of a parameter with one"
    )]
    NoRules,
    /// The rules are ill-formed.
    #[error("environment variable `RULES`: {0}")]
    Rules(#[from] RulesError),
    /// A number is missing, or not in its range.
    #[error("environment variable `{name}` must be {expected}")]
    Number {
        /// The variable.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl fmt::Debug for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Settings {
    /// Reads the settings through `variable`; an empty variable counts as absent.
    ///
    /// - `RULES`: a JSON array of rules, or `ssm:/path` of a parameter that holds one.
    /// - `LOOK_BACK_HOURS`: how old an image may be that a look starts, at most 89 days; 24 if not said.
    /// - `MAX_STARTS_PER_LOOK`: how many executions a look starts at most; 10 if not said.
    ///
    /// # Errors
    /// [`SettingsError`] with the variable's name, and the rule and field where it is about one.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name| variable(name).filter(|text: &String| !text.trim().is_empty());
        let rules = RuleSource::parse(&variable("RULES").ok_or(SettingsError::NoRules)?)?;
        let number =
            |name, default: u64, most: u64, expected| match variable(name).map(|text| text.trim().parse::<u64>()) {
                None => Ok(default),
                Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
                Some(_) => Err(SettingsError::Number { name, expected }),
            };
        let hours = number(
            "LOOK_BACK_HOURS",
            DEFAULT_LOOK_BACK_HOURS,
            MAX_LOOK_BACK_HOURS,
            "a number of hours from 1 to 2136 (89 days): AWS forgets an execution's name after 90, and what is older \
             would be started again",
        )?;
        let starts = number(
            "MAX_STARTS_PER_LOOK",
            DEFAULT_MAX_STARTS as u64,
            MOST_STARTS,
            "a number from 1 to 10000",
        )?;
        Ok(Self {
            rules,
            look_back: Duration::from_secs(hours * 3_600),
            max_starts: usize::try_from(starts).unwrap_or(DEFAULT_MAX_STARTS),
            time_to_live: TIME_TO_LIVE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"[{"repository": "ml", "tag": "release-*", "stateMachine": "ml-pipeline-dev"}]"#;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(find)
    }

    #[test]
    fn settings_are_read_with_their_defaults() {
        let settings = read(&[("RULES", RULES), ("LOOK_BACK_HOURS", "")]).expect("settings");
        assert_eq!(
            (settings.look_back, settings.max_starts),
            (Duration::from_secs(86_400), 10)
        );
        let settings = read(&[
            ("RULES", RULES),
            ("LOOK_BACK_HOURS", " 2"),
            ("MAX_STARTS_PER_LOOK", "3"),
        ])
        .expect("settings");
        assert_eq!(
            (settings.look_back, settings.max_starts),
            (Duration::from_secs(7_200), 3)
        );
        let settings = read(&[("RULES", RULES), ("LOOK_BACK_HOURS", "2136")]).expect("settings");
        assert_eq!(settings.look_back, Duration::from_secs(89 * 86_400));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let cases = [
            (
                &[("RULES", " ")][..],
                "environment variable `RULES` is not set; give it",
            ),
            (
                &[("RULES", "[{}]")][..],
                "environment variable `RULES`: rule 1: `repository` is missing or empty",
            ),
            (
                &[("RULES", RULES), ("LOOK_BACK_HOURS", "0")][..],
                "environment variable `LOOK_BACK_HOURS` must be a number of hours",
            ),
            (
                &[("RULES", RULES), ("LOOK_BACK_HOURS", "2137")][..],
                "environment variable `LOOK_BACK_HOURS` must be a number of hours from 1 to 2136 (89 days)",
            ),
            (
                &[("RULES", RULES), ("MAX_STARTS_PER_LOOK", "10001")][..],
                "environment variable `MAX_STARTS_PER_LOOK` must be a number from 1 to 10000",
            ),
            (
                &[("RULES", RULES), ("MAX_STARTS_PER_LOOK", "all")][..],
                "environment variable `MAX_STARTS_PER_LOOK` must be a number",
            ),
        ];
        for (variables, message) in cases {
            let error = read(variables).expect_err(message).to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
