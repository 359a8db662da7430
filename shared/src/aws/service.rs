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
    /// Parameter Store.
    ParameterStore,
    /// Step Functions.
    StepFunctions,
}

/// How a service is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// Its id: the end of `AWS_ENDPOINT_URL_…`.
    id: &'static str,
    /// What its hosts begin with, and what those do that answer over IPv6 as well.
    hosts: (&'static str, &'static str),
    /// Its name in signatures.
    pub(super) signing_name: &'static str,
    /// What stands before an operation's name in `X-Amz-Target`.
    pub(super) target: &'static str,
    /// The content type of its version of the JSON protocol.
    pub(super) content_type: &'static str,
}

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";

impl Service {
    /// How it is called.
    pub(super) fn traits(self) -> Traits {
        let (id, hosts, signing_name, target, content_type) = match self {
            Self::CodePipeline => (
                "CodePipeline",
                ("codepipeline", "codepipeline"),
                "codepipeline",
                "CodePipeline_20150709",
                JSON_1_1,
            ),
            Self::Ecr => (
                "ECR",
                ("api.ecr", "ecr"),
                "ecr",
                "AmazonEC2ContainerRegistry_V20150921",
                JSON_1_1,
            ),
            Self::ParameterStore => ("SSM", ("ssm", "ssm"), "ssm", "AmazonSSM", JSON_1_1),
            Self::StepFunctions => ("SFN", ("states", "states"), "states", "AWSStepFunctions", JSON_1_0),
        };
        Traits {
            id,
            hosts,
            signing_name,
            target,
            content_type,
        }
    }

    /// Where its API is, as its SDK finds it.
    ///
    /// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    pub(super) fn endpoint(self, config: &SdkConfig) -> String {
        let Traits { id, hosts, .. } = self.traits();
        endpoint_url(config, id).unwrap_or_else(|| {
            let region = config.region().map_or("", AsRef::as_ref);
            let dual_stack = config.use_dual_stack() == Some(true);
            let fips = if self.has_fips_host(region, config.use_fips() == Some(true), dual_stack) {
                "-fips"
            } else {
                ""
            };
            let (host, domain) = match dual_stack {
                true => (hosts.1, domains(region).1),
                false => (hosts.0, domain(region)),
            };
            format!("https://{host}{fips}.{region}.{domain}")
        })
    }

    /// Whether the endpoint has a host of its own for FIPS. In GovCloud the common hosts of some services are FIPS ones.
    fn has_fips_host(self, region: &str, fips: bool, dual_stack: bool) -> bool {
        match self {
            Self::StepFunctions if region == "us-gov-west-1" => dual_stack,
            Self::ParameterStore if region.starts_with("us-gov-") => fips && dual_stack,
            _ => fips,
        }
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

/// The domain of AWS's hosts in a region.
pub(super) fn domain(region: &str) -> &'static str {
    domains(region).0
}

/// The domain of AWS's hosts in a region, and the one of those that answer over IPv6 as well. Each partition has its own;
/// a region's name begins with its partition's.
///
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html#dual-stack-endpoints>
fn domains(region: &str) -> (&'static str, &'static str) {
    const PARTITIONS: [(&str, (&str, &str)); 6] = [
        ("cn-", ("amazonaws.com.cn", "api.amazonwebservices.com.cn")),
        ("eusc-", ("amazonaws.eu", "api.amazonwebservices.eu")),
        ("us-iso-", ("c2s.ic.gov", "c2s.ic.gov")),
        ("us-isob-", ("sc2s.sgov.gov", "sc2s.sgov.gov")),
        ("us-isof-", ("csp.hci.ic.gov", "csp.hci.ic.gov")),
        ("eu-isoe-", ("cloud.adc-e.uk", "cloud.adc-e.uk")),
    ];
    let known = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
    known.map_or(("amazonaws.com", "api.aws"), |(_, domains)| *domains)
}

#[cfg(test)]
mod tests {
    use aws_types::region::Region;

