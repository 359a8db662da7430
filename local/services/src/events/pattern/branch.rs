//! One branch of a pattern: fields that all have to match, without `$or`.

use super::event::{Membership, at, join};
use super::matcher::Matcher;
use serde_json::Value;
use std::collections::BTreeSet;

/// Fields that all have to match.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Branch {
    /// In the pattern's order.
    pub(super) fields: Vec<Field>,
}

/// What may lie at a path: one of these must match.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) wanted: Vec<Matcher>,
}

impl Branch {
    /// Wants this at a path, in place of what was wanted there: of a name that is written twice the last one counts.
    pub(super) fn want(&mut self, path: &str, wanted: &[Matcher]) {
        let wanted = wanted.to_vec();
        match self.fields.iter_mut().find(|field| field.path == path) {
            Some(field) => field.wanted = wanted,
            None => self.fields.push(Field {
                path: path.to_owned(),
                wanted,
            }),
        }
    }

    /// The fields in the order in which they are looked at.
    pub(super) fn sorted(&self) -> Vec<&Field> {
        let mut fields: Vec<&Field> = self.fields.iter().collect();
        fields.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        fields
    }

    /// Whether all fields match, by leaves that lie together in the elements of arrays.
    pub(super) fn matches(&self, event: &Value) -> bool {
        // Most events lack what most patterns want. What must not be there may still be missing beside a chosen element.
        let may_match = |field: &Field| field.wanted.contains(&Matcher::Exists(false)) || field.matches(event);
        if !self.fields.iter().all(may_match) {
            return false;
        }
        let fields = self.sorted();
        let mut chosen = BTreeSet::from([Membership::new()]);
        for (index, field) in fields.iter().enumerate() {
            // Only arrays that a later field is in too can still clash with it.
            let later = fields[index + 1..].iter().flat_map(|field| at(event, &field.path));
            let matter: BTreeSet<usize> = later.flat_map(|(_, membership)| membership.into_keys()).collect();
            chosen = chosen
                .iter()
                .flat_map(|membership| field.choices(event, membership))
                .map(|membership| {
                    membership
                        .into_iter()
                        .filter(|(array, _)| matter.contains(array))
                        .collect()
                })
                .collect();
            if chosen.is_empty() {
                return false;
            }
        }
        true
    }
}

impl Field {
    /// Whether it matches by itself, wherever in arrays its leaves lie.
    pub(super) fn matches(&self, event: &Value) -> bool {
        !self.choices(event, &Membership::new()).is_empty()
    }

    /// Which elements of arrays can be chosen with those that are chosen already, so that the field matches.
    fn choices(&self, event: &Value, chosen: &Membership) -> Vec<Membership> {
        let (mut found, mut is_there) = (Vec::new(), false);
        for (leaf, membership) in at(event, &self.path) {
            let Some(joined) = join(chosen, &membership) else {
                continue;
            };
            is_there = true;
            if self.wanted.iter().any(|matcher| matcher.wants(&leaf)) {
                found.push(joined);
            }
        }
        if !is_there && self.wanted.contains(&Matcher::Exists(false)) {
            found.push(chosen.clone());
        }
        found
    }
}
