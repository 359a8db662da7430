//! Signature Version 4: read from a request, and made again to compare.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::error::ServiceError;
use platform::http::Incoming;
use sha2::{Digest as _, Sha256};

/// What is escaped in a canonical request: everything but letters, digits and `-._~`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How far the clocks of both sides may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// How long a presigned URL holds at most, in seconds.
const LONGEST: i64 = 604_800;

/// A signature as a request brings it, in its headers or in its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature<'r> {
    pub(super) access_key: &'r str,
    pub(super) token: Option<&'r str>,
    /// The scope: day, region and service.
    day: &'r str,
    pub(super) region: &'r str,
    pub(super) service: &'r str,
    signed_headers: &'r str,
    signature: &'r str,
    /// The request's time, `20260102T030405Z`.
    time: Option<&'r str>,
    /// For how many seconds a presigned URL holds.
    expires: Option<i64>,
}

impl<'r> Signature<'r> {
    /// Reads the signature of a request.
    pub(super) fn read(incoming: &'r Incoming) -> Result<Self, ServiceError> {
        let (credential, signed_headers, signature) = match incoming.header("authorization") {
            Some(authorization) => in_header(authorization)?,
            None => in_query(incoming)?,
        };
        let scope: Vec<&str> = credential.split('/').collect();
        let &[access_key, day, region, service, "aws4_request"] = scope.as_slice() else {
            return Err(incomplete(
                "the credential must be KEY/DATE/REGION/SERVICE/aws4_request",
            ));
        };
        let either = |name: &str| incoming.header(name).or_else(|| incoming.query_ignoring_case(name));
        Ok(Self {
            access_key,
            token: either("x-amz-security-token"),
            day,
            region,
            service,
            signed_headers,
            signature,
            time: either("x-amz-date"),
            expires: incoming.query("X-Amz-Expires").map(expires).transpose()?,
        })
    }

    /// Whether the signature is the one that `secret` makes of the request, now.
    pub(super) fn verify(&self, incoming: &Incoming, secret: &str, now: Timestamp) -> Result<(), ServiceError> {
        let time = self.time.ok_or_else(|| incomplete("the request has no `X-Amz-Date`"))?;
        let at = parse_time(time).ok_or_else(|| incomplete("`X-Amz-Date` must be like 20260102T030405Z"))?;
        let holds = self.expires.map_or(SKEW, SignedDuration::from_secs);
        // What is compared is how far they are apart: a time at the end of all times has none after it.
        let age = now.duration_since(at);
        if age > holds || age < -SKEW || !time.starts_with(self.day) {
            return Err(invalid(format_args!("Signature expired: {time} is too far from {now}")));
        }
        if self.made_with(incoming, secret, time) == self.signature {
            return Ok(());
        }
        Err(invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        ))
    }

    /// The signature that `secret` makes of the request.
    fn made_with(&self, incoming: &Incoming, secret: &str, time: &str) -> String {
        let request = self.canonical_request(incoming);
        let scope = format!("{}/{}/{}/aws4_request", self.day, self.region, self.service);
        let text = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            hex::encode(Sha256::digest(request))
        );
        let key = [self.day, self.region, self.service, "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
        hex::encode(mac(&key, &text))
    }

    fn canonical_request(&self, incoming: &Incoming) -> String {
        let path = match incoming.uri.path() {
            "" => "/".to_owned(),
            // S3 takes the path as it was sent; all others escape it once more.
            path if self.service == "s3" => path.to_owned(),
            path => {
                let segments = path
                    .split('/')
                    .map(|segment| utf8_percent_encode(segment, ESCAPED).to_string());
                segments.collect::<Vec<_>>().join("/")
            }
        };
        let mut query: Vec<(String, String)> = incoming
            .query
            .iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (escaped(name), escaped(value)))
            .collect();
        query.sort();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers: String = self
            .signed_headers
            .split(';')
            .map(|name| format!("{name}:{}\n", header_value(incoming, name)))
            .collect();
        format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{}",
            incoming.method,
            query.join("&"),
            self.signed_headers,
            self.payload_hash(incoming)
        )
    }

    fn payload_hash(&self, incoming: &Incoming) -> String {
        match incoming.header("x-amz-content-sha256") {
            // S3 has signatures over bodies that are not known yet; it compares the hash by itself.
            Some(hash) if self.service == "s3" => hash.to_owned(),
            _ if self.service == "s3" && self.expires.is_some() => "UNSIGNED-PAYLOAD".to_owned(),
            _ => hex::encode(Sha256::digest(&incoming.body)),
        }
    }
}