    use super::*;

    /// As the SDKs' own rules have it.
    #[test]
    fn a_service_is_at_its_region_s_host() {
        use Service::{CodePipeline, Ecr, ParameterStore, StepFunctions};
        for (service, region, fips, dual_stack, host) in [
            (
                StepFunctions,
                "eu-west-1",
                false,
                false,
                "states.eu-west-1.amazonaws.com",
            ),
            (
                StepFunctions,
                "us-east-1",
                true,
                false,
                "states-fips.us-east-1.amazonaws.com",
            ),
            (StepFunctions, "us-east-1", false, true, "states.us-east-1.api.aws"),
            (StepFunctions, "us-east-1", true, true, "states-fips.us-east-1.api.aws"),
            (
                StepFunctions,
                "us-gov-west-1",
                true,
                false,
                "states.us-gov-west-1.amazonaws.com",
            ),
            (
                StepFunctions,
                "us-gov-west-1",
                true,
                true,
                "states-fips.us-gov-west-1.api.aws",
            ),
            (
                StepFunctions,
                "us-gov-east-1",
                true,
                false,
                "states-fips.us-gov-east-1.amazonaws.com",
            ),
            (
                StepFunctions,
                "eusc-de-east-1",
                false,
                false,
                "states.eusc-de-east-1.amazonaws.eu",
            ),
            (
                StepFunctions,
                "us-iso-east-1",
                false,
                false,
                "states.us-iso-east-1.c2s.ic.gov",
            ),
            (
                StepFunctions,
                "us-isob-east-1",
                false,
                false,
                "states.us-isob-east-1.sc2s.sgov.gov",
            ),
            (
                StepFunctions,
                "us-isof-south-1",
                false,
                false,
                "states.us-isof-south-1.csp.hci.ic.gov",
            ),
            (
                StepFunctions,
                "eu-isoe-west-1",
                false,
                false,
                "states.eu-isoe-west-1.cloud.adc-e.uk",
            ),
            (
                ParameterStore,
                "us-west-2",
                true,
                false,
                "ssm-fips.us-west-2.amazonaws.com",
            ),
            (
                ParameterStore,
                "us-gov-east-1",
                true,
                false,
                "ssm.us-gov-east-1.amazonaws.com",
            ),
            (
                ParameterStore,
                "us-gov-east-1",
                true,
                true,
                "ssm-fips.us-gov-east-1.api.aws",
            ),
            (
                ParameterStore,
                "us-gov-east-1",
                false,
                true,
                "ssm.us-gov-east-1.api.aws",
            ),
            (
                ParameterStore,
                "cn-north-1",
                false,
                true,
                "ssm.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                CodePipeline,
                "us-east-1",
                false,
                false,
                "codepipeline.us-east-1.amazonaws.com",
            ),
            (
                CodePipeline,
                "us-east-1",
                true,
                false,
                "codepipeline-fips.us-east-1.amazonaws.com",
            ),
            (CodePipeline, "us-east-1", false, true, "codepipeline.us-east-1.api.aws"),
            (Ecr, "cn-north-1", false, false, "api.ecr.cn-north-1.amazonaws.com.cn"),
            (Ecr, "us-east-1", true, false, "api.ecr-fips.us-east-1.amazonaws.com"),
            (Ecr, "us-east-1", false, true, "ecr.us-east-1.api.aws"),
            (Ecr, "us-gov-west-1", true, true, "ecr-fips.us-gov-west-1.api.aws"),
        ] {
            let config = SdkConfig::builder()
                .region(Region::new(region))
                .use_fips(fips)
                .use_dual_stack(dual_stack)
                .build();
            assert_eq!(service.endpoint(&config), format!("https://{host}"));
        }
    }

    #[test]
    fn or_where_the_environment_says() {
        let config = SdkConfig::builder()
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:1")
            .build();
        assert_eq!(Service::Ecr.endpoint(&config), "http://127.0.0.1:1");
    }
}
