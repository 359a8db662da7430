//! The gate between Build and the job, in the whole chain: the real definition, functions, roles and ECR.

use super::world::World;
use super::{message, states};
use platform::journal::Happening;
use serde_json::{Value, json};

fn findings() -> Value {
    let attributes = json!([{"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0.1"}]);
    json!([
        {"name": "CVE-2026-1", "severity": "CRITICAL", "attributes": attributes},
        {"name": "CVE-2026-2", "severity": "MEDIUM", "attributes": attributes},
    ])
}

fn jobs(world: &World) -> usize {
    let entries = world.cloud.journal.entries().into_iter();
    let jobs = entries.filter(|entry| matches!(entry.happening, Happening::Job { .. }));
    jobs.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_findings_never_runs_and_the_action_says_which() {
    let world = World::new().await;
    world.scan_finds(&findings());
    assert_eq!(world.run_pipeline().await, "Failed");
    let message = message(&world, "Execute").expect("a failure's message");
    for part in [
        "ImageNotAccepted",
        "1 finding at CRITICAL or above: CVE-2026-1 (openssl 3.0.1, CRITICAL)",
        "/ml/dev/scan-allowed",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert_eq!(jobs(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_with_a_reason_runs() {
    let world = World::new().await;
    world.scan_finds(&findings());
    let allowed = json!([{"name": "CVE-2026-1", "reason": "the job talks to nobody", "until": "2999-12-31"}]);
    let parameter = json!({"Name": "/ml/dev/scan-allowed", "Value": allowed.to_string(), "Overwrite": true});
    world.call("ssm", "PutParameter", parameter).await;
    assert_eq!(
        world.run_pipeline().await,
        "Succeeded",
        "{:?}",
        message(&world, "Execute")
    );
    assert!(jobs(&world) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_read_the_scan_is_told_so_in_aws_s_words() {
    let world = World::new().await;
    let iam = &world.cloud.iam;
    let deny = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "ecr:DescribeImageScanFindings", "Resource": "*",
    }});
    iam.put_role_policy("ml-pipeline-dev-us-east-1", "as-it-was", deny)
        .expect("the role is there");
    assert_eq!(world.run_pipeline().await, "Failed");
    let failed: Vec<String> = states(&world)
        .into_iter()
        .filter_map(|(state, error)| error.map(|_| state))
        .collect();
    assert_eq!(failed, ["LookAtScan", "FailState"]);
    let message = message(&world, "Execute").expect("a failure's message");
    for part in [
        "Ecr.EcrException",
        "is not authorized to perform: ecr:DescribeImageScanFindings",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}
