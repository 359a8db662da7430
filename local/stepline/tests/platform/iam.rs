//! Roles, their policies, and what they decide.

use crate::world::{cloud, role};
use platform::Requirement;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::{Value, json};

const PARAMETER: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/size";

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn with_condition(condition: Value) -> Value {
    json!({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*", "Condition": condition})
}

/// What a role's statements say about reading one parameter, in a request with these condition keys.
fn verdict(statements: Value, context: &[(&str, &str)]) -> Result<(), String> {
    let cloud = cloud();
    let caller = role(&cloud, "reader", statements);
    let mut requirement = Requirement::new("ssm:GetParameter", PARAMETER);
    for (key, value) in context {
        requirement = requirement.with(*key, *value);
    }
    let decision = cloud.iam.decide(&cloud.account, &caller, &requirement);
    decision.map_err(|error| error.message)
}

#[test]
fn statements() {
    let get = || json!("ssm:GetParameter");
    let here = || json!(PARAMETER);
    for (statements, allowed) in [
        (allow(get(), here()), true),
        (allow(json!("ssm:getparameter"), here()), true),
        (allow(json!(["s3:*", "ssm:Get*"]), json!("*")), true),
        (allow(json!("*"), json!("*")), true),
        (allow(get(), json!("arn:aws:ssm:*:*:parameter/ml/*/size")), true),
        (
            allow(get(), json!("arn:aws:ssm:us-east-1:123456789012:parameter/ml/???/size")),
            true,
        ),
        (
            allow(get(), json!("arn:aws:ssm:us-east-1:123456789012:parameter/ML/*")),
            false,
        ),
        (
            allow(get(), json!("arn:aws:ssm:eu-west-1:123456789012:parameter/*")),
            false,
        ),
        // A star does not reach over the colons of an ARN.
        (allow(get(), json!("arn:aws:ssm:*:parameter/ml/dev/size")), false),
        (allow(json!("ssm:GetParameters"), here()), false),
        (json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}), true),
        (json!({"Effect": "Allow", "NotAction": "ssm:*", "Resource": "*"}), false),
        (
            json!({"Effect": "Allow", "Action": "ssm:*", "NotResource": "arn:aws:ssm:*:*:parameter/prod/*"}),
            true,
        ),
        (
            json!({"Effect": "Allow", "Action": "ssm:*", "NotResource": PARAMETER}),
            false,
        ),
        (
            json!([allow(json!("*"), json!("*")), {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}]),
            false,
        ),
        (
            json!([allow(json!("*"), json!("*")), {"Effect": "Deny", "Action": "ssm:Put*", "Resource": "*"}]),
            true,
        ),
    ] {
        assert_eq!(verdict(statements.clone(), &[]).is_ok(), allowed, "{statements}");
    }
}

