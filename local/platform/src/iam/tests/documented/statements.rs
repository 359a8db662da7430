//! What stands in a statement: actions, resources, and its name.

use super::{GUIDE, allow, policy, zhang};
use crate::account::Account;
use crate::iam::{Iam, NewUser, Requirement};
use serde_json::{Value, json};

/// A page, the statements of a policy, an action, a resource, and whether a user Zhang with that policy may.
type Statements<'a> = (&'a str, Value, &'a str, &'a str, bool);

#[test]
fn elements_of_statements() {
    let not_action = "reference_policies_elements_notaction.html";
    let not_resource = "reference_policies_elements_notresource.html";
    let resource = "reference_policies_elements_resource.html";
    let variables = "reference_policies_variables.html#policy-vars-wheretouse";
    let home = allow("s3:*", "arn:aws:s3:::bucket/${aws:username}/*");
    let all_but_iam = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    let deny_elsewhere = json!([allow("s3:*", "*"),
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]}]);
    let old = json!({"Version": "2008-10-17", "Statement": home});
    let cases: [Statements; 21] = [
        (
            not_action,
            policy(all_but_iam.clone()),
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            true,
        ),
        (not_action, policy(all_but_iam), "iam:ListUsers", "*", false),
        (
            not_resource,
            policy(deny_elsewhere.clone()),
            "s3:GetObject",
            "arn:aws:s3:::hr/k",
            true,
        ),
        (
            not_resource,
            policy(deny_elsewhere),
            "s3:GetObject",
            "arn:aws:s3:::other/k",
            false,
        ),
        (
            "reference_policies_elements_action.html",
            policy(allow("iam:*AccessKey*", "*")),
            "iam:UpdateAccessKey",
            "*",
            true,
        ),
        (
            "reference_policies_elements_action.html",
            policy(allow("IAM:*accesskey*", "*")),
            "iam:UpdateAccessKey",
            "*",
            true,
        ),
        (
            "reference_policies_elements_action.html",
            policy(allow("s3:Get?bject", "*")),
            "s3:GetObject",
            "*",
            true,
        ),
        (
            resource,
            policy(allow("s3:*", "arn:aws:s3:::bucket/*/test/*")),
            "s3:GetObject",
            "arn:aws:s3:::bucket/1/2/test/3/4",
            true,
        ),
        (
            resource,
            policy(allow("s3:*", "arn:aws:s3:::bucket/test*")),
            "s3:GetObject",
            "arn:aws:s3:::bucket/testing/x",
            true,
        ),
        (
            resource,
            policy(allow("s3:*", "arn:aws:s3:::bucket/Test*")),
            "s3:GetObject",
            "arn:aws:s3:::bucket/testing",
            false,
        ),
        (
            resource,
            policy(allow("sqs:*", "arn:aws:sqs:*:123456789012:queue?")),
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-2:123456789012:queue1",
            true,
        ),
        (
            resource,
            policy(allow("s3:*", "arn:aws:s3:::bucket")),
            "s3:GetObject",
            "arn:aws:s3:::bucket/k",
            false,
        ),
        (
            variables,
            policy(home.clone()),
            "s3:GetObject",
            "arn:aws:s3:::bucket/Zhang/k",
            true,
        ),
        (
            variables,
            policy(home),
            "s3:GetObject",
            "arn:aws:s3:::bucket/Bob/k",
            false,
        ),
        (
            variables,
            old.clone(),
            "s3:GetObject",
            "arn:aws:s3:::bucket/Zhang/k",
            false,
        ),
        (
            variables,
            old,
            "s3:GetObject",
            "arn:aws:s3:::bucket/${aws:username}/k",
            true,
        ),
        (
            variables,
            policy(allow("sqs:*", "arn:aws:sqs:us-east-2:*:${aws:username}-queue")),
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-2:123456789012:Zhang-queue",
            true,
        ),
        (
            variables,
            policy(allow("sqs:*", "arn:aws:sqs:${aws:RequestedRegion}:*:q")),
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:123456789012:q",
            false,
        ),
        (
            variables,
            policy(allow("s3:*", "arn:aws:s3:::bucket/${aws:PrincipalTag/department}/*")),
            "s3:GetObject",
            "arn:aws:s3:::bucket//k",
            false,
        ),
        (
            "reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
            policy(json!([allow("s3:*", "*"), {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}])),
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            false,
        ),
        (
            "reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
            policy(allow("s3:PutObject", "*")),
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            false,
        ),
    ];
    let account = Account::local();
    for (page, document, action, resource, expected) in cases {
        let iam = Iam::default();
        let user = NewUser::new("Zhang").with_policy("p", document.clone());
        iam.create_user(&account, user).unwrap();
        let may = iam
            .decide(&account, &zhang(), &Requirement::new(action, resource))
            .is_ok();
        assert_eq!(may, expected, "{GUIDE}{page}: {action} on {resource} by {document}");
    }
}

#[test]
fn names_of_statements_are_unique_letters_and_digits() {
    let page = "reference_policies_elements_sid.html";
    let iam = Iam::default();
    let account = Account::local();
    let named = |sid: &str| {
        let mut statement = allow("s3:*", "*");
        statement["Sid"] = sid.into();
        statement
    };
    for (sids, expected) in [
        (["A1", "B2"], None),
        (["", ""], None),
        (
            ["A1", "A1"],
            Some("Statement IDs (SID) in a single policy must be unique."),
        ),
        (["A 1", "B"], Some("Statement IDs (SID) must be alpha-numeric.")),
        (["A-1", "B"], Some("Statement IDs (SID) must be alpha-numeric.")),
    ] {
        let user = NewUser::new(format!("u{}", sids.concat())).with_policy("p", policy(json!(sids.map(named))));
        let refused = iam.create_user(&account, user).err().map(|error| error.message);
        let fits = match (&refused, expected) {
            (None, None) => true,
            (Some(message), Some(begin)) => message.starts_with(begin),
            _ => false,
        };
        assert!(fits, "{GUIDE}{page}: {sids:?}: {refused:?}");
    }
}
