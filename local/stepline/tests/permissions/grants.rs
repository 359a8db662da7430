//! What policies allow, and what was called: the two sides that are held against one another.

use super::environments::{environment_of, fold};
use platform::iam::Role;
use platform::journal::Happening;
use serde_json::Value;
use std::fmt;
use stepline::cloud::Cloud;

/// How the names of the roles begin that the deploy workflow takes.
pub(crate) const DEPLOYER: &str = "stepline-deployer-";

/// One action on one resource that a policy allows; both may have wildcards. Names are [folded](fold).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The role's name, or the service that a resource's policy names.
    pub(crate) who: String,
    /// The statement.
    pub(crate) sid: String,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
    /// Where the statement asks for it, the one resource on whose behalf a service may call.
    pub(crate) source: Option<String>,
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            who,
            sid,
            action,
            resource,
            ..
        } = self;
        write!(formatter, "{who}, {sid}: {action} on {resource}")?;
        match &self.source {
            Some(source) => write!(formatter, " for {source}"),
            None => Ok(()),
        }
    }
}

/// One call, and IAM's decision. Names are folded as those of grants are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The role's name, or the service's.
    pub(crate) who: String,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
    /// On whose behalf a service called.
    pub(crate) source: Option<String>,
    /// Whether it was allowed.
    pub(crate) allowed: bool,
}

impl Grant {
    /// Whether it is this grant that allows a call.
    pub(crate) fn allows(&self, call: &Call) -> bool {
        let source = match (&self.source, &call.source) {
            (None, _) => true,
            (Some(pattern), Some(source)) => matches(pattern, source),
            (Some(_), None) => false,
        };
        source
            && call.who == self.who
            && matches(&self.action.to_lowercase(), &call.action.to_lowercase())
            && matches(&self.resource, &call.resource)
    }
}

/// Everything that the account's policies allow, those of its roles and those of its resources; once for both
/// environments where it is the same.
pub(crate) fn grants(cloud: &Cloud) -> Vec<Grant> {
    let mut grants = Vec::new();
    // What deploys is the administrator here: what its roles may do is held against CloudFormation's handlers instead.
    // And what a service-linked role may do is AWS's to say.
    let of_chain = |role: &Role| !role.name.starts_with(DEPLOYER) && !role.name.starts_with("AWSServiceRoleFor");
    for role in cloud.iam.roles().into_iter().filter(of_chain) {
        let environment = environment_of(&role.name);
        for document in role.policies.values() {
            for statement in list(&document["Statement"]) {
                add(
                    &mut grants,
                    &role.name,
                    &statement,
                    texts(&statement["Resource"]),
                    environment,
                );
            }
        }
    }
    for (arn, statement) in cloud.iam.resource_statements() {
        let mut resources = texts(&statement["Resource"]);
        if resources.is_empty() {
            resources.push(arn.clone());
        }
        let whos = match &statement["Principal"] {
            Value::Object(kinds) => kinds.values().flat_map(texts).collect(),
            anyone => texts(anyone),
        };
        for who in whos {
            add(&mut grants, &who, &statement, resources.clone(), environment_of(&arn));
        }
    }
    grants
}

fn add(grants: &mut Vec<Grant>, who: &str, statement: &Value, resources: Vec<String>, environment: Option<&str>) {
    assert!(
        statement.get("NotAction").is_none() && statement.get("NotResource").is_none(),
        "{who}: a statement that allows all but something cannot be held against what is called"
    );
    if statement["Effect"] != "Allow" {
        return;
    }
    let mut sources: Vec<Option<String>> = sources(statement).into_iter().map(Some).collect();
    if sources.is_empty() {
        sources.push(None);
    }
    for action in texts(&statement["Action"]) {
        for resource in &resources {
            for source in &sources {
                let grant = Grant {
                    who: fold(who, environment),
                    sid: fold(statement["Sid"].as_str().unwrap_or("(no Sid)"), environment),
                    action: action.clone(),
                    resource: fold(resource, environment),
                    source: source.as_deref().map(|source| fold(source, environment)),
                };
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
    }
}

/// The values of `aws:SourceArn` that a statement asks for.
fn sources(statement: &Value) -> Vec<String> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
    keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))
        .flat_map(|(_, values)| texts(values))
        .collect()
}

/// Every call in the journal that a role or a service made.
pub(crate) fn calls(cloud: &Cloud) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in cloud.journal.entries() {
        let Happening::Authorized {
            principal,
            source,
            action,
            resource,
            allowed,
            ..
        } = entry.happening
        else {
            continue;
        };
        let role = principal.split(":assumed-role/").nth(1);
        let role = role.map(|session| session.split('/').next().unwrap_or_default());
        let (who, environment) = match role {
            Some(role) => (role, environment_of(role)),
            None if principal.ends_with(".amazonaws.com") => (principal.as_str(), environment_of(&resource)),
            // The person at the keyboard, whom nothing limits.
            None => continue,
        };
        let call = Call {
            who: fold(who, environment),
            resource: fold(&resource, environment),
            source: source.map(|source| fold(&source, environment)),
            action,
            allowed,
        };
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls
}

pub(crate) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

pub(crate) fn texts(value: &Value) -> Vec<String> {
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
