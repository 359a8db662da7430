//! A client of the account: one connection, and every answer looked at for AWS's form.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use stepline::cloud::Cloud;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// A client with a connection of its own.
pub(crate) struct Client {
    address: String,
    connection: SendRequest<Full<Bytes>>,
}

/// How a call ended: its output, or the error's code.
pub(crate) type Answer = Result<Value, String>;

impl Client {
    pub(crate) async fn connect(cloud: &Cloud) -> Self {
        Self::connect_to(address(cloud)).await
    }

    /// Connects to any host that speaks AWS's protocols.
    pub(crate) async fn connect_to(address: String) -> Self {
        let stream = TcpStream::connect(&address).await.expect("a connection");
        let (connection, driven) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(driven);
        Self { address, connection }
    }

    /// Calls an operation of a JSON protocol.
    ///
    /// # Panics
    /// When the answer is not one that AWS would give: a status of 5xx, or an error that has no name.
    pub(crate) async fn call(&mut self, service: &str, target: &str, input: &Value) -> Answer {
        let form = form(service);
        let (head, body) = self.ask(service, target, input).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(head.headers["content-type"], form, "{target}: {text}");
        assert!(head.headers.contains_key("x-amzn-requestid"), "{target}");
        let output: Value = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{target}: {error}: {text}"))
        };
        if head.status == 200 {
            return Ok(output);
        }
        assert!(head.status.is_client_error(), "{target}: {} {text}", head.status);
        Err(output["__type"]
            .as_str()
            .unwrap_or_else(|| panic!("{target}: {text}"))
            .to_owned())
    }

    /// The answer to a call as it came.
    pub(crate) async fn ask(&mut self, service: &str, target: &str, input: &Value) -> (Parts, Bytes) {
        let request = Request::post("/")
            .header("host", &self.address)
            .header("x-amz-target", target)
            .header("content-type", form(service))
            .header("authorization", authorization(service))
            .body(Full::from(input.to_string()))
            .expect("a request");
        self.connection.ready().await.expect("a connection that stays");
        let response = self.connection.send_request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        (head, body.collect().await.expect("a body").to_bytes())
    }

    /// Sends a call, or only its beginning, and hangs up without having read anything.
    pub(crate) async fn desert(cloud: &Cloud, service: &str, target: &str, input: &Value, whole: bool) {
        let (address, body) = (address(cloud), input.to_string());
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: {target}\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n{body}",
            authorization(service),
            body.len()
        );
        let sent = if whole {
            request.len()
        } else {
            request.len() - body.len() / 2 - 1
        };
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        stream.write_all(&request.as_bytes()[..sent]).await.expect("sent");
    }
}

fn address(cloud: &Cloud) -> String {
    let endpoint = cloud.endpoint().expect("an endpoint");
    endpoint.trim_start_matches("http://").to_owned()
}

/// The form of JSON that a service speaks.
fn form(service: &str) -> &'static str {
    match service {
        "codepipeline" => "application/x-amz-json-1.1",
        _ => "application/x-amz-json-1.0",
    }
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}
