//! What a Parameter Store answers: the two operations that read it, as narrow ports.

use std::future::Future;

use crate::ports::CallError;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Reads parameters by name.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.
pub trait GetParameters: Send + Sync {
    /// Asks for at most ten names or ARNs, each with or without a selector; the order of what comes back means nothing.
    fn get_parameters(
        &self,
        names: &[&str],
        with_decryption: bool,
    ) -> impl Future<Output = Result<Found, CallError>> + Send;
}

/// Reads the parameters below a path, without decrypting any of them.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>.
pub trait GetParametersByPath: Send + Sync {
    /// Asks for one page: the first, or the one behind `next_token`.
    fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page, CallError>> + Send;
}

impl<P: GetParameters> GetParameters for &P {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        P::get_parameters(self, names, with_decryption).await
    }
}

impl<P: GetParametersByPath> GetParametersByPath for &P {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        next_token: Option<&str>,
    ) -> Result<Page, CallError> {
        P::get_parameters_by_path(self, path, recursive, next_token).await
    }
}

/// The answer to one `GetParameters` call.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The parameters that are there.
    pub parameters: Vec<Parameter>,
    /// The names, as asked, of which there is no parameter or no such version.
    pub invalid: Vec<String>,
}

/// One page of the parameters below a path. It can be empty and still have a next one.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The page's parameters.
    pub parameters: Vec<Parameter>,
    /// What to ask the next page with.
    pub next_token: Option<String>,
}

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
    /// When that version was put, where Parameter Store says it.
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
}

/// What a parameter holds. Values print as redacted: none of them belongs in a log.
#[derive(Clone, Debug)]
pub enum Content {
    /// A String.
    String(Secret<String>),
    /// A StringList: its items with commas between, which no item can have.
    StringList(Secret<String>),
    /// A SecureString that was not decrypted: its ciphertext is of no use to anyone and not kept.
    Sealed,
    /// A SecureString, decrypted.
    SecureString(Secret<String>),
}
