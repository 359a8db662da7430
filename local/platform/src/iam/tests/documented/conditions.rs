//! Conditions: each operator, keys that are not there, keys with several values, and variables.

use super::{GUIDE, allow, policy, zhang};
use crate::account::Account;
use crate::iam::{Iam, NewUser, Requirement};
use serde_json::{Value, json};

/// Whether a user `Zhang` with this policy may call `s3:ListBucket` of a bucket with these condition keys.
fn may(condition: &Value, context: &[(&str, &str)]) -> bool {
    let account = Account::local();
    let iam = Iam::default();
    let mut statement = allow("s3:*", "*");
    statement["Condition"] = condition.clone();
    let user = NewUser::new("Zhang").with_policy("p", policy(statement));
    iam.create_user(&account, user).unwrap();
    let asked = context.iter().fold(
        Requirement::new("s3:ListBucket", "arn:aws:s3:::bucket"),
        |asked, (key, value)| asked.with(*key, *value),
    );
    iam.decide(&account, &zhang(), &asked).is_ok()
}

/// A page, a `Condition`, and contexts with whether it holds in them.
type Conditions<'a> = (&'a str, Value, &'a [(&'a [(&'a str, &'a str)], bool)]);

fn check(cases: &[Conditions]) {
    for (page, condition, contexts) in cases {
        for (context, expected) in *contexts {
            assert_eq!(
                may(condition, context),
                *expected,
                "{GUIDE}{page}: {condition} in {context:?}"
            );
        }
    }
}

#[test]
fn text_operators() {
    let page = "reference_policies_elements_condition_operators.html#Conditions_String";
    check(&[
        (
            page,
            json!({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}),
            &[
                (&[("aws:PrincipalTag/job-category", "iamuser-admin")], true),
                (&[("AWS:principaltag/JOB-category", "iamuser-admin")], true),
                (&[("aws:PrincipalTag/job-category", "IamUser-Admin")], false),
                (&[], false),
            ],
        ),
        (
            page,
            json!({"StringNotEquals": {"k": ["a", "b"]}}),
            &[(&[("k", "c")], true), (&[("k", "b")], false), (&[], true)],
        ),
        (
            page,
            json!({"StringEqualsIgnoreCase": {"k": "Abc"}}),
            &[(&[("k", "aBC")], true), (&[("k", "abcd")], false), (&[], false)],
        ),
        (
            page,
            json!({"StringNotEqualsIgnoreCase": {"k": "Abc"}}),
            &[(&[("k", "aBC")], false), (&[("k", "abcd")], true), (&[], true)],
        ),
        (
            page,
            json!({"StringEquals": {"k": "a*"}}),
            &[(&[("k", "a*")], true), (&[("k", "ab")], false)],
        ),
        (
            page,
            json!({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}}),
            &[
                (&[("s3:prefix", "")], true),
                (&[("s3:prefix", "home/Zhang/")], true),
                (&[("s3:prefix", "home/Bob/")], false),
                (&[("s3:prefix", "home/Zhang/deeper")], false),
            ],
        ),
        (
            page,
            json!({"StringLike": {"k": "a?c*"}}),
            &[
                (&[("k", "abc")], true),
                (&[("k", "abcd")], true),
                (&[("k", "ac")], false),
                (&[("k", "Abc")], false),
            ],
        ),
        (
            page,
            json!({"StringNotLike": {"k": "a*"}}),
            &[(&[("k", "abc")], false), (&[("k", "b")], true), (&[], true)],
        ),
    ]);
}

