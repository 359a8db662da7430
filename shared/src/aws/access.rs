//! What every call of AWS needs: region and credentials from the environment, timeouts, and one HTTP client for all.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::environment::Environment;
use super::https::{CONNECT_TIMEOUT, Https};
use super::service::Service;
use super::start::StartError;

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
/// How long a call may take, its retries included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(14);
/// How often a call is tried. The functions' own callers (CodePipeline, EventBridge, a Retry) call again as well.
pub(super) const ATTEMPTS: u32 = 3;

/// Access to AWS. A function makes it once, when it starts, and all of its clients share it.
#[derive(Clone)]
pub struct Aws {
    pub(super) config: SdkConfig,
    pub(super) https: Https,
    pub(super) connected_ahead: Arc<AtomicBool>,
}

impl fmt::Debug for Aws {
    /// Leaves out the configuration: it has credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.config.region())
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// Reads region, credentials and endpoints from the environment.
    ///
    /// # Errors
    /// [`StartError`] when something is missing there or cannot be read.
    pub fn from_env() -> Result<Self, StartError> {
        Self::from_environment(Environment::read(|name| std::env::var(name).ok())?)
    }

    pub(super) fn from_environment(environment: Environment) -> Result<Self, StartError> {
        let credentials = Credentials::new(
            environment.access_key_id,
            environment.secret_access_key.expose(),
            environment.session_token.map(|token| token.expose().clone()),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let https = Https::trusting(environment.roots)?;
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(environment.region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(https.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .use_fips(environment.fips)
            .use_dual_stack(environment.dual_stack)
            .service_config(environment.endpoints.of_services);
        config.set_endpoint_url(environment.endpoints.of_all);
        Ok(Self {
            config: config.build(),
            https,
            connected_ahead: Arc::default(),
        })
    }

    /// Begins the connections to these services at the same time, so that the first call of each need not wait for its
    /// handshake. Only the first call of this has an effect. Must be called within a Tokio runtime.
    pub fn connect_ahead(&self, services: &[Service]) {
        if self.connected_ahead.swap(true, Ordering::Relaxed) {
            return;
        }
        for service in services {
            self.https.connect_ahead(&service.endpoint(&self.config));
        }
    }
}
