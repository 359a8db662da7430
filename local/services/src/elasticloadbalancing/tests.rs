//! Elastic Load Balancing through the door, and through its ports.

use super::ElasticLoadBalancing;
use crate::testing::{account, call, hand_over, refusal};
use axum::Router;
use axum::extract::Request;
use platform::Platform;
use platform::Principal;
use platform::iam::NewRole;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const ELB: &str = "elasticloadbalancing";

/// A target that answers with its name, and to `/ping` with a status that can change.
struct Answering {
    port: u16,
    status: Arc<AtomicU16>,
    /// Somebody has asked for `/slow`.
    asked: Arc<Notify>,
    /// What `/slow` waits for.
    goes_on: Arc<Notify>,
    server: JoinHandle<()>,
}

impl Answering {
    async fn new(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (status, asked, goes_on): (Arc<AtomicU16>, Arc<Notify>, Arc<Notify>) =
            (Arc::new(200.into()), Arc::default(), Arc::default());
        let (answers, tells, waits) = (Arc::clone(&status), Arc::clone(&asked), Arc::clone(&goes_on));
        let router = Router::new().fallback(move |request: Request| {
            let (status, tells, waits) = (answers.load(Ordering::Relaxed), Arc::clone(&tells), Arc::clone(&waits));
            async move {
                match request.uri().path() {
                    "/ping" => (status.try_into().unwrap(), String::new()),
                    "/slow" => {
                        tells.notify_one();
                        waits.notified().await;
                        (axum::http::StatusCode::OK, format!("{name}, at last"))
                    }
                    path => {
                        let header = |name: &str| request.headers()[name].to_str().unwrap_or_default().to_owned();
                        let from = (header("x-forwarded-for"), header("x-forwarded-proto"), header("host"));
                        (axum::http::StatusCode::OK, format!("{name} {path} {from:?}"))
                    }
                }
            }
        });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            port,
            status,
            asked,
            goes_on,
            server,
        }
    }
}

/// A load balancer with a target group.
struct World {
    platform: Arc<Platform>,
    group: String,
    balancer: Value,
    address: String,
}

fn group() -> Value {
    json!({
        "Name": "app", "Protocol": "HTTP", "Port": "8080", "VpcId": "vpc-1", "TargetType": "ip",
        "HealthCheckPath": "/ping", "HealthCheckIntervalSeconds": "5", "HealthCheckTimeoutSeconds": 2,
        "Matcher": {"HttpCode": "200-204"},
    })
}

