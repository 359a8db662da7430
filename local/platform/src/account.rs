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

    /// Whether this may be the name of a region in the account's partition, such as `eu-west-1` in `aws`. It is read, not
    /// looked up: AWS opens new ones.
    ///
    /// Follows <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>.
    pub fn may_have_region(&self, name: &str) -> bool {
        const DIRECTIONS: [&str; 9] = [
            "central",
            "east",
            "north",
            "northeast",
            "northwest",
            "south",
            "southeast",
            "southwest",
            "west",
        ];
        let parts: Vec<&str> = name.split('-').collect();
        let (partition, place) = match parts.as_slice() {
            ["us", "gov", place @ ..] => ("aws-us-gov", place),
            ["cn", place @ ..] => ("aws-cn", place),
            [area, place @ ..] if area.len() == 2 && area.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                ("aws", place)
            }
            _ => return false,
        };
        let is_place = matches!(place, [direction, number] if DIRECTIONS.contains(direction)
            && matches!(number.as_bytes(), [b'1'..=b'9']));
        is_place && partition == self.partition
    }

    /// The region of an ARN that is in another one.
    pub fn elsewhere<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
        (!region.is_empty() && region != self.region).then_some(region)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_elsewhere_where_it_names_another_region() {
        for (arn, region) in [
            ("arn:aws:sqs:eu-west-1:123456789012:q", Some("eu-west-1")),
            ("arn:aws:sqs:us-east-1:123456789012:q", None),
            ("arn:aws:iam::123456789012:role/r", None),
            ("arn:aws:s3:::b", None),
            ("my-function", None),
        ] {
            assert_eq!(Account::local().elsewhere(arn), region, "{arn}");
        }
    }

    #[test]
    fn regions_are_those_of_the_partition() {
        for (partition, region, may_be) in [
            ("aws", "us-east-1", true),
            ("aws", "ap-southeast-7", true),
            ("aws", "mx-central-1", true),
            ("aws", "us-gov-west-1", false),
            ("aws", "cn-north-1", false),
            ("aws-us-gov", "us-gov-west-1", true),
            ("aws-cn", "cn-northwest-1", true),
            ("aws-cn", "eu-west-1", false),
            ("aws", "eu-west-11", false),
            ("aws", "eu-west", false),
            ("aws", "eu-middle-1", false),
            ("aws", "europe-west-1", false),
            ("aws", "../x", false),
            ("aws", "", false),
        ] {
            let account = Account {
                partition: partition.to_owned(),
                ..Account::local()
            };
            assert_eq!(account.may_have_region(region), may_be, "{partition} {region}");
        }
    }
}
