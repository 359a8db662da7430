//! The function's settings, from its environment.

use std::time::Duration;

use shared::ports::code_pipeline::ActionExecution;
use thiserror::Error;

/// The longest that the function looks again in one call: CodePipeline calls again after about half a minute anyway.
const MAX_LOOK_AGAIN_SECONDS: u64 = 60;

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The function's name, which metrics go by.
    pub function_name: String,
    /// `AWS_REGION`, or `AWS_DEFAULT_REGION`: the region that the function calls.
    pub region: Option<String>,
    /// `STOP_ABANDONED_EXECUTIONS`: whether abandoning an action stops its execution.
    pub stop_abandoned_executions: bool,
    /// `LOOK_AGAIN_SECONDS`: for how long the first call looks again for the end of a short execution.
    pub look_again: Duration,
    /// `PIPELINES`: the pipelines that invoke this function, separated by commas. It answers their approvals, and looks
    /// at the runs of their actions.
    pub pipelines: Vec<String>,
}

/// A setting that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("environment variable `{name}` must be {expected}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl Settings {
    /// Reads the settings through `variable`; an empty variable counts as absent.
    ///
    /// # Errors
    /// [`SettingsError`] for the first one that cannot be read.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let stop_abandoned_executions = match variable("STOP_ABANDONED_EXECUTIONS").as_deref() {
            None | Some("true") => true,
            Some("false") => false,
            Some(_) => {
                return Err(SettingsError {
                    name: "STOP_ABANDONED_EXECUTIONS",
                    expected: "true or false",
                });
            }
        };
        let look_again = match variable("LOOK_AGAIN_SECONDS") {
            None => 0,
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| *seconds <= MAX_LOOK_AGAIN_SECONDS)
                .ok_or(SettingsError {
                    name: "LOOK_AGAIN_SECONDS",
                    expected: "a whole number from 0 (off) to 60",
                })?,
        };
        Ok(Self {
            function_name: variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "pipeline-action".to_owned()),
            region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            stop_abandoned_executions,
            look_again: Duration::from_secs(look_again),
            pipelines: variable("PIPELINES")
                .iter()
                .flat_map(|names| names.split(','))
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }
}

/// Whether a run is of an action that invokes this function.
pub(crate) fn invokes(run: &ActionExecution, own: &str) -> bool {
    let name = run.configuration.get("FunctionName");
    name.is_some_and(|name| names_function(name, own))
}

/// Whether an action's `FunctionName` (a name, or an ARN with or without an alias) is this function's.
fn names_function(configured: &str, own: &str) -> bool {
    let name = match configured.strip_prefix("arn:") {
        Some(arn) => arn.split(':').nth(5).unwrap_or_default(),
        None => configured.split(':').next().unwrap_or_default(),
    };
    name == own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn settings_have_defaults() {
        let settings = read(&[("LOOK_AGAIN_SECONDS", "")]).unwrap();
        assert!(settings.stop_abandoned_executions);
        assert_eq!(
            (settings.look_again, settings.function_name.as_str()),
            (Duration::ZERO, "pipeline-action")
        );
        assert!(settings.pipelines.is_empty());
    }

    #[test]
    fn pipelines_are_parted_by_commas() {
        let settings = read(&[("PIPELINES", "stepline-dev, stepline-prod,")]).unwrap();
        assert_eq!(settings.pipelines, ["stepline-dev", "stepline-prod"]);
    }

    #[test]
    fn settings_are_read_or_refused_by_name() {
        for (name, value, refused) in [
            ("STOP_ABANDONED_EXECUTIONS", "false", false),
            ("STOP_ABANDONED_EXECUTIONS", "no", true),
            ("LOOK_AGAIN_SECONDS", "60", false),
            ("LOOK_AGAIN_SECONDS", "61", true),
            ("LOOK_AGAIN_SECONDS", "-1", true),
            ("LOOK_AGAIN_SECONDS", "soon", true),
        ] {
            let result = read(&[(name, value)]);
            assert_eq!(
                result.as_ref().err().map(|error| error.name),
                refused.then_some(name),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn a_function_is_known_by_its_name_however_it_is_written() {
        for (configured, expected) in [
            ("f", true),
            ("f:live", true),
            ("arn:aws:lambda:us-east-1:123456789012:function:f", true),
            ("arn:aws:lambda:us-east-1:123456789012:function:f:live", true),
            ("g", false),
            ("arn:aws:lambda:us-east-1:123456789012:function:g:f", false),
            ("", false),
        ] {
            assert_eq!(names_function(configured, "f"), expected, "{configured}");
        }
    }
}
