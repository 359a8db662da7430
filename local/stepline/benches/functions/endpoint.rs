//! A TLS endpoint that answers like the AWS services the functions call, counts the calls, and times the handshakes.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test_support::{Authority, Reply, Request, Server};

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

/// The endpoint: one server a service, as AWS has one host a service.
pub(crate) struct Endpoint {
    servers: Vec<Server>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Endpoint {
    /// Listens on `ports` free ports, with a certificate whose issuer is written to `authority` as PEM.
    pub(crate) fn listen(ports: usize, authority: &Path) -> std::io::Result<Self> {
        let certified = Authority::new();
        std::fs::write(authority, certified.pem())?;
        let traffic: Arc<Mutex<Traffic>> = Arc::default();
        let server = |_| {
            let traffic = Arc::clone(&traffic);
            Server::start_with_tls(&certified, move |request| {
                std::future::ready(answer(&traffic, &request))
            })
        };
        let servers = (0..ports).map(server).collect();
        Ok(Self { servers, traffic })
    }

    /// Where the server of this number listens.
    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.servers[number].address()
    }

    /// What passed since the last call of this.
    pub(crate) fn take(&self) -> Traffic {
        let mut traffic = std::mem::take(&mut *self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
        traffic.handshakes = self.servers.iter().flat_map(Server::take_handshakes).collect();
        traffic
    }
}

fn answer(traffic: &Mutex<Traffic>, request: &Request) -> Reply {
    let target = request.header("x-amz-target").unwrap_or("?").to_owned();
    let request = request.json();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = response(operation, &request);
    let mut traffic = traffic.lock().unwrap_or_else(PoisonError::into_inner);
    if operation == "PutJobSuccessResult" {
        traffic.continuation_token = request["continuationToken"].as_str().map(str::to_owned);
    }
    traffic.calls.push(target);
    Reply::json(200, &answer)
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
