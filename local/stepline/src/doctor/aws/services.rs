//! The services that the doctor calls: their names, endpoints and protocols.

/// A service's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON, with the operation in `X-Amz-Target` behind this prefix.
    Json {
        /// The prefix.
        target: &'static str,
        /// `1.0` or `1.1`.
        version: &'static str,
    },
    /// A form with `Action`, answered in XML.
    Query {
        /// The API's version.
        version: &'static str,
    },
    /// REST: the method and the path say the operation.
    Rest,
}

/// A service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its name in signatures, and before the colon in IAM actions.
    pub(super) signing_name: &'static str,
    /// What its host begins with.
    host: &'static str,
    /// What its variable ends with: `AWS_ENDPOINT_URL_…`.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>
    pub(super) variable: &'static str,
    /// Its protocol.
    pub(super) protocol: Protocol,
}

const fn json(
    signing_name: &'static str,
    host: &'static str,
    variable: &'static str,
    target: &'static str,
    version: &'static str,
) -> Service {
    Service {
        signing_name,
        host,
        variable,
        protocol: Protocol::Json { target, version },
    }
}

const fn query(signing_name: &'static str, variable: &'static str, version: &'static str) -> Service {
    Service {
        signing_name,
        host: signing_name,
        variable,
        protocol: Protocol::Query { version },
    }
}

const fn rest(signing_name: &'static str, variable: &'static str) -> Service {
    Service {
        signing_name,
        host: signing_name,
        variable,
        protocol: Protocol::Rest,
    }
}

pub(super) const CLOUDFORMATION: Service = query("cloudformation", "CLOUDFORMATION", "2010-05-15");
pub(super) const CODEBUILD: Service = json("codebuild", "codebuild", "CODEBUILD", "CodeBuild_20161006", "1.1");
pub(super) const CODECONNECTIONS: Service = json(
    "codeconnections",
    "codeconnections",
    "CODECONNECTIONS",
    "com.amazonaws.codeconnections.CodeConnections_20231201",
    "1.0",
);
/// The old name of CodeConnections. Connections from that time keep it in their ARN.
pub(super) const CODESTAR_CONNECTIONS: Service = json(
    "codestar-connections",
    "codestar-connections",
    "CODESTAR_CONNECTIONS",
    "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
    "1.0",
);
pub(super) const CODEPIPELINE: Service = json(
    "codepipeline",
    "codepipeline",
    "CODEPIPELINE",
    "CodePipeline_20150709",
    "1.1",
);
pub(super) const ECR: Service = json("ecr", "api.ecr", "ECR", "AmazonEC2ContainerRegistry_V20150921", "1.1");
pub(super) const IAM: Service = query("iam", "IAM", "2010-05-08");
pub(super) const LAMBDA: Service = rest("lambda", "LAMBDA");
pub(super) const LOGS: Service = json("logs", "logs", "CLOUDWATCH_LOGS", "Logs_20140328", "1.1");
/// AWS's price list: <https://docs.aws.amazon.com/general/latest/gr/billing.html>.
pub(super) const PRICING: Service = json("pricing", "api.pricing", "PRICING", "AWSPriceListService", "1.1");
pub(super) const S3: Service = rest("s3", "S3");
pub(super) const SERVICE_QUOTAS: Service = json(
    "servicequotas",
    "servicequotas",
    "SERVICE_QUOTAS",
    "ServiceQuotasV20190624",
    "1.1",
);
pub(super) const SQS: Service = json("sqs", "sqs", "SQS", "AmazonSQS", "1.0");
pub(super) const SSM: Service = json("ssm", "ssm", "SSM", "AmazonSSM", "1.1");
pub(super) const STATES: Service = json("states", "states", "SFN", "AWSStepFunctions", "1.0");
pub(super) const STS: Service = query("sts", "STS", "2011-06-15");

/// All of them.
pub(super) const ALL: &[Service] = &[
    CLOUDFORMATION,
    CODEBUILD,
    CODECONNECTIONS,
    CODEPIPELINE,
    CODESTAR_CONNECTIONS,
    ECR,
    IAM,
    LAMBDA,
    LOGS,
    PRICING,
    S3,
    SERVICE_QUOTAS,
    SQS,
    SSM,
    STATES,
    STS,
];

impl Service {
    /// Where it answers in a region.
    pub(super) fn endpoint(&self, region: &str) -> String {
        let suffix = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        match (self.signing_name, region) {
            // IAM is one for all regions of a partition: https://docs.aws.amazon.com/general/latest/gr/iam-service.html
            ("iam", region) if region.starts_with("cn-") => "https://iam.cn-north-1.amazonaws.com.cn".to_owned(),
            ("iam", region) if region.starts_with("us-gov-") => "https://iam.us-gov.amazonaws.com".to_owned(),
            ("iam", _) => "https://iam.amazonaws.com".to_owned(),
            _ => format!("https://{}.{region}.{suffix}", self.host),
        }
    }

    /// The region that its signatures name, for callers in `region`.
    pub(super) fn signing_region<'r>(&self, region: &'r str) -> &'r str {
        match (self.signing_name, region) {
            ("iam", region) if region.starts_with("cn-") => "cn-north-1",
            ("iam", region) if region.starts_with("us-gov-") => "us-gov-west-1",
            ("iam", _) => "us-east-1",
            (_, region) => region,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        for (service, region, endpoint, signed_for) in [
            (STS, "eu-west-1", "https://sts.eu-west-1.amazonaws.com", "eu-west-1"),
            (ECR, "us-east-1", "https://api.ecr.us-east-1.amazonaws.com", "us-east-1"),
            (
                SSM,
                "cn-north-1",
                "https://ssm.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (IAM, "eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
            (
                IAM,
                "cn-northwest-1",
                "https://iam.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (
                IAM,
                "us-gov-east-1",
                "https://iam.us-gov.amazonaws.com",
                "us-gov-west-1",
            ),
        ] {
            assert_eq!(service.endpoint(region), endpoint);
            assert_eq!(service.signing_region(region), signed_for, "{endpoint}");
        }
    }
}
