//! Calls to the services as a build makes them: AWS's JSON protocol over HTTP, signed with Signature Version 4.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use super::Failure;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::env;

/// A service that speaks JSON, and how.
pub(super) struct Protocol {
    /// The name in signatures.
    pub(super) service: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub(super) target: &'static str,
}

/// ECR.
pub(super) const ECR: Protocol = Protocol {
    service: "ecr",
    target: "AmazonEC2ContainerRegistry_V20150921",
};
/// Parameter Store.
pub(super) const SSM: Protocol = Protocol {
    service: "ssm",
    target: "AmazonSSM",
};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// A layer's part, in Base64 in JSON, is the largest thing that is ever answered or sent.
const LARGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// An error that a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum CallError {
    /// The service said no.
    Refused(Refusal),
    /// No service was reached.
    Unreachable(String),
}

impl CallError {
    /// As the AWS CLI says it.
    pub(super) fn of_aws(self, operation: &str) -> Failure {
        match self {
            Self::Refused(Refusal { code, message }) => Failure::new(
                254,
                format_args!("\nAn error occurred ({code}) when calling the {operation} operation: {message}"),
            ),
            Self::Unreachable(why) => Failure::new(255, format_args!("\n{why}")),
        }
    }

    /// As `docker push` says it.
    pub(super) fn of_docker(self) -> Failure {
        match self {
            Self::Refused(Refusal { code, message }) => {
                let kind = match code.as_str() {
                    "RepositoryNotFoundException" => "name unknown",
                    "ImageTagAlreadyExistsException" => "tag invalid",
                    code if code.contains("AccessDenied") => "denied",
                    _ => code.as_str(),
                };
                Failure::new(1, format_args!("{kind}: {message}"))
            }
            Self::Unreachable(why) => Failure::new(1, format_args!("Error response from daemon: {why}")),
        }
    }
}

fn variable(name: &str) -> Result<String, CallError> {
    env::var(name).map_err(|_| CallError::Unreachable(format!("`{name}` is not set in the environment")))
}

/// Calls one operation with the credentials, the region and the endpoint of the environment.
pub(super) fn call(protocol: &Protocol, operation: &str, input: &Value) -> Result<Value, CallError> {
    let endpoint = variable("AWS_ENDPOINT_URL")?;
    let endpoint = endpoint.trim_end_matches('/');
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let body = input.to_string();
    let target = format!("{}.{operation}", protocol.target);
    let signed = Signed {
        access_key: &variable("AWS_ACCESS_KEY_ID")?,
        secret_key: &variable("AWS_SECRET_ACCESS_KEY")?,
        session_token: env::var("AWS_SESSION_TOKEN").ok(),
        region: &variable("AWS_REGION").or_else(|_| variable("AWS_DEFAULT_REGION"))?,
        service: protocol.service,
        at: Timestamp::now(),
    };
    let headers = signed.headers(host, &target, body.as_bytes());
    let mut request = ureq::post(format!("{endpoint}/"))
        .config()
        .http_status_as_error(false)
        .build();
    for (name, value) in &headers {
        request = request.header(*name, value);
    }
    let unreachable = |error: &dyn std::fmt::Display| {
        CallError::Unreachable(format!(
            "Could not connect to the endpoint URL \"{endpoint}/\": {error}"
        ))
    };
    let mut response = request.send(body).map_err(|error| unreachable(&error))?;
    let text = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
    let answer: Value = text
        .map_err(|error| unreachable(&error))
        .and_then(|text| serde_json::from_str(&text).map_err(|error| unreachable(&error)))?;
    if response.status().is_success() {
        return Ok(answer);
    }
    let part = |names: [&str; 2]| {
        let found = names.into_iter().find_map(|name| answer.get(name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let code = part(["__type", "code"]);
    Err(CallError::Refused(Refusal {
        code: code.rsplit('#').next().unwrap_or_default().to_owned(),
        message: part(["message", "Message"]),
    }))
}

/// What a signature is made from, beside the request.
struct Signed<'a> {
    access_key: &'a str,
    secret_key: &'a str,
    session_token: Option<String>,
    region: &'a str,
    service: &'a str,
    at: Timestamp,
}

impl Signed<'_> {
    /// The headers of a signed request.
    fn headers(&self, host: &str, target: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let time = self.at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &time[..8];
        // In alphabetical order, as the signature wants them.
        let mut headers = vec![
            ("content-type", CONTENT_TYPE.to_owned()),
            ("host", host.to_owned()),
            ("x-amz-date", time.clone()),
        ];
        headers.extend(self.session_token.clone().map(|token| ("x-amz-security-token", token)));
        headers.push(("x-amz-target", target.to_owned()));
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hex::encode(Sha256::digest(body)));
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            hex::encode(Sha256::digest(request))
        );
        let key = [day, self.region, self.service, "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{}", self.secret_key).into_bytes(), |key, part| {
                mac(&key, part)
            });
        let signature = hex::encode(mac(&key, &text));
        headers.retain(|(name, _)| *name != "host");
        headers.push((
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
                self.access_key
            ),
        ));
        headers
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length will do for HMAC.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a signature made by botocore 1.43 from the same request.
    #[test]
    fn requests_are_signed() {
        let signed = Signed {
            access_key: "AKIDEXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session_token: Some("token".into()),
            region: "us-east-1",
            service: "ecr",
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
        };
        let headers = signed.headers("127.0.0.1:4566", "AmazonEC2ContainerRegistry_V20150921.PutImage", b"{}");
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "content-type",
                "x-amz-date",
                "x-amz-security-token",
                "x-amz-target",
                "authorization"
            ]
        );
        assert_eq!(headers[1].1, "20260102T030405Z");
        assert_eq!(
            headers[4].1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=e91e5fb3fe6e673475edbd3f2fdb2cdd8d42507d5c63d2c7a9a7114346d84449"
        );
    }
}
