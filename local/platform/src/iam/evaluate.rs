//! How policies come to a decision.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
//! for one account: an explicit deny wins; then a resource's policy or the principal's own must allow, and a permissions
//! boundary and a session's policies can only narrow. What they do not narrow is what a resource's policy gives to the
//! session itself: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

use super::condition::Context;
use super::document::{Document, Statement, Who};
use super::pattern::{Pattern, begins_alike};
use std::fmt;
use std::sync::Arc;

/// Who asks, in the forms in which policies can name them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asker {
    /// The account's id.
    pub(super) account: String,
    /// The ARN of the session.
    pub(super) session_arn: Option<String>,
    /// The ARN of the session's role.
    pub(super) role_arn: Option<String>,
    /// The service principal.
    pub(super) service: Option<String>,
}

/// A role's own policies.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What they allow and deny.
    pub(super) identity: Vec<Document>,
    /// The role's permissions boundary; None means that nothing is narrowed.
    pub(super) boundary: Option<Document>,
}

/// The policies that have a say.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// The role's own.
    pub(super) own: Arc<Own>,
    /// Those that narrow the session; none means that nothing is narrowed.
    pub(super) session: Vec<Document>,
    /// Those of the resource.
    pub(super) resource: Vec<Document>,
}

/// A kind of policy, as AccessDenied messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyKind {
    Identity,
    Boundary,
    Session,
    Resource,
}

impl PolicyKind {
    /// The kind as one policy of several.
    pub(super) fn with_article(self) -> String {
        match self {
            Self::Identity => format!("an {self}"),
            Self::Boundary | Self::Session | Self::Resource => format!("a {self}"),
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
        })
    }
}

/// What the policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The call is allowed.
    Allowed,
    /// A statement denies it.
    Denied(PolicyKind),
    /// No statement allows it; the kind is the one that would have had to.
    NotAllowed(PolicyKind),
}

/// How closely a statement of a resource names the asker: the closer, the less can narrow what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// By the account: then the asker's own policies decide.
    Account,
    /// By the role: its boundary and session policies still narrow.
    Role,
    /// By the session, the service, or as anyone: nothing narrows it.
    Itself,
}

/// Decides.
pub(super) fn decide(policies: &Policies, asker: &Asker, action: &str, resource: &str, context: &Context) -> Verdict {
    let applies = |document: &Document, statement: &Statement| {
        statement_applies(document, statement, action, Some(resource), context)
    };
    let any = |documents: &[Document], allows: bool| {
        documents.iter().any(|document| {
            let mut statements = document.statements.iter();
            statements.any(|statement| statement.allows == allows && applies(document, statement))
        })
    };
    let given_by_resource = |allows: bool| -> Option<Named> {
        let named = policies.resource.iter().flat_map(|document| {
            let statements = document.statements.iter();
            statements
                .filter(move |statement| statement.allows == allows && applies(document, statement))
                .filter_map(|statement| named(statement, asker))
        });
        named.max()
    };
    if given_by_resource(false).is_some() {
        return Verdict::Denied(PolicyKind::Resource);
    }
    let boundary = policies.own.boundary.as_slice();
    for (kind, documents) in [
        (PolicyKind::Identity, policies.own.identity.as_slice()),
        (PolicyKind::Boundary, boundary),
        (PolicyKind::Session, policies.session.as_slice()),
    ] {
        if any(documents, false) {
            return Verdict::Denied(kind);
        }
    }
    let given = given_by_resource(true);
    if given == Some(Named::Itself) {
        return Verdict::Allowed;
    }
    if asker.service.is_some() {
        return Verdict::NotAllowed(PolicyKind::Resource);
    }
    if given != Some(Named::Role) && !any(&policies.own.identity, true) {
        return Verdict::NotAllowed(PolicyKind::Identity);
    }
    if !boundary.is_empty() && !any(boundary, true) {
        return Verdict::NotAllowed(PolicyKind::Boundary);
    }
    if !policies.session.is_empty() && !any(&policies.session, true) {
        return Verdict::NotAllowed(PolicyKind::Session);
    }
    Verdict::Allowed
}

/// Whether a trust policy lets `asker` become the role.
pub(super) fn trusts(trust: &Document, asker: &Asker, action: &str, context: &Context) -> bool {
    let applying = |allows: bool| {
        trust.statements.iter().any(|statement| {
            statement.allows == allows
                && statement_applies(trust, statement, action, None, context)
                && named(statement, asker).is_some()
        })
    };
    applying(true) && !applying(false)
}

fn statement_applies(
    document: &Document,
    statement: &Statement,
    action: &str,
    resource: Option<&str>,
    context: &Context,
) -> bool {
    let resource_matches = |pattern: &String| {
        if !resource.is_some_and(|resource| begins_alike(pattern, resource, u8::eq)) {
            return false;
        }
        let pattern = if document.has_variables {
            Pattern::with_variables(pattern, |key| context.single(key))
        } else {
            Some(Pattern::plain(pattern))
        };
        match (pattern, resource) {
            (Some(pattern), Some(resource)) => pattern.matches_arn(resource),
            _ => false,
        }
    };
    statement.actions.covers(|pattern| {
        begins_alike(pattern, action, u8::eq_ignore_ascii_case) && Pattern::plain(pattern).matches_ignoring_case(action)
    }) && statement
        .resources
        .as_ref()
        .is_none_or(|resources| resources.covers(resource_matches))
        && statement
            .conditions
            .iter()
            .all(|condition| condition.holds(context, document.has_variables))
}

/// How a statement names the asker, if it does.
fn named(statement: &Statement, asker: &Asker) -> Option<Named> {
    let principals = statement.principals.as_ref()?;
    let named = principals.items.iter().filter_map(|who| match who {
        Who::Anyone => Some(Named::Itself),
        Who::Service(service) => (asker.service.as_deref() == Some(service)).then_some(Named::Itself),
        Who::Aws(name) => named_in_account(name, asker),
        Who::Elsewhere => None,
    });
    match (named.max(), principals.inverted) {
        (named, false) => named,
        (None, true) => Some(Named::Itself),
        (Some(_), true) => None,
    }
}

fn named_in_account(name: &str, asker: &Asker) -> Option<Named> {
    if asker.session_arn.as_deref() == Some(name) {
        return Some(Named::Itself);
    }
    if asker.role_arn.as_deref() == Some(name) {
        return Some(Named::Role);
    }
    let account_root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
    (asker.service.is_none() && (name == asker.account || account_root == Some(asker.account.as_str())))
        .then_some(Named::Account)
}
