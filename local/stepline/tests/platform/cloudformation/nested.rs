//! Stacks that templates nest: made, changed, taken back and removed with the outer one.

use super::{PARAMETER, account, delay, described, done, events, formation, ok, refusal, stack, status, template};
use crate::world::call;
use platform::iam::NewRole;
use platform::store::Store;
use platform::{Account, Principal};
use serde_json::{Value, json};
use services::cloudformation::nested_name;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy;

/// An account with a bucket for templates.
async fn with_bucket() -> Arc<Cloud> {
    let cloud = account();
    let bucket = json!({"Bucket": "templates"});
    call(&cloud, "s3", "CreateBucket", bucket).await.expect("a bucket");
    cloud
}

/// Puts a template where nested stacks find it.
async fn upload(cloud: &Arc<Cloud>, key: &str, template: &str) {
    let object = json!({"Bucket": "templates", "Key": key});
    let put = cloud.send(
        &Principal::Administrator,
        "s3",
        "PutObject",
        object,
        template.to_owned().into(),
    );
    put.await.expect("an object");
}

/// A nested stack of this template, with these lines below its properties.
fn nested(id: &str, key: &str, more: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      \
         TemplateURL: https://s3.us-east-1.amazonaws.com/templates/{key}\n{more}"
    )
}

/// A template that nests one, passes it a name, and tells what it has made.
fn outer(key: &str, others: &str) -> String {
    format!(
        "Resources:\n{}{others}Outputs:\n  Url: {{Value: !GetAtt Inner.Outputs.Url}}\n",
        nested(
            "Inner",
            key,
            "      Parameters: {Name: inner}\n      TimeoutInMinutes: 5\n"
        )
    )
}

fn inner() -> String {
    nested_name("s", "Inner")
}

/// What happened to a stack of this name, as `resource status`.
async fn events_of(cloud: &Arc<Cloud>, stack: &str) -> Vec<String> {
    let events = ok(cloud, "DescribeStackEvents", json!({"StackName": stack})).await;
    let events = events["StackEvents"].as_array().expect("events").iter().rev();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    events
        .map(|event| format!("{} {}", text(event, "LogicalResourceId"), text(event, "ResourceStatus")))
        .collect()
}

