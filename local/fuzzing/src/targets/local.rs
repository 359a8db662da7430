//! What the local account reads: definitions, build specifications, templates, policies, and requests over HTTP.

use super::run;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request};
use platform::Requirement;
use platform::account::Account;
use platform::iam::{Credentials, Iam, NewRole};
use platform::principal::Principal;
use serde_json::{Value, json};
use services::codebuild::buildspec::BuildSpec;
use states_language::{
    Execution, ExecutionType, Failure, MachineSettings, Mocks, StartOptions, StateMachine, TaskRequest, VirtualClock,
    calls, misuse, permissions, run_to_end,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use stepline::gateway;
use stepline::template::{Made, Stack};

/// How many requests one account gets before the next one is empty again: what it keeps is not what is measured.
const REQUESTS_AN_ACCOUNT: usize = 200;

/// How long an answer is waited for that AWS would let one wait for, too: a queue's next message, an execution's end.
const PATIENCE: Duration = Duration::from_millis(20);

/// Reads a definition; one that is in order is run, with tasks that answer what they were asked. What it would call is
/// read of any, and so is a file of mocks.
pub(crate) fn definition(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for call in calls(&text).unwrap_or_default() {
        let _ = misuse(&call, ExecutionType::Express);
    }
    let settings = MachineSettings {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account: "123456789012".into(),
        name: "m".into(),
        logs: true,
        traces: true,
    };
    let _ = permissions(&text, &settings);
    if let Ok(mut mocked) = Mocks::read(&text).and_then(|mocks| mocks.of("m", None)) {
        let _ = (mocked.take("A"), mocked.take("A"));
    }
    let Ok(machine) = StateMachine::parse(&text) else {
        assert!(!StateMachine::validate(&text).is_empty(), "refused without a finding");
        return;
    };
    let options = StartOptions {
        max_events: Some(50),
        ..StartOptions::default()
    };
    let mut clock = VirtualClock::default();
    let now = states_language::Clock::now(&mut clock);
    let input = r#"{"a": {"b": [1, {"c": "x"}]}, "n": 7, "s": "text", "t": "2026-01-01T00:00:00Z"}"#;
    let Ok(mut execution) = Execution::start(&machine, options, input, now) else {
        return;
    };
    let mut echo = |task: &TaskRequest| Ok::<_, Failure>(task.parameters.clone());
    run_to_end(&mut execution, &mut echo, &mut clock);
}

pub(crate) fn buildspec(bytes: &[u8]) {
    let _ = BuildSpec::parse(&String::from_utf8_lossy(bytes));
}

/// Reads a template, and resolves its resources and outputs as they would be made.
pub(crate) fn template(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
    }
    let opened = FOLDER.with(|folder| {
        let file = folder.path().join("template.yaml");
        std::fs::write(&file, bytes).expect("a template");
        Stack::open(&file, &Account::local(), "stack", &BTreeMap::new(), &BTreeMap::new())
    });
    let Ok(mut stack) = opened else { return };
    for id in stack.order().to_vec() {
        if stack.resource(&id).is_err() {
            return;
        }
        stack.made(&id, Made::new("made").with("Arn", "arn:aws:made"));
    }
    let _ = stack.outputs();
}

/// Reads a policy as each kind of policy, and has it decide.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let (account, iam) = (Account::local(), Iam::default());
    let of_trust = NewRole {
        trust: document.clone(),
        ..NewRole::for_service("trusting", "lambda.amazonaws.com")
    };
    let _ = iam.create_role(&account, of_trust);
    let own = NewRole::for_service("own", "lambda.amazonaws.com").with_policy("p", document.clone());
    let _ = iam.create_role(&account, own);
    let _ = iam.put_resource_policy("arn:aws:sqs:us-east-1:123456789012:q", &document);
    let _ = iam.trusts_service(&account, "trusting", "lambda.amazonaws.com", None);
    for (action, resource) in [
        (
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/a",
        ),
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q"),
    ] {
        let requirement = Requirement::new(action, resource)
            .with("aws:SourceIp", "10.0.0.1")
            .with("n:n", "1e3");
        for caller in [
            Principal::role_session("own", "session"),
            Principal::role_session("trusting", "session"),
            Principal::service("events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/r"),
        ] {
            let _ = iam.decide(&account, &caller, &requirement);
        }
    }
}

/// Answers a request, written as `METHOD PATH SERVICE`, headers, an empty line and the body; who signs it is the
/// administrator, or, with `!` before the service's name, a session that may do all.
pub(crate) fn gateway(bytes: &[u8]) {
    thread_local! {
        static KEPT: RefCell<Option<(Arc<Cloud>, Credentials, usize)>> = const { RefCell::new(None) };
    }
    let Some(parsed) = Parsed::of(bytes) else { return };
    let (cloud, session) = KEPT.with_borrow_mut(|kept| {
        let (cloud, session, served) = kept.get_or_insert_with(account_with_a_session);
        *served += 1;
        let given = (Arc::clone(cloud), session.clone());
        if *served == REQUESTS_AN_ACCOUNT {
            *kept = None;
        }
        given
    });
    let Some(request) = parsed.request(&session) else {
        return;
    };
    run(async {
        let answered = tokio::time::timeout(PATIENCE, async {
            let response = gateway::respond(&cloud, request).await;
            let status = response.status();
            let is_aws =
                response.headers().contains_key("content-type") || response.headers().contains_key("x-amz-request-id");
            let length = to_bytes(response.into_body(), usize::MAX)
                .await
                .map_or(0, |body| body.len());
            assert!(status != 500, "an internal failure");
            assert!(length == 0 || is_aws, "an answer of no protocol");
        });
        // What waits longer waits for something.
        let _ = answered.await;
    });
}

fn account_with_a_session() -> (Arc<Cloud>, Credentials, usize) {
    let cloud = Cloud::new(Account::local(), std::env::temp_dir());
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let role = NewRole::for_service("all", "lambda.amazonaws.com").with_policy("all", all);
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    let session = cloud.iam.assume_role("all", "s", Vec::new()).expect("credentials");
    (cloud, session, 0)
}

/// A request as it is written down.
struct Parsed<'b> {
    method: &'b str,
    path: &'b str,
    service: &'b str,
    headers: Vec<(&'b str, &'b str)>,
    body: &'b [u8],
}

impl<'b> Parsed<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
        let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.lines();
        let mut first = lines.next()?.splitn(3, ' ');
        Some(Self {
            method: first.next()?,
            path: first.next()?,
            service: first.next().unwrap_or_default(),
            headers: lines.filter_map(|line| line.split_once(": ")).collect(),
            body: bytes.get(end + 2..).unwrap_or_default(),
        })
    }

    /// The request, if HTTP has it.
    fn request(&self, session: &Credentials) -> Option<Request<Body>> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in &self.headers {
            request = request.header(HeaderName::try_from(*name).ok()?, HeaderValue::try_from(*value).ok()?);
        }
        if !self.service.is_empty() {
            let (key, service) = match self.service.strip_prefix('!') {
                Some(service) => (session.access_key_id.as_str(), service),
                None => ("test", self.service),
            };
            if key != "test" {
                request = request.header("x-amz-security-token", session.session_token.as_str());
            }
            let scope = format!("{key}/20260101/us-east-1/{service}/aws4_request");
            let value = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
            request = request.header("authorization", HeaderValue::try_from(value).ok()?);
        }
        request.body(Body::from(self.body.to_vec())).ok()
    }
}
