//! Parameter Store.

use std::sync::{Arc, OnceLock};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter as SdkParameter, ParameterType};
use aws_types::SdkConfig;

use super::access::Aws;
use super::error::{classify, incomplete};
use crate::parameters::{Content, Found, GetParameters, GetParametersByPath, Page, Parameter};
use crate::ports::CallError;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Parameter Store, over the SDK.
#[derive(Clone, Debug)]
pub struct ParameterStore {
    config: SdkConfig,
    client: Arc<OnceLock<Client>>,
}

impl ParameterStore {
    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.config))
    }
}

impl Aws {
    /// Parameter Store, ready to be called.
    #[must_use]
    pub fn parameter_store(&self) -> ParameterStore {
        let store = self.parameter_store_if_needed();
        store.client();
        store
    }

    /// Parameter Store, with a client that the first call makes. Most invocations of some functions never call it, and
    /// making a client takes more than a tenth of a millisecond: the SDK reads all of AWS's partitions for each.
    #[must_use]
    pub fn parameter_store_if_needed(&self) -> ParameterStore {
        ParameterStore {
            config: self.config.clone(),
            client: Arc::default(),
        }
    }
}

impl GetParameters for ParameterStore {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let call = self
            .client()
            .get_parameters()
            .set_names(Some(names))
            .with_decryption(with_decryption);
        let output = call.send().await.map_err(|error| classify("GetParameters", error))?;
        Ok(Found {
            parameters: output
                .parameters
                .unwrap_or_default()
                .into_iter()
                .map(|p| parameter(p, with_decryption))
                .collect(),
            invalid: output.invalid_parameters.unwrap_or_default(),
        })
    }
}

impl GetParametersByPath for ParameterStore {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        next_token: Option<&str>,
    ) -> Result<Page, CallError> {
        let call = self
            .client()
            .get_parameters_by_path()
            .path(path)
            .recursive(recursive)
            .with_decryption(false);
        let call = call.max_results(10).set_next_token(next_token.map(str::to_owned));
        let operation = "GetParametersByPath";
        let output = call.send().await.map_err(|error| classify(operation, error))?;
        Ok(Page {
            parameters: output
                .parameters
                .ok_or_else(|| incomplete(operation))?
                .into_iter()
                .map(|p| parameter(p, false))
                .collect(),
            next_token: output.next_token.filter(|token| !token.is_empty()),
        })
    }
}

/// The SDK's parameter as the port's: the selector has no colon, and a ciphertext is left out.
fn parameter(parameter: SdkParameter, decrypted: bool) -> Parameter {
    let value = Secret::new(parameter.value.unwrap_or_default());
    Parameter {
        content: match parameter.r#type {
            Some(ParameterType::StringList) => Content::StringList(value),
            Some(ParameterType::String) => Content::String(value),
            // An unknown type is treated like a SecureString, to be safe.
            _ if decrypted => Content::SecureString(value),
            _ => Content::Sealed,
        },
        name: parameter.name.unwrap_or_default(),
        arn: parameter.arn,
        selector: parameter
            .selector
            .map(|selector| selector.trim_start_matches(':').to_owned()),
        version: parameter.version,
        modified_at: parameter
            .last_modified_date
            .and_then(|date| date.to_millis().ok())
            .map(Timestamp::from_millis),
    }
}
