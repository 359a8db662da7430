//! Values that nobody may read in a log, an error or a `Debug` output.

use std::fmt;

use serde::{Deserialize, Deserializer};

mod escapes;
mod scrub;

pub use scrub::scrub;

use scrub::REDACTED;

/// A value that prints as `[redacted]`, whatever prints it, and that cannot be serialised.
///
/// Only [`Secret::expose`] gives the content. Its name is easy to search for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Makes a secret of `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Use it only in the call that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    /// A secret of a wrong type is refused without its value. The message of serde would quote it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a secret has the wrong type"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_redacted_however_it_is_printed() {
        let secret = Secret::new("hunter2hunter2".to_owned());
        assert_eq!(
            format!("{secret} {secret:?} {:#?}", Some(&secret))
                .matches("hunter")
                .count(),
            0
        );
        assert_eq!(secret.expose(), "hunter2hunter2");
    }

    #[test]
    fn an_ill_typed_secret_is_refused_without_quoting_it() {
        let error = serde_json::from_str::<Secret<u32>>(r#""hunter2hunter2""#).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
