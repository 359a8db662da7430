//! Signed requests over HTTP.

use super::access::{Access, chain};
use super::error::LookupError;
use super::services::{Protocol, Service};
use super::xml;
use aws_sigv4::http_request::{PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::time::SystemTime;

/// An answer, whatever its status.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The header that names an error in the JSON and REST protocols.
    error_type: Option<String>,
    /// How long the body is, or would be in answer to a GET.
    pub(crate) length: Option<u64>,
    /// The body.
    pub(crate) body: Bytes,
}

/// A request before it is signed.
struct Outgoing<'r> {
    method: &'r str,
    path: &'r str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Access {
    /// Calls an operation of a service that speaks JSON.
    pub(crate) async fn json(&self, service: &Service, operation: &str, input: Value) -> Result<Value, LookupError> {
        let call = format!("{}:{operation}", service.signing_name);
        let Protocol::Json { target, version } = service.protocol else {
            return Err(unreadable(&call, "the service does not speak JSON"));
        };
        let headers = vec![
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{target}.{operation}")),
        ];
        let outgoing = Outgoing {
            method: "POST",
            path: "/",
            headers,
            body: input.to_string(),
        };
        let answer = self.send(service, &call, outgoing).await?;
        answer.into_json(&call)
    }

    /// Calls an operation of a service that speaks the query protocol, and gives the XML of its answer.
    pub(crate) async fn query(
        &self,
        service: &Service,
        operation: &str,
        input: &[(&str, &str)],
    ) -> Result<String, LookupError> {
        let call = format!("{}:{operation}", service.signing_name);
        let Protocol::Query { version } = service.protocol else {
            return Err(unreadable(&call, "the service does not speak the query protocol"));
        };
        let mut body = format!("Action={operation}&Version={version}");
        for (name, value) in input {
            body.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        let outgoing = Outgoing {
            method: "POST",
            path: "/",
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            )],
            body,
        };
        let answer = self.send(service, &call, outgoing).await?;
        if answer.status == 200 {
            return Ok(answer.text());
        }
        Err(answer.xml_error(&call))
    }

    /// Asks a REST service, and gives the answer whatever its status.
    pub(crate) async fn rest(
        &self,
        service: &Service,
        call: &str,
        method: &str,
        path: &str,
    ) -> Result<Answer, LookupError> {
        let outgoing = Outgoing {
            method,
            path,
            headers: Vec::new(),
            body: String::new(),
        };
        self.send(service, call, outgoing).await
    }

    async fn send(&self, service: &Service, call: &str, outgoing: Outgoing<'_>) -> Result<Answer, LookupError> {
        let failed = |error: &dyn std::error::Error| LookupError {
            call: call.to_owned(),
            code: "NoAnswer".to_owned(),
            message: chain(error),
        };
        let uri = format!("{}{}", self.endpoint(service), outgoing.path);
        let mut request = HttpRequest::new(SdkBody::from(outgoing.body.as_str()));
        request.set_method(outgoing.method).map_err(|error| failed(&error))?;
        request.set_uri(uri.as_str()).map_err(|error| failed(&error))?;
        for (name, value) in &outgoing.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let signed = self.sign(service, call, &uri, &outgoing)?;
        for (name, value) in signed {
            request.headers_mut().insert(name, value);
        }
        let mut response = self.connector.call(request).await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let error_type = response.headers().get("x-amzn-errortype").map(str::to_owned);
        let length = response
            .headers()
            .get("content-length")
            .and_then(|text| text.parse().ok());
        let body = ByteStream::new(response.take_body()).collect().await;
        Ok(Answer {
            status,
            error_type,
            length,
            body: body.map_err(|error| failed(&error))?.into_bytes(),
        })
    }

    /// The headers that sign a request.
    fn sign(
        &self,
        service: &Service,
        call: &str,
        uri: &str,
        outgoing: &Outgoing<'_>,
    ) -> Result<Vec<(&'static str, String)>, LookupError> {
        let failed = |error: &dyn std::error::Error| unreadable(call, &chain(error));
        let identity = self.credentials(call)?.clone().into();
        let mut settings = SigningSettings::default();
        if service.signing_name == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region(service.signing_region(&self.region))
            .name(service.signing_name)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let headers = outgoing.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(outgoing.body.as_bytes());
        let signable = SignableRequest::new(outgoing.method, uri, headers, body).map_err(|error| failed(&error))?;
        let (instructions, _) = sign(signable, &params).map_err(|error| failed(&error))?.into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers
            .iter()
            .map(|header| (header.name(), header.value().to_owned()))
            .collect())
    }
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error in a bad answer of a service that speaks XML. An answer to HEAD has nothing but its status.
    pub(crate) fn xml_error(&self, call: &str) -> LookupError {
        let document = self.text();
        let text = |element: &str| xml::text(&document, element);
        LookupError {
            call: call.to_owned(),
            code: text("Code").unwrap_or_else(|| self.status.to_string()),
            message: text("Message").unwrap_or_default(),
        }
    }

    /// The JSON of a good answer, or the error in a bad one.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
    pub(crate) fn into_json(self, call: &str) -> Result<Value, LookupError> {
        let body: Value = if self.body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&self.body).map_err(|error| unreadable(call, &error.to_string()))?
        };
        if self.status < 300 {
            return Ok(body);
        }
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| body.get(*name)?.as_str().map(str::to_owned))
        };
        let code = text(&["__type", "code"])
            .or(self.error_type)
            .unwrap_or_else(|| self.status.to_string());
        // `namespace#Code` and `Code:http://…` both mean Code.
        let code = code.rsplit('#').next().unwrap_or_default();
        Err(LookupError {
            call: call.to_owned(),
            code: code.split(':').next().unwrap_or_default().to_owned(),
            message: text(&["message", "Message"]).unwrap_or_default(),
        })
    }
}

/// An answer, or a question, that cannot be read.
fn unreadable(call: &str, message: &str) -> LookupError {
    LookupError {
        call: call.to_owned(),
        code: "Unreadable".to_owned(),
        message: message.to_owned(),
    }
}
