//! An account with a cluster, a load balancer, and images of a small server.

use crate::ecr::Ecr;
use crate::ecs::Ecs;
use crate::elasticloadbalancing::ElasticLoadBalancing;
use crate::logs::Logs;
use crate::manifest::digest;
use crate::testing::Listener;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::iam::NewRole;
use platform::journal::{Entry, Happening, Unheard};
use platform::{Account, Platform, Principal, Service, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) const ADMIN: Principal = Principal::Administrator;

/// A server that answers with what its environment says: `/ping` with `STATUS`, anything else with `ANSWER`. It ends
/// well when it is asked to, if `DEAF` does not say otherwise.
const SERVER: &str = r#"
import http.server, os, signal, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(os.environ.get("DELAY", "0")) if self.path != "/ping" else 0)
        body = os.environ.get("ANSWER", "").encode()
        self.send_response(int(os.environ.get("STATUS", "200")) if self.path == "/ping" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
if "EXIT" in os.environ:
    print("no model", flush=True)
    sys.exit(int(os.environ["EXIT"]))
if "DEAF" in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
print("serving", os.environ.get("ANSWER"), flush=True)
server.serve_forever()
"#;

pub(super) struct World {
    pub(super) platform: Arc<Platform>,
    pub(super) ecs: Arc<Ecs>,
    pub(super) elb: Arc<ElasticLoadBalancing>,
    others: [Arc<dyn Service>; 2],
    pub(super) image: String,
    pub(super) listener: Arc<Listener>,
    folder: tempfile::TempDir,
}

impl World {
    /// Everything is allowed to the roles of tasks.
    pub(super) async fn new() -> Self {
        Self::with_role(json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await
    }

    /// The execution role of tasks may do this.
    pub(super) async fn with_role(statement: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener: Arc<Listener> = Arc::default();
        let (ecs, elb): (Arc<Ecs>, Arc<ElasticLoadBalancing>) = Default::default();
        let others: [Arc<dyn Service>; 2] = [Arc::<Ecr>::default(), Arc::<Logs>::default()];
        let services: Vec<Arc<dyn Service>> = vec![
            ecs.clone(),
            elb.clone(),
            others[0].clone(),
            others[1].clone(),
            listener.clone(),
        ];
        let platform = account(folder.path(), services, statement);
        let world = Self {
            image: push_image(&platform).await,
            platform,
            ecs,
            elb,
            others,
            listener,
            folder,
        };
        world.ok("ecs", "CreateCluster", json!({"clusterName": "main"})).await;
        world
            .ok("logs", "CreateLogGroup", json!({"logGroupName": "/ecs/app"}))
            .await;
        world
    }

    /// The same account in another run, which has what lasts of this one.
    pub(super) fn again(&self, ecs: Arc<Ecs>, elb: Arc<ElasticLoadBalancing>) -> Arc<Platform> {
        let services: Vec<Arc<dyn Service>> = vec![ecs, elb, self.others[0].clone(), self.others[1].clone()];
        let platform = account(
            self.folder.path(),
            services,
            json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        );
        crate::ecs::role::make(&platform, &ADMIN);
        platform
    }
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.platform.call(&ADMIN, service, operation, input).await
    }

    pub(super) async fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.call(service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(super) async fn refused(&self, operation: &str, input: Value) -> ServiceError {
        match self.call("ecs", operation, input).await {
            Ok(answer) => panic!("{operation} is not refused: {answer:#}"),
            Err(error) => error,
        }
    }

    pub(super) fn role(&self, name: &str) -> String {
        self.platform.account.global_arn("iam", format_args!("role/{name}"))
    }

    /// Somebody with these statements as the policy.
    pub(super) fn caller(&self, statements: Value) -> Principal {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let role = NewRole::for_service("dev", "lambda.amazonaws.com").with_policy("calls", policy);
        self.platform.iam.create_role(&self.platform.account, role).unwrap();
        self.platform.iam.session("dev", "session", Vec::new()).unwrap()
    }

    /// A task definition whose server has this environment.
    pub(super) fn definition(&self, environment: &Value) -> Value {
        let pairs = environment.as_object().unwrap().iter();
        let pairs: Vec<Value> = pairs
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        json!({
            "family": "app",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.role("execution"),
            "taskRoleArn": self.role("task"),
            "containerDefinitions": [{
                "name": "server",
                "image": self.image,
                "portMappings": [{"containerPort": 8080}],
                "environment": pairs,
                "stopTimeout": 2,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/ecs/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app",
                    },
                },
            }],
        })
    }

    /// Registers one, and answers with its ARN.
    pub(super) async fn register(&self, environment: Value) -> String {
        let registered = self
            .ok("ecs", "RegisterTaskDefinition", self.definition(&environment))
            .await;
        text(&registered, "/taskDefinition/taskDefinitionArn")
    }

    /// A load balancer with a target group: the group's ARN, and the address.
    pub(super) async fn load_balancer(&self) -> (String, String) {
        let elb = "elasticloadbalancing";
        let subnets = ["subnet-1", "subnet-2"];
        let made = self
            .ok(elb, "CreateLoadBalancer", json!({"Name": "lb", "Subnets": subnets}))
            .await;
        let group = json!({
            "Name": "app", "Protocol": "HTTP", "Port": 8080, "VpcId": "vpc-1", "TargetType": "ip",
            "HealthCheckPath": "/ping", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2,
        });
        let group = self.ok(elb, "CreateTargetGroup", group).await;
        let group = text(&group, "/TargetGroups/0/TargetGroupArn");
        let listener = json!({
            "LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}],
        });
        self.ok(elb, "CreateListener", listener).await;
        (group, text(&made, "/LoadBalancers/0/DNSName"))
    }

    /// What makes a service of one task, behind a target group if there is one.
    pub(super) fn service(definition: &str, group: Option<&str>) -> Value {
        let mut service = json!({
            "cluster": "main", "serviceName": "app", "taskDefinition": definition, "launchType": "FARGATE",
            "desiredCount": 1,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        });
        if let Some(group) = group {
            service["loadBalancers"] =
                json!([{"targetGroupArn": group, "containerName": "server", "containerPort": 8080}]);
        }
        service
    }

    pub(super) async fn described(&self) -> Value {
        let found = self
            .ok(
                "ecs",
                "DescribeServices",
                json!({"cluster": "main", "services": ["app"]}),
            )
            .await;
        found["services"][0].clone()
    }

    /// Waits for the end of a deployment; the one that an answer shows as the first.
    pub(super) async fn ended(&self, answer: &Value) -> bool {
        let id = text(answer, "/service/deployments/0/id");
        let end = tokio::time::timeout(Duration::from_secs(60), self.platform.ongoing.end(&id)).await;
        end.expect("the deployment goes on and on")
            .expect("nobody knows the deployment")
    }

    /// What the service tells, the oldest first.
    pub(super) async fn told(&self) -> Vec<String> {
        let service = self.described().await;
        let events = service["events"].as_array().unwrap().iter().rev();
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The descriptions of all tasks.
    pub(super) async fn tasks(&self, status: &str) -> Vec<Value> {
        let listed = self
            .ok("ecs", "ListTasks", json!({"cluster": "main", "desiredStatus": status}))
            .await;
        if listed["taskArns"] == json!([]) {
            return Vec::new();
        }
        let described = json!({"cluster": "main", "tasks": listed["taskArns"]});
        let found = self.ok("ecs", "DescribeTasks", described).await;
        found["tasks"].as_array().unwrap().clone()
    }

    /// What events of a kind tell.
    pub(super) fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.listener.0.lock().unwrap();
        let events = events.iter().filter(|event| event["detail-type"] == kind);
        events.map(|event| event["detail"].clone()).collect()
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let mut happens = self.platform.journal.follow();
        let comes = async {
            while !is_so().await {
                // What is looked for may come without being noted.
                let noted = async { while !is_noted(happens.recv().await) {} };
                let _ = tokio::time::timeout(Duration::from_millis(20), noted).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), comes).await;
        in_time.unwrap_or_else(|_| panic!("it never comes to this: {what}"));
    }
}

