//! What IAM's API shows, and what it changes.

use super::IamApi;
use super::shown::encoded;
use crate::testing::{account, call, refusal};
use platform::Principal;
use platform::iam::{NewRole, NewUser};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn users_and_their_keys_are_shown_without_secrets() {
    let platform = account(vec![Arc::new(IamApi::default())]);
    let new = NewUser::new("ci").with_policy(
        "own",
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}),
    );
    platform.iam.create_user(&platform.account, new).unwrap();
    let key = platform.iam.access_key("key", "ci", true).unwrap();
    let ci = Principal::User {
        name: "ci".to_owned(),
        path: "/".to_owned(),
    };
    let own = platform.call(&ci, "iam", "GetUser", json!({})).await.unwrap();
    assert_eq!(own["User"]["Arn"], "arn:aws:iam::123456789012:user/ci");
    let denied = platform.call(&ci, "iam", "ListUsers", json!({})).await.unwrap_err();
    assert_eq!(denied.kind, platform::ErrorKind::Denied);
    let keys = call(&platform, "iam", "ListAccessKeys", json!({"UserName": "ci"}))
        .await
        .unwrap();
    assert_eq!(keys["AccessKeyMetadata"][0]["AccessKeyId"], key.id.as_str());
    assert!(!keys.to_string().contains(&key.secret));
    let users = call(&platform, "iam", "ListUsers", json!({})).await.unwrap();
    assert_eq!(users["Users"][0], own["User"]);
    assert_eq!(refusal(&platform, "iam", "GetUser", json!({})).await, "ValidationError");
}

#[tokio::test]
async fn roles_and_their_policies_are_shown() {
    let platform = account(vec![Arc::new(IamApi::default())]);
    let logs = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let policy =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    for name in ["a", "b", "c"] {
        let mut role = NewRole::for_service(name, "lambda.amazonaws.com").with_policy("own", policy.clone());
        role.managed_policies.push(logs.to_owned());
        platform.iam.create_role(&platform.account, role).unwrap();
    }
    let first = call(&platform, "iam", "ListRoles", json!({"MaxItems": "2"}))
        .await
        .unwrap();
    assert_eq!(
        (first["Roles"][1]["RoleName"].as_str(), &first["IsTruncated"]),
        (Some("b"), &true.into())
    );
    let second = call(&platform, "iam", "ListRoles", json!({"Marker": first["Marker"]}))
        .await
        .unwrap();
    assert_eq!(
        (second["Roles"][0]["RoleName"].as_str(), &second["IsTruncated"]),
        (Some("c"), &false.into())
    );
    let of = |operation| call(&platform, "iam", operation, json!({"RoleName": "a"}));
    assert_eq!(
        of("ListRolePolicies").await.unwrap(),
        json!({"PolicyNames": ["own"], "IsTruncated": false})
    );
    let attached = json!({"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": logs});
    let expected = json!({"AttachedPolicies": [attached], "IsTruncated": false});
    assert_eq!(of("ListAttachedRolePolicies").await.unwrap(), expected);
    let own = json!({"RoleName": "a", "PolicyName": "own"});
    let shown = call(&platform, "iam", "GetRolePolicy", own).await.unwrap();
    assert_eq!(shown["PolicyDocument"], encoded(&policy));
    let managed = json!({"RoleName": "a", "PolicyName": logs});
    assert_eq!(
        refusal(&platform, "iam", "GetRolePolicy", managed).await,
        "NoSuchEntity"
    );
}

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
const READS: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
const LOGS: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

#[tokio::test]
async fn a_role_is_made_changed_and_taken_away() {
    let platform = account(vec![Arc::new(IamApi::default())]);
    let input = json!({
        "RoleName": "r", "Path": "/team/", "AssumeRolePolicyDocument": TRUST, "Description": "it reads",
        "MaxSessionDuration": "7200", "Tags": [{"Key": "team", "Value": "ml"}],
    });
    let made = call(&platform, "iam", "CreateRole", input.clone()).await.unwrap();
    let role = &made["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/team/r");
    assert_eq!(
        (&role["MaxSessionDuration"], &role["Description"], &role["Tags"]),
        (
            &json!(7200),
            &json!("it reads"),
            &json!([{"Key": "team", "Value": "ml"}])
        )
    );
    assert_eq!(
        refusal(&platform, "iam", "CreateRole", input).await,
        "EntityAlreadyExists"
    );
    for (operation, more) in [
        (
            "UpdateRole",
            json!({"Description": "it reads on", "MaxSessionDuration": "3600"}),
        ),
        ("PutRolePolicy", json!({"PolicyName": "reads", "PolicyDocument": READS})),
        ("AttachRolePolicy", json!({"PolicyArn": LOGS})),
        ("PutRolePermissionsBoundary", json!({"PermissionsBoundary": LOGS})),
        (
            "TagRole",
            json!({"Tags": [{"Key": "Team", "Value": "data"}, {"Key": "cost", "Value": "7"}]}),
        ),
        ("UntagRole", json!({"TagKeys": ["COST"]})),
        (
            "UpdateAssumeRolePolicy",
            json!({"PolicyDocument": TRUST.replace("lambda", "states")}),
        ),
    ] {
        let mut input = more;
        input["RoleName"] = "r".into();
        let done = call(&platform, "iam", operation, input).await;
        assert_eq!(done.unwrap(), json!({}), "{operation}");
    }
    let named = || json!({"RoleName": "r"});
    let shown = call(&platform, "iam", "GetRole", named()).await.unwrap();
    let role = &shown["Role"];
    assert_eq!(role["Description"], "it reads on");
    assert_eq!(role["Tags"], json!([{"Key": "Team", "Value": "data"}]));
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], LOGS);
    assert!(
        role["AssumeRolePolicyDocument"]
            .as_str()
            .unwrap()
            .contains("states%2Eamazonaws")
    );
    let tags = call(&platform, "iam", "ListRoleTags", named()).await.unwrap();
    assert_eq!(
        tags,
        json!({"Tags": [{"Key": "Team", "Value": "data"}], "IsTruncated": false})
    );
    // What has policies is not deleted.
    for (operation, more) in [
        ("DetachRolePolicy", json!({"PolicyArn": LOGS})),
        ("DeleteRolePolicy", json!({"PolicyName": "reads"})),
    ] {
        assert_eq!(refusal(&platform, "iam", "DeleteRole", named()).await, "DeleteConflict");
        let mut input = more;
        input["RoleName"] = "r".into();
        call(&platform, "iam", operation, input).await.unwrap();
    }
    call(&platform, "iam", "DeleteRolePermissionsBoundary", named())
        .await
        .unwrap();
    call(&platform, "iam", "DeleteRole", named()).await.unwrap();
    assert_eq!(refusal(&platform, "iam", "GetRole", named()).await, "NoSuchEntity");
}

