//! The two operations that read Parameter Store, as narrow ports, and their answers.

use std::future::Future;

use super::parameter::Parameter;
use crate::ports::CallError;

/// Reads parameters by name.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.
pub trait GetParameters: Send + Sync {
    /// Asks for at most ten names or ARNs, each with or without a selector. The answer has no particular order.
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
    /// The names, as asked, without a parameter or without such a version.
    pub invalid: Vec<String>,
}

/// One page of the parameters below a path. It can be empty and still have a next one.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The page's parameters.
    pub parameters: Vec<Parameter>,
    /// The token for the next page, if there is one.
    pub next_token: Option<String>,
}