impl World {
    async fn new() -> Self {
        let platform = account(vec![Arc::<ElasticLoadBalancing>::default()]);
        platform.pace.set_poll_interval(Duration::from_millis(40));
        let made = json!({"Name": "lb", "Subnets": ["subnet-1", "subnet-2"], "Tags": [{"Key": "k", "Value": "v"}]});
        let made = call(&platform, ELB, "CreateLoadBalancer", made).await.unwrap();
        let balancer = made["LoadBalancers"][0].clone();
        let made = call(&platform, ELB, "CreateTargetGroup", group()).await.unwrap();
        let group = made["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap().to_owned();
        let address = balancer["DNSName"].as_str().unwrap().to_owned();
        Self {
            platform,
            group,
            balancer,
            address,
        }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = call(&self.platform, ELB, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn listen(&self) -> Value {
        let forward = json!([{"Type": "forward", "TargetGroupArn": self.group}]);
        let listener = json!({
            "LoadBalancerArn": self.balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80,
            "DefaultActions": forward,
        });
        self.ok("CreateListener", listener).await["Listeners"][0].clone()
    }

    async fn targets(&self, operation: &str, ports: &[u16]) {
        let targets: Vec<Value> = ports
            .iter()
            .map(|port| json!({"Id": "127.0.0.1", "Port": port}))
            .collect();
        self.ok(operation, json!({"TargetGroupArn": self.group, "Targets": targets}))
            .await;
    }

    async fn health(&self, port: u16) -> Value {
        let targets = json!([{"Id": "127.0.0.1", "Port": port}]);
        let found = self
            .ok(
                "DescribeTargetHealth",
                json!({"TargetGroupArn": self.group, "Targets": targets}),
            )
            .await;
        found["TargetHealthDescriptions"][0]["TargetHealth"].clone()
    }

    async fn until(&self, port: u16, state: &str) -> Value {
        let comes = async {
            loop {
                let health = self.health(port).await;
                if health["State"] == state {
                    return health;
                }
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), comes).await;
        in_time.unwrap_or_else(|_| panic!("it is never {state}"))
    }

    async fn get(&self, path: &str) -> (u16, String) {
        get(&self.address, path).await
    }
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: service.test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn requests_go_to_healthy_targets_in_turn() {
    let world = World::new().await;
    let (status, page) = world.get("/").await;
    assert_eq!(status, 503);
    assert!(page.contains("<h1>503 Service Temporarily Unavailable</h1>"), "{page}");
    let (one, two) = (Answering::new("one").await, Answering::new("two").await);
    world.targets("RegisterTargets", &[one.port, two.port]).await;
    assert_eq!(world.health(one.port).await["Reason"], "Target.NotInUse");
    world.listen().await;
    world.until(one.port, "healthy").await;
    world.until(two.port, "healthy").await;
    let mut answers = [world.get("/a?b=c").await.1, world.get("/a").await.1];
    answers.sort();
    let from = r#"("127.0.0.1", "http", "service.test")"#;
    assert_eq!(answers, [format!("one /a {from}"), format!("two /a {from}")]);

    two.status.store(500, Ordering::Relaxed);
    let health = world.until(two.port, "unhealthy").await;
    assert_eq!(health["Reason"], "Target.ResponseCodeMismatch");
    assert_eq!(health["Description"], "Health checks failed with these codes: [500]");
    for _ in 0..4 {
        assert!(world.get("/").await.1.starts_with("one "));
    }
    // Without any healthy one, any will do.
    one.status.store(500, Ordering::Relaxed);
    world.until(one.port, "unhealthy").await;
    assert_eq!(world.get("/").await.0, 200);
    two.status.store(204, Ordering::Relaxed);
    world.until(two.port, "healthy").await;
    assert!(world.get("/").await.1.starts_with("two "));
}

#[tokio::test]
async fn a_target_that_leaves_answers_what_it_was_asked() {
    let world = World::new().await;
    world.listen().await;
    let target = Answering::new("one").await;
    world.targets("RegisterTargets", &[target.port]).await;
    world.until(target.port, "healthy").await;
    let address = world.address.clone();
    let asked = tokio::spawn(async move { get(&address, "/slow").await });
    target.asked.notified().await;
    world.targets("DeregisterTargets", &[target.port]).await;
    let health = world.health(target.port).await;
    assert_eq!(
        (&health["State"], &health["Reason"]),
        (&json!("draining"), &json!("Target.DeregistrationInProgress"))
    );
    assert_eq!(world.get("/").await.0, 503);
    target.goes_on.notify_one();
    assert_eq!(asked.await.unwrap(), (200, "one, at last".to_owned()));
    let health = world.until(target.port, "unused").await;
    assert_eq!(health["Reason"], "Target.NotRegistered");
    // It may come again.
    world.targets("RegisterTargets", &[target.port]).await;
    world.until(target.port, "healthy").await;
}

#[tokio::test]
async fn a_target_that_breaks_is_a_bad_gateway() {
    let world = World::new().await;
    world.listen().await;
    let target = Answering::new("one").await;
    world.targets("RegisterTargets", &[target.port]).await;
    world.until(target.port, "healthy").await;
    target.server.abort();
    let _ = target.server.await;
    let (status, page) = world.get("/").await;
    assert_eq!(status, 502);
    assert!(page.contains("<h1>502 Bad Gateway</h1>"), "{page}");
    world.platform.pace.set_patience(Duration::ZERO);
    assert_eq!(
        world.until(target.port, "unhealthy").await["Reason"],
        "Target.FailedHealthChecks"
    );
}

#[tokio::test]
async fn what_was_made_is_described_and_deleted() {
    let world = World::new().await;
    let arn = &world.balancer["LoadBalancerArn"];
    let listener = world.listen().await;
    let found = world.ok("DescribeLoadBalancers", json!({"Names": ["lb"]})).await;
    assert_eq!(found["LoadBalancers"], json!([world.balancer]));
    let found = world.ok("DescribeListeners", json!({"LoadBalancerArn": arn})).await;
    assert_eq!(found["Listeners"], json!([listener]));
    let rules = world
        .ok("DescribeRules", json!({"ListenerArn": listener["ListenerArn"]}))
        .await;
    assert_eq!(rules["Rules"][0]["IsDefault"], true);
    let groups = world.ok("DescribeTargetGroups", json!({"LoadBalancerArn": arn})).await;
    assert_eq!(groups["TargetGroups"][0]["LoadBalancerArns"], json!([arn]));
    let tags = world.ok("DescribeTags", json!({"ResourceArns": [arn]})).await;
    assert_eq!(tags["TagDescriptions"][0]["Tags"], json!([{"Key": "k", "Value": "v"}]));
    let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]);
    let modify = json!({"TargetGroupArn": world.group, "Attributes": delay});
    let modified = world.ok("ModifyTargetGroupAttributes", modify).await;
    assert!(modified["Attributes"].as_array().unwrap().contains(&delay[0]));

    let group = json!({"TargetGroupArn": world.group});
    let refused = async |operation: &str, input: Value| refusal(&world.platform, ELB, operation, input).await;
    assert_eq!(refused("DeleteTargetGroup", group.clone()).await, "ResourceInUse");
    world.ok("DeleteLoadBalancer", json!({"LoadBalancerArn": arn})).await;
    assert!(TcpStream::connect(&world.address).await.is_err());
    assert_eq!(
        refused("DescribeLoadBalancers", json!({"Names": ["lb"]})).await,
        "LoadBalancerNotFound"
    );
    let gone = json!({"ListenerArn": listener["ListenerArn"]});
    assert_eq!(refused("DeleteListener", gone).await, "ListenerNotFound");
    world.ok("DeleteTargetGroup", group.clone()).await;
    assert_eq!(refused("DescribeTargetHealth", group).await, "TargetGroupNotFound");
}

#[tokio::test]
async fn what_is_wrong_or_not_here_is_refused() {
    let world = World::new().await;
    let platform = &world.platform;
    for (field, value, code) in [
        ("Name", json!("app"), "DuplicateTargetGroupName"),
        ("Name", json!("-"), "ValidationError"),
        ("TargetType", json!("lambda"), "NotInLocalRun"),
        ("Protocol", json!("HTTPS"), "NotInLocalRun"),
        ("HealthCheckPort", json!("9000"), "NotInLocalRun"),
        ("HealthCheckIntervalSeconds", json!(1), "ValidationError"),
        ("HealthCheckTimeoutSeconds", json!(5), "ValidationError"),
        ("HealthCheckPath", json!("ping"), "ValidationError"),
        ("Matcher", json!({"HttpCode": "600"}), "InvalidConfigurationRequest"),
        ("Port", json!("http"), "ValidationException"),
    ] {
        let mut changed = group();
        if field != "Name" {
            changed["Name"] = "another".into();
        }
        changed[field] = value.clone();
        assert_eq!(
            refusal(platform, ELB, "CreateTargetGroup", changed).await,
            code,
            "{field} {value}"
        );
    }
    let balancer = json!({"Name": "two", "Subnets": ["subnet-1", "subnet-2"]});
    for (field, value, code) in [
        ("Name", json!("lb"), "DuplicateLoadBalancerName"),
        ("Type", json!("network"), "NotInLocalRun"),
        ("Subnets", json!(["subnet-1"]), "ValidationError"),
        ("Subnets", json!(["a", "b"]), "SubnetNotFound"),
        ("Scheme", json!("public"), "InvalidScheme"),
    ] {
        let mut changed = balancer.clone();
        changed[field] = value.clone();
        assert_eq!(
            refusal(platform, ELB, "CreateLoadBalancer", changed).await,
            code,
            "{field} {value}"
        );
    }
    let listener = json!({
        "LoadBalancerArn": world.balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": world.group}],
    });
    let several = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": world.group, "Weight": 1}, {"TargetGroupArn": world.group, "Weight": 1},
    ]}}]);
    for (field, value, code) in [
        ("Protocol", json!("HTTPS"), "NotInLocalRun"),
        ("LoadBalancerArn", json!("none"), "LoadBalancerNotFound"),
        (
            "DefaultActions",
            json!([{"Type": "forward", "TargetGroupArn": "none"}]),
            "TargetGroupNotFound",
        ),
        ("DefaultActions", json!([{"Type": "redirect"}]), "NotInLocalRun"),
        ("DefaultActions", several, "NotInLocalRun"),
    ] {
        let mut changed = listener.clone();
        changed[field] = value.clone();
        assert_eq!(
            refusal(platform, ELB, "CreateListener", changed).await,
            code,
            "{field} {value}"
        );
    }
    let target = json!({"TargetGroupArn": world.group, "Targets": [{"Id": "10.0.0.1"}]});
    assert_eq!(refusal(platform, ELB, "RegisterTargets", target).await, "NotInLocalRun");
}