/// An account with these services, and roles for tasks.
fn account(root: &std::path::Path, services: Vec<Arc<dyn Service>>, statement: Value) -> Arc<Platform> {
    let platform = Platform::new(Account::local(), root.to_owned(), services);
    platform.pace.set_poll_interval(Duration::from_millis(40));
    platform.pace.set_patience(Duration::from_secs(15));
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    for (name, policy) in [("execution", Some(policy)), ("task", None)] {
        let mut role = NewRole::for_service(name, "ecs-tasks.amazonaws.com");
        // As templates narrow it: to tasks of this account.
        role.trust["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": Account::local().id}});
        if let Some(policy) = policy {
            role = role.with_policy("calls", policy);
        }
        platform.iam.create_role(&platform.account, role).unwrap();
    }
    platform
}

/// Whether something of a service or a task was noted; also at the end.
fn is_noted(entry: Result<Entry, Unheard>) -> bool {
    match entry {
        Ok(entry) => matches!(entry.happening, Happening::Note { .. } | Happening::LogLine { .. }),
        Err(Unheard::Lagged(_)) => false,
        Err(Unheard::Closed) => true,
    }
}

pub(super) fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {value:#}")).to_owned()
}

/// Asks an address for a path: the status and the body.
pub(super) async fn get(address: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or_default(), body.to_owned()))
}

/// Pushes the server's image, and answers with its name.
async fn push_image(platform: &Arc<Platform>) -> String {
    let call = async |operation: &str, input: Value| platform.call(&ADMIN, "ecr", operation, input).await.unwrap();
    let upload = async |blob: &[u8]| {
        let started = call("InitiateLayerUpload", json!({"repositoryName": "app"})).await;
        let upload = started["uploadId"].clone();
        let part = json!({
            "repositoryName": "app", "uploadId": upload, "partFirstByte": 0, "partLastByte": blob.len() - 1,
            "layerPartBlob": STANDARD.encode(blob),
        });
        call("UploadLayerPart", part).await;
        let complete = json!({"repositoryName": "app", "uploadId": upload, "layerDigests": [digest(blob)]});
        call("CompleteLayerUpload", complete).await;
        json!({"digest": digest(blob), "size": blob.len()})
    };
    call("CreateRepository", json!({"repositoryName": "app"})).await;
    let mut layer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_size(SERVER.len() as u64);
    layer
        .append_data(&mut header, "opt/program/server.py", SERVER.as_bytes())
        .unwrap();
    let layer = layer.into_inner().unwrap();
    let config = json!({"config": {"Entrypoint": ["python3", "/opt/program/server.py"], "WorkingDir": "/opt/program"}});
    let config = config.to_string().into_bytes();
    let (layer, config) = (upload(&layer).await, upload(&config).await);
    let manifest =
        json!({"schemaVersion": 2, "mediaType": crate::manifest::OCI_MANIFEST, "config": config, "layers": [layer]})
            .to_string();
    call("PutImage", json!({"repositoryName": "app", "imageManifest": manifest})).await;
    format!("{}/app@{}", platform.account.registry(), digest(manifest.as_bytes()))
}
