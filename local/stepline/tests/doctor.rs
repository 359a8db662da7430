//! The doctor against the local services: nothing deployed, all deployed, and what is in the way in between.

use aws_credential_types::Credentials;
use platform::account::Account;
use platform::principal::Principal;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use stepline::aws::Access;
use stepline::cloud::Cloud;
use stepline::doctor::{Account as _, Intent, Report, Verdict, examine_with};
use stepline::{deploy, gateway};
use tokio::net::TcpListener;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the root is two folders up")
}

/// A local account, and the address of its services.
async fn account() -> (Arc<Cloud>, String) {
    let cloud = Cloud::new(Account::local(), root().to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gateway::serve(Arc::clone(&cloud), listener).expect("the gateway serves");
    let endpoint = cloud.endpoint().expect("the gateway has an address").to_owned();
    (cloud, endpoint)
}

async fn examine(endpoint: &str, credentials: Credentials) -> Report {
    let access = Access::at(endpoint, "us-east-1", credentials);
    examine_with(access, root(), "dev")
        .await
        .expect("the files that deploy are right")
}

fn anybody() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// What is not well, by topic and sentence.
fn ailments(report: &Report) -> Vec<String> {
    let ailing = report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Well);
    ailing
        .map(|finding| format!("{}: {}", finding.topic, finding.sentence))
        .collect()
}

