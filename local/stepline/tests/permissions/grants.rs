//! What policies allow, and what was called: the two sides that are held against one another.

use serde_json::Value;
use stepline::cloud::Cloud;
use stepline::journal::Happening;

/// One action on one resource that a role's policy allows; both may have wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The role's name.
    pub(crate) role: String,
    /// The statement.
    pub(crate) sid: String,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
}

/// One call that a role made, and IAM's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The role's name.
    pub(crate) role: String,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
    /// Whether it was allowed.
    pub(crate) allowed: bool,
}

/// Everything that the policies of the account's roles allow.
pub(crate) fn grants(cloud: &Cloud) -> Vec<Grant> {
    let mut grants = Vec::new();
    for role in cloud.iam.roles() {
        for document in role.policies.values() {
            for statement in list(&document["Statement"]) {
                assert!(
                    statement.get("NotAction").is_none() && statement.get("NotResource").is_none(),
                    "{}: a statement that allows all but something cannot be held against what is called",
                    role.name
                );
                if statement["Effect"] != "Allow" {
                    continue;
                }
                for action in texts(&statement["Action"]) {
                    for resource in texts(&statement["Resource"]) {
                        grants.push(Grant {
                            role: role.name.clone(),
                            sid: statement["Sid"].as_str().unwrap_or("(no Sid)").to_owned(),
                            action: action.clone(),
                            resource,
                        });
                    }
                }
            }
        }
    }
    grants
}

/// Every call of a role in the journal.
pub(crate) fn calls(cloud: &Cloud) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in cloud.journal.entries() {
        if let Happening::Authorized {
            principal,
            action,
            resource,
            allowed,
        } = entry.happening
            && let Some(role) = principal.split(":assumed-role/").nth(1)
        {
            let call = Call {
                role: role.split('/').next().unwrap_or_default().to_owned(),
                action,
                resource,
                allowed,
            };
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
    }
    calls
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// Whether a pattern with `*` and `?` covers a text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], text)
                || text
                    .chars()
                    .next()
                    .is_some_and(|first| matches(pattern, &text[first.len_utf8()..]))
        }
        (Some('?'), Some(first)) => matches(&pattern[1..], &text[first.len_utf8()..]),
        (Some(wanted), Some(first)) if wanted == first => {
            matches(&pattern[wanted.len_utf8()..], &text[first.len_utf8()..])
        }
        _ => false,
    }
}

#[test]
fn patterns() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("arn:*:x", "arn:a:b:x", true),
        ("arn:*:x", "arn:a:b:y", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("machine", "machine:live", false),
        ("machine:*", "machine:live", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
