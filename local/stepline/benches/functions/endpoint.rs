//! A TLS endpoint that answers like the AWS services the functions call, counts the calls, and times the handshakes.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// What passed over the endpoint so far.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// The operations called, such as `AWSStepFunctions.DescribeExecution`, in order.
    pub(crate) calls: Vec<String>,
    /// How long each TLS handshake took, from the connection's first byte to its last handshake message.
    pub(crate) handshakes: Vec<Duration>,
    /// The continuation token that the function answered with last.
    pub(crate) continuation_token: Option<String>,
}

/// The endpoint.
pub(crate) struct Endpoint {
    /// Where it listens: one port a service, as AWS has one host a service.
    pub(crate) addresses: Vec<SocketAddr>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Endpoint {
    /// Listens on `ports` free ports, with a certificate whose issuer is written to `authority` as PEM.
    pub(crate) async fn listen(ports: usize, authority: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let traffic = Arc::default();
        let acceptor = TlsAcceptor::from(Arc::new(certified(authority)?));
        let mut addresses = Vec::new();
        for _ in 0..ports {
            let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
            addresses.push(tcp.local_addr()?);
            let listener = TlsListener {
                tcp,
                acceptor: acceptor.clone(),
                traffic: Arc::clone(&traffic),
            };
            let routes = Router::new().fallback(answer).with_state(Arc::clone(&traffic));
            tokio::spawn(async move { axum::serve(listener, routes).await });
        }
        Ok(Self { addresses, traffic })
    }

    /// What passed since the last call of this.
    pub(crate) fn take(&self) -> Traffic {
        std::mem::take(&mut self.traffic.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn certified(authority: &Path) -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let authority_key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // A name of its own: OpenSSL takes a certificate whose issuer bears its own name for a self-signed one.
    parameters
        .distinguished_name
        .push(DnType::CommonName, "the benchmark's authority");
    std::fs::write(authority, parameters.self_signed(&authority_key)?.pem())?;
    let issuer = Issuer::new(parameters, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?)
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    traffic: Arc<Mutex<Traffic>>,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else {
                continue;
            };
            // Without it the handshake's small messages wait for one another's acknowledgements, 40 ms each.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let began = Instant::now();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                let took = began.elapsed();
                self.traffic
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .handshakes
                    .push(took);
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

async fn answer(State(traffic): State<Arc<Mutex<Traffic>>>, headers: HeaderMap, body: String) -> impl IntoResponse {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or("?")
        .to_owned();
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = response(operation, &request);
    let mut traffic = traffic.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if operation == "PutJobSuccessResult" {
        traffic.continuation_token = request["continuationToken"].as_str().map(str::to_owned);
    }
    traffic.calls.push(target);
    ([("content-type", "application/x-amz-json-1.1")], answer.to_string())
}

/// The shortest true answer to each operation that the measured invocations call.
fn response(operation: &str, request: &Value) -> Value {
    match operation {
        "StartExecution" => {
            let name = request["name"].as_str().unwrap_or_default();
            json!({"executionArn": format!("{EXECUTIONS}:{name}"), "startDate": now()})
        }
        "DescribeExecution" => json!({
            "executionArn": request["executionArn"], "stateMachineArn": STATE_MACHINE, "status": "RUNNING",
            "startDate": now(), "input": "{}",
        }),
        "DescribeStateMachine" => json!({
            "stateMachineArn": request["stateMachineArn"], "name": "bench", "status": "ACTIVE", "type": "STANDARD",
            "definition": "{}", "roleArn": "arn:aws:iam::123456789012:role/bench", "creationDate": now(),
        }),
        "GetParameters" => {
            let parameters: Vec<Value> = request["Names"]
                .as_array()
                .into_iter()
                .flatten()
                .map(parameter)
                .collect();
            json!({"Parameters": parameters, "InvalidParameters": []})
        }
        "DescribeImages" => json!({"imageDetails": [{
            "registryId": "123456789012", "repositoryName": request["repositoryName"],
            "imageDigest": request["imageIds"][0]["imageDigest"], "imageTags": ["release-1"],
            "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "imagePushedAt": 1_767_225_600.0, "imageStatus": "ACTIVE",
        }]}),
        _ => json!({}),
    }
}

/// Seconds since 1970, as AWS's JSON protocols have them: an execution that began long ago would have timed out.
fn now() -> f64 {
    (SystemTime::now().duration_since(UNIX_EPOCH)).map_or(0.0, |since| since.as_secs_f64().floor())
}

fn parameter(name: &Value) -> Value {
    json!({"Name": name, "Type": "String", "Value": "ml.t3.medium", "Version": 1, "DataType": "text"})
}

/// The state machine that every measured event names.
pub(crate) const STATE_MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:bench";
const EXECUTIONS: &str = "arn:aws:states:us-east-1:123456789012:execution:bench";
