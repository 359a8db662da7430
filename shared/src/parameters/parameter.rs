//! A parameter as it was read, and what can be said of it.

use super::problem::{Problem, ProblemKind};
use super::reference::ParameterReference;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A parameter as it was read.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html>.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, without a selector.
    pub name: String,
    /// Its ARN, where Parameter Store says it.
    pub arn: Option<String>,
    /// The version or label it was asked for by, without the colon.
    pub selector: Option<String>,
    /// Its version.
    pub version: i64,
    /// When that version was written, if Parameter Store says it.
    pub modified_at: Option<Timestamp>,
    /// What it holds.
    pub content: Content,
}

impl Parameter {
    /// How many bytes its texts have.
    pub(super) fn bytes(&self) -> usize {
        let content = match &self.content {
            Content::String(value) | Content::StringList(value) | Content::SecureString(value) => value.expose().len(),
            Content::Sealed => 0,
        };
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.name.len() + length(&self.arn) + length(&self.selector) + content
    }

    /// A parameter that was not read: only its reference is known. Secrets of Secrets Manager have version 0 here.
    pub(super) fn unread(reference: &ParameterReference) -> Self {
        Self {
            name: reference.name().to_owned(),
            arn: None,
            selector: reference.selector().map(str::to_owned),
            version: 0,
            modified_at: None,
            content: Content::Sealed,
        }
    }

    /// The name with its version: whoever reads it later gets exactly this value. A secret of Secrets Manager has no
    /// such version; for it, this is the name with the selector that was asked for.
    pub fn pinned(&self) -> String {
        match (self.version, &self.selector) {
            (0, None) => self.name.clone(),
            (0, Some(selector)) => format!("{}:{selector}", self.name),
            (version, _) => format!("{}:{version}", self.name),
        }
    }

    /// The value as text. A SecureString that was not decrypted has none, and is a problem.
    pub fn text(&self) -> Result<&str, Problem> {
        match &self.content {
            Content::String(value) | Content::StringList(value) | Content::SecureString(value) => Ok(value.expose()),
            Content::Sealed => Err(Problem::new(
                ProblemKind::SecureParameterRefused,
                format!("`{}` is a SecureString that was not decrypted", self.name),
            )),
        }
    }
}

/// How many bytes the texts of all of them have.
pub(super) fn bytes_of_all(parameters: &[Parameter]) -> usize {
    parameters.iter().map(Parameter::bytes).sum()
}

/// What a parameter holds. A value prints as `[redacted]`, so that it is in no log.
#[derive(Clone, Debug)]
pub enum Content {
    /// A String.
    String(Secret<String>),
    /// A StringList: its items, separated by commas. No item can have a comma.
    StringList(Secret<String>),
    /// A SecureString that was not decrypted. Its ciphertext is not kept: nobody can use it.
    Sealed,
    /// A SecureString, decrypted.
    SecureString(Secret<String>),
}
