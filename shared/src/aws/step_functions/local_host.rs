//! StartSyncExecution at an endpoint that has no `sync-` host.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Removes the prefix `sync-`, which the SDK puts before every host, from a host that cannot have it.
///
/// AWS serves this operation at `sync-states.<region>.amazonaws.com`. An `AWS_ENDPOINT_URL` that is an address or
/// `localhost` has no such neighbour, and the SDKs of other languages leave it alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalHost;

const PREFIX: &str = "://sync-";

#[dyn_dispatch_hint]
impl Intercept for LocalHost {
    fn name(&self) -> &'static str {
        "LocalHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(uri) = without_prefix(request.uri()) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// The URI without the prefix, if its host cannot have one.
fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(PREFIX)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or_else(
            || authority.split(':').next().unwrap_or_default(),
            |(address, _port)| address,
        );
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
    local.then(|| format!("{scheme}://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::without_prefix;

    #[test]
    fn only_hosts_that_cannot_have_the_prefix_lose_it() {
        for (uri, expected) in [
            ("http://sync-127.0.0.1:4566/", Some("http://127.0.0.1:4566/")),
            ("http://sync-localhost:4566", Some("http://localhost:4566")),
            ("http://sync-[::1]:4566/", Some("http://[::1]:4566/")),
            ("https://sync-states.us-east-1.amazonaws.com/", None),
            ("https://sync-localhost.example.com/", None),
            ("http://127.0.0.1:4566/", None),
        ] {
            assert_eq!(without_prefix(uri).as_deref(), expected, "{uri}");
        }
    }
}
