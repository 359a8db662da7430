//! Whether a role could have something at all: asked before anything is called, when a resource's name and most of what
//! conditions look at are not known yet.

use super::condition::Context;
use super::document::{Document, Listed, Statement};
use super::pattern::Pattern;
use super::{Iam, Requirement};
use crate::error::ServiceError;
use crate::wildcard::{Piece, meet, piece};

impl Iam {
    /// Whether some statement could give `role` (its name or ARN) what is required. Stars in the resource stand for what is
    /// not known, conditions on keys that the requirement does not have may hold, and so may policies of AWS's own that are not
    /// here allow it. So a `false` is certain, and a `true`
    /// is not.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn could_allow(&self, role: &str, requirement: &Requirement) -> Result<bool, ServiceError> {
        let role = self.role(role)?;
        if !role.unknown_policies.is_empty() {
            return Ok(true);
        }
        let name = role.name;
        let own = self.state().own_policies(&name)?;
        let context = Context::new(requirement.context.clone());
        let given = |documents: &[Document]| any(documents, |document, it| could(document, it, requirement, &context));
        let denied = |documents: &[Document]| any(documents, |_, it| is_denied(it, requirement));
        if denied(&own.identity) || denied(own.boundary.as_slice()) {
            return Ok(false);
        }
        let of_resource = self.policies_of(&requirement.resource);
        let is_bounded = own.boundary.as_ref().is_some_and(|it| !given(std::slice::from_ref(it)));
        Ok(given(&of_resource) || given(&own.identity) && !is_bounded)
    }
}

fn any(documents: &[Document], is_it: impl Fn(&Document, &Statement) -> bool) -> bool {
    let mut documents = documents.iter();
    documents.any(|document| document.statements.iter().any(|statement| is_it(document, statement)))
}

fn is_action(statement: &Statement, action: &str) -> bool {
    let actions = &statement.actions;
    actions.covers(|pattern| Pattern::plain(pattern).matches_ignoring_case(action))
}

/// Whether a statement allows this, if what is not known turns out well.
fn could(document: &Document, statement: &Statement, requirement: &Requirement, context: &Context) -> bool {
    let mut conditions = statement.conditions.iter();
    statement.allows
        && is_action(statement, &requirement.action)
        && statement
            .resources
            .as_ref()
            .is_none_or(|resources| could_be(resources, &requirement.resource))
        && conditions.all(|it| !it.is_known(context) || it.holds(context, document.has_variables))
}

/// Whether a list of resources has this one, or may have one that it stands for.
fn could_be(resources: &Listed<String>, resource: &str) -> bool {
    if resources.inverted {
        return !resources.items.iter().any(|pattern| covers(pattern, resource));
    }
    let wanted: Vec<Piece> = resource.chars().map(piece).collect();
    resources.items.iter().any(|pattern| meet(&open(pattern), &wanted))
}

/// A pattern with a star for each policy variable.
fn open(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.extend(before.chars().map(piece));
        pieces.push(Piece::AnyRun);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    pieces.extend(rest.chars().map(piece));
    pieces
}

/// Whether a pattern has all that a resource with stars stands for.
fn covers(pattern: &str, resource: &str) -> bool {
    Pattern::plain(pattern).matches_resource(resource)
}

/// Whether a statement denies this for certain.
fn is_denied(statement: &Statement, requirement: &Requirement) -> bool {
    let resources = statement.resources.as_ref();
    !statement.allows
        && statement.conditions.is_empty()
        && is_action(statement, &requirement.action)
        && resources
            .is_none_or(|it| !it.inverted && it.items.iter().any(|pattern| covers(pattern, &requirement.resource)))
}
