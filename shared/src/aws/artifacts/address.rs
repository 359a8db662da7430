//! Where an object is on the network.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html> and
//! <https://docs.aws.amazon.com/general/latest/gr/s3.html>.

use aws_types::SdkConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::service::{domain, endpoint_url};
use crate::ports::artifacts::S3Location;

/// The characters to escape: all but those that RFC 3986 calls unreserved, and the slash in a key.
const IN_A_KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// How buckets are addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// In AWS's host name. This is the rest of it: `s3.us-east-1.amazonaws.com`.
    Aws(String),
    /// In the path, for an endpoint that is not AWS's own: it has one host.
    Endpoint(String),
}

impl Address {
    /// As the configuration says.
    pub(super) fn of(config: &SdkConfig) -> Self {
        match endpoint_url(config, "S3") {
            Some(endpoint) => Self::Endpoint(endpoint.trim_end_matches('/').to_owned()),
            None => Self::in_region(
                config.region().map_or("", AsRef::as_ref),
                config.use_fips() == Some(true),
                config.use_dual_stack() == Some(true),
            ),
        }
    }

    fn in_region(region: &str, fips: bool, dual_stack: bool) -> Self {
        let fips = if fips { "-fips" } else { "" };
        let dual_stack = if dual_stack { ".dualstack" } else { "" };
        Self::Aws(format!("s3{fips}{dual_stack}.{region}.{}", domain(region)))
    }

    /// The URI of an object.
    pub(super) fn of_object(&self, S3Location { bucket, key }: &S3Location) -> String {
        let key = utf8_percent_encode(key, IN_A_KEY);
        match self {
            // AWS's certificate has one name for each bucket, and none for a bucket with a dot in its own.
            Self::Aws(host) if bucket.contains('.') => format!("https://{host}/{bucket}/{key}"),
            Self::Aws(host) => format!("https://{bucket}.{host}/{key}"),
            Self::Endpoint(endpoint) => format!("{endpoint}/{bucket}/{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_host_where_there_is_a_name_for_it() {
        let aws = |fips, dual_stack| Address::in_region("eu-west-1", fips, dual_stack);
        for (address, bucket, key, expected) in [
            (
                aws(false, false),
                "b",
                "a/b c+ü",
                "https://b.s3.eu-west-1.amazonaws.com/a/b%20c%2B%C3%BC",
            ),
            (
                aws(true, false),
                "b",
                "k",
                "https://b.s3-fips.eu-west-1.amazonaws.com/k",
            ),
            (
                aws(true, true),
                "b",
                "k",
                "https://b.s3-fips.dualstack.eu-west-1.amazonaws.com/k",
            ),
            (
                aws(false, false),
                "b.c",
                "k",
                "https://s3.eu-west-1.amazonaws.com/b.c/k",
            ),
            (
                Address::in_region("cn-north-1", false, false),
                "b",
                "k",
                "https://b.s3.cn-north-1.amazonaws.com.cn/k",
            ),
            (
                Address::Endpoint("http://127.0.0.1:1".to_owned()),
                "b",
                "~k",
                "http://127.0.0.1:1/b/~k",
            ),
        ] {
            let location = S3Location {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            };
            assert_eq!(address.of_object(&location), expected);
        }
    }
}
