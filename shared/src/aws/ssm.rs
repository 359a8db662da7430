//! Parameter Store.

use serde_json::{Value, json};

use super::access::Aws;
use super::json::{JsonClient, moment, some_text, text};
use super::service::Service;
use crate::parameters::{Content, Found, GetParameters, GetParametersByPath, Page, Parameter};
use crate::ports::CallError;
use crate::secret::Secret;

/// The most parameters that a page can have.
const PARAMETERS_A_PAGE: u32 = 10;

/// Parameter Store.
#[derive(Clone, Debug)]
pub struct ParameterStore(JsonClient);

impl Aws {
    /// Parameter Store.
    #[must_use]
    pub fn parameter_store(&self) -> ParameterStore {
        ParameterStore(JsonClient::new(Service::ParameterStore, &self.config))
    }
}

impl GetParameters for ParameterStore {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let input = json!({"Names": names, "WithDecryption": with_decryption});
        let mut answer = self.0.call("GetParameters", &input).await?.object()?;
        // Names of which the answer says nothing are missed by whoever asked for them.
        let parameters = answer.list("Parameters").unwrap_or_default();
        let invalid = answer.list("InvalidParameters").unwrap_or_default();
        Ok(Found {
            parameters: parameters.into_iter().map(|p| parameter(p, with_decryption)).collect(),
            invalid: invalid.iter().filter_map(text).collect(),
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
        let mut input = json!({
            "Path": path,
            "Recursive": recursive,
            "WithDecryption": false,
            "MaxResults": PARAMETERS_A_PAGE,
        });
        if let Some(token) = next_token {
            input["NextToken"] = token.into();
        }
        let mut answer = self.0.call("GetParametersByPath", &input).await?;
        let parameters = answer.list("Parameters")?;
        Ok(Page {
            parameters: parameters.into_iter().map(|p| parameter(p, false)).collect(),
            next_token: answer.next_token("NextToken"),
        })
    }
}

/// The answer's parameter as the port's: the selector has no colon, and a ciphertext is left out.
fn parameter(mut parameter: Value, decrypted: bool) -> Parameter {
    let value = match parameter["Value"].take() {
        Value::String(value) => Secret::new(value),
        _ => Secret::new(String::new()),
    };
    Parameter {
        content: match parameter["Type"].as_str() {
            Some("StringList") => Content::StringList(value),
            Some("String") => Content::String(value),
            // An unknown type is treated like a SecureString, to be safe.
            _ if decrypted => Content::SecureString(value),
            _ => Content::Sealed,
        },
        name: text(&parameter["Name"]).unwrap_or_default(),
        arn: some_text(&parameter["ARN"]),
        selector: text(&parameter["Selector"]).map(|selector| selector.trim_start_matches(':').to_owned()),
        version: parameter["Version"].as_i64().unwrap_or_default(),
        modified_at: moment(&parameter["LastModifiedDate"]),
    }
}
