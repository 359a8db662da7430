//! Permissions boundaries: what a role may do is what its policies and its boundary both allow.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

use crate::world::cloud;
use platform::Requirement;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::{Value, json};
use stepline::cloud::Cloud;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/r/session";

fn statement(effect: &str, action: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": "*"})
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What a role with this policy and this boundary hears about sending to a queue, whose own policy names `principal`.
fn verdict(identity: Value, boundary: Value, principal: Option<&str>, session_policy: Option<Value>) -> String {
    let cloud = cloud();
    cloud.iam.create_policy(BOUNDARY, document(boundary)).expect("a policy");
    let role = NewRole {
        permissions_boundary: Some(BOUNDARY.to_owned()),
        ..NewRole::for_service("r", "lambda.amazonaws.com").with_policy("calls", document(identity))
    };
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    if let Some(principal) = principal {
        let allow = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sqs:*", "Resource": QUEUE});
        cloud
            .iam
            .put_resource_policy(QUEUE, &document(allow))
            .expect("a policy of the queue");
    }
    let policies = session_policy.map(|statement| document(statement).to_string());
    let caller = cloud
        .iam
        .session("r", "session", policies.into_iter().collect())
        .expect("a session");
    said(&cloud, &caller)
}

fn said(cloud: &Cloud, caller: &Principal) -> String {
    let requirement = Requirement::new("sqs:SendMessage", QUEUE);
    match cloud.iam.decide(&cloud.account, caller, &requirement) {
        Ok(()) => "allowed".to_owned(),
        Err(error) => {
            let resource = format!("on resource: {QUEUE} ");
            error.message.split_once(&resource).expect(&resource).1.to_owned()
        }
    }
}

#[test]
fn a_boundary_only_narrows() {
    let send = || statement("Allow", "sqs:SendMessage");
    let other = || statement("Allow", "s3:*");
    let no_boundary = "because no permissions boundary allows the sqs:sendmessage action";
    let no_identity = "because no identity-based policy allows the sqs:sendmessage action";
    let no_session = "because no session policy allows the sqs:sendmessage action";
    let explicit = "with an explicit deny in a permissions boundary";
    let denying = || json!([statement("Allow", "*"), statement("Deny", "sqs:*")]);
    for (identity, boundary, principal, session, expected) in [
        (send(), send(), None, None, "allowed"),
        (send(), statement("Allow", "sqs:*"), None, None, "allowed"),
        (send(), other(), None, None, no_boundary),
        (send(), denying(), None, None, explicit),
        // A boundary gives nothing by itself.
        (other(), send(), None, None, no_identity),
        (other(), other(), None, None, no_identity),
        // A session's policies narrow further.
        (send(), send(), None, Some(send()), "allowed"),
        (send(), send(), None, Some(other()), no_session),
        (send(), other(), None, Some(send()), no_boundary),
        // What a resource's policy gives to the role is narrowed; what it gives to the session is not.
        (other(), send(), Some(ROLE), None, "allowed"),
        (other(), other(), Some(ROLE), None, no_boundary),
        (other(), other(), Some(SESSION), None, "allowed"),
        (other(), other(), Some(SESSION), Some(other()), "allowed"),
        (other(), send(), Some("123456789012"), None, no_identity),
        // An explicit deny wins over everything.
        (send(), denying(), Some(SESSION), None, explicit),
    ] {
        let said = verdict(identity.clone(), boundary.clone(), principal, session.clone());
        assert_eq!(said, expected, "{identity} {boundary} {principal:?} {session:?}");
    }
}

#[test]
fn a_boundary_has_to_be_there() {
    let cloud = cloud();
    let bounded = || NewRole {
        permissions_boundary: Some(BOUNDARY.to_owned()),
        ..NewRole::for_service("r", "lambda.amazonaws.com")
    };
    let error = cloud.iam.create_role(&cloud.account, bounded()).expect_err("no policy");
    assert_eq!(error.code, "NoSuchEntity");
    assert_eq!(
        error.message,
        format!("Scope ARN: {BOUNDARY} does not exist or is not attachable.")
    );
    let all = document(statement("Allow", "*"));
    cloud.iam.create_policy(BOUNDARY, all).expect("a policy");
    cloud.iam.create_role(&cloud.account, bounded()).expect("a role");
}

#[test]
fn a_managed_policy_has_a_size() {
    let cloud = cloud();
    let long: Vec<String> = (0..300).map(|number| format!("sqs:Action{number:015}")).collect();
    let error = cloud
        .iam
        .create_policy(
            BOUNDARY,
            document(json!({"Effect": "Allow", "Action": long, "Resource": "*"})),
        )
        .expect_err("too long");
    assert_eq!(error.code, "LimitExceeded");
    assert_eq!(error.message, "Cannot exceed quota for PolicySize: 6144");
}