async fn reason(cloud: &Arc<Cloud>, stack: &str, status: &str) -> String {
    let events = ok(cloud, "DescribeStackEvents", json!({"StackName": stack})).await;
    let mut events = events["StackEvents"].as_array().expect("events").iter();
    let found = events.find(|event| event["ResourceStatus"] == status && event["LogicalResourceId"] == "Inner");
    let found = found.expect(status);
    found["ResourceStatusReason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_stack_is_made_changed_and_removed_with_its_outer_one() {
    let cloud = with_bucket().await;
    upload(&cloud, "a.yaml", &template("1", PARAMETER)).await;
    upload(&cloud, "b.yaml", &template("2", "")).await;
    let tagged = |key: &str| {
        let mut input = stack(&outer(key, ""));
        input["Tags"] = json!([{"Key": "team", "Value": "t"}]);
        input
    };
    assert_eq!(done(&cloud, "CreateStack", tagged("a.yaml")).await, "CREATE_COMPLETE");
    let outermost = described(&cloud, "s").await;
    let nested = described(&cloud, &inner()).await;
    assert_eq!(nested["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(
        (&nested["ParentId"], &nested["RootId"]),
        (&outermost["StackId"], &outermost["StackId"])
    );
    assert_eq!(nested["Tags"], json!([{"Key": "team", "Value": "t"}]));
    assert_eq!(
        nested["Parameters"],
        json!([{"ParameterKey": "Name", "ParameterValue": "inner"}])
    );
    assert_eq!(
        outermost["Outputs"][0]["OutputValue"],
        nested["Outputs"][0]["OutputValue"]
    );
    let resource = json!({"StackName": "s", "LogicalResourceId": "Inner"});
    let resource = ok(&cloud, "DescribeStackResource", resource).await;
    assert_eq!(resource["StackResourceDetail"]["PhysicalResourceId"], nested["StackId"]);
    let listed = ok(&cloud, "ListStacks", json!({})).await;
    let listed = listed["StackSummaries"].as_array().expect("stacks").iter();
    let parents: Vec<&Value> = listed.filter_map(|stack| stack.get("ParentId")).collect();
    assert_eq!(parents, [&outermost["StackId"]]);
    assert_eq!(
        events(&cloud).await,
        [
            "s CREATE_IN_PROGRESS",
            "Inner CREATE_IN_PROGRESS",
            "Inner CREATE_COMPLETE",
            "s CREATE_COMPLETE"
        ]
    );

    let queue = nested["Outputs"][0]["OutputValue"].as_str().expect("a URL").to_owned();
    assert_eq!(done(&cloud, "UpdateStack", tagged("b.yaml")).await, "UPDATE_COMPLETE");
    assert_eq!(status(&cloud, &inner()).await, "UPDATE_COMPLETE");
    assert_eq!(delay(&cloud, &queue).await.as_deref(), Some("2"));
    assert!(call(&cloud, "ssm", "GetParameter", json!({"Name": "p"})).await.is_err());
    // What the nested stack does not need any more is removed after the outer one was changed.
    let nested_events = events_of(&cloud, &inner()).await;
    assert!(nested_events.ends_with(&["P DELETE_COMPLETE".into(), format!("{} UPDATE_COMPLETE", inner())]));

    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(
        described(&cloud, nested["StackId"].as_str().expect("an id")).await["StackStatus"],
        "DELETE_COMPLETE"
    );
    assert_eq!(delay(&cloud, &queue).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_changed_below_is_changed() {
    let cloud = with_bucket().await;
    upload(&cloud, "deep.yaml", &template("1", "")).await;
    let middle = |more: &str| format!("Resources:\n{}{more}", nested("Inner", "deep.yaml", ""));
    upload(&cloud, "middle.yaml", &middle("")).await;
    upload(&cloud, "side.yaml", PARAMETER_ALONE).await;
    let root = format!(
        "Resources:\n{}{}",
        nested("Inner", "middle.yaml", ""),
        nested("Side", "side.yaml", "    DependsOn: Inner\n")
    );
    assert_eq!(done(&cloud, "CreateStack", stack(&root)).await, "CREATE_COMPLETE");
    let deep = nested_name(&inner(), "Inner");
    let root_id = described(&cloud, "s").await["StackId"].take();
    assert_eq!(described(&cloud, &deep).await["RootId"], root_id);
    let before = events_of(&cloud, &nested_name("s", "Side")).await;
    // Nobody but the deepest template has changed, at the address that it had.
    upload(&cloud, "deep.yaml", &template("3", "")).await;
    assert_eq!(done(&cloud, "UpdateStack", stack(&root)).await, "UPDATE_COMPLETE");
    assert_eq!(events_of(&cloud, &nested_name("s", "Side")).await, before);
    let queue = described(&cloud, &deep).await["Outputs"][0]["OutputValue"].take();
    assert_eq!(
        delay(&cloud, queue.as_str().expect("a URL")).await.as_deref(),
        Some("3")
    );
}

const PARAMETER_ALONE: &str =
    "Resources:\n  Z: {Type: AWS::SSM::Parameter, Properties: {Name: z, Type: String, Value: '1'}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_below_is_taken_back_everywhere() {
    let cloud = with_bucket().await;
    upload(&cloud, "a.yaml", &template("1", PARAMETER)).await;
    upload(&cloud, "b.yaml", &template("2", "")).await;
    upload(&cloud, "failing.yaml", &template("5000", "")).await;
    // It cannot be made: it goes with the outer one.
    let failed = done(&cloud, "CreateStack", stack(&outer("failing.yaml", ""))).await;
    assert_eq!(failed, "ROLLBACK_COMPLETE");
    let why = reason(&cloud, "s", "CREATE_FAILED").await;
    assert!(
        why.starts_with("Embedded stack arn:aws:cloudformation:us-east-1:123456789012:stack/s-Inner-")
            && why.contains(" was not successfully created: The following resource(s) failed to create: [Q]."),
        "{why}"
    );
    done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;

    done(&cloud, "CreateStack", stack(&outer("a.yaml", ""))).await;
    let queue = described(&cloud, &inner()).await["Outputs"][0]["OutputValue"].take();
    let queue = queue.as_str().expect("a URL");
    let failed = done(&cloud, "UpdateStack", stack(&outer("failing.yaml", ""))).await;
    assert_eq!(failed, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(status(&cloud, &inner()).await, "UPDATE_ROLLBACK_COMPLETE");
    let why = reason(&cloud, "s", "UPDATE_FAILED").await;
    assert!(
        why.contains(" was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: "),
        "{why}"
    );
    // The nested stack was changed as a whole before something beside it fails: it goes back, too, to the template that it
    // had, although something else is at that address by now.
    let beside = "  R: {Type: AWS::SQS::Queue, DependsOn: Inner, Properties: {DelaySeconds: 5000}}\n";
    upload(&cloud, "a.yaml", "no template any more").await;
    let failed = done(&cloud, "UpdateStack", stack(&outer("b.yaml", beside))).await;
    assert_eq!(failed, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(status(&cloud, &inner()).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(delay(&cloud, queue).await.as_deref(), Some("1"));
    let kept = call(&cloud, "ssm", "GetParameter", json!({"Name": "p"})).await;
    assert!(kept.is_ok(), "what was not removed yet is there");
    // Without a rollback both stay as they are.
    let mut kept = stack(&outer("failing.yaml", ""));
    kept["DisableRollback"] = json!(true);
    assert_eq!(done(&cloud, "UpdateStack", kept).await, "UPDATE_FAILED");
    assert_eq!(status(&cloud, &inner()).await, "UPDATE_FAILED");
    assert_eq!(
        done(&cloud, "UpdateStack", stack(&outer("b.yaml", ""))).await,
        "UPDATE_COMPLETE"
    );
    assert_eq!(delay(&cloud, queue).await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_below_is_said_as_cloudformation_says_it() {
    let cloud = with_bucket().await;
    let role = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}\n";
    let function = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Q: {Type: AWS::SQS::Queue}\n";
    let circle = format!("Resources:\n{}", nested("Inner", "circle.yaml", ""));
    let growing = format!(
        "Parameters: {{Name: {{Type: String, Default: n}}}}\nResources:\n{}",
        nested("I", "growing.yaml", "      Parameters: {Name: !Sub '${Name}n'}\n")
    );
    for (key, template) in [
        ("role.yaml", role),
        ("function.yaml", function),
        ("circle.yaml", &circle),
        ("growing.yaml", &growing),
        ("queue.yaml", "Resources: {Q: {Type: AWS::SQS::Queue}}\n"),
    ] {
        upload(&cloud, key, template).await;
    }
    for (url, parameters, expected) in [
        (
            "https://s3.us-east-1.amazonaws.com/templates/role.yaml",
            "",
            "Requires capabilities : [CAPABILITY_IAM]",
        ),
        (
            "https://templates.s3.us-east-1.amazonaws.com/function.yaml",
            "",
            "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
        ),
        (
            "https://s3.us-east-1.amazonaws.com/templates/none.yaml",
            "",
            "S3 error: The specified key does not exist.",
        ),
        ("./inner.yaml", "", "TemplateURL must be a supported URL."),
        (
            "https://s3.us-east-1.amazonaws.com/templates/queue.yaml",
            "      Parameters: {Other: x}\n",
            "Parameters: [Other] do not exist in the template",
        ),
        (
            "https://s3.us-east-1.amazonaws.com/templates/circle.yaml",
            "",
            "the template nests itself: stack s ",
        ),
        (
            "https://s3.us-east-1.amazonaws.com/templates/growing.yaml",
            "",
            "Embedded stack ",
        ),
    ] {
        let template = format!(
            "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: {url}\n{parameters}"
        );
        assert_eq!(
            done(&cloud, "CreateStack", stack(&template)).await,
            "ROLLBACK_COMPLETE",
            "{url}"
        );
        let why = reason(&cloud, "s", "CREATE_FAILED").await;
        assert!(why.contains(expected), "{url}: {why}");
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
    }
    let unknown = format!(
        "Resources:\n{}  P: {{Type: AWS::SSM::Parameter, Properties: {{Name: p, Type: String, Value: !GetAtt Inner.Outputs.No}}}}\n",
        nested("Inner", "queue.yaml", "")
    );
    assert_eq!(done(&cloud, "CreateStack", stack(&unknown)).await, "ROLLBACK_COMPLETE");
    let why = described(&cloud, "s").await["StackStatusReason"].take();
    let all = ok(&cloud, "DescribeStackEvents", json!({"StackName": "s"}))
        .await
        .to_string();
    assert!(
        all.contains("Output 'No' not found in stack 'arn:aws:cloudformation:"),
        "{why}: {all}"
    );
    let summary = ok(&cloud, "ValidateTemplate", json!({"TemplateBody": circle})).await;
    assert_eq!(
        summary["Capabilities"],
        json!(["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_needs_leave_for_nested_stacks_and_for_their_templates() {
    let cloud = with_bucket().await;
    upload(
        &cloud,
        "a.yaml",
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}\n",
    )
    .await;
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let of = |name: &str| format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{name}");
    let queues = allow("sqs:*", "*");
    let templates = allow("s3:GetObject", "arn:aws:s3:::templates/*");
    let narrow = allow("cloudformation:CreateStack", &of("s-Inner-*/*"));
    for (name, statements, expected) in [
        ("no-stack", json!([queues, templates]), "cloudformation:CreateStack"),
        ("no-template", json!([queues, narrow]), "s3:GetObject"),
        (
            "other",
            json!([queues, templates, allow("cloudformation:CreateStack", &of("other/*"))]),
            "cloudformation:CreateStack",
        ),
        (
            "all",
            json!([
                queues,
                templates,
                narrow,
                allow("cloudformation:DeleteStack", &of("s-Inner-*/*"))
            ]),
            "",
        ),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let role = NewRole::for_service(name, "cloudformation.amazonaws.com").with_policy("calls", policy);
        let role = cloud.iam.create_role(&cloud.account, role).expect("a role");
        let mut input = stack(&format!("Resources:\n{}", nested("Inner", "a.yaml", "")));
        input["RoleARN"] = role.into();
        let status = done(&cloud, "CreateStack", input).await;
        if expected.is_empty() {
            assert_eq!(status, "CREATE_COMPLETE");
        } else {
            assert_eq!(status, "ROLLBACK_COMPLETE", "{name}");
            let why = reason(&cloud, "s", "CREATE_FAILED").await;
            assert!(why.contains(expected), "{name}: {why}");
        }
        assert_eq!(
            done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
            "DELETE_COMPLETE",
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_sets_show_nested_stacks_and_include_them_where_that_is_asked() {
    let cloud = with_bucket().await;
    upload(&cloud, "a.yaml", &template("1", "")).await;
    upload(&cloud, "b.yaml", &template("2", "")).await;
    let change_set = |name: &str, kind: &str, key: &str, includes: bool| {
        let mut input = stack(&outer(key, ""));
        for (member, value) in [
            ("ChangeSetName", json!(name)),
            ("ChangeSetType", json!(kind)),
            ("IncludeNestedStacks", json!(includes)),
        ] {
            input[member] = value;
        }
        input
    };
    let named = |name: &str| json!({"StackName": "s", "ChangeSetName": name});
    ok(&cloud, "CreateChangeSet", change_set("made", "CREATE", "a.yaml", true)).await;
    let made = ok(&cloud, "DescribeChangeSet", named("made")).await;
    assert_eq!(
        (&made["Status"], &made["IncludeNestedStacks"]),
        (&json!("CREATE_COMPLETE"), &json!(true))
    );
    let below = made["Changes"][0]["ResourceChange"]["ChangeSetId"]
        .as_str()
        .expect("a change set")
        .to_owned();
    let nested = ok(&cloud, "DescribeChangeSet", json!({"ChangeSetName": below})).await;
    assert_eq!(
        (&nested["ParentChangeSetId"], &nested["RootChangeSetId"]),
        (&made["ChangeSetId"], &made["ChangeSetId"])
    );
    assert_eq!(nested["Changes"][0]["ResourceChange"]["LogicalResourceId"], "Q");
    assert_eq!(status(&cloud, &inner()).await, "REVIEW_IN_PROGRESS");
    for operation in ["ExecuteChangeSet", "DeleteChangeSet"] {
        let refused = refusal(&cloud, operation, json!({"ChangeSetName": below})).await;
        assert!(refused.contains("use the root change set"), "{refused}");
    }
    // Deleted, nothing of it is left; made again, it is carried out with what is nested.
    ok(&cloud, "DeleteChangeSet", named("made")).await;
    assert!(
        formation(&cloud, "DescribeStacks", json!({"StackName": inner()}))
            .await
            .is_err()
    );
    ok(&cloud, "CreateChangeSet", change_set("made", "CREATE", "a.yaml", true)).await;
    assert_eq!(done(&cloud, "ExecuteChangeSet", named("made")).await, "CREATE_COMPLETE");
    assert_eq!(status(&cloud, &inner()).await, "CREATE_COMPLETE");

    // Whether the template has changed behind its address, AWS does not say without looking into it.
    ok(&cloud, "CreateChangeSet", change_set("same", "UPDATE", "a.yaml", false)).await;
    let same = ok(&cloud, "DescribeChangeSet", named("same")).await;
    let change = &same["Changes"][0]["ResourceChange"];
    assert_eq!(
        (
            &change["Action"],
            &change["Replacement"],
            &change["Details"][0]["ChangeSource"]
        ),
        (&json!("Modify"), &json!("False"), &json!("Automatic"))
    );
    ok(&cloud, "CreateChangeSet", change_set("none", "UPDATE", "a.yaml", true)).await;
    assert_eq!(ok(&cloud, "DescribeChangeSet", named("none")).await["Status"], "FAILED");
    ok(&cloud, "CreateChangeSet", change_set("some", "UPDATE", "b.yaml", true)).await;
    assert_eq!(done(&cloud, "ExecuteChangeSet", named("some")).await, "UPDATE_COMPLETE");
    assert_eq!(status(&cloud, &inner()).await, "UPDATE_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_change_set_that_cannot_be_made() {
    let cloud = with_bucket().await;
    upload(
        &cloud,
        "middle.yaml",
        &format!("Resources:\n{}", nested("Deep", "none.yaml", "")),
    )
    .await;
    let mut input = stack(&format!("Resources:\n{}", nested("Inner", "middle.yaml", "")));
    input["ChangeSetName"] = json!("c");
    input["ChangeSetType"] = json!("CREATE");
    input["IncludeNestedStacks"] = json!(true);
    ok(&cloud, "CreateChangeSet", input).await;
    let named = json!({"StackName": "s", "ChangeSetName": "c"});
    let failed = ok(&cloud, "DescribeChangeSet", named.clone()).await;
    assert_eq!(failed["Status"], "FAILED");
    let why = failed["StatusReason"].as_str().unwrap_or_default();
    assert!(why.contains("S3 error: "), "{why}");
    ok(&cloud, "DeleteChangeSet", named).await;
    let left = ok(&cloud, "ListStacks", json!({})).await;
    let left: Vec<&Value> = left["StackSummaries"].as_array().expect("stacks").iter().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_stacks_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let store = Store::open(folder.path()).expect("the store opens");
        let cloud = Cloud::open(Account::local(), folder.path().to_owned(), &store).expect("an account");
        deploy::stand_behind(&cloud);
        cloud
    };
    let role = "  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}\n";
    let queue = {
        let cloud = open();
        let bucket = json!({"Bucket": "templates"});
        call(&cloud, "s3", "CreateBucket", bucket).await.expect("a bucket");
        upload(&cloud, "a.yaml", &template("1", role)).await;
        let mut input = stack(&outer("a.yaml", ""));
        input["Capabilities"] = json!(["CAPABILITY_IAM"]);
        assert_eq!(done(&cloud, "CreateStack", input).await, "CREATE_COMPLETE");
        upload(&cloud, "a.yaml", "something else by now").await;
        described(&cloud, &inner()).await["Outputs"][0]["OutputValue"].take()
    };
    let cloud = open();
    deploy::resume(&cloud).await;
    assert!(cloud.iam.role(&format!("{}-R", inner())).is_ok());
    assert_eq!(status(&cloud, &inner()).await, "CREATE_COMPLETE");
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(delay(&cloud, queue.as_str().expect("a URL")).await, None);
}