#[test]
fn conditions() {
    let context = &[
        ("ssm:Overwrite", "false"),
        ("aws:TagKeys", "team"),
        ("aws:TagKeys", "stage"),
        ("s3:max-keys", "10"),
        ("aws:SourceArn", "arn:aws:events:us-east-1:123456789012:rule/push"),
    ];
    for (condition, allowed) in [
        (json!({"StringEquals": {"ssm:overwrite": "false"}}), true),
        (json!({"StringEquals": {"ssm:Overwrite": ["true", "false"]}}), true),
        (json!({"StringEquals": {"ssm:Overwrite": "FALSE"}}), false),
        (json!({"StringEqualsIgnoreCase": {"ssm:Overwrite": "FALSE"}}), true),
        (json!({"StringNotEquals": {"ssm:Overwrite": ["true", "false"]}}), false),
        (json!({"StringLike": {"ssm:Overwrite": "f*e"}}), true),
        (json!({"StringEquals": {"ssm:Overwrite": "f*e"}}), false),
        (json!({"StringNotLike": {"ssm:Overwrite": "t*"}}), true),
        // A key that is missing fails what must hold, and holds what must not.
        (json!({"StringEquals": {"ssm:Absent": "x"}}), false),
        (json!({"StringNotEquals": {"ssm:Absent": "x"}}), true),
        (json!({"StringEqualsIfExists": {"ssm:Absent": "x"}}), true),
        (json!({"StringEqualsIfExists": {"ssm:Overwrite": "x"}}), false),
        (json!({"Null": {"ssm:Absent": "true"}}), true),
        (json!({"Null": {"ssm:Overwrite": true}}), false),
        (json!({"Bool": {"aws:SecureTransport": true}}), true),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), false),
        (json!({"NumericLessThanEquals": {"s3:max-keys": 10}}), true),
        (json!({"NumericLessThan": {"s3:max-keys": "10"}}), false),
        (
            json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}),
            true,
        ),
        (json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), true),
        (
            json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}),
            false,
        ),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}}), true),
        (
            json!({"ArnEquals": {"aws:SourceArn": "arn:aws:events:*:rule/push"}}),
            false,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["stage", "cost"]}}),
            true,
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["stage", "cost"]}}),
            false,
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["stage", "team", "x"]}}),
            true,
        ),
        (json!({"ForAllValues:StringEquals": {"ssm:Absent": "x"}}), true),
        (json!({"ForAnyValue:StringEquals": {"ssm:Absent": "x"}}), false),
        // A negated operator looks at each value by itself, and asks all of them or any of them.
        (
            json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["cost", "owner"]}}),
            true,
        ),
        (
            json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["cost", "team"]}}),
            false,
        ),
        (
            json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["cost", "team"]}}),
            true,
        ),
        (
            json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["stage", "team"]}}),
            false,
        ),
        (json!({"ForAllValues:StringNotEquals": {"ssm:Absent": "x"}}), true),
        (json!({"ForAnyValue:StringNotEquals": {"ssm:Absent": "x"}}), false),
        (json!({"ForAllValues:StringEqualsIfExists": {"ssm:Absent": "x"}}), true),
        (json!({"ForAnyValue:StringEqualsIfExists": {"ssm:Absent": "x"}}), true),
        (json!({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "x"}}), false),
        (json!({"ForAnyValue:StringLike": {"aws:TagKeys": "st*"}}), true),
        // A key with one value is a set of one.
        (json!({"ForAnyValue:StringEquals": {"ssm:Overwrite": ["false"]}}), true),
        (json!({"ForAllValues:StringLike": {"ssm:Overwrite": "t*"}}), false),
        // All of a block must hold.
        (
            json!({"StringEquals": {"ssm:Overwrite": "false"}, "Bool": {"aws:SecureTransport": "false"}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/reader"}}),
            true,
        ),
        (
            json!({"StringEquals": {"ssm:Overwrite": "${ssm:Absent, 'false'}"}}),
            true,
        ),
        (
            json!({"StringLike": {"aws:PrincipalArn": "*:role/${aws:Absent}"}}),
            false,
        ),
    ] {
        let statement = with_condition(condition.clone());
        assert_eq!(verdict(statement, context).is_ok(), allowed, "{condition}");
    }
}

#[test]
fn denials_say_why_in_the_words_of_aws() {
    let user =
        "User: arn:aws:sts::123456789012:assumed-role/reader/session is not authorized to perform: ssm:GetParameter";
    for (statements, reason) in [
        (
            allow(json!("s3:*"), json!("*")),
            "because no identity-based policy allows the ssm:GetParameter action",
        ),
        (
            json!({"Effect": "Deny", "Action": "*", "Resource": "*"}),
            "with an explicit deny in an identity-based policy",
        ),
    ] {
        let message = verdict(statements, &[]).expect_err("a denial");
        assert_eq!(message, format!("{user} on resource: {PARAMETER} {reason}"));
    }
}

