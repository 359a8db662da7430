//! How policies come to a decision.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
//! for one account: an explicit deny wins; then a resource's policy or the principal's own must allow, and a permissions
//! boundary and a session's policies can only narrow. What they do not narrow is what a resource's policy gives to the
//! session itself: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

use super::condition::Context;
use super::document::{Document, Listed, Statement, Who};
use super::pattern::{Pattern, begins_alike};
use super::reason::{Cited, PolicyKind};
use std::sync::Arc;

/// Who asks, in the forms in which policies can name them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asker {
    /// The account's id.
    pub(super) account: String,
    /// The ARN of the session, or of the user.
    pub(super) own_arn: Option<String>,
    /// The ARN of the session's role.
    pub(super) role_arn: Option<String>,
    /// The service principal.
    pub(super) service: Option<String>,
}

/// The own policies of a role or a user.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What they allow and deny.
    pub(super) identity: Vec<Document>,
    /// The permissions boundary; None means that nothing is narrowed.
    pub(super) boundary: Option<Document>,
}

/// The policies that have a say.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// The caller's own.
    pub(super) own: Arc<Own>,
    /// Those that narrow the session; none means that nothing is narrowed.
    pub(super) session: Vec<Document>,
    /// Those of the resource.
    pub(super) resource: Vec<Document>,
}

/// What the policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A statement allows it.
    Allowed(PolicyKind),
    /// A statement denies it.
    Denied(PolicyKind),
    /// No statement allows it; the kind is the one that would have had to.
    NotAllowed(PolicyKind),
}

impl Verdict {
    /// The kind of policy that decided.
    pub(super) fn kind(self) -> PolicyKind {
        match self {
            Self::Allowed(kind) | Self::Denied(kind) | Self::NotAllowed(kind) => kind,
        }
    }
}

/// The statement that decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deciding<'p> {
    document: &'p Document,
    index: usize,
    statement: &'p Statement,
}

impl Deciding<'_> {
    pub(super) fn cited(self) -> Cited {
        Cited {
            policy: Arc::clone(&self.document.name),
            sid: self.statement.sid.clone(),
            index: self.index,
            statement: Arc::clone(&self.statement.given),
        }
    }
}

/// The statements of these documents, in order.
pub(super) fn statements(documents: &[Document]) -> impl Iterator<Item = Deciding<'_>> {
    documents.iter().flat_map(|document| {
        let statements = document.statements.iter().enumerate();
        statements.map(move |(index, statement)| Deciding {
            document,
            index,
            statement,
        })
    })
}

/// How closely a statement of a resource names the asker: the closer, the less can narrow what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// By the account: then the asker's own policies decide.
    Account,
    /// By the role: its boundary and session policies still narrow.
    Role,
    /// By the session, the user, the service, or as anyone: nothing narrows it.
    Itself,
}

/// Decides, and says which statement did.
pub(super) fn decide<'p>(
    policies: &'p Policies,
    asker: &Asker,
    action: &str,
    resource: &str,
    context: &Context,
) -> (Verdict, Option<Deciding<'p>>) {
    let applies = |found: &Deciding<'p>, allows: bool| {
        found.statement.allows == allows
            && statement_applies(found.document, found.statement, action, Some(resource), context)
    };
    let first = |documents: &'p [Document], allows: bool| statements(documents).find(|found| applies(found, allows));
    let given_by_resource = |allows: bool| {
        let applying = statements(&policies.resource).filter(|found| applies(found, allows));
        let named = applying.filter_map(|found| Some((named(found.statement, asker)?, found)));
        named.max_by_key(|(named, _)| *named)
    };
    if let Some((_, by)) = given_by_resource(false) {
        return (Verdict::Denied(PolicyKind::Resource), Some(by));
    }
    let boundary = policies.own.boundary.as_slice();
    for (kind, documents) in [
        (PolicyKind::Identity, policies.own.identity.as_slice()),
        (PolicyKind::Boundary, boundary),
        (PolicyKind::Session, policies.session.as_slice()),
    ] {
        if let Some(by) = first(documents, false) {
            return (Verdict::Denied(kind), Some(by));
        }
    }
    let allowed = match given_by_resource(true) {
        Some((Named::Itself, by)) => return (Verdict::Allowed(PolicyKind::Resource), Some(by)),
        _ if asker.service.is_some() => return (Verdict::NotAllowed(PolicyKind::Resource), None),
        Some((Named::Role, by)) => (Verdict::Allowed(PolicyKind::Resource), Some(by)),
        Some((Named::Account, _)) | None => match first(&policies.own.identity, true) {
            Some(by) => (Verdict::Allowed(PolicyKind::Identity), Some(by)),
            None => return (Verdict::NotAllowed(PolicyKind::Identity), None),
        },
    };
    if !boundary.is_empty() && first(boundary, true).is_none() {
        return (Verdict::NotAllowed(PolicyKind::Boundary), None);
    }
    if !policies.session.is_empty() && first(&policies.session, true).is_none() {
        return (Verdict::NotAllowed(PolicyKind::Session), None);
    }
    allowed
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
            Pattern::of_resource(pattern, |key| context.single(key))
        } else {
            Some(Pattern::plain(pattern))
        };
        match (pattern, resource) {
            (Some(pattern), Some(resource)) => pattern.matches_resource(resource),
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
    if !principals.inverted {
        return named.max();
    }
    let is_spared = if statement.allows {
        named.max().is_some()
    } else {
        named.max() == Some(Named::Itself) && is_named_in_all_forms(principals, asker)
    };
    (!is_spared).then_some(Named::Itself)
}

/// Whether the account is named, and the role, too, of which the asker is a session. A `Deny` with `NotPrincipal` spares
/// nobody else: each is asked about before the one below it.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
fn is_named_in_all_forms(principals: &Listed<Who>, asker: &Asker) -> bool {
    if asker.service.is_some() || principals.items.contains(&Who::Anyone) {
        return true;
    }
    let names_role = |who: &Who| matches!(who, Who::Aws(name) if Some(name) == asker.role_arn.as_ref());
    let names_account = |who: &Who| matches!(who, Who::Aws(name) if is_account(name, asker));
    (asker.role_arn.is_none() || principals.items.iter().any(names_role)) && principals.items.iter().any(names_account)
}

fn named_in_account(name: &str, asker: &Asker) -> Option<Named> {
    if asker.own_arn.as_deref() == Some(name) {
        return Some(Named::Itself);
    }
    if asker.role_arn.as_deref() == Some(name) {
        return Some(Named::Role);
    }
    (asker.service.is_none() && is_account(name, asker)).then_some(Named::Account)
}

/// Whether this is the asker's account, by its id or by its root's ARN.
fn is_account(name: &str, asker: &Asker) -> bool {
    let account_root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
    name == asker.account || account_root == Some(asker.account.as_str())
}
