//! The services that functions call, and where each is.

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// A service whose calls may be prepared: see [`super::Aws::connect_ahead`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// CodePipeline.
    CodePipeline,
    /// The container registry's API.
    Ecr,
    /// Step Functions.
    StepFunctions,
}

impl Service {
    /// The host of its API, as its SDK finds it in most regions. In other partitions the connection is not used.
    /// See <https://docs.aws.amazon.com/general/latest/gr/rande.html>.
    pub(super) fn endpoint(self, config: &SdkConfig) -> String {
        let (id, host) = match self {
            Self::CodePipeline => ("CodePipeline", "codepipeline"),
            Self::Ecr => ("ECR", "api.ecr"),
            Self::StepFunctions => ("SFN", "states"),
        };
        endpoint_url(config, id).unwrap_or_else(|| {
            let region = config.region().map_or("", AsRef::as_ref);
            let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
            let domain = match config.use_dual_stack() {
                Some(true) => dual_stack_domain(region),
                _ => domain(region),
            };
            format!("https://{host}{fips}.{region}.{domain}")
        })
    }
}

/// The endpoint that the environment names for a service, or for all.
pub(super) fn endpoint_url(config: &SdkConfig, service_id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    (key.ok())
        .and_then(|key| config.service_config()?.load_config(key))
        .or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The domain of AWS's hosts. The partition of China has one of its own. Isolated partitions need `AWS_ENDPOINT_URL`.
pub(super) fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// The domain of AWS's hosts that answer over IPv6 as well.
///
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html#dual-stack-endpoints>
fn dual_stack_domain(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "api.amazonwebservices.com.cn"
    } else {
        "api.aws"
    }
}

#[cfg(test)]
mod tests {
    use aws_types::region::Region;

    use super::*;

    #[test]
    fn a_service_is_at_its_region_s_host_or_where_the_environment_says() {
        let at = |region| SdkConfig::builder().region(Region::new(region));
        for (service, config, expected) in [
            (
                Service::StepFunctions,
                at("eu-west-1"),
                "https://states.eu-west-1.amazonaws.com",
            ),
            (
                Service::CodePipeline,
                at("us-east-1"),
                "https://codepipeline.us-east-1.amazonaws.com",
            ),
            (
                Service::Ecr,
                at("cn-north-1"),
                "https://api.ecr.cn-north-1.amazonaws.com.cn",
            ),
            (
                Service::CodePipeline,
                at("us-east-1").use_fips(true),
                "https://codepipeline-fips.us-east-1.amazonaws.com",
            ),
            (
                Service::CodePipeline,
                at("us-east-1").use_dual_stack(true),
                "https://codepipeline.us-east-1.api.aws",
            ),
            (
                Service::Ecr,
                at("eu-west-1").endpoint_url("http://127.0.0.1:1"),
                "http://127.0.0.1:1",
            ),
        ] {
            assert_eq!(service.endpoint(&config.build()), expected);
        }
    }
}
