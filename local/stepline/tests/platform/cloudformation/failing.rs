//! What is left of a change that failed, and who may make what.

use super::{account, delay, done, ok, refusal, stack, status, template};
use crate::world::{call, role};
use platform::iam::NewRole;
use platform::store::Store;
use platform::{Account, Principal};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};
use stepline::template::Deployed;

/// A role that Lambda may take on, with these properties beside.
fn of_lambda(properties: &str) -> String {
    format!(
        "  R:\n    Type: AWS::IAM::Role\n    DependsOn: Q\n    Properties: {{RoleName: made, AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}{properties}}}\n"
    )
}

fn with_role(delay: &str, properties: &str) -> Value {
    let mut input = stack(&template(delay, &of_lambda(properties)));
    input["Capabilities"] = json!(["CAPABILITY_NAMED_IAM"]);
    input
}

/// A queue that waits for longer than one may, made after the one of the template.
const TOO_LONG: &str = "  Z: {Type: AWS::SQS::Queue, DependsOn: Q, Properties: {DelaySeconds: 5000}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_failure_goes_back_to_what_was_whole() {
    let cloud = account();
    let whole = template("1", "");
    assert_eq!(done(&cloud, "CreateStack", stack(&whole)).await, "CREATE_COMPLETE");
    let mut kept = stack(&template("2", TOO_LONG));
    kept["DisableRollback"] = true.into();
    assert_eq!(done(&cloud, "UpdateStack", kept.clone()).await, "UPDATE_FAILED");
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("2"));
    kept["TemplateBody"] = template("3", TOO_LONG).into();
    assert_eq!(done(&cloud, "UpdateStack", kept).await, "UPDATE_FAILED");
    let failing = stack(&template("4", TOO_LONG));
    assert_eq!(done(&cloud, "UpdateStack", failing).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("1"));
    let body = ok(&cloud, "GetTemplate", json!({"StackName": "s"})).await;
    assert_eq!(body["TemplateBody"], whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_keeps_its_type() {
    let cloud = account();
    assert_eq!(
        done(&cloud, "CreateStack", stack(&template("1", ""))).await,
        "CREATE_COMPLETE"
    );
    let topic = "Resources: {Q: {Type: AWS::SNS::Topic, Properties: {TopicName: q}}}\n";
    let expected = "Update of resource type is not permitted. The new template modifies resource type of the following \
                    resources: [Q]";
    let refused = refusal(&cloud, "UpdateStack", stack(topic)).await;
    assert_eq!(refused, format!("ValidationException: {expected}"));
    let mut change_set = stack(topic);
    change_set["ChangeSetName"] = "c".into();
    ok(&cloud, "CreateChangeSet", change_set).await;
    let shown = ok(
        &cloud,
        "DescribeChangeSet",
        json!({"StackName": "s", "ChangeSetName": "c"}),
    )
    .await;
    assert_eq!(
        (&shown["Status"], &shown["StatusReason"]),
        (&json!("FAILED"), &json!(expected))
    );
    assert_eq!(status(&cloud, "s").await, "CREATE_COMPLETE");
    // What the local run deploys by itself is held to it, too.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("template.yaml");
    let deployed = Deployed {
        stack: "s".into(),
        template: file.clone(),
        ..Deployed::default()
    };
    std::fs::write(&file, topic).expect("a file");
    let refused = deploy::deploy_stack(&cloud, &deployed, &Deployment::default()).await;
    let said = refused.expect_err("a refusal").to_string();
    assert!(said.contains(expected) && said.contains("another logical id"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_before_the_failure_is_taken_back() {
    let cloud = account();
    for (resource, service, operation, list) in [
        (
            "{Type: AWS::Logs::LogGroup, Properties: {LogGroupName: l, RetentionInDays: 4}}",
            "logs",
            "DescribeLogGroups",
            "logGroups",
        ),
        (
            "{Type: AWS::S3::Bucket, Properties: {BucketName: b-of-s, VersioningConfiguration: {Status: Sometimes}}}",
            "s3",
            "ListBuckets",
            "Buckets",
        ),
    ] {
        let failing = format!("Resources:\n  L: {resource}\n");
        assert_eq!(done(&cloud, "CreateStack", stack(&failing)).await, "ROLLBACK_COMPLETE");
        let left = call(&cloud, service, operation, json!({})).await.expect(operation);
        assert_eq!(left[list], json!([]), "{resource}");
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
        // What stays because nobody takes it back is changed next time, and goes with its stack.
        let mut kept = stack(&failing);
        kept["DisableRollback"] = true.into();
        assert_eq!(done(&cloud, "CreateStack", kept).await, "CREATE_FAILED");
        let mended = failing.replace(": 4", ": 5").replace("Sometimes", "Enabled");
        assert_eq!(done(&cloud, "UpdateStack", stack(&mended)).await, "UPDATE_COMPLETE");
        // Neither does one stay that would have taken its place.
        let renamed = failing.replace("Name: ", "Name: another-");
        let taken_back = done(&cloud, "UpdateStack", stack(&renamed)).await;
        assert_eq!(taken_back, "UPDATE_ROLLBACK_COMPLETE");
        let left = call(&cloud, service, operation, json!({})).await.expect(operation);
        assert_eq!(left[list].as_array().map(Vec::len), Some(1), "{left}");
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
        let left = call(&cloud, service, operation, json!({})).await.expect(operation);
        assert_eq!(left[list], json!([]), "{resource}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_a_role_may_give_it_what_it_gets() {
    let inline = "Policies: [{PolicyName: p, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}]";
    let boundary = "arn:aws:iam::123456789012:policy/boundary";
    let bounded = format!("PermissionsBoundary: '{boundary}'");
    let managed = format!("ManagedPolicyArns: ['{boundary}']");
    let allow = |actions: &[&str]| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let under = |actions: &[&str]| {
        let mut statement = allow(actions);
        statement["Condition"] = json!({"StringEquals": {"iam:PermissionsBoundary": boundary}});
        statement
    };
    let attaches = |policy: &str| {
        let mut statement = allow(&["iam:AttachRolePolicy"]);
        statement["Condition"] = json!({"ArnEquals": {"iam:PolicyARN": policy}});
        statement
    };
    let usual = allow(&["cloudformation:*", "sqs:*", "iam:GetRole", "iam:Delete*", "iam:Detach*"]);
    for (properties, statements, missing) in [
        (String::new(), vec![allow(&["iam:CreateRole"])], None),
        (String::new(), vec![under(&["iam:CreateRole"])], Some("iam:CreateRole")),
        (bounded.clone(), vec![under(&["iam:CreateRole"])], None),
        (
            inline.to_owned(),
            vec![allow(&["iam:CreateRole"])],
            Some("iam:PutRolePolicy"),
        ),
        (
            inline.to_owned(),
            vec![allow(&["iam:CreateRole"]), under(&["iam:PutRolePolicy"])],
            Some("iam:PutRolePolicy"),
        ),
        (
            format!("{bounded}, {inline}"),
            vec![under(&["iam:CreateRole", "iam:PutRolePolicy"])],
            None,
        ),
        (
            managed.clone(),
            vec![allow(&["iam:CreateRole"])],
            Some("iam:AttachRolePolicy"),
        ),
        (
            managed.clone(),
            vec![
                allow(&["iam:CreateRole"]),
                attaches("arn:aws:iam::123456789012:policy/other"),
            ],
            Some("iam:AttachRolePolicy"),
        ),
        (managed, vec![allow(&["iam:CreateRole"]), attaches(boundary)], None),
        (
            "Tags: [{Key: k, Value: v}]".to_owned(),
            vec![allow(&["iam:CreateRole"])],
            Some("iam:TagRole"),
        ),
    ] {
        let cloud = account();
        let document = json!({"Version": "2012-10-17", "Statement": [allow(&["s3:*"])]});
        cloud.iam.create_policy(boundary, document).expect("a policy");
        let mut all = statements;
        all.push(usual.clone());
        let who = role(&cloud, "who", all.into());
        let more = if properties.is_empty() {
            String::new()
        } else {
            format!(", {properties}")
        };
        let input = with_role("1", &more);
        let begun = cloud.call(&who, "cloudformation", "CreateStack", input).await;
        cloud
            .ongoing
            .end(begun.expect("it begins")["StackId"].as_str().expect("an id"))
            .await;
        let expected = missing.map_or("CREATE_COMPLETE", |_| "ROLLBACK_COMPLETE");
        let events = ok(&cloud, "DescribeStackEvents", json!({"StackName": "s"}))
            .await
            .to_string();
        assert_eq!(status(&cloud, "s").await, expected, "{properties}: {events}");
        if let Some(missing) = missing {
            let said = format!("is not authorized to perform: {missing}").to_lowercase();
            assert!(events.to_lowercase().contains(&said), "{missing}: {events}");
        }
        assert_eq!(cloud.iam.role("made").is_ok(), missing.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_a_role_may_do_what_changes() {
    let cloud = account();
    assert_eq!(done(&cloud, "CreateStack", with_role("1", "")).await, "CREATE_COMPLETE");
    let allowed = json!([{"Effect": "Allow", "Action": ["cloudformation:*", "sqs:*", "iam:GetRole", "iam:UpdateRole"],
        "Resource": "*"}]);
    let who = role(&cloud, "who", allowed);
    for (delay, properties, expected) in [
        ("2", "", "UPDATE_COMPLETE"),
        ("2", ", MaxSessionDuration: 7200", "UPDATE_COMPLETE"),
        (
            "2",
            ", ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']",
            "UPDATE_ROLLBACK_COMPLETE",
        ),
    ] {
        let begun = cloud
            .call(&who, "cloudformation", "UpdateStack", with_role(delay, properties))
            .await;
        cloud
            .ongoing
            .end(begun.expect("it begins")["StackId"].as_str().expect("an id"))
            .await;
        assert_eq!(status(&cloud, "s").await, expected, "{properties}");
    }
}

fn open(folder: &Path) -> Arc<Cloud> {
    let store = Store::open(folder).expect("the store opens");
    let cloud = Cloud::open(Account::local(), std::env::temp_dir(), &store).expect("it opens");
    deploy::stand_behind(&cloud);
    let policy = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "cloudformation:*"], "Resource": "*"}]});
    for (name, service) in [
        ("deploys", "cloudformation.amazonaws.com"),
        ("person", "lambda.amazonaws.com"),
    ] {
        let role = NewRole::for_service(name, service).with_policy("calls", policy.clone());
        cloud.iam.create_role(&cloud.account, role).expect("a role");
    }
    cloud
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_makes_nothing_that_a_failed_change_might_not_make() {
    for role in [Some("arn:aws:iam::123456789012:role/deploys"), None] {
        let folder = tempfile::tempdir().expect("a folder");
        let cloud = open(folder.path());
        let person = Principal::role_session("person", "s");
        let ask = async |operation: &str, mut input: Value| {
            input["RoleARN"] = role.into();
            let caller = match role {
                Some(_) => &Principal::Administrator,
                None => &person,
            };
            let begun = cloud.call(caller, "cloudformation", operation, input).await;
            let id = begun.expect(operation)["StackId"].take();
            cloud.ongoing.end(id.as_str().expect("an id")).await;
            status(&cloud, "s").await
        };
        assert_eq!(ask("CreateStack", stack(&template("1", ""))).await, "CREATE_COMPLETE");
        let mut refused = with_role("2", "");
        refused["DisableRollback"] = true.into();
        assert_eq!(ask("UpdateStack", refused).await, "UPDATE_FAILED");
        cloud.store.settled().await.expect("it lasts");
        drop(cloud);
        let cloud = open(folder.path());
        deploy::resume(&cloud).await;
        assert!(cloud.iam.role("made").is_err(), "{role:?}");
        assert_eq!(status(&cloud, "s").await, "UPDATE_FAILED");
    }
}
