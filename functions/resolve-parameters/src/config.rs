//! What the environment says about this function.

use std::fmt;
use std::time::Duration;

use shared::glob::Glob;
use shared::parameters::{GetParameters, Parameters};
use thiserror::Error;

/// How long a value stays fresh unless the environment says otherwise.
const DEFAULT_TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// The function's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    time_to_live: Duration,
    allowed_secure: Vec<Glob>,
}

/// A setting that cannot be. Its `Debug` is its message, because that is what a process prints that ends with it.
#[derive(Clone, PartialEq, Eq, Error)]
#[error("environment variable `{name}` must be {expected}")]
pub struct ConfigError {
    name: &'static str,
    expected: &'static str,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Config {
    /// Reads the settings through `variable`; an empty one counts as absent.
    ///
    /// - `CACHE_TTL_SECONDS`: how long a value that was read is served without asking again; 60 if not said, 0 for never.
    /// - `ALLOWED_SECURE_PARAMETERS`: which SecureStrings are handed out, as paths with the wildcards `*` and `?`, commas
    ///   between; none if not said.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name| {
            variable(name)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let time_to_live = match variable("CACHE_TTL_SECONDS").map(|text| text.parse()) {
            None => DEFAULT_TIME_TO_LIVE,
            Some(Ok(seconds)) => Duration::from_secs(seconds),
            Some(Err(_)) => {
                return Err(ConfigError {
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

    /// A Parameter Store that is read as these settings say.
    pub fn parameters<P: GetParameters>(self, port: P) -> Parameters<P> {
        Parameters::new(port, self.time_to_live).allowing_secure(self.allowed_secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn settings_are_read() {
        let defaults = Config {
            time_to_live: Duration::from_secs(60),
            allowed_secure: Vec::new(),
        };
        assert_eq!(read("CACHE_TTL_SECONDS", ""), Ok(defaults.clone()));
        assert_eq!(
            read("CACHE_TTL_SECONDS", " 5 "),
            Ok(Config {
                time_to_live: Duration::from_secs(5),
                ..defaults.clone()
            })
        );
        assert_eq!(
            read("ALLOWED_SECURE_PARAMETERS", "/ml/dev/keys/*, /x,,"),
            Ok(Config {
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
