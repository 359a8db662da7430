//! How an account is reached: its region, the caller's credentials, and the services' endpoints.

use super::error::LookupError;
use super::services::{self, Service};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use std::fmt;
use std::time::Duration;

/// How one account is reached in one region, with the caller's credentials.
pub struct Access {
    pub(super) region: String,
    /// The region that the environment or the profile says. It may differ from `region`.
    configured_region: Option<String>,
    /// The credentials, or why there are none.
    credentials: Result<Credentials, String>,
    endpoints: Endpoints,
    /// A pool of connections, with TLS.
    pub(super) connector: Connector,
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Access")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Access to `region` as the environment and the profiles say: see
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>. Profiles of IAM Identity Center
    /// need `aws configure export-credentials` first.
    pub(crate) async fn from_environment(region: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let configured = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .load()
            .await;
        let credentials = match configured.credentials_provider() {
            None => Err("no credentials are configured".to_owned()),
            Some(provider) => {
                let provided = provider.provide_credentials().await;
                provided.map_err(|error| chain(&error).lines().map(str::trim).collect::<Vec<_>>().join("; "))
            }
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").as_deref() == Some("true");
        let endpoints = Endpoints {
            general: configured.endpoint_url().map(str::to_owned),
            of_service: services::ALL
                .iter()
                .filter(|_| !ignored)
                .filter_map(|service| {
                    let name = format!("AWS_ENDPOINT_URL_{}", service.variable);
                    Some((service.signing_name, variable(&name)?))
                })
                .collect(),
        };
        Self {
            region: region.to_owned(),
            configured_region: configured.region().map(|region| Region::as_ref(region).to_owned()),
            credentials,
            endpoints,
            connector: connector(),
        }
    }

    /// Access to `region` at one endpoint, with these credentials.
    pub fn at(endpoint: &str, region: &str, credentials: Credentials) -> Self {
        Self {
            region: region.to_owned(),
            configured_region: Some(region.to_owned()),
            credentials: Ok(credentials),
            endpoints: Endpoints {
                general: Some(endpoint.to_owned()),
                of_service: Vec::new(),
            },
            connector: connector(),
        }
    }

    /// The region that the environment or the profile says, if one does.
    pub(crate) fn configured_region(&self) -> Option<&str> {
        self.configured_region.as_deref()
    }

    pub(super) fn credentials(&self, call: &str) -> Result<&Credentials, LookupError> {
        self.credentials.as_ref().map_err(|message| LookupError {
            call: call.to_owned(),
            code: "NoCredentials".to_owned(),
            message: message.clone(),
        })
    }

    /// Where a service answers, without a slash at the end.
    pub(super) fn endpoint(&self, service: &Service) -> String {
        let own = self
            .endpoints
            .of_service
            .iter()
            .find(|(name, _)| *name == service.signing_name);
        let replaced = own.map(|(_, url)| url).or(self.endpoints.general.as_ref());
        match replaced {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => service.endpoint(&self.region),
        }
    }
}

/// Endpoints in place of AWS's own.
struct Endpoints {
    general: Option<String>,
    of_service: Vec<(&'static str, String)>,
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn connector() -> Connector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(20))
        .build();
    Connector::builder()
        .connector_settings(settings)
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build()
}
