//! The account whose resources a definition names, and the ARNs of those.

/// What is to be known of a state machine beside its definition, to say what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineSettings {
    /// The partition, such as `aws`.
    pub partition: String,
    /// The region.
    pub region: String,
    /// The account's number.
    pub account: String,
    /// The state machine's name.
    pub name: String,
    /// Whether its executions are logged.
    pub logs: bool,
    /// Whether its executions are traced.
    pub traces: bool,
}

impl MachineSettings {
    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region, account) = (&self.partition, &self.region, &self.account);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// An ARN of S3, which has neither.
    pub(super) fn s3(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition)
    }
}
