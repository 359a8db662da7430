//! What the operations make of templates, how they take it back, and what they say.

use super::{PARAMETER, account, delay, done, events, ok, refusal, stack, status, template};
use crate::world::{call, role};
use platform::Principal;
use platform::iam::NewRole;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_made_changed_and_removed() {
    let cloud = account();
    assert_eq!(
        done(&cloud, "CreateStack", stack(&template("1", PARAMETER))).await,
        "CREATE_COMPLETE"
    );
    assert_eq!(
        events(&cloud).await,
        [
            "s CREATE_IN_PROGRESS",
            "Q CREATE_IN_PROGRESS",
            "Q CREATE_COMPLETE",
            "P CREATE_IN_PROGRESS",
            "P CREATE_COMPLETE",
            "s CREATE_COMPLETE",
        ]
    );
    let shown = ok(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    let shown = &shown["Stacks"][0];
    assert_eq!(shown["Outputs"][0]["OutputKey"], "Url");
    assert_eq!(
        shown["Parameters"],
        json!([{"ParameterKey": "Name", "ParameterValue": "q"}])
    );
    let exists = refusal(&cloud, "CreateStack", stack(&template("1", ""))).await;
    assert_eq!(exists, "AlreadyExistsException: Stack [s] already exists");
    let same = refusal(&cloud, "UpdateStack", stack(&template("1", PARAMETER))).await;
    assert_eq!(same, "ValidationException: No updates are to be performed.");
    // Another name makes another queue, and what is gone from the template goes.
    let mut renamed = stack(&template("2", ""));
    renamed["Parameters"] = json!([{"ParameterKey": "Name", "ParameterValue": "r"}]);
    assert_eq!(done(&cloud, "UpdateStack", renamed).await, "UPDATE_COMPLETE");
    assert_eq!(
        (delay(&cloud, "q").await, delay(&cloud, "r").await),
        (None, Some("2".to_owned()))
    );
    let resources = ok(&cloud, "ListStackResources", json!({"StackName": "s"})).await;
    let ids: Vec<&Value> = resources["StackResourceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["LogicalResourceId"])
        .collect();
    assert_eq!(ids, ["Q"]);
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(delay(&cloud, "r").await, None);
    let gone = refusal(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    assert_eq!(gone, "ValidationException: Stack with id s does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_taken_back() {
    let cloud = account();
    let bad = template("5000", "");
    assert_eq!(
        done(
            &cloud,
            "CreateStack",
            stack(&format!(
                "{}  Z: {{Value: z}}\n",
                template(
                    "1",
                    "  A: {Type: AWS::SQS::Queue, DependsOn: Q, Properties: {DelaySeconds: 5000}}\n"
                )
            ))
        )
        .await,
        "ROLLBACK_COMPLETE"
    );
    assert_eq!(delay(&cloud, "q").await, None);
    let shown = ok(&cloud, "DescribeStackEvents", json!({"StackName": "s"})).await;
    let reasons: Vec<&str> = shown["StackEvents"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["ResourceStatusReason"].as_str())
        .collect();
    assert!(
        reasons.contains(&"The following resource(s) failed to create: [A]. Rollback requested by user."),
        "{reasons:?}"
    );
    let stuck = refusal(&cloud, "UpdateStack", stack(&bad)).await;
    assert!(
        stuck.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."),
        "{stuck}"
    );
    done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
    for (option, value, expected) in [
        ("DisableRollback", json!(true), "CREATE_FAILED"),
        ("OnFailure", json!("DELETE"), "DELETE_COMPLETE"),
    ] {
        let mut input = stack(&bad);
        input[option] = value;
        assert_eq!(done(&cloud, "CreateStack", input).await, expected);
        if expected != "DELETE_COMPLETE" {
            done(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
        }
    }
    assert_eq!(
        done(&cloud, "CreateStack", stack(&template("1", PARAMETER))).await,
        "CREATE_COMPLETE"
    );
    let mut failing = stack(&template("5000", ""));
    assert_eq!(
        done(&cloud, "UpdateStack", failing.clone()).await,
        "UPDATE_ROLLBACK_COMPLETE"
    );
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("1"));
    call(&cloud, "ssm", "GetParameter", json!({"Name": "p"}))
        .await
        .expect("it is still there");
    failing["DisableRollback"] = true.into();
    assert_eq!(done(&cloud, "UpdateStack", failing).await, "UPDATE_FAILED");
    assert_eq!(
        done(&cloud, "UpdateStack", stack(&template("3", ""))).await,
        "UPDATE_COMPLETE"
    );
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_set_shows_what_it_would_do() {
    let cloud = account();
    let set = |name: &str, kind: &str, template: &str| json!({"StackName": "s", "ChangeSetName": name, "ChangeSetType": kind, "TemplateBody": template});
    let named = |name: &str| json!({"StackName": "s", "ChangeSetName": name});
    ok(
        &cloud,
        "CreateChangeSet",
        set("one", "CREATE", &template("1", PARAMETER)),
    )
    .await;
    assert_eq!(status(&cloud, "s").await, "REVIEW_IN_PROGRESS");
    assert_eq!(done(&cloud, "ExecuteChangeSet", named("one")).await, "CREATE_COMPLETE");
    let again = refusal(&cloud, "ExecuteChangeSet", named("one")).await;
    assert!(again.starts_with("InvalidChangeSetStatus: "), "{again}");
    ok(
        &cloud,
        "CreateChangeSet",
        set("same", "UPDATE", &template("1", PARAMETER)),
    )
    .await;
    let same = ok(&cloud, "DescribeChangeSet", named("same")).await;
    assert_eq!(same["Status"], "FAILED");
    assert!(
        same["StatusReason"]
            .as_str()
            .unwrap()
            .starts_with("The submitted information didn't contain changes.")
    );
    ok(
        &cloud,
        "CreateChangeSet",
        set("two", "UPDATE", &template("2", "  N: {Type: AWS::SQS::Queue}\n")),
    )
    .await;
    let two = ok(&cloud, "DescribeChangeSet", named("two")).await;
    let changes: Vec<(&Value, &Value)> = two["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            (
                &change["ResourceChange"]["Action"],
                &change["ResourceChange"]["LogicalResourceId"],
            )
        })
        .collect();
    let expected = [("Modify", "Q"), ("Add", "N"), ("Remove", "P")].map(|(action, id)| (json!(action), json!(id)));
    assert_eq!(
        changes,
        expected.iter().map(|(action, id)| (action, id)).collect::<Vec<_>>()
    );
    assert_eq!(two["Changes"][0]["ResourceChange"]["Replacement"], "False");
    // Nothing has been done yet.
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("1"));
    ok(&cloud, "DeleteChangeSet", named("same")).await;
    let gone = refusal(&cloud, "DescribeChangeSet", named("same")).await;
    assert_eq!(gone, "ChangeSetNotFound: ChangeSet [same] does not exist");
    assert_eq!(done(&cloud, "ExecuteChangeSet", named("two")).await, "UPDATE_COMPLETE");
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("2"));
    let import = refusal(&cloud, "CreateChangeSet", set("three", "IMPORT", "{}")).await;
    assert!(import.starts_with("NotInLocalRun: "), "{import}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_as_aws_says_it() {
    let cloud = account();
    let role = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: r, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}\n";
    let sam = format!("Transform: AWS::Serverless-2016-10-31\n{role}");
    let needs = "Parameters:\n  A: {Type: String}\n  B: {Type: String}\nResources:\n  Q: {Type: AWS::SQS::Queue}\n";
    for (operation, input, expected) in [
        (
            "CreateStack",
            stack(role),
            "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (
            "CreateStack",
            stack(&sam),
            "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]",
        ),
        (
            "CreateStack",
            stack(needs),
            "ValidationException: Parameters: [A, B] must have values",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "TemplateBody": template("1", ""), "Parameters": [{"ParameterKey": "X", "ParameterValue": "x"}]}),
            "ValidationException: Parameters: [X] do not exist in the template",
        ),
        (
            "CreateStack",
            json!({"StackName": "s"}),
            "ValidationException: Either Template URL or Template Body must be specified.",
        ),
        (
            "UpdateStack",
            stack(needs),
            "ValidationException: Stack with id s does not exist",
        ),
        (
            "DescribeStackEvents",
            json!({"StackName": "s"}),
            "ValidationException: Stack with id s does not exist",
        ),
        (
            "ListImports",
            json!({"ExportName": "e"}),
            "ValidationException: Export 'e' is not imported by any stack.",
        ),
        (
            "ValidateTemplate",
            json!({"TemplateBody": "[]"}),
            "ValidationException: Template format error: unsupported structure.",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "TemplateURL": "s3://b/k"}),
            "ValidationException: TemplateURL must be a supported URL.",
        ),
    ] {
        assert_eq!(refusal(&cloud, operation, input).await, expected, "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_are_made_with_the_permissions_of_who_asks() {
    let cloud = account();
    let allowed = |actions: Value| json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let who = role(
        &cloud,
        "who",
        allowed(json!(["cloudformation:*", "sqs:GetQueueUrl", "iam:PassRole"])),
    );
    let ask = async |input: Value| cloud.call(&who, "cloudformation", "CreateStack", input).await;
    let id = ask(stack(&template("1", ""))).await.expect("it begins")["StackId"].take();
    cloud.ongoing.end(id.as_str().unwrap()).await;
    assert_eq!(status(&cloud, "s").await, "ROLLBACK_COMPLETE");
    let all = ok(&cloud, "DescribeStackEvents", json!({"StackName": "s"}))
        .await
        .to_string();
    assert!(all.contains("is not authorized to perform: sqs:createqueue"), "{all}");
    // A role of CloudFormation's own may more than who asks.
    let document = json!({"Version": "2012-10-17", "Statement": allowed(json!("sqs:*"))});
    let role = NewRole::for_service("makes", "cloudformation.amazonaws.com").with_policy("p", document);
    let arn = cloud.iam.create_role(&cloud.account, role).expect("a role");
    let mut input = stack(&template("1", ""));
    input["StackName"] = "t".into();
    input["RoleARN"] = arn.into();
    let id = ask(input).await.expect("it begins")["StackId"].take();
    cloud.ongoing.end(id.as_str().unwrap()).await;
    assert_eq!(status(&cloud, "t").await, "CREATE_COMPLETE");
    let nobody = Principal::role_session("nobody", "s");
    let denied = cloud.call(&nobody, "cloudformation", "DescribeStacks", json!({})).await;
    assert!(denied.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_imports_what_another_exports() {
    let cloud = account();
    let exporting = "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}\nOutputs:\n  U: {Value: !GetAtt Q.QueueName, Export: {Name: shared}}\n";
    let importing = "Resources:\n  P: {Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: !ImportValue shared}}\n";
    let early = refusal(
        &cloud,
        "CreateStack",
        json!({"StackName": "i", "TemplateBody": importing}),
    )
    .await;
    assert!(early.ends_with("No export named shared found"), "{early}");
    assert_eq!(done(&cloud, "CreateStack", stack(exporting)).await, "CREATE_COMPLETE");
    assert_eq!(
        done(
            &cloud,
            "CreateStack",
            json!({"StackName": "i", "TemplateBody": importing})
        )
        .await,
        "CREATE_COMPLETE"
    );
    let value = call(&cloud, "ssm", "GetParameter", json!({"Name": "p"}))
        .await
        .expect("it is there");
    assert_eq!(value["Parameter"]["Value"], "q");
    assert_eq!(
        ok(&cloud, "ListImports", json!({"ExportName": "shared"})).await["Imports"],
        json!(["i"])
    );
    assert_eq!(ok(&cloud, "ListExports", json!({})).await["Exports"][0]["Value"], "q");
    let used = refusal(&cloud, "DeleteStack", json!({"StackName": "s"})).await;
    assert_eq!(
        used,
        "ValidationException: Export shared cannot be deleted as it is in use by i"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retained_stays_unless_its_stack_was_never_there() {
    let cloud = account();
    let bucket = "  B: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, Properties: {BucketName: kept}}\n";
    let is_there = async || {
        call(&cloud, "s3", "HeadBucket", json!({"Bucket": "kept"}))
            .await
            .is_ok()
    };
    let failing = template(
        "1",
        &format!("{bucket}  Z: {{Type: AWS::SQS::Queue, DependsOn: B, Properties: {{DelaySeconds: 5000}}}}\n"),
    );
    assert_eq!(done(&cloud, "CreateStack", stack(&failing)).await, "ROLLBACK_COMPLETE");
    assert!(!is_there().await);
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(
        done(&cloud, "CreateStack", stack(&template("1", bucket))).await,
        "CREATE_COMPLETE"
    );
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert!(is_there().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stack_does_not_have_is_left_out() {
    let cloud = account();
    let plain =
        json!({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}});
    let input = json!({"StackName": "s", "TemplateBody": plain.to_string()});
    assert_eq!(done(&cloud, "CreateStack", input).await, "CREATE_COMPLETE");
    let shown = ok(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    for (member, expected) in [
        ("Parameters", None),
        ("Outputs", None),
        ("Capabilities", None),
        ("Tags", Some(json!([]))),
        ("NotificationARNs", Some(json!([]))),
    ] {
        assert_eq!(shown["Stacks"][0].get(member), expected.as_ref(), "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_sets_are_refused_as_cloudformation_does() {
    let cloud = account();
    let named = |name: &str| {
        let mut input = stack(&template("1", ""));
        input["ChangeSetName"] = name.into();
        input["ChangeSetType"] = "CREATE".into();
        input
    };
    for (name, rule) in [
        ("1st".to_owned(), "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"),
        (
            "no_underscore".to_owned(),
            "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        ),
        ("a".repeat(129), "length less than or equal to 128"),
    ] {
        let refused = refusal(&cloud, "CreateChangeSet", named(&name)).await;
        assert!(
            refused.contains("at 'changeSetName' failed to satisfy constraint"),
            "{refused}"
        );
        assert!(refused.contains(rule), "{refused}");
    }
    ok(&cloud, "CreateChangeSet", named("first")).await;
    assert_eq!(
        refusal(&cloud, "GetTemplateSummary", json!({"StackName": "s"})).await,
        "ValidationException: GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."
    );
    let mut both = stack(&template("1", ""));
    both["UsePreviousTemplate"] = true.into();
    both["ChangeSetName"] = "second".into();
    both["ChangeSetType"] = "CREATE".into();
    assert_eq!(
        refusal(&cloud, "CreateChangeSet", both).await,
        "ValidationException: You cannot specify both usePreviousTemplate and Template Body/Template URL."
    );
}