fn says(report: &Report, topic: &str, part: &str) -> bool {
    report
        .findings
        .iter()
        .any(|finding| finding.topic == topic && finding.sentence.contains(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_first_deployment() {
    let (_cloud, endpoint) = account().await;
    let report = examine(&endpoint, anybody()).await;
    // The repository and the connection in samconfig.toml are for whoever deploys to fill in; everything else is free.
    let topics: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Well)
        .map(|finding| finding.topic)
        .collect();
    // So is the role of the workflow, which is made by hand.
    assert_eq!(topics, ["repository", "connection", "workflow"], "{report}");
    assert!(says(&report, "identity", "in the account 123456789012"), "{report}");
    for stack in [
        "stepline-dev is not there yet",
        "stepline-pipeline-dev is not there yet",
    ] {
        assert!(says(&report, "stacks", stack), "{report}");
    }
    assert!(says(&report, "names", "names are free"), "{report}");
    assert!(
        says(&report, "quotas", "ml.t3.medium for processing job usage: 4"),
        "{report}"
    );
    assert!(says(&report, "quotas", "1000 invocations at once"), "{report}");
    assert_eq!(report.exit_code(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_deployed_is_ours() {
    let (cloud, endpoint) = account().await;
    deploy::deploy(&cloud, "dev").await.expect("the deployment succeeds");
    let report = examine(&endpoint, anybody()).await;
    assert!(
        says(&report, "stacks", "stepline-dev is there and can be updated"),
        "{report}"
    );
    assert!(says(&report, "names", "names are ours"), "{report}");
    assert!(!says(&report, "names", "free"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_named_with_its_mend() {
    let (cloud, endpoint) = account().await;
    let me = &Principal::Administrator;
    for (service, operation, input) in [
        ("ecr", "CreateRepository", json!({"repositoryName": "ml-pipeline-dev"})),
        ("sqs", "CreateQueue", json!({"QueueName": "stepline-failed-events-dev"})),
        (
            "ssm",
            "PutParameter",
            json!({"Name": "/ml/dev/instance-type", "Type": "String", "Value": "ml.t3.large"}),
        ),
        (
            "s3",
            "CreateBucket",
            json!({"Bucket": "stepline-artifacts-dev-123456789012-us-east-1"}),
        ),
    ] {
        cloud
            .call(me, service, operation, input)
            .await
            .unwrap_or_else(|error| panic!("{operation}: {error}"));
    }
    cloud
        .servicequotas
        .set("sagemaker", "ml.t3.medium for processing job usage", 0.0);
    let report = examine(&endpoint, anybody()).await;
    let mends: Vec<&str> = report
        .findings
        .iter()
        .filter_map(|finding| finding.mend.as_deref())
        .collect();
    for expected in [
        "aws ecr delete-repository --repository-name ml-pipeline-dev --region us-east-1",
        "aws sqs delete-queue --queue-url ",
        "aws ssm delete-parameter --name /ml/dev/instance-type --region us-east-1",
        "aws s3 rb s3://stepline-artifacts-dev-123456789012-us-east-1 --region us-east-1",
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-",
    ] {
        assert!(mends.iter().any(|mend| mend.contains(expected)), "{expected}\n{report}");
    }
    // Those five, the two that samconfig.toml leaves open, and the role of the workflow.
    assert_eq!(ailments(&report).len(), 8, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_ask_is_told_what_to_allow() {
    let (cloud, endpoint) = account().await;
    let nobody = platform::iam::NewRole::for_service("nobody", "lambda.amazonaws.com");
    cloud.iam.create_role(&cloud.account, nobody).expect("the role");
    let issued = cloud
        .iam
        .assume_role("nobody", "session", Vec::new())
        .expect("credentials");
    let credentials = Credentials::new(
        issued.access_key_id,
        issued.secret_access_key,
        Some(issued.session_token),
        None,
        "test",
    );
    let report = examine(&endpoint, credentials).await;
    // Everybody may ask who they are.
    assert!(says(&report, "identity", "assumed-role/nobody/session"), "{report}");
    let mends: Vec<&str> = report
        .findings
        .iter()
        .filter_map(|finding| finding.mend.as_deref())
        .collect();
    for action in [
        "cloudformation:DescribeStacks",
        "servicequotas:ListServiceQuotas",
        "lambda:GetAccountSettings",
    ] {
        assert!(
            mends.iter().any(|mend| mend.starts_with(&format!("allow {action} "))),
            "{action}\n{report}"
        );
    }
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.verdict == Verdict::Unknown)
    );
    assert_eq!(report.exit_code(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_reached_is_said_at_once() {
    // A port on which nobody listens: it was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let report = examine(&endpoint, anybody()).await;
    assert!(
        says(
            &report,
            "identity",
            "AWS does not know the caller: sts:GetCallerIdentity failed"
        ),
        "{report}"
    );
    assert_eq!(report.findings.len(), 2, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_role_trusts_is_read_from_its_trust_policy() {
    let (cloud, endpoint) = account().await;
    let subject = "token.actions.githubusercontent.com:sub";
    for (role, condition, expected) in [
        (
            "one",
            json!({"StringEquals": {subject: "repo:us/ours:environment:dev"}}),
            vec!["repo:us/ours:environment:dev"],
        ),
        (
            "two",
            json!({"StringLike": {subject: ["repo:a/b:*", "repo:c/d:*"]}}),
            vec!["repo:a/b:*", "repo:c/d:*"],
        ),
        ("none", json!({}), vec![]),
    ] {
        let mut new = platform::iam::NewRole::for_service(role, "lambda.amazonaws.com");
        new.trust["Statement"][0]["Condition"] = condition;
        cloud.iam.create_role(&cloud.account, new).expect("the role");
        let access = Access::at(&endpoint, "us-east-1", anybody());
        let expected = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(access.get_role_subjects(role).await, Ok(Some(expected)), "{role}");
    }
    let access = Access::at(&endpoint, "us-east-1", anybody());
    assert_eq!(access.get_role_subjects("absent").await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflows_role_is_the_one_that_the_template_makes() {
    let template = std::fs::read_to_string(root().join("sam/deployer.yaml")).expect("the template");
    for environment in ["dev", "prod"] {
        let intent = Intent::read(root(), environment, "123456789012")
            .await
            .expect("the files are right");
        let deployer = intent.deployer.expect("samconfig.toml has the roles");
        let declared = format!("RoleName: !Sub stepline-deployer-{environment}-${{AWS::Region}}\n");
        assert!(template.contains(&declared), "{declared}");
        assert_eq!(deployer.role, format!("stepline-deployer-{environment}-us-east-1"));
        let boundary = format!("arn:aws:iam::123456789012:policy/stepline-boundary-{environment}-us-east-1");
        assert_eq!(deployer.boundary, boundary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_says_since_when_it_is_there() {
    let (cloud, _) = account().await;
    deploy::deploy(&cloud, "dev").await.expect("the deployment succeeds");
    let me = &Principal::Administrator;
    let call = async |operation: &str| {
        let input = json!({"StackName": "stepline-dev"});
        cloud
            .call(me, "cloudformation", operation, input)
            .await
            .expect(operation)
    };
    let stack = call("DescribeStacks").await["Stacks"][0].take();
    let created: jiff::Timestamp = stack["CreationTime"].as_str().expect("a text").parse().expect("a time");
    assert!(created <= jiff::Timestamp::now(), "{created}");
    let resource = call("DescribeStackResources").await["StackResources"][0].take();
    let made: jiff::Timestamp = resource["Timestamp"].as_str().expect("a text").parse().expect("a time");
    assert!(created <= made && made <= jiff::Timestamp::now(), "{made}");
}
