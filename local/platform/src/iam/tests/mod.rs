//! Why IAM decides as it does.

mod documented;

use super::{Iam, NewRole, NewUser, PolicyKind, Reason, Requirement};
use crate::account::Account;
use crate::principal::Principal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// A role that may read objects and begin executions, but not of everything, within a boundary of S3 alone.
fn iam(account: &Account) -> Iam {
    let iam = Iam::default();
    let boundary = "arn:aws:iam::123456789012:policy/boundary";
    let document =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
    iam.create_policy(boundary, document).unwrap();
    let mut role = NewRole::for_service("r", "lambda.amazonaws.com").with_policy(
        "reads",
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "states:*", "Resource": "*"},
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
            {"Sid": "Hidden", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/hidden"},
        ]}),
    );
    role.permissions_boundary = Some(boundary.to_owned());
    iam.create_role(account, role).unwrap();
    let shared = json!({"Version": "2012-10-17", "Statement": {"Sid": "All", "Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}});
    iam.put_resource_policy("arn:aws:s3:::shared", &shared).unwrap();
    iam
}

fn why(iam: &Iam, account: &Account, caller: &Principal, requirement: &Requirement) -> (bool, Option<Arc<Reason>>) {
    let (decision, reason) = iam.explain(account, caller, requirement);
    (decision.is_ok(), reason)
}

#[test]
fn each_decision_has_its_reason() {
    let account = Account::local();
    let iam = iam(&account);
    let role = Principal::role_session("r", "s");
    for (action, resource, allowed, kind, cited, has_least) in [
        (
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            true,
            PolicyKind::Identity,
            Some(("reads", Some("Read"), 1)),
            false,
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::b/hidden",
            false,
            PolicyKind::Identity,
            Some(("reads", Some("Hidden"), 2)),
            false,
        ),
        (
            "s3:PutObject",
            "arn:aws:s3:::b/k",
            false,
            PolicyKind::Identity,
            None,
            true,
        ),
        ("states:StopExecution", "*", false, PolicyKind::Boundary, None, true),
        (
            "s3:GetObject",
            "arn:aws:s3:::shared/k",
            true,
            PolicyKind::Resource,
            Some(("arn:aws:s3:::shared", Some("All"), 0)),
            false,
        ),
    ] {
        let (is_allowed, reason) = why(&iam, &account, &role, &Requirement::new(action, resource));
        let reason = reason.expect(action);
        let found = reason.statement.as_ref();
        let found = found.map(|found| (&*found.policy, found.sid.as_deref(), found.index));
        assert_eq!(
            (is_allowed, reason.kind, found),
            (allowed, kind, cited),
            "{action} {resource}"
        );
        assert_eq!(reason.least.is_some(), has_least, "{action} {resource}");
    }
    let anything = Requirement::new("s3:DeleteBucket", "*");
    assert_eq!(why(&iam, &account, &Principal::Administrator, &anything), (true, None));
}

#[test]
fn the_least_statement_is_enough_and_a_role_shows_its_statements() {
    let account = Account::local();
    let iam = iam(&account);
    let role = Principal::role_session("r", "s");
    let requirement = Requirement::new("s3:PutObject", "arn:aws:s3:::b/k").with("s3:x-amz-acl", "private");
    let (_, reason) = why(&iam, &account, &role, &requirement);
    let least: Value = serde_json::from_str(reason.unwrap().least.as_deref().unwrap()).unwrap();
    assert_eq!(least["Condition"], json!({"StringEquals": {"s3:x-amz-acl": "private"}}));
    iam.put_role_policy("r", "writes", json!({"Version": "2012-10-17", "Statement": [least]}))
        .unwrap();
    let (allowed, reason) = why(&iam, &account, &role, &requirement);
    let statements = iam.statements("r").unwrap();
    assert!(allowed && statements.contains(reason.unwrap().statement.as_ref().unwrap()));
    assert_eq!(statements.len(), 4);
}

#[test]
fn a_user_is_allowed_what_its_policies_and_those_of_its_groups_allow() {
    let account = Account::local();
    let iam = iam(&account);
    let allow = |action: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*",
            "Condition": {"StringEquals": {"aws:username": "ci"}}}})
    };
    let user = NewUser {
        path: "/team/".to_owned(),
        permissions_boundary: Some("arn:aws:iam::123456789012:policy/boundary".to_owned()),
        ..NewUser::new("ci").with_policy("own", allow("s3:PutObject"))
    };
    iam.create_user(&account, user).unwrap();
    iam.create_user(&account, NewUser::new("other")).unwrap();
    let group = NewUser::new("builders").with_policy("group", allow("s3:GetObject"));
    iam.create_group(&account, group).unwrap();
    let key = iam.access_key("stack/Key", "ci", true).unwrap();
    let principal = iam.principal_of(&key.id, None).unwrap();
    assert_eq!(principal.arn(&account), "arn:aws:iam::123456789012:user/team/ci");
    let may = |action: &str| iam.decide(&account, &principal, &Requirement::new(action, "arn:aws:s3:::b/k"));
    assert_eq!(may("s3:PutObject"), Ok(()));
    let denied = may("s3:GetObject").unwrap_err().message;
    assert!(
        denied.starts_with("User: arn:aws:iam::123456789012:user/team/ci is not authorized to perform: s3:GetObject"),
        "{denied}"
    );
    iam.add_user_to_group("ci", "builders").unwrap();
    assert_eq!(may("s3:GetObject"), Ok(()));
    iam.put_user_policy("ci", "more", allow("*")).unwrap();
    // The boundary is S3 alone.
    assert_eq!(may("s3:DeleteObject"), Ok(()));
    assert!(may("sqs:SendMessage").is_err());
    let of_bucket = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/other"}, "Resource": "arn:aws:s3:::given/*"}});
    iam.put_resource_policy("arn:aws:s3:::given", &of_bucket).unwrap();
    let other = Principal::User {
        name: "other".to_owned(),
        path: "/".to_owned(),
    };
    let given = Requirement::new("s3:GetObject", "arn:aws:s3:::given/k");
    assert_eq!(iam.decide(&account, &other, &given), Ok(()));
}

#[test]
fn a_star_at_the_end_of_a_resource_has_all_that_follows() {
    let account = Account::local();
    let iam = Iam::default();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": ["arn:aws:logs:*", "arn:aws:sqs:us-east-1:*"]},
        {"Effect": "Deny", "Action": "logs:*", "Resource": "arn:aws:logs:eu-west-1:*"},
        {"Effect": "Allow", "Action": "sns:*", "NotResource": "arn:aws:sns:eu-west-1:*"},
    ]});
    let role = NewRole::for_service("stars", "lambda.amazonaws.com").with_policy("calls", policy);
    iam.create_role(&account, role).unwrap();
    let principal = Principal::role_session("stars", "s");
    for (action, resource, expected) in [
        (
            "logs:PutLogEvents",
            "arn:aws:logs:us-east-1:1:log-group:g:log-stream:s",
            true,
        ),
        (
            "logs:PutLogEvents",
            "arn:aws:logs:eu-west-1:1:log-group:g:log-stream:s",
            false,
        ),
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q", true),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:q", false),
        ("sns:Publish", "arn:aws:sns:us-east-1:1:t", true),
        ("sns:Publish", "arn:aws:sns:eu-west-1:1:t", false),
    ] {
        let requirement = Requirement::new(action, resource);
        let decided = iam.decide(&account, &principal, &requirement).is_ok();
        let could = iam.could_allow("stars", &requirement).unwrap();
        assert_eq!((decided, could), (expected, expected), "{action} {resource}");
    }
}

#[test]
fn a_changed_managed_policy_is_changed_for_all_who_have_it() {
    let account = Account::local();
    let iam = Iam::default();
    let arn = "arn:aws:iam::123456789012:policy/shared";
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    iam.create_policy(arn, allow("s3:GetObject")).unwrap();
    let with_it = |name: &str| NewUser {
        managed_policies: vec![arn.to_owned()],
        ..NewUser::new(name)
    };
    iam.create_user(&account, with_it("direct")).unwrap();
    iam.create_group(&account, with_it("group")).unwrap();
    iam.create_user(&account, NewUser::new("member")).unwrap();
    iam.add_user_to_group("member", "group").unwrap();
    let role = NewRole {
        managed_policies: vec![arn.to_owned()],
        ..NewRole::for_service("role", "lambda.amazonaws.com")
    };
    iam.create_role(&account, role).unwrap();
    let user = |name: &str| Principal::User {
        name: name.to_owned(),
        path: "/".to_owned(),
    };
    let all = [user("direct"), user("member"), Principal::role_session("role", "s")];
    for allowed in ["s3:GetObject", "s3:PutObject"] {
        iam.create_policy(arn, allow(allowed)).unwrap();
        for principal in &all {
            for action in ["s3:GetObject", "s3:PutObject"] {
                let requirement = Requirement::new(action, "arn:aws:s3:::b/k");
                let decided = iam.decide(&account, principal, &requirement).is_ok();
                assert_eq!(decided, action == allowed, "{principal:?} {action}, while {allowed} is");
            }
        }
    }
}

#[test]
fn a_key_is_the_same_in_each_run_and_works_while_its_user_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account::local();
    let run = |user: Option<&str>, is_active: bool| {
        let store = crate::store::Store::open(folder.path()).unwrap();
        let secrets = Arc::<crate::secrets::Secrets>::default();
        let iam = Iam::open(&store, Arc::clone(&secrets)).unwrap();
        let key = user.map(|user| {
            iam.create_user(&account, NewUser::new(user)).unwrap();
            iam.access_key("stack/Key", user, is_active).unwrap()
        });
        (iam, key, secrets)
    };
    let (iam, key, secrets) = run(Some("ci"), true);
    let key = key.unwrap();
    assert_eq!(iam.secret_of(&key.id).as_ref(), Some(&key.secret));
    assert!(!secrets.hide(&format!("say {}", key.secret)).contains(&key.secret));
    assert!(!format!("{key:?}").contains(&key.secret));
    // No session's token goes with it.
    assert_eq!(
        iam.principal_of(&key.id, Some("t")).unwrap_err().code,
        "UnrecognizedClientException"
    );
    for _ in 0..2 {
        iam.access_key(&uuid::Uuid::new_v4().to_string(), "ci", true).err();
    }
    assert_eq!(iam.access_key("a third", "ci", true).unwrap_err().code, "LimitExceeded");
    drop(iam);
    let (iam, again, _) = run(Some("ci"), false);
    assert_eq!(again.map(|again| again.secret), Some(key.secret.clone()));
    assert_eq!(
        iam.principal_of(&key.id, None).unwrap_err().code,
        "UnrecognizedClientException"
    );
    drop(iam);
    let (iam, _, secrets) = run(None, true);
    assert_eq!(iam.secret_of(&key.id), None);
    assert_eq!(
        iam.principal_of(&key.id, None).unwrap_err().code,
        "UnrecognizedClientException"
    );
    assert!(!secrets.hide(&key.secret).contains(&key.secret));
}

#[test]
fn what_a_role_could_have_is_known_before_its_resource_is() {
    let account = Account::local();
    let iam = iam(&account);
    let pass = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}},
        {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*",
            "Condition": {"ArnEquals": {"ecs:cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}}},
        {"Effect": "Allow", "Action": "ssm:Get*", "Resource": "arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/team}/*"},
        {"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:hidden"},
        {"Effect": "Deny", "Action": "sns:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "sns:*", "Resource": "*"},
    ]});
    let role = NewRole::for_service("states", "states.amazonaws.com").with_policy("calls", pass);
    iam.create_role(&account, role).unwrap();
    let role_arn = "arn:aws:iam::123456789012:role/job";
    for (role, requirement, expected) in [
        ("r", Requirement::new("s3:GetObject", "arn:aws:s3:::b/k"), true),
        ("r", Requirement::new("s3:GetObject", "arn:aws:s3:::b/hidden"), false),
        ("r", Requirement::new("s3:GetObject", "arn:aws:s3:::*"), true),
        ("r", Requirement::new("s3:GetObject", "arn:aws:s3:::other/*"), false),
        ("r", Requirement::new("s3:GetObject", "arn:aws:s3:::shared/k"), true),
        ("r", Requirement::new("states:StartExecution", "*"), false),
        (
            "states",
            Requirement::pass_role(role_arn, "sagemaker.amazonaws.com"),
            true,
        ),
        (
            "states",
            Requirement::pass_role(role_arn, "ecs-tasks.amazonaws.com"),
            false,
        ),
        ("states", Requirement::new("ecs:RunTask", "*"), true),
        (
            "states",
            Requirement::new("ssm:GetParameter", "arn:aws:ssm:us-east-1:1:parameter/a/b"),
            true,
        ),
        (
            "states",
            Requirement::new("ssm:GetParameter", "arn:aws:ssm:us-east-1:1:document/a"),
            false,
        ),
        (
            "states",
            Requirement::new("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q"),
            true,
        ),
        (
            "states",
            Requirement::new("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:hidden"),
            false,
        ),
        ("states", Requirement::new("sqs:SendMessage", "*"), true),
        ("states", Requirement::new("sns:Publish", "*"), false),
    ] {
        let found = iam.could_allow(role, &requirement).unwrap();
        assert_eq!(found, expected, "{role}: {requirement:?}");
    }
    assert_eq!(
        iam.could_allow("none", &Requirement::new("a:B", "*")).unwrap_err().code,
        "NoSuchEntity"
    );
}

/// What revokes a role's older sessions: a denial of whatever was issued before.
#[test]
fn sessions_from_before_a_moment_can_be_denied() {
    let account = Account::local();
    for (seconds, allowed) in [(-3600, true), (3600, false)] {
        let moment = Timestamp::now() + SignedDuration::from_secs(seconds);
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {
                "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment.to_string()}},
            },
        ]});
        let iam = Iam::default();
        let role = NewRole::for_service("r", "lambda.amazonaws.com").with_policy("p", policy);
        iam.create_role(&account, role).unwrap();
        let issued = iam.assume_role("r", "s", Vec::new()).unwrap();
        let by_key = iam.principal_of(&issued.access_key_id, Some(&issued.session_token));
        for caller in [by_key.unwrap(), Principal::role_session("r", "s")] {
            let requirement = Requirement::new("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/a");
            let decision = iam.decide(&account, &caller, &requirement);
            assert_eq!(decision.is_ok(), allowed, "{seconds} {caller:?}");
        }
    }
}
