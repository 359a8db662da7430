//! What keeps stacks from harm: names that others have, change sets that are too old, exports that others import.

use super::{account, delay, done, events, ok, refusal, stack, template};
use crate::world::call;
use platform::iam::NewRole;
use serde_json::{Value, json};
use stepline::cloud::Cloud;

/// A role that this service takes on, with one policy.
fn role(cloud: &Cloud, name: &str, service: &str, statements: Value) -> String {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let role = NewRole::for_service(name, service).with_policy("calls", policy);
    cloud.iam.create_role(&cloud.account, role).expect("a role")
}

/// A template with a parameter of this name and value, and what else is to be said of it.
fn parameter(name: &str, value: &str, more: &str) -> Value {
    stack(&format!(
        "Resources:\n  P:\n    Type: AWS::SSM::Parameter\n{more}    Properties: {{Name: {name}, Type: String, Value: '{value}'}}\n"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_takes_nothing_from_others() {
    let cloud = account();
    let value = |name: &'static str| {
        let cloud = cloud.clone();
        async move {
            let found = call(&cloud, "ssm", "GetParameter", json!({"Name": name})).await;
            found.ok().map(|mut found| found["Parameter"]["Value"].take())
        }
    };
    let others = json!({"Name": "theirs", "Value": "kept", "Type": "String"});
    call(&cloud, "ssm", "PutParameter", others).await.expect("a parameter");
    assert_eq!(
        done(&cloud, "CreateStack", parameter("p", "1", "")).await,
        "CREATE_COMPLETE"
    );
    let taken = done(&cloud, "UpdateStack", parameter("theirs", "2", "")).await;
    assert_eq!(taken, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        (value("p").await, value("theirs").await),
        (Some("1".into()), Some("kept".into()))
    );
    // The name of its own is given up, and on the way back it is as it was.
    let failing = "Resources:\n  P: {Type: AWS::SSM::Parameter, Properties: {Name: q, Type: String, Value: '3'}}\n  Q: {Type: AWS::SQS::Queue, DependsOn: P, Properties: {DelaySeconds: 5000}}\n";
    assert_eq!(
        done(&cloud, "UpdateStack", stack(failing)).await,
        "UPDATE_ROLLBACK_COMPLETE"
    );
    assert_eq!((value("p").await, value("q").await), (Some("1".into()), None));
    // What was refused because somebody has it stays theirs, whatever is tried next.
    done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
    let mut refused = parameter("theirs", "4", "");
    refused["DisableRollback"] = json!(true);
    assert_eq!(done(&cloud, "CreateStack", refused).await, "CREATE_FAILED");
    let mut again = parameter("theirs", "5", "");
    again["DisableRollback"] = json!(true);
    assert_eq!(done(&cloud, "UpdateStack", again).await, "UPDATE_FAILED");
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(value("theirs").await, Some("kept".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_and_a_project_can_have_another_name() {
    let cloud = account();
    let named = |name: &str| {
        stack(&format!(
            "Resources:\n  C:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Name: {name}\n      ServiceRole: arn:aws:iam::123456789012:role/r\n      Artifacts: {{Type: NO_ARTIFACTS}}\n      Environment: {{Type: LINUX_CONTAINER, ComputeType: BUILD_GENERAL1_SMALL, Image: 'aws/codebuild/standard:7.0'}}\n      Source: {{Type: NO_SOURCE, BuildSpec: 'version: 0.2'}}\n"
        ))
    };
    let logs = json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]);
    role(&cloud, "r", "codebuild.amazonaws.com", logs);
    assert_eq!(done(&cloud, "CreateStack", named("one")).await, "CREATE_COMPLETE");
    assert_eq!(done(&cloud, "UpdateStack", named("two")).await, "UPDATE_COMPLETE");
    let projects = call(&cloud, "codebuild", "ListProjects", json!({}))
        .await
        .expect("projects");
    assert_eq!(projects["projects"], json!(["two"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_says_of_the_end_counts_at_once() {
    let cloud = account();
    let there = |name: &'static str| {
        let cloud = cloud.clone();
        async move { call(&cloud, "ssm", "GetParameter", json!({"Name": name})).await.is_ok() }
    };
    assert_eq!(
        done(&cloud, "CreateStack", parameter("a", "1", "")).await,
        "CREATE_COMPLETE"
    );
    // A DeletionPolicy is for the end, and an UpdateReplacePolicy for another name.
    let deletion = "    DeletionPolicy: Retain\n";
    done(&cloud, "UpdateStack", parameter("b", "1", deletion)).await;
    assert_eq!((there("a").await, there("b").await), (false, true));
    let replaced = "    UpdateReplacePolicy: Retain\n    DeletionPolicy: Retain\n";
    done(&cloud, "UpdateStack", parameter("c", "1", replaced)).await;
    assert_eq!((there("b").await, there("c").await), (true, true));
    let mut kept = parameter("c", "1", "");
    kept["TemplateBody"] = format!(
        "{}Outputs: {{O: {{Value: o}}}}\n",
        kept["TemplateBody"].as_str().unwrap()
    )
    .into();
    assert_eq!(done(&cloud, "UpdateStack", kept).await, "UPDATE_COMPLETE");
    done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
    assert!(!there("c").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_made_without_what_the_local_run_leaves_out() {
    let cloud = account();
    let bucket = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: models-of-a-team, CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*']}]}}\n";
    assert_eq!(done(&cloud, "CreateStack", stack(bucket)).await, "CREATE_COMPLETE");
    assert_eq!(events(&cloud).await.len(), 4);
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_set_of_another_stack_than_there_is_now_does_nothing() {
    let cloud = account();
    let change_set = |name: &str, kind: &str, delay: &str| {
        let mut input = stack(&template(delay, ""));
        input["ChangeSetName"] = name.into();
        input["ChangeSetType"] = kind.into();
        input
    };
    let named = |name: &str| json!({"StackName": "s", "ChangeSetName": name});
    ok(&cloud, "CreateChangeSet", change_set("a", "CREATE", "7")).await;
    assert_eq!(
        done(&cloud, "CreateStack", stack(&template("1", ""))).await,
        "CREATE_COMPLETE"
    );
    let shown = ok(&cloud, "DescribeChangeSet", named("a")).await;
    assert_eq!(shown["ExecutionStatus"], "OBSOLETE");
    let refused = refusal(&cloud, "ExecuteChangeSet", named("a")).await;
    assert!(
        refused.starts_with("InvalidChangeSetStatus: ") && refused.ends_with("[OBSOLETE]"),
        "{refused}"
    );
    ok(&cloud, "CreateChangeSet", change_set("u", "UPDATE", "2")).await;
    assert_eq!(
        done(&cloud, "UpdateStack", stack(&template("3", ""))).await,
        "UPDATE_COMPLETE"
    );
    refusal(&cloud, "ExecuteChangeSet", named("u")).await;
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_value_is_hidden_before_there_is_a_stack() {
    let cloud = account();
    let text = "Parameters: {Secret: {Type: String, NoEcho: true}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n";
    let mut input = stack(text);
    input["ChangeSetName"] = "a".into();
    input["ChangeSetType"] = "CREATE".into();
    input["Parameters"] = json!([{"ParameterKey": "Secret", "ParameterValue": "hunter2"}]);
    ok(&cloud, "CreateChangeSet", input).await;
    for operation in ["DescribeStacks", "DescribeStackEvents"] {
        let shown = ok(&cloud, operation, json!({"StackName": "s"})).await.to_string();
        assert!(!shown.contains("hunter2"), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_of_one_stack_and_stays_while_it_is_imported() {
    let cloud = account();
    let exporting = |name: &str, value: &str| {
        json!({"StackName": name, "TemplateBody": format!(
            "Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\nOutputs: {{O: {{Value: {value}, Export: {{Name: shared}}}}}}\n"
        )})
    };
    let ended = |answer: Value| {
        let cloud = cloud.clone();
        async move {
            let id = answer["StackId"].as_str().expect("an id").to_owned();
            cloud.ongoing.end(&id).await;
            super::status(&cloud, &id).await
        }
    };
    assert_eq!(
        ended(ok(&cloud, "CreateStack", exporting("one", "a")).await).await,
        "CREATE_COMPLETE"
    );
    assert_eq!(
        ended(ok(&cloud, "CreateStack", exporting("two", "b")).await).await,
        "ROLLBACK_COMPLETE"
    );
    let importing = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue shared}}}\n";
    assert_eq!(done(&cloud, "CreateStack", stack(importing)).await, "CREATE_COMPLETE");
    let changed = ok(&cloud, "UpdateStack", exporting("one", "c")).await;
    assert_eq!(ended(changed).await, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_s_own_role_acts_for_whoever_may_use_the_stack() {
    let cloud = account();
    let allowed = json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]);
    let acting = role(&cloud, "deploys", "cloudformation.amazonaws.com", allowed);
    let mut input = stack(&template("1", ""));
    input["RoleARN"] = acting.as_str().into();
    assert_eq!(done(&cloud, "CreateStack", input).await, "CREATE_COMPLETE");
    ok(
        &cloud,
        "CreateStack",
        json!({"StackName": "other", "TemplateBody": "Resources: {Q: {Type: AWS::SQS::Queue}}"}),
    )
    .await;
    let mut change_set = stack(&template("2", ""));
    change_set["ChangeSetName"] = "a".into();
    let made = ok(&cloud, "CreateChangeSet", change_set).await;
    let own = json!([
        {"Effect": "Allow", "Action": "cloudformation:DeleteStack", "Resource": "*"},
        {"Effect": "Allow", "Action": "cloudformation:GetTemplate", "Resource": "arn:aws:cloudformation:*:*:stack/other/*"},
    ]);
    let person = role(&cloud, "person", "lambda.amazonaws.com", own);
    let person = cloud.iam.session(&person, "somebody", Vec::new()).expect("a session");
    let theirs = json!({"StackName": "other", "ChangeSetName": made["Id"]});
    let denied = cloud.call(&person, "cloudformation", "GetTemplate", theirs).await;
    assert!(
        denied
            .expect_err("a refusal")
            .to_string()
            .contains("cloudformation:GetTemplate")
    );
    let gone = cloud
        .call(&person, "cloudformation", "DeleteStack", json!({"StackName": "s"}))
        .await;
    gone.expect("the stack's own role does it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_a_membership_end_with_their_resources() {
    let cloud = account();
    let template = |serial: &str, more: &str| {
        let mut input = stack(&format!(
            "Resources:\n  G: {{Type: AWS::IAM::Group, Properties: {{GroupName: g, Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 'sqs:*', Resource: '*'}}]}}}}]}}}}\n  U: {{Type: AWS::IAM::User, Properties: {{UserName: u}}}}\n  K: {{Type: AWS::IAM::AccessKey, Properties: {{UserName: !Ref U, Serial: {serial}}}}}\n{more}Outputs: {{K: {{Value: !Ref K}}}}\n"
        ));
        input["Capabilities"] = json!(["CAPABILITY_NAMED_IAM"]);
        input
    };
    let key = || async {
        let shown = ok(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
        shown["Stacks"][0]["Outputs"][0]["OutputValue"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let member = "  M: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref G, Users: [!Ref U]}}\n";
    assert_eq!(
        done(&cloud, "CreateStack", template("1", member)).await,
        "CREATE_COMPLETE"
    );
    let first = key().await;
    let user = cloud.iam.principal_of(&first, None).expect("a user");
    assert!(cloud.call(&user, "sqs", "ListQueues", json!({})).await.is_ok());
    // One more serial than a user may have keys.
    for serial in ["2", "3"] {
        assert_eq!(
            done(&cloud, "UpdateStack", template(serial, member)).await,
            "UPDATE_COMPLETE"
        );
    }
    assert!(!cloud.iam.knows_access_key(&first));
    assert_eq!(cloud.iam.access_keys("u").expect("keys").len(), 1);
    assert_eq!(done(&cloud, "UpdateStack", template("3", "")).await, "UPDATE_COMPLETE");
    assert!(cloud.call(&user, "sqs", "ListQueues", json!({})).await.is_err());
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_can_look_at_templates_roles_and_names_of_change_sets() {
    let cloud = account();
    let url = "https://s3.us-east-1.amazonaws.com/reviewed/t.yaml";
    let queues = json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]);
    let role = role(&cloud, "deployer", "cloudformation.amazonaws.com", queues);
    let where_key = |action: &str, key: &str, value: &str| {
        json!({"Effect": "Allow", "Action": format!("cloudformation:{action}"), "Resource": "*",
               "Condition": {"StringLike": {format!("cloudformation:{key}"): value}}})
    };
    let statements = json!([
        where_key("CreateStack", "TemplateUrl", "https://s3.*/reviewed/*"),
        where_key("UpdateStack", "RoleArn", &role),
        where_key("DeleteStack", "RoleArn", &role),
        where_key("CreateChangeSet", "ChangeSetName", "release-*"),
        where_key("DescribeChangeSet", "ChangeSetName", "release-*"),
    ]);
    let caller = crate::world::role(&cloud, "narrow", statements);
    let named = |name: &str| json!({"StackName": "s", "ChangeSetName": name});
    let creation =
        |name: &str| json!({"StackName": "s", "ChangeSetName": name, "ChangeSetType": "CREATE", "TemplateBody": "x"});
    for (operation, input, is_allowed) in [
        ("CreateStack", json!({"StackName": "s", "TemplateURL": url}), true),
        (
            "CreateStack",
            json!({"StackName": "s", "TemplateURL": "https://s3.us-east-1.amazonaws.com/mine/t.yaml"}),
            false,
        ),
        ("CreateStack", stack(&template("1", "")), false),
        (
            "UpdateStack",
            json!({"StackName": "s", "TemplateBody": "x", "RoleARN": role}),
            true,
        ),
        ("UpdateStack", json!({"StackName": "s", "TemplateBody": "x"}), false),
        ("DeleteStack", json!({"StackName": "s", "RoleARN": role}), true),
        ("DeleteStack", json!({"StackName": "s"}), false),
        ("CreateChangeSet", creation("release-1"), true),
        ("CreateChangeSet", creation("other"), false),
        ("DescribeChangeSet", named("release-1"), true),
        ("DescribeChangeSet", named("other"), false),
    ] {
        let answer = cloud.call(&caller, "cloudformation", operation, input.clone()).await;
        // What is allowed may be refused for another reason: there is nothing at the address, and no stack.
        let is_denied = answer
            .is_err_and(|error| error.code.starts_with("AccessDenied") && error.message.contains("cloudformation:"));
        assert_eq!(is_denied, !is_allowed, "{operation} {input}");
    }
}
