//! A client: one connection, which is made anew where the server has ended it.

use crate::Fallible;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) struct Client {
    address: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn of(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            connection: None,
        }
    }

    /// Calls an operation of Step Functions.
    pub(crate) async fn states(&mut self, operation: &str, input: &Value) -> Fallible<Value> {
        let head = [
            ("x-amz-target", format!("AWSStepFunctions.{operation}")),
            ("content-type", "application/x-amz-json-1.0".into()),
        ];
        let body = self
            .send("POST", "/", "states", &head, input.to_string().into())
            .await?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// Calls an operation of CloudFormation, whose parameters are given as they stand in a form.
    pub(crate) async fn cloudformation(&mut self, parameters: &[(&str, &str)]) -> Fallible<String> {
        let encoded =
            |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let parameters = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(*value)));
        let form = parameters
            .chain(["Version=2010-05-15".to_owned()])
            .collect::<Vec<_>>()
            .join("&");
        let head = [("content-type", "application/x-www-form-urlencoded".into())];
        let answer = self.send("POST", "/", "cloudformation", &head, form.into()).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Puts a bucket, or an object into it.
    pub(crate) async fn put(&mut self, path: &str, body: Vec<u8>) -> Fallible<()> {
        let head = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD".into())];
        self.send("PUT", path, "s3", &head, body.into()).await.map(drop)
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        service: &str,
        head: &[(&str, String)],
        body: Bytes,
    ) -> Fallible<Bytes> {
        let mut connection = match self.connection.take() {
            Some(kept) if !kept.is_closed() => kept,
            _ => self.connected().await?,
        };
        if connection.ready().await.is_err() {
            connection = self.connected().await?;
        }
        let credential = format!("test/20260101/us-east-1/{service}/aws4_request");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"),
            );
        for (name, value) in head {
            request = request.header(*name, value);
        }
        let response = connection.send_request(request.body(Full::from(body))?).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        self.connection = Some(connection);
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(answer)
    }

    async fn connected(&self) -> Fallible<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (connection, driven) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driven);
        Ok(connection)
    }
}
