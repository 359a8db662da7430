//! What IAM decided: who called what on what, and which statement allowed or denied it.

use jiff::Timestamp;
use platform::iam::{Cited, PolicyKind, Reason};
use platform::journal::{Happening, Kept};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Who called: a role in one of its sessions, or a service by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Caller<'a> {
    /// A role, by its name.
    Role(&'a str),
    /// A service, such as `events.amazonaws.com`, or another principal.
    Service(&'a str),
}

impl<'a> Caller<'a> {
    fn of(principal: &'a str) -> Self {
        match principal.split_once(":assumed-role/") {
            Some((_, session)) => Self::Role(session.split('/').next().unwrap_or_default()),
            None => Self::Service(principal),
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Role(name) | Self::Service(name) => name,
        }
    }
}

/// A decision, however often it was made.
#[derive(Debug, Clone)]
pub(crate) struct Decision<'a> {
    /// Who called.
    pub(crate) caller: Caller<'a>,
    /// The principal in full, of the first call: with the session's name.
    pub(crate) principal: &'a str,
    /// The resource on whose behalf a service called.
    pub(crate) source: Option<&'a str>,
    /// What was called, such as `s3:GetObject`.
    pub(crate) action: &'a str,
    /// On what.
    pub(crate) resource: &'a str,
    /// Whether it was allowed.
    pub(crate) allowed: bool,
    /// Why.
    pub(crate) reason: &'a Reason,
    /// How often.
    pub(crate) count: u64,
    /// When first.
    pub(crate) first: Timestamp,
    /// When last.
    pub(crate) last: Timestamp,
}

impl Decision<'_> {
    /// The statement that decided, where one did.
    pub(crate) fn statement(&self) -> Option<&Cited> {
        self.reason.statement.as_ref()
    }

    /// The kind of policy that decided.
    pub(crate) fn kind(&self) -> PolicyKind {
        self.reason.kind
    }

    /// What it is called in a link: the same for the same decision.
    pub(crate) fn anchor(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (self.caller, self.source, self.action, self.resource).hash(&mut hasher);
        format!("call-{:016x}", hasher.finish())
    }

    /// Whether a text is in what it is about.
    pub(crate) fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let policy = self.statement().map_or("", |statement| &*statement.policy);
        let parts = [
            self.principal,
            self.source.unwrap_or_default(),
            self.action,
            self.resource,
            policy,
        ];
        text.is_empty() || parts.into_iter().any(|part| part.to_lowercase().contains(&text))
    }
}

/// The decisions in entries of the journal, the latest first.
pub(crate) fn decisions(entries: &[Kept]) -> Vec<Decision<'_>> {
    let mut found: Vec<Decision<'_>> = Vec::new();
    let mut known = HashMap::new();
    for kept in entries {
        let Happening::Authorized {
            principal,
            source,
            action,
            resource,
            allowed,
            reason: Some(reason),
        } = &kept.entry.happening
        else {
            continue;
        };
        let decision = Decision {
            caller: Caller::of(principal),
            principal,
            source: source.as_deref(),
            action,
            resource,
            allowed: *allowed,
            reason,
            count: kept.count,
            first: kept.entry.at,
            last: kept.last,
        };
        let key = (decision.caller, &decision.source, action, resource, allowed, reason);
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        match known.entry(hasher.finish()) {
            Entry::Vacant(place) => {
                place.insert(found.len());
                found.push(decision);
            }
            Entry::Occupied(place) => {
                let same = &mut found[*place.get()];
                same.count += decision.count;
                same.last = same.last.max(decision.last);
            }
        }
    }
    found.sort_by_key(|decision| std::cmp::Reverse(decision.last));
    found
}

/// Calls of one action that the same statement decided alike: they differ in their resources alone.
#[derive(Debug)]
pub(crate) struct Calls<'a> {
    /// The first of them.
    pub(crate) decision: Decision<'a>,
    /// Each resource, and how often it was called on.
    pub(crate) resources: Vec<(&'a str, u64)>,
    /// How often in all.
    pub(crate) count: u64,
    /// When last.
    pub(crate) last: Timestamp,
}

/// Gathers decisions, in their order.
pub(crate) fn calls<'a>(decisions: impl IntoIterator<Item = &'a Decision<'a>>) -> Vec<Calls<'a>> {
    let mut found: Vec<Calls<'a>> = Vec::new();
    let mut known = HashMap::new();
    for decision in decisions {
        let key = (
            decision.caller,
            decision.source,
            decision.action,
            decision.allowed,
            decision.statement(),
        );
        let place = *known.entry(key).or_insert(found.len());
        match found.get_mut(place) {
            Some(calls) => {
                calls.count += decision.count;
                calls.last = calls.last.max(decision.last);
                calls.resources.push((decision.resource, decision.count));
            }
            None => found.push(Calls {
                decision: decision.clone(),
                resources: vec![(decision.resource, decision.count)],
                count: decision.count,
                last: decision.last,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::journal::Entry;
    use std::sync::Arc;

    fn asked(sequence: u64, session: &str, resource: &str, count: u64) -> Kept {
        let at = Timestamp::from_second(i64::try_from(sequence).unwrap()).unwrap();
        let reason = Reason {
            kind: PolicyKind::Identity,
            statement: None,
            least: None,
        };
        let happening = Happening::Authorized {
            principal: format!("arn:aws:sts::123456789012:assumed-role/r/{session}"),
            source: None,
            action: "s3:GetObject".into(),
            resource: resource.into(),
            allowed: false,
            reason: Some(Arc::new(reason)),
        };
        let entry = Entry {
            sequence,
            at,
            happening,
        };
        Kept { entry, count, last: at }
    }

    #[test]
    fn the_same_decision_is_one_and_calls_differ_in_resources() {
        let entries = [asked(0, "a", "x", 2), asked(1, "b", "y", 1), asked(2, "c", "x", 3)];
        let decisions = decisions(&entries);
        let counts: Vec<_> = decisions.iter().map(|it| (it.resource, it.count)).collect();
        assert_eq!(counts, [("x", 5), ("y", 1)]);
        assert_eq!(decisions[0].caller, Caller::Role("r"));
        assert!(decisions[0].has("getobject") && !decisions[0].has("put"));
        let calls = calls(&decisions);
        assert_eq!(
            (calls.len(), calls[0].count, &*calls[0].resources),
            (1, 6, &[("x", 5), ("y", 1)][..])
        );
    }
}
