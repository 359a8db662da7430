//! Roles that somebody makes over IAM's API.

use crate::world::{call, role};
use platform::Requirement;
use platform::account::Account;
use platform::principal::Principal;
use platform::store::Store;
use serde_json::json;
use stepline::cloud::Cloud;

const PARAMETER: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/size";

/// A role that somebody has made is there for the next run, and one of a template is made anew.
#[tokio::test]
async fn roles_that_were_made_over_the_api_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let store = Store::open(folder.path()).expect("the store");
        Cloud::open(Account::local(), std::env::temp_dir(), &store).expect("the account")
    };
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    });
    {
        let cloud = open();
        role(
            &cloud,
            "of-a-template",
            json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}),
        );
        let input =
            json!({"RoleName": "made", "AssumeRolePolicyDocument": trust.to_string(), "MaxSessionDuration": "7200"});
        call(&cloud, "iam", "CreateRole", input).await.expect("a role");
        for name in ["made", "of-a-template"] {
            let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}]});
            let input = json!({"RoleName": name, "PolicyName": "reads", "PolicyDocument": policy.to_string()});
            call(&cloud, "iam", "PutRolePolicy", input).await.expect("a policy");
        }
        cloud.store.settled().await.expect("it is written");
    }
    let cloud = open();
    assert!(cloud.iam.role("of-a-template").is_err());
    let reader = Principal::role_session("made", "session");
    let requirement = Requirement::new("ssm:GetParameter", PARAMETER);
    cloud
        .iam
        .decide(&cloud.account, &reader, &requirement)
        .expect("its policy lasts");
    for (seconds, code) in [("7200", None), ("7201", Some("ValidationException"))] {
        let arn = "arn:aws:iam::123456789012:role/made";
        let input = json!({"RoleArn": arn, "RoleSessionName": "session", "DurationSeconds": seconds});
        let assumed = call(&cloud, "sts", "AssumeRole", input).await;
        assert_eq!(assumed.err().map(|error| error.code).as_deref(), code, "{seconds}");
    }
    let input = json!({"RoleName": "made", "PolicyName": "reads"});
    call(&cloud, "iam", "DeleteRolePolicy", input)
        .await
        .expect("it is gone");
    call(&cloud, "iam", "DeleteRole", json!({"RoleName": "made"}))
        .await
        .expect("it is gone");
    cloud.store.settled().await.expect("it is written");
    drop(cloud);
    assert!(open().iam.role("made").is_err());
}