#[test]
fn documents_that_iam_would_not_take() {
    for (document, fault) in [
        (json!({"Version": "2012-10-17"}), "`Statement`"),
        (json!({"Version": "2012-10-17", "Statement": []}), "no statement"),
        (
            json!({"Version": "2013", "Statement": [allow(json!("*"), json!("*"))]}),
            "`Version`",
        ),
        (
            json!({"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}),
            "`Effect`",
        ),
        (json!({"Statement": [{"Effect": "Allow", "Resource": "*"}]}), "`Action`"),
        (json!({"Statement": [{"Effect": "Allow", "Action": "*"}]}), "`Resource`"),
        (
            json!({"Statement": [allow(json!("GetParameter"), json!("*"))]}),
            "GetParameter",
        ),
        (
            json!({"Statement": [with_condition(json!({"StringIs": {"a": "b"}}))]}),
            "StringIs",
        ),
        (
            json!({"Statement": [with_condition(json!({"NullIfExists": {"a": "b"}}))]}),
            "NullIfExists",
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "s3:*", "Resource": "*"}]}),
            "both",
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}),
            "`Principal`",
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Actions": "*", "Resource": "*"}]}),
            "Actions",
        ),
    ] {
        let cloud = cloud();
        let new = NewRole::for_service("r", "lambda.amazonaws.com").with_policy("p", document.clone());
        let error = cloud
            .iam
            .create_role(&cloud.account, new)
            .expect_err("a malformed policy");
        assert_eq!(error.code, "MalformedPolicyDocument", "{document}");
        assert!(error.message.contains(fault), "{document}: {}", error.message);
    }
}

#[test]
fn session_policies_only_narrow() {
    let read_all = allow(json!("ssm:*"), json!("*"));
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    for (policies, expected) in [
        (vec![], Ok(())),
        (vec![policy(allow(json!("ssm:GetParameter"), json!("*")))], Ok(())),
        (
            vec![
                policy(allow(json!("s3:*"), json!("*"))),
                policy(allow(json!("ssm:*"), json!("*"))),
            ],
            Ok(()),
        ),
        (
            vec![policy(allow(json!("s3:*"), json!("*")))],
            Err("because no session policy allows the ssm:GetParameter action"),
        ),
        (
            vec![policy(json!({"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}))],
            Err("with an explicit deny in a session policy"),
        ),
    ] {
        let cloud = cloud();
        role(&cloud, "reader", read_all.clone());
        let credentials = cloud
            .iam
            .assume_role("arn:aws:iam::123456789012:role/reader", "job", policies.clone())
            .expect("credentials");
        let caller = cloud
            .iam
            .principal_of(&credentials.access_key_id, Some(&credentials.session_token))
            .expect("a principal");
        let decision = cloud.iam.decide(
            &cloud.account,
            &caller,
            &Requirement::new("ssm:GetParameter", PARAMETER),
        );
        let reason = decision.map_err(|error| error.message);
        match (&reason, expected) {
            (Ok(()), Ok(())) => {}
            (Err(message), Err(wanted)) if message.ends_with(wanted) => {}
            _ => panic!("{policies:?}: {reason:?}"),
        }
    }
}

#[test]
fn resources_have_policies_of_their_own() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:failed";
    let rule = |name: &str| format!("arn:aws:events:us-east-1:123456789012:rule/{name}");
    let cloud = cloud();
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule("push")}},
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:role/named"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": "123456789012"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    });
    cloud.iam.put_resource_policy(queue, &document).expect("a policy");
    let nothing = || allow(json!("s3:*"), json!("*"));
    let named = role(&cloud, "named", nothing());
    let stranger = role(&cloud, "stranger", nothing());
    let own = role(&cloud, "own", allow(json!("sqs:SendMessage"), json!(queue)));
    for (caller, allowed) in [
        (Principal::service("events.amazonaws.com", rule("push")), true),
        (Principal::service("events.amazonaws.com", rule("other")), false),
        (Principal::service("lambda.amazonaws.com", rule("push")), false),
        (named, true),
        (stranger, false),
        (own, true),
    ] {
        let decision = cloud
            .iam
            .decide(&cloud.account, &caller, &Requirement::new("sqs:SendMessage", queue));
        assert_eq!(decision.is_ok(), allowed, "{caller:?}");
    }
}

#[test]
fn a_statement_can_be_added_once() {
    let cloud = cloud();
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let statement = json!({
        "Sid": "rule",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": function,
    });
    cloud
        .iam
        .add_resource_statement(function, &statement)
        .expect("the first");
    let again = cloud
        .iam
        .add_resource_statement(function, &statement)
        .expect_err("the second");
    assert_eq!(again.code, "ResourceConflictException");
}

