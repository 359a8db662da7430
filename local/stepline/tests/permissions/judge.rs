//! What is too narrow, what is too wide, and what is on a list for no reason.

use super::exceptions::Exception;
use super::grants::{Call, Grant, matches};

/// A call that a scenario makes to see it denied, exactly as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    /// The role's name.
    pub(crate) who: String,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
}

/// The findings, sorted.
pub(crate) fn judge(grants: &[Grant], calls: &[Call], exceptions: &[Exception], expected: &[Denial]) -> Vec<String> {
    let is_used = |grant: &Grant| calls.iter().any(|call| call.allowed && grant.allows(call));
    let was_denied = |denial: &Denial, call: &Call| {
        !call.allowed && denial.who == call.who && denial.action == call.action && denial.resource == call.resource
    };
    let mut findings = Vec::new();
    for call in calls.iter().filter(|call| !call.allowed) {
        if !expected.iter().any(|denial| was_denied(denial, call)) {
            findings.push(format!(
                "denied: {} may not {} on {}; allow it in a policy, or do not call it",
                call.who, call.action, call.resource
            ));
        }
    }
    for denial in expected {
        if !calls.iter().any(|call| was_denied(denial, call)) {
            findings.push(format!(
                "not denied: {} on {}, which a scenario expects of {}; it is allowed now, or not called any more",
                denial.action, denial.resource, denial.who
            ));
        }
    }
    for grant in grants.iter().filter(|grant| !is_used(grant)) {
        if !exceptions.iter().any(|exception| covers(exception, grant)) {
            findings.push(format!(
                "unused: {grant}; remove it, give a scenario that needs it, or list it with a reason"
            ));
        }
    }
    findings.extend(
        exceptions
            .iter()
            .flat_map(|exception| stale(exception, grants, &is_used)),
    );
    findings.sort();
    findings
}

fn covers(exception: &Exception, grant: &Grant) -> bool {
    exception.roles.contains(&grant.who.as_str())
        && exception.actions.contains(&grant.action.as_str())
        && matches(exception.resource, &grant.resource)
}

/// Each role and action of an exception has to match something that is allowed, and nothing that was used.
fn stale(exception: &Exception, grants: &[Grant], is_used: &dyn Fn(&Grant) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for role in exception.roles {
        for action in exception.actions {
            let of_both = |grant: &&Grant| grant.who == *role && grant.action == *action && covers(exception, grant);
            let covered: Vec<&Grant> = grants.iter().filter(of_both).collect();
            let named = format!("{action} on {} is an exception of {role}", exception.resource);
            if covered.is_empty() {
                findings.push(format!("stale: {named}, and no policy allows it"));
            }
            for grant in covered.into_iter().filter(|grant| is_used(grant)) {
                findings.push(format!("stale: {named}, and a scenario used it: {grant}"));
            }
        }
    }
    if exception.reason.is_empty() || !exception.source.starts_with("https://") {
        findings.push(format!("without reason or source: {:?}", exception.actions));
    }
    findings
}

#[test]
fn every_fault_is_found() {
    let grant = |action: &str, resource: &str| Grant {
        who: "role".into(),
        sid: "Sid".into(),
        action: action.into(),
        resource: resource.into(),
        source: None,
    };
    let call = |action: &str, resource: &str, allowed: bool| Call {
        who: "role".into(),
        action: action.into(),
        resource: resource.into(),
        source: None,
        allowed,
    };
    let denial = Denial {
        who: "role".into(),
        action: "a:Read".into(),
        resource: "arn:x/secret".into(),
    };
    let exception = |resource: &'static str| Exception {
        roles: &["role"],
        actions: &["a:Read"],
        resource,
        reason: "why",
        source: "https://docs.aws.amazon.com/",
    };
    let read = || vec![grant("a:Read", "arn:x/*")];
    let none: &[&str] = &[];
    for (grants, calls, exceptions, denials, expected) in [
        (read(), vec![call("a:Read", "arn:x/1", true)], vec![], vec![], none),
        (
            read(),
            vec![],
            vec![],
            vec![],
            &["unused: role, Sid: a:Read on arn:x/*"],
        ),
        // One of two resources that a statement allows.
        (
            vec![grant("a:Read", "arn:x/*"), grant("a:Read", "arn:y/*")],
            vec![call("a:Read", "arn:x/1", true)],
            vec![],
            vec![],
            &["unused: role, Sid: a:Read on arn:y/*"],
        ),
        (read(), vec![], vec![exception("arn:x/*")], vec![], none),
        (
            read(),
            vec![call("a:Read", "arn:x/1", true)],
            vec![exception("*")],
            vec![],
            &["stale: a:Read on * is an exception of role, and a scenario used it"],
        ),
        (
            vec![],
            vec![],
            vec![exception("arn:z")],
            vec![],
            &["stale: a:Read on arn:z is an exception of role, and no policy allows it"],
        ),
        (
            vec![],
            vec![call("a:Read", "arn:x/1", false)],
            vec![],
            vec![denial.clone()],
            &[
                "denied: role may not a:Read on arn:x/1",
                "not denied: a:Read on arn:x/secret",
            ],
        ),
        (
            vec![],
            vec![call("a:Read", "arn:x/secret", false)],
            vec![],
            vec![denial.clone()],
            none,
        ),
    ] {
        let found = judge(&grants, &calls, &exceptions, &denials);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
