//! The function's settings, from its environment.

use std::fmt;
use std::time::Duration;

use shared::glob::Glob;
use thiserror::Error;

/// How long a value is used before it is read again, by default.
const DEFAULT_TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// The function's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a value is used before it is read again.
    pub time_to_live: Duration,
    /// The paths whose SecureStrings are given out.
    pub allowed_secure: Vec<Glob>,
}

/// A setting that is wrong. `Debug` gives the message too: a process that ends with an error prints its `Debug`.
#[derive(Clone, PartialEq, Eq, Error)]
#[error("environment variable `{name}` must be {expected}")]
pub struct SettingsError {
    name: &'static str,
    expected: &'static str,
}

impl fmt::Debug for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Settings {
    /// Reads the settings through `variable`; an empty variable counts as absent.
    ///
    /// - `CACHE_TTL_SECONDS`: how long a value is used before it is read again. The default is 60; 0 reads it every time.
    /// - `ALLOWED_SECURE_PARAMETERS`: which SecureStrings are given out, as paths with the wildcards `*` and `?`, separated
    ///   by commas. The default is none.
    ///
    /// # Errors
    /// [`SettingsError`] with the variable's name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name| {
            variable(name)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let time_to_live = match variable("CACHE_TTL_SECONDS").map(|text| text.parse()) {
            None => DEFAULT_TIME_TO_LIVE,
            Some(Ok(seconds)) => Duration::from_secs(seconds),
            Some(Err(_)) => {
                return Err(SettingsError {
                    name: "CACHE_TTL_SECONDS",
                    expected: "a whole number of seconds",
                });
            }
        };
        let globs = variable("ALLOWED_SECURE_PARAMETERS").unwrap_or_default();
        let globs = globs.split(',').map(str::trim).filter(|glob| !glob.is_empty());
        Ok(Self {
            time_to_live,
            allowed_secure: globs.map(Glob::new).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, SettingsError> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn settings_are_read() {
        let defaults = Settings {
            time_to_live: Duration::from_secs(60),
            allowed_secure: Vec::new(),
        };
        assert_eq!(read("CACHE_TTL_SECONDS", ""), Ok(defaults.clone()));
        assert_eq!(
            read("CACHE_TTL_SECONDS", " 5 "),
            Ok(Settings {
                time_to_live: Duration::from_secs(5),
                ..defaults.clone()
            })
        );
        assert_eq!(
            read("ALLOWED_SECURE_PARAMETERS", "/ml/dev/keys/*, /x,,"),
            Ok(Settings {
                allowed_secure: vec![Glob::new("/ml/dev/keys/*"), Glob::new("/x")],
                ..defaults
            })
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for value in ["a minute", "-1", "1.5"] {
            let error = read("CACHE_TTL_SECONDS", value).expect_err(value).to_string();
            assert_eq!(
                error,
                "environment variable `CACHE_TTL_SECONDS` must be a whole number of seconds"
            );
        }
    }
}
