//! Calls to the services as a build makes them: AWS's protocols over HTTP, signed with Signature Version 4.

use super::failure::Failure;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::SystemTime;

/// A service, and how it is spoken to.
pub(super) struct Protocol {
    /// The name in signatures.
    service: &'static str,
    wire: Wire,
}

enum Wire {
    /// JSON, with this before the operation in `X-Amz-Target`.
    Json(&'static str),
    /// Forms that are answered in XML, with this version of the API.
    Query(&'static str),
}

/// ECR.
pub(super) const ECR: Protocol = Protocol {
    service: "ecr",
    wire: Wire::Json("AmazonEC2ContainerRegistry_V20150921"),
};
/// Parameter Store.
pub(super) const SSM: Protocol = Protocol {
    service: "ssm",
    wire: Wire::Json("AmazonSSM"),
};
/// Security Token Service.
pub(super) const STS: Protocol = Protocol {
    service: "sts",
    wire: Wire::Query("2011-06-15"),
};

/// The variable with the path of the file that has the build's credentials.
pub(crate) const CREDENTIALS: &str = "AWS_SHARED_CREDENTIALS_FILE";

const JSON: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
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

/// A key pair of the environment, or else what the file has: where SDKs look, too.
fn credentials() -> Result<Credentials, CallError> {
    if env::var("AWS_ACCESS_KEY_ID").is_ok_and(|key| !key.is_empty()) {
        let (key, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        let token = env::var("AWS_SESSION_TOKEN").ok();
        return Ok(Credentials::new(key, secret, token, None, "the environment"));
    }
    let path = variable(CREDENTIALS)?;
    let text = std::fs::read_to_string(&path).map_err(|error| CallError::Unreachable(format!("{path}: {error}")))?;
    in_file(&text).ok_or_else(|| CallError::Unreachable(format!("{path} has no credentials under [default]")))
}

fn in_file(text: &str) -> Option<Credentials> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| *line == "[default]")?;
    let section: BTreeMap<&str, &str> = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let of = |name: &str| section.get(name).map(|value| (*value).to_owned());
    let (key, secret) = (of("aws_access_key_id")?, of("aws_secret_access_key")?);
    Some(Credentials::new(key, secret, of("aws_session_token"), None, "a file"))
}

/// Calls one operation with the credentials, the region and the endpoint of the environment.
pub(super) fn call(protocol: &Protocol, operation: &str, input: &Value) -> Result<Value, CallError> {
    let endpoint = variable("AWS_ENDPOINT_URL")?;
    let endpoint = endpoint.trim_end_matches('/');
    let caller = Caller {
        credentials: credentials()?,
        region: variable("AWS_REGION").or_else(|_| variable("AWS_DEFAULT_REGION"))?,
        at: SystemTime::now(),
    };
    let (body, headers) = match protocol.wire {
        Wire::Json(target) => {
            let target = ("x-amz-target", format!("{target}.{operation}"));
            (input.to_string(), vec![("content-type", JSON.to_owned()), target])
        }
        // No operation that is called this way has an input.
        Wire::Query(version) => {
            let body = format!("Action={operation}&Version={version}");
            (body, vec![("content-type", FORM.to_owned())])
        }
    };
    let uri = format!("{endpoint}/");
    let headers = caller
        .headers(protocol.service, &uri, headers, body.as_bytes())
        .map_err(|error| CallError::Unreachable(format!("the request cannot be signed: {error}")))?;
    let mut request = ureq::post(&uri).config().http_status_as_error(false).build();
    for (name, value) in &headers {
        request = request.header(*name, value);
    }
    let unreachable = |error: &dyn std::fmt::Display| {
        CallError::Unreachable(format!("Could not connect to the endpoint URL \"{uri}\": {error}"))
    };
    let mut response = request.send(body).map_err(|error| unreachable(&error))?;
    let text = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
    let text = text.map_err(|error| unreachable(&error))?;
    let answer = match protocol.wire {
        Wire::Json(_) => serde_json::from_str(&text).map_err(|error| unreachable(&error))?,
        Wire::Query(_) => leaves(&text),
    };
    if response.status().is_success() {
        return Ok(answer);
    }
    let part = |names: [&str; 2]| {
        let found = names.into_iter().find_map(|name| answer.get(name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let code = match protocol.wire {
        Wire::Json(_) => part(["__type", "code"]),
        Wire::Query(_) => part(["Code", "code"]),
    };
    Err(CallError::Refused(Refusal {
        code: code.rsplit('#').next().unwrap_or_default().to_owned(),
        message: part(["message", "Message"]),
    }))
}

/// The elements of an XML document that have text alone, and are no request's id.
fn leaves(xml: &str) -> Value {
    let mut leaves = serde_json::Map::new();
    let mut rest = xml;
    while let Some((name, behind)) = rest.split_once('<').and_then(|(_, tag)| tag.split_once('>')) {
        rest = behind;
        let end = format!("</{name}>");
        if let Some((text, after)) = behind.split_once('<')
            && behind[text.len()..].starts_with(&end)
            && name != "RequestId"
        {
            leaves.insert(name.to_owned(), text.into());
            rest = &after[end.len() - 1..];
        }
    }
    leaves.into()
}

/// Who signs requests, where and when.
struct Caller {
    credentials: Credentials,
    region: String,
    at: SystemTime,
}

impl Caller {
    /// The headers of a signed request, `host` aside.
    fn headers(
        self,
        service: &str,
        uri: &str,
        mut headers: Vec<(&'static str, String)>,
        body: &[u8],
    ) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
        let identity = self.credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(self.at)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let given = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new("POST", uri, given, SignableBody::Bytes(body))?;
        let (added, _) = sign(request, &params)?.into_parts().0.into_parts();
        headers.extend(added.iter().map(|header| (header.name(), header.value().to_owned())));
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_xml_says_is_read() {
        let xml = "<R xmlns=\"x\"><A><Account>1</Account><Arn>a:b/c</Arn></A><M><RequestId>r</RequestId></M></R>";
        assert_eq!(leaves(xml), serde_json::json!({"Account": "1", "Arn": "a:b/c"}));
    }

    /// Against a signature made by botocore 1.43 from the same request.
    #[test]
    fn requests_are_signed() {
        let caller = Caller {
            credentials: Credentials::new(
                "AKIDEXAMPLE",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                Some("token".into()),
                None,
                "test",
            ),
            region: "us-east-1".into(),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045),
        };
        let target = "AmazonEC2ContainerRegistry_V20150921.PutImage";
        let headers = vec![("content-type", JSON.to_owned()), ("x-amz-target", target.to_owned())];
        let mut headers = caller.headers("ecr", "http://127.0.0.1:4566/", headers, b"{}").unwrap();
        headers.sort_unstable();
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "authorization",
                "content-type",
                "x-amz-date",
                "x-amz-security-token",
                "x-amz-target"
            ]
        );
        assert_eq!(headers[2].1, "20260102T030405Z");
        assert_eq!(
            headers[0].1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=e91e5fb3fe6e673475edbd3f2fdb2cdd8d42507d5c63d2c7a9a7114346d84449"
        );
    }
}
