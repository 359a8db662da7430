//! Stacks that were there before: changed in place, made again by another run, or deployed by the local run itself.

use super::{PARAMETER, account, delay, done, events, ok, refusal, stack, status, template};
use crate::world::call;
use platform::store::Store;
use platform::{Account, Principal};
use serde_json::json;
use stepline::cloud::Cloud;
use stepline::deploy;
use stepline::template::Deployed;

#[tokio::test(flavor = "multi_thread")]
async fn a_template_comes_from_s3_and_its_role_is_changed_in_place() {
    let cloud = account();
    call(&cloud, "s3", "CreateBucket", json!({"Bucket": "templates"}))
        .await
        .expect("a bucket");
    let role = |action: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}\n      Policies: [{{PolicyName: own, PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: '{action}', Resource: '*'}}]}}}}]\n  P:\n    Type: AWS::IAM::Policy\n    Properties: {{PolicyName: more, Roles: [!Ref R], PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 'ssm:GetParameter', Resource: '*'}}]}}}}\n"
        )
    };
    for (operation, action) in [
        ("CreateStack", "sqs:ListQueues"),
        ("UpdateStack", "s3:ListAllMyBuckets"),
    ] {
        let object = json!({"Bucket": "templates", "Key": "t.yaml"});
        let body = role(action).into();
        cloud
            .send(&Principal::Administrator, "s3", "PutObject", object, body)
            .await
            .expect("an object");
        let input = json!({
            "StackName": "s",
            "TemplateURL": "https://s3.us-east-1.amazonaws.com/templates/t.yaml",
            "Capabilities": ["CAPABILITY_IAM"],
        });
        done(&cloud, operation, input).await;
    }
    assert_eq!(status(&cloud, "s").await, "UPDATE_COMPLETE");
    let role = cloud.iam.role("s-R").expect("a role");
    let policies = json!(role.policies).to_string();
    assert!(
        policies.contains("s3:ListAllMyBuckets") && !policies.contains("sqs:"),
        "{policies}"
    );
    // What another resource has put into it stays.
    assert!(policies.contains("ssm:GetParameter"), "{policies}");
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert!(cloud.iam.role("s-R").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_deployed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let store = Store::open(folder.path()).expect("the store opens");
        let cloud = Cloud::open(Account::local(), std::env::temp_dir(), &store).expect("it opens");
        deploy::stand_behind(&cloud);
        cloud
    };
    let role = "  R:\n    Type: AWS::IAM::Role\n    Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}\n";
    let mut input = stack(&template("1", role));
    input["Capabilities"] = json!(["CAPABILITY_IAM"]);
    let cloud = open();
    assert_eq!(done(&cloud, "CreateStack", input.clone()).await, "CREATE_COMPLETE");
    cloud.store.settled().await.expect("it lasts");
    drop(cloud);
    let cloud = open();
    assert!(cloud.iam.role("s-R").is_err());
    let told = events(&cloud).await;
    deploy::resume(&cloud).await;
    assert!(cloud.iam.role("s-R").is_ok());
    // Nothing has happened to the stack.
    assert_eq!(
        (events(&cloud).await, status(&cloud, "s").await.as_str()),
        (told, "CREATE_COMPLETE")
    );
    let same = refusal(&cloud, "UpdateStack", input).await;
    assert_eq!(same, "ValidationException: No updates are to be performed.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_local_run_deploys_is_a_stack_like_any_other() {
    let cloud = Cloud::new(Account::local(), std::env::temp_dir());
    deploy::stand_behind(&cloud);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("template.yaml");
    std::fs::write(&file, template("1", PARAMETER)).expect("a file");
    let deployed = Deployed {
        stack: "s".into(),
        template: file,
        ..Deployed::default()
    };
    deploy::deploy_stack(&cloud, &deployed, &deploy::Deployment::default())
        .await
        .expect("it is deployed");
    let shown = ok(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    assert_eq!(
        shown["Stacks"][0]["Parameters"],
        json!([{"ParameterKey": "Name", "ParameterValue": "q"}])
    );
    let body = ok(&cloud, "GetTemplate", json!({"StackName": "s"})).await;
    assert_eq!(body["TemplateBody"], template("1", PARAMETER));
    let found = ok(&cloud, "DescribeStackResources", json!({"PhysicalResourceId": "p"})).await;
    assert_eq!(found["StackResources"][1]["LogicalResourceId"], "P");
    let previous = json!([{"ParameterKey": "Name", "UsePreviousValue": "true"}]);
    let update = json!({"StackName": "s", "TemplateBody": template("2", PARAMETER), "Parameters": previous});
    assert_eq!(done(&cloud, "UpdateStack", update).await, "UPDATE_COMPLETE");
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("2"));
}
