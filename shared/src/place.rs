//! Where a function runs: its partition, region and account, as its own ARN says.

/// A partition, a region and an account. With them a name becomes an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// `us-east-1`, …
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Place {
    /// The place of the resource that an ARN names. Nothing if the text is not an ARN, or has no region or account.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, partition, _service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = scheme == "arn"
            && [partition, region, account, resource]
                .iter()
                .all(|part| !part.is_empty());
        whole.then(|| Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        })
    }

    /// The place of a region, in the partition that its name belongs to.
    #[must_use]
    pub fn of_region(region: &str, account: &str) -> Self {
        let partition = match region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            region if region.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        };
        Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_s_arn_tells_where_it_runs() {
        let place = Place::of_arn("arn:aws-cn:lambda:cn-north-1:123456789012:function:pipeline-action:live").unwrap();
        assert_eq!(
            (place.partition.as_str(), place.region.as_str()),
            ("aws-cn", "cn-north-1")
        );
        assert_eq!(place.account, "123456789012");
    }

    #[test]
    fn what_is_no_arn_of_a_region_and_account_has_no_place() {
        for arn in [
            "",
            "pipeline-action",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda:us-east-1:123456789012",
            "a:b:c:d:e:f",
        ] {
            assert_eq!(Place::of_arn(arn), None, "{arn}");
        }
    }
}
