//! The account and region in which everything runs, and the ARNs in it.

use std::fmt::Display;

/// An AWS account, seen from one region of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The twelve digits.
    pub id: String,
    /// The region, such as `us-east-1`.
    pub region: String,
}

impl Account {
    /// The account of the local run.
    pub fn local() -> Self {
        Self {
            partition: "aws".into(),
            id: "123456789012".into(),
            region: "us-east-1".into(),
        }
    }

    /// An ARN in this account and region, such as `arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/size`.
    ///
    /// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
    pub fn arn(&self, service: &str, resource: impl Display) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.region, self.id
        )
    }

    /// An ARN of a service that has no region, such as IAM's or STS's.
    pub fn global_arn(&self, service: &str, resource: impl Display) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition, self.id)
    }

    /// The ARN of an S3 bucket, or of an object where `key` is given: they name neither region nor account.
    pub fn s3_arn(&self, bucket: &str, key: Option<&str>) -> String {
        match key {
            Some(key) => format!("arn:{}:s3:::{bucket}/{key}", self.partition),
            None => format!("arn:{}:s3:::{bucket}", self.partition),
        }
    }

    /// The host name of the account's ECR registry.
    pub fn registry(&self) -> String {
        let suffix = if self.partition == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        format!("{}.dkr.ecr.{}.{suffix}", self.id, self.region)
    }
}
