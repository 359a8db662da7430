//! An account on loopback, and how much is asked of it.

use crate::client::Client;
use platform::account::Account;
use platform::iam::NewRole;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::gateway;
use tokio::net::TcpListener;

/// A number that the environment may set.
pub(crate) fn number(variable: &str, default: usize) -> usize {
    let given = std::env::var(variable).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

/// An account that answers on loopback, with a role for all services that may do everything.
pub(crate) async fn served(root: PathBuf) -> Arc<Cloud> {
    let cloud = Cloud::new(Account::local(), root);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gateway::serve(Arc::clone(&cloud), listener).expect("a gateway");
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let services =
        ["states", "codebuild", "codepipeline", "lambda", "sagemaker"].map(|name| format!("{name}.amazonaws.com"));
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}]});
    let role = NewRole {
        trust,
        ..NewRole::for_service("all", "states.amazonaws.com").with_policy("all", all)
    };
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    cloud
}

/// Creates a machine of these states, the first of which it starts at.
pub(crate) async fn machine(cloud: &Cloud, name: &str, states: &Value) -> String {
    let first = states
        .as_object()
        .and_then(|states| states.keys().next())
        .expect("a state");
    let definition = json!({"StartAt": first, "States": states}).to_string();
    let input = json!({"name": name, "definition": definition, "roleArn": cloud.account.global_arn("iam", "role/all")});
    let mut client = Client::connect(cloud).await;
    let created = client
        .call("states", "AWSStepFunctions.CreateStateMachine", &input)
        .await;
    created.expect("a machine")["stateMachineArn"]
        .as_str()
        .expect("an ARN")
        .to_owned()
}

/// The memory that this process has in use, in MB, where the system says it.
pub(crate) fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes / 1024)
}
