//! Which runtime runs a function.

use platform::ServiceError;

/// The runtimes that AWS has, by the beginnings of their names.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>.
const FAMILIES: [&str; 7] = ["dotnet", "go", "java", "nodejs", "provided", "python", "ruby"];

/// A runtime of Lambda's, as far as the local run can stand in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// Python, in this version.
    Python(String),
    /// Node.js, in this major version.
    Node(String),
    /// The function brings its own, as `bootstrap`.
    Provided,
    /// One that is not here.
    NotHere(String),
}

impl Runtime {
    /// The runtime of this name.
    ///
    /// # Errors
    /// Lambda has none that is called so.
    pub(crate) fn read(name: &str) -> Result<Self, ServiceError> {
        if let Some(version) = name.strip_prefix("python") {
            return Ok(Self::Python(version.to_owned()));
        }
        if let Some(version) = name.strip_prefix("nodejs") {
            return Ok(Self::Node(version.trim_end_matches(".x").to_owned()));
        }
        match FAMILIES.iter().find(|family| name.starts_with(**family)) {
            Some(&"provided") => Ok(Self::Provided),
            Some(_) => Ok(Self::NotHere(name.to_owned())),
            None => Err(ServiceError::new(
                "InvalidParameterValueException",
                format_args!(
                    "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set, \
                     such as python3.13, nodejs22.x or provided.al2023"
                ),
            )),
        }
    }
}
