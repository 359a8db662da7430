//! A client of the gateway that writes its requests by itself, as an SDK would or as no SDK does.

use crate::world::cloud;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::iam::Credentials;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::gateway;
use tokio::net::TcpListener;

/// A request to the gateway.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) headers: Vec<(&'r str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A cloud that answers on loopback.
pub(crate) async fn served() -> Arc<Cloud> {
    let cloud = cloud();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gateway::serve(Arc::clone(&cloud), listener).expect("a gateway");
    cloud
}

/// What the SDKs put into `Authorization`; the signature itself is of no account for keys that the account did not issue.
pub(crate) fn authorization(key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// What the SDKs put there for credentials that the account did issue: a signature over the request and the headers that
/// are given, which must come in the order of their names.
pub(crate) fn signed(
    credentials: &Credentials,
    secret: &str,
    service: &str,
    more: &[(&'static str, &str)],
    body: &str,
) -> Vec<(&'static str, String)> {
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let mut headers = vec![("x-amz-date", time.clone())];
    headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hex::encode(Sha256::digest(body)));
    let scope = format!("{day}/us-east-1/{service}/aws4_request");
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex::encode(Sha256::digest(request))
    );
    let key = [day, "us-east-1", service, "aws4_request"]
        .into_iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );
    headers.push(("authorization", authorization));
    headers
}

pub(crate) async fn send(cloud: &Cloud, request: Request<'_>) -> Answer {
    let mut builder = ureq::http::Request::builder().method(request.method).uri(format!(
        "{}{}",
        cloud.endpoint().expect("an endpoint"),
        request.path
    ));
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let request = builder.body(request.body).expect("a request");
    let answer = tokio::task::spawn_blocking(move || {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None);
        let mut response = config.build().new_agent().run(request).expect("an answer");
        let body = response.body_mut().read_to_vec().expect("a body");
        (response.status().as_u16(), response.headers().clone(), body)
    });
    let (status, headers, body) = answer.await.expect("a task");
    Answer { status, headers, body }
}