#[test]
fn operators_of_numbers_dates_booleans_and_bytes() {
    let page = "reference_policies_elements_condition_operators.html";
    check(&[
        (
            page,
            json!({"NumericLessThanEquals": {"s3:max-keys": "10"}}),
            &[
                (&[("s3:max-keys", "10")], true),
                (&[("s3:max-keys", "9.5")], true),
                (&[("s3:max-keys", "11")], false),
                (&[("s3:max-keys", "few")], false),
                (&[], false),
            ],
        ),
        (
            page,
            json!({"NumericEquals": {"k": 10}}),
            &[(&[("k", "10.0")], true), (&[("k", "1")], false)],
        ),
        (
            page,
            json!({"NumericNotEquals": {"k": "10"}}),
            &[(&[("k", "10")], false), (&[], true)],
        ),
        (
            page,
            json!({"NumericGreaterThan": {"k": "1"}}),
            &[(&[("k", "1")], false), (&[("k", "2")], true)],
        ),
        // No variables under these.
        (
            page,
            json!({"NumericEquals": {"k": "${j}"}}),
            &[(&[("k", "1"), ("j", "1")], false)],
        ),
        (
            page,
            json!({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}),
            &[
                (&[("aws:TokenIssueTime", "2020-01-02T00:00:00Z")], true),
                (&[("aws:TokenIssueTime", "1577836802")], true),
                (&[("aws:TokenIssueTime", "2020-01-01T00:00:01Z")], false),
                (&[], false),
            ],
        ),
        (
            page,
            json!({"DateLessThanEquals": {"k": "2020-06-30"}}),
            &[
                (&[("k", "2020-06-30T00:00:00Z")], true),
                (&[("k", "2020-06-30T00:00:01Z")], false),
            ],
        ),
        (
            page,
            json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, "DateLessThan": {"aws:EpochTime": "4102444800"}}),
            &[(&[], true)],
        ),
        (
            page,
            json!({"Bool": {"aws:SecureTransport": "false"}}),
            // Always there, and true.
            &[(&[], false)],
        ),
        (
            page,
            json!({"Bool": {"k": true}}),
            &[(&[("k", "true")], true), (&[("k", "false")], false), (&[], false)],
        ),
        (
            page,
            json!({"BinaryEquals": {"k": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}),
            &[
                (&[("k", "QmluYXJ5VmFsdWVJbkJhc2U2NA==")], true),
                (&[("k", "Qg==")], false),
                (&[], false),
            ],
        ),
    ]);
}

#[test]
fn operators_of_addresses_and_arns() {
    let page = "reference_policies_elements_condition_operators.html";
    let topic = "arn:aws:sns:us-east-1:123456789012:topic";
    check(&[
        (
            page,
            json!({"IpAddress": {"ip": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}),
            &[
                (&[("ip", "203.0.113.255")], true),
                (&[("ip", "203.0.114.0")], false),
                (&[("ip", "2001:db8:1234:5678::9")], true),
                (&[("ip", "2001:db8:1234:5679::9")], false),
                (&[], false),
            ],
        ),
        (
            page,
            json!({"IpAddress": {"ip": "203.0.113.7"}}),
            &[(&[("ip", "203.0.113.7")], true), (&[("ip", "203.0.113.8")], false)],
        ),
        (
            page,
            json!({"NotIpAddress": {"ip": "203.0.113.0/24"}}),
            &[(&[("ip", "203.0.113.7")], false), (&[("ip", "::1")], true), (&[], true)],
        ),
        (
            page,
            json!({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:123456789012:top*"}}),
            &[
                (&[("aws:SourceArn", topic)], true),
                (&[("aws:SourceArn", "arn:aws:sns:us-east-1:999999999999:topic")], false),
                (&[], false),
            ],
        ),
        // Each of the six parts is compared by itself.
        (
            page,
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}),
            &[(&[("aws:SourceArn", topic)], false)],
        ),
        (
            page,
            json!({"ArnNotEquals": {"aws:SourceArn": topic}}),
            &[(&[("aws:SourceArn", topic)], false), (&[], true)],
        ),
        (
            page,
            json!({"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:*:other"}}),
            &[(&[("aws:SourceArn", topic)], true)],
        ),
    ]);
}

#[test]
fn keys_that_are_not_there() {
    let if_exists = "reference_policies_elements_condition_operators.html#Conditions_IfExists";
    let null = "reference_policies_elements_condition_operators.html#Conditions_Null";
    check(&[
        (
            if_exists,
            json!({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}),
            &[
                (&[("ec2:InstanceType", "t2.micro")], true),
                (&[("ec2:InstanceType", "m5.large")], false),
                (&[], true),
            ],
        ),
        (
            if_exists,
            json!({"StringNotEqualsIfExists": {"k": "a"}}),
            &[(&[("k", "a")], false), (&[], true)],
        ),
        (
            if_exists,
            json!({"NumericLessThanIfExists": {"k": "5"}}),
            &[(&[("k", "5")], false), (&[], true)],
        ),
        (
            if_exists,
            json!({"BoolIfExists": {"k": "true"}}),
            &[(&[("k", "false")], false), (&[], true)],
        ),
        (
            null,
            json!({"Null": {"aws:TokenIssueTime": "true"}}),
            &[(&[], true), (&[("aws:TokenIssueTime", "2020-01-01T00:00:00Z")], false)],
        ),
        (
            null,
            json!({"Null": {"aws:TokenIssueTime": false}}),
            &[(&[], false), (&[("aws:TokenIssueTime", "2020-01-01T00:00:00Z")], true)],
        ),
    ]);
}