#[tokio::test]
async fn iam_is_asked_for_the_resource_and_its_tags() {
    let world = World::new().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "elasticloadbalancing:DeleteLoadBalancer", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/k": "other"}}},
        {"Effect": "Allow", "Action": "elasticloadbalancing:DeleteTargetGroup", "Resource": world.group},
    ]});
    let role = NewRole::for_service("dev", "lambda.amazonaws.com").with_policy("calls", policy);
    world.platform.iam.create_role(&world.platform.account, role).unwrap();
    let dev = Principal::role_session("dev", "session");
    let delete = async |operation: &str, input: Value| world.platform.call(&dev, ELB, operation, input).await;
    let arn = world.balancer["LoadBalancerArn"].clone();
    let error = delete("DeleteLoadBalancer", json!({"LoadBalancerArn": arn}))
        .await
        .unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    let error = delete("DescribeTargetHealth", json!({"TargetGroupArn": world.group}))
        .await
        .unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    delete("DeleteTargetGroup", json!({"TargetGroupArn": world.group}))
        .await
        .unwrap();
}

impl ElasticLoadBalancing {
    /// Gives what lasts to another run, and answers no more.
    pub(crate) fn hand_over(&self, to: &Self) {
        let (mut from, mut to) = (self.rows(), to.rows());
        hand_over(&mut from.balancers, &mut to.balancers);
        hand_over(&mut from.listeners, &mut to.listeners);
        hand_over(&mut from.groups, &mut to.groups);
        let proxies = std::mem::take(&mut *self.proxies.lock().unwrap());
        for (_, serving) in proxies {
            serving.abort();
        }
    }
}
