//! The function's settings, from its environment.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// How long one answer of the service may take, by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest that it can be set to: two answers have to come within an invocation.
const LONGEST_TIMEOUT: u64 = 60;

/// The function's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long one answer of the service may take, the connection included.
    pub timeout: Duration,
}

/// A setting that is wrong. `Debug` gives the message too: a process that ends with an error prints its `Debug`.
#[derive(Clone, PartialEq, Eq, Error)]
#[error("environment variable `{name}` must be {expected}")]
pub struct SettingsError {
    name: &'static str,
    expected: String,
}

impl fmt::Debug for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Settings {
    /// Reads the settings through `variable`; an empty variable counts as absent.
    ///
    /// - `ANSWER_TIMEOUT_SECONDS`: how long one answer of the service may take, 1 to 60. The default is 5.
    ///
    /// # Errors
    /// [`SettingsError`] with the variable's name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let text = variable("ANSWER_TIMEOUT_SECONDS").map(|text| text.trim().to_owned());
        let timeout = match text.filter(|text| !text.is_empty()) {
            None => DEFAULT_TIMEOUT,
            Some(text) => match text.parse() {
                Ok(seconds @ 1..=LONGEST_TIMEOUT) => Duration::from_secs(seconds),
                _ => {
                    let expected = format!("a whole number of seconds, 1 to {LONGEST_TIMEOUT}");
                    return Err(SettingsError {
                        name: "ANSWER_TIMEOUT_SECONDS",
                        expected,
                    });
                }
            },
        };
        Ok(Self { timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Duration, String> {
        let read = Settings::read(|name| (name == "ANSWER_TIMEOUT_SECONDS").then(|| value.to_owned()));
        read.map(|settings| settings.timeout).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read_or_refused_by_name() {
        assert_eq!(read(" "), Ok(Duration::from_secs(5)));
        assert_eq!(read(" 20 "), Ok(Duration::from_secs(20)));
        for value in ["0", "61", "-1", "1.5", "soon"] {
            let refused = "environment variable `ANSWER_TIMEOUT_SECONDS` must be a whole number of seconds, 1 to 60";
            assert_eq!(read(value), Err(refused.to_owned()), "{value}");
        }
    }
}