/// Credential, names of the signed headers, and signature in an `Authorization` header.
fn in_header(authorization: &str) -> Result<(&str, &str, &str), ServiceError> {
    let elements = authorization
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(|| incomplete("the signature must be AWS4-HMAC-SHA256"))?;
    let element = |name: &str| {
        elements
            .split(',')
            .find_map(|element| element.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(|| incomplete(format_args!("Authorization header requires '{name}' parameter.")))
    };
    Ok((element("Credential")?, element("SignedHeaders")?, element("Signature")?))
}

/// The same in the query of a presigned URL.
fn in_query(incoming: &Incoming) -> Result<(&str, &str, &str), ServiceError> {
    let credential = incoming.query("X-Amz-Credential").ok_or_else(|| {
        ServiceError::new(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token: sign it, with any access key (see `stepline up`)",
        )
        .with_status(403)
    })?;
    let element = |name: &str| {
        incoming
            .query(name)
            .ok_or_else(|| incomplete(format_args!("the query requires '{name}'")))
    };
    Ok((credential, element("X-Amz-SignedHeaders")?, element("X-Amz-Signature")?))
}

/// For how many seconds a presigned URL holds: at most a week.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
fn expires(text: &str) -> Result<i64, ServiceError> {
    let refused = |message| Err(ServiceError::new("AuthorizationQueryParametersError", message));
    match text.parse::<i64>() {
        Ok(seconds @ 0..=LONGEST) => Ok(seconds),
        Ok(..0) => refused("X-Amz-Expires must be non-negative"),
        Ok(_) => refused(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
        Err(_) => refused("X-Amz-Expires should be a number"),
    }
}

/// A header's values, trimmed, joined by commas; blanks in a row count as one.
fn header_value(incoming: &Incoming, name: &str) -> String {
    let values = incoming.headers.get_all(name).iter();
    let values = values.map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn parse_time(time: &str) -> Option<Timestamp> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

fn incomplete(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("IncompleteSignatureException", message)
}

fn invalid(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("InvalidSignatureException", message).with_status(403)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;

    /// The example in AWS's documentation of signatures, whose result is printed there.
    const EXAMPLE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    async fn example(uri: &str) -> Incoming {
        let request = Request::get(uri)
            .header("host", "iam.amazonaws.com")
            .header("content-type", "application/x-www-form-urlencoded;  charset=utf-8 ")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", EXAMPLE)
            .body(Body::empty())
            .expect("a request");
        Incoming::read(request).await.expect("a request that is read")
    }

    #[tokio::test]
    async fn the_documented_example() {
        let at = |time: &str| time.parse::<Timestamp>().expect("a time");
        let then = at("2015-08-30T12:36:10Z");
        let good = "/?Version=2010-05-08&Action=ListUsers";
        for (uri, secret, now, expected) in [
            (good, SECRET, then, Ok(())),
            (good, "another", then, Err("does not match")),
            (
                "/?Action=ListRoles&Version=2010-05-08",
                SECRET,
                then,
                Err("does not match"),
            ),
            (good, SECRET, at("2015-08-30T12:52:00Z"), Err("Signature expired")),
            (good, SECRET, at("2015-08-30T12:20:00Z"), Err("Signature expired")),
        ] {
            let incoming = example(uri).await;
            let signature = Signature::read(&incoming).expect("a signature");
            let verdict = signature.verify(&incoming, secret, now).map_err(|error| error.message);
            match (&verdict, expected) {
                (Ok(()), Ok(())) => {}
                (Err(message), Err(wanted)) if message.contains(wanted) => {}
                _ => panic!("{uri} at {now}: {verdict:?}"),
            }
        }
    }
}