#[test]
fn keys_with_several_values() {
    let page = "reference_policies_condition-single-vs-multi-valued-context-keys.html";
    let attributes = json!(["PostDateTime", "Message", "Tags"]);
    let asked = "dynamodb:requestedAttributes";
    check(&[
        (
            page,
            json!({"ForAllValues:StringLike": {asked: attributes}}),
            &[
                (&[(asked, "PostDateTime"), (asked, "Message")], true),
                (&[(asked, "PostDateTime"), (asked, "UserName")], false),
                (&[], true),
                (&[(asked, "")], true),
            ],
        ),
        (
            page,
            json!({"ForAnyValue:StringLike": {asked: ["ID", "PostDateTime", "*e"]}}),
            &[
                (
                    &[(asked, "UserName"), (asked, "Message"), (asked, "PostDateTime")],
                    true,
                ),
                (&[(asked, "Tags")], false),
                (&[], false),
                (&[(asked, "")], false),
            ],
        ),
        (
            page,
            json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["secret", "hidden"]}}),
            &[
                (&[("aws:TagKeys", "a"), ("aws:TagKeys", "b")], true),
                (&[("aws:TagKeys", "a"), ("aws:TagKeys", "secret")], false),
                (&[], true),
            ],
        ),
        (
            page,
            json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["secret"]}}),
            &[
                (&[("aws:TagKeys", "a"), ("aws:TagKeys", "secret")], true),
                (&[("aws:TagKeys", "secret")], false),
                (&[], false),
            ],
        ),
        // With Null beside it, a request without the key is not let through.
        (
            page,
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}}),
            &[(&[("aws:TagKeys", "a")], true), (&[], false)],
        ),
        // All operators and keys must hold; of the values of a key one is enough.
        (
            "reference_policies_condition-logic-multiple-context-keys-or-values.html",
            json!({"StringEquals": {"a": ["1", "2"], "b": "3"}, "NumericLessThan": {"c": "4"}}),
            &[
                (&[("a", "2"), ("b", "3"), ("c", "1")], true),
                (&[("a", "4"), ("b", "3"), ("c", "1")], false),
                (&[("a", "1"), ("b", "3"), ("c", "4")], false),
                (&[("a", "1"), ("c", "1")], false),
            ],
        ),
    ]);
}

#[test]
fn variables_and_what_stands_for_them() {
    let page = "reference_policies_variables.html";
    check(&[
        (
            page,
            json!({"StringEquals": {"k": "${aws:username}"}}),
            &[(&[("k", "Zhang")], true), (&[("k", "${aws:username}")], false)],
        ),
        (
            page,
            json!({"StringEquals": {"k": "${AWS:UserName}"}}),
            &[(&[("k", "Zhang")], true)],
        ),
        (
            page,
            json!({"StringEquals": {"k": "${aws:PrincipalTag/team, 'company-wide'}"}}),
            &[
                (&[("k", "company-wide")], true),
                (&[("k", "red"), ("aws:PrincipalTag/team", "red")], true),
            ],
        ),
        (
            page,
            json!({"StringLike": {"k": "${aws:PrincipalTag/team}*"}}),
            &[(&[("k", "a")], false)],
        ),
        (
            page,
            json!({"StringLike": {"k": "a${*}${?}${$}"}}),
            &[(&[("k", "a*?$")], true), (&[("k", "abc$")], false)],
        ),
        // What a variable stands for is no pattern.
        (
            page,
            json!({"StringLike": {"k": "${t}"}}),
            &[(&[("k", "*"), ("t", "*")], true), (&[("k", "x"), ("t", "*")], false)],
        ),
        // A key with several values stands for none of them.
        (
            page,
            json!({"StringEquals": {"k": "${t}"}}),
            &[(&[("k", "a"), ("t", "a"), ("t", "b")], false)],
        ),
        (
            page,
            json!({"ArnLike": {"k": "arn:aws:iam::123456789012:user/${aws:username}"}}),
            &[(&[("k", "arn:aws:iam::123456789012:user/Zhang")], true)],
        ),
        (
            page,
            json!({"IpAddress": {"k": "${j}"}}),
            &[(&[("k", "10.0.0.1"), ("j", "10.0.0.1")], false)],
        ),
    ]);
}