#[tokio::test]
async fn what_a_role_cannot_be_is_refused_and_changes_nothing() {
    let platform = account(vec![Arc::new(IamApi::default())]);
    let input = json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST});
    call(&platform, "iam", "CreateRole", input).await.unwrap();
    let before = platform.iam.role("r").unwrap();
    let other = |member: &str, value: Value| {
        let mut input = json!({"RoleName": "other", "AssumeRolePolicyDocument": TRUST});
        input[member] = value;
        ("CreateRole", input)
    };
    let on = |operation, more: Value| {
        let mut input = more;
        input["RoleName"] = "r".into();
        (operation, input)
    };
    let large = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}", "a".repeat(10_240))},
    ]});
    for ((operation, input), code) in [
        (other("RoleName", json!("a role")), "ValidationError"),
        (other("RoleName", json!("r".repeat(65))), "ValidationError"),
        (other("Path", json!("team")), "ValidationError"),
        (other("MaxSessionDuration", json!("600")), "ValidationError"),
        (other("MaxSessionDuration", json!("43201")), "ValidationError"),
        (other("AssumeRolePolicyDocument", json!("{")), "MalformedPolicyDocument"),
        (
            other("AssumeRolePolicyDocument", json!(READS)),
            "MalformedPolicyDocument",
        ),
        (
            other("PermissionsBoundary", json!("arn:aws:iam::123456789012:policy/none")),
            "NoSuchEntity",
        ),
        (
            other("Tags", json!([{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])),
            "InvalidInput",
        ),
        (
            on("PutRolePolicy", json!({"PolicyName": "p", "PolicyDocument": "[]"})),
            "MalformedPolicyDocument",
        ),
        (
            on("PutRolePolicy", json!({"PolicyName": "a:b", "PolicyDocument": READS})),
            "ValidationError",
        ),
        (
            on(
                "PutRolePolicy",
                json!({"PolicyName": "p", "PolicyDocument": large.to_string()}),
            ),
            "LimitExceeded",
        ),
        (
            on(
                "AttachRolePolicy",
                json!({"PolicyArn": "arn:aws:iam::123456789012:policy/none"}),
            ),
            "NoSuchEntity",
        ),
        (
            on(
                "AttachRolePolicy",
                json!({"PolicyArn": "arn:aws:iam::aws:policy/NeverHeardOf"}),
            ),
            "NotInLocalRun",
        ),
        (on("DetachRolePolicy", json!({"PolicyArn": LOGS})), "NoSuchEntity"),
        (on("DeleteRolePolicy", json!({"PolicyName": "none"})), "NoSuchEntity"),
        (on("DeleteRolePermissionsBoundary", json!({})), "NoSuchEntity"),
        (
            on("UpdateAssumeRolePolicy", json!({"PolicyDocument": READS})),
            "MalformedPolicyDocument",
        ),
        (on("UpdateRole", json!({"MaxSessionDuration": "0"})), "ValidationError"),
        (("DeleteRole", json!({"RoleName": "none"})), "NoSuchEntity"),
    ] {
        assert_eq!(
            refusal(&platform, "iam", operation, input.clone()).await,
            code,
            "{operation} {input}"
        );
    }
    assert_eq!(platform.iam.role("r").unwrap(), before);
    assert!(platform.iam.role("other").is_err());
}

#[tokio::test]
async fn leave_to_change_a_role_can_depend_on_its_boundary_and_on_the_policy() {
    let platform = account(vec![Arc::new(IamApi::default())]);
    let only = |action: &str, key: &str, value: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": {key: value}}},
        ]})
    };
    let maker = NewRole::for_service("maker", "lambda.amazonaws.com")
        .with_policy("create", only("iam:CreateRole", "iam:PermissionsBoundary", LOGS))
        .with_policy("attach", only("iam:AttachRolePolicy", "iam:PolicyARN", LOGS));
    platform.iam.create_role(&platform.account, maker).unwrap();
    let maker = Principal::role_session("maker", "s");
    let other = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    for (operation, input, allowed) in [
        (
            "CreateRole",
            json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST}),
            false,
        ),
        (
            "CreateRole",
            json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": LOGS}),
            true,
        ),
        ("AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": other}), false),
        ("AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": LOGS}), true),
        ("DeleteRole", json!({"RoleName": "r"}), false),
    ] {
        let done = platform.call(&maker, "iam", operation, input.clone()).await;
        let is_denied = done.is_err_and(|error| error.kind == platform::ErrorKind::Denied);
        assert_eq!(is_denied, !allowed, "{operation} {input}");
    }
}