#[test]
fn roles_trust_whom_they_name() {
    let cloud = cloud();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}, "ArnLike": {"aws:SourceArn": "arn:aws:codebuild:*:*:project/p"}},
        }],
    });
    let new = NewRole {
        trust,
        ..NewRole::for_service("build", "ignored")
    };
    cloud.iam.create_role(&cloud.account, new).expect("a role");
    let project = |name: &str| cloud.account.arn("codebuild", format_args!("project/{name}"));
    for (service, source, trusted) in [
        ("codebuild.amazonaws.com", Some(project("p")), true),
        ("codebuild.amazonaws.com", Some(project("q")), false),
        ("lambda.amazonaws.com", Some(project("p")), false),
        ("codebuild.amazonaws.com", None, false),
    ] {
        let actual = cloud
            .iam
            .trusts_service(&cloud.account, "build", service, source.as_deref())
            .expect("the role");
        assert_eq!(actual, trusted, "{service} {source:?}");
    }
    role(&cloud, "function", allow(json!("s3:*"), json!("*")));
    for (service, trusted) in [("lambda.amazonaws.com", true), ("states.amazonaws.com", false)] {
        let actual = cloud.iam.trusts_service(&cloud.account, "function", service, None);
        assert_eq!(actual, Ok(trusted), "{service}");
    }
    let unknown = cloud
        .iam
        .trusts_service(&cloud.account, "absent", "lambda.amazonaws.com", None);
    assert_eq!(unknown.expect_err("no role").code, "NoSuchEntity");
}

#[test]
fn keys_belong_to_their_sessions() {
    let cloud = cloud();
    role(&cloud, "reader", allow(json!("s3:*"), json!("*")));
    let credentials = cloud.iam.assume_role("reader", "s", Vec::new()).expect("credentials");
    let past = jiff::Timestamp::UNIX_EPOCH;
    let expired = cloud
        .iam
        .assume_role_until("reader", "s", Vec::new(), past)
        .expect("credentials");
    let session = Principal::role_session("reader", "s");
    for (key, token, expected) in [
        ("test", None, Ok(Principal::Administrator)),
        ("AKIAIOSFODNN7EXAMPLE", Some("anything"), Ok(Principal::Administrator)),
        (
            credentials.access_key_id.as_str(),
            Some(credentials.session_token.as_str()),
            Ok(session),
        ),
        (
            credentials.access_key_id.as_str(),
            None,
            Err("UnrecognizedClientException"),
        ),
        (
            credentials.access_key_id.as_str(),
            Some(expired.session_token.as_str()),
            Err("UnrecognizedClientException"),
        ),
        (
            "test",
            Some(credentials.session_token.as_str()),
            Err("UnrecognizedClientException"),
        ),
        (
            expired.access_key_id.as_str(),
            Some(expired.session_token.as_str()),
            Err("ExpiredTokenException"),
        ),
    ] {
        let principal = cloud.iam.principal_of(key, token).map_err(|error| error.code);
        let arn = |principal: Principal| principal.arn(&cloud.account);
        assert_eq!(principal.map(arn), expected.map(arn).map_err(str::to_owned), "{key}");
    }
    let shown = format!("{credentials:?} {:?}", cloud.iam);
    assert!(!shown.contains(&credentials.secret_access_key) && !shown.contains(&credentials.session_token));
}

#[tokio::test]
async fn a_role_is_shown_with_its_path_and_its_date() {
    let cloud = cloud();
    let mut new = NewRole::for_service("shown", "lambda.amazonaws.com");
    new.path = "/jobs/".into();
    cloud.iam.create_role(&cloud.account, new).expect("the role");
    let input = json!({"RoleName": "shown"});
    let shown = cloud.call(&Principal::Administrator, "iam", "GetRole", input).await;
    let role = shown.expect("the role")["Role"].take();
    assert_eq!(role["Path"], "/jobs/");
    let created = role["CreateDate"].as_str().expect("a text");
    assert!(
        created.len() == "2026-01-01T00:00:00Z".len() && created.ends_with('Z'),
        "{created}"
    );
}
