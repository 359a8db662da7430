//! Events on the bus, the rules that look at them, and what became of each delivery.

use super::functions::Invoked;
use super::reader::{Gone, Reader};
use super::values::text;
use jiff::Timestamp;
use platform::journal::{Happening, Kept, RuleConsidered};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// A rule of the default bus.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) name: String,
    /// ENABLED or DISABLED.
    pub(crate) state: String,
    /// The whole answer of DescribeRule, or the item of the list.
    pub(crate) raw: Value,
}

/// A delivery to one target.
#[derive(Debug, Clone)]
pub(crate) struct Delivery<'a> {
    /// The rule.
    pub(crate) rule: &'a str,
    /// The target's ARN.
    pub(crate) target: &'a str,
    /// Why it was given up, if it was.
    pub(crate) failed: Option<&'a str>,
    /// The first invocation that it made, where the target is a function that was given the event whole.
    pub(crate) invoked: Option<Invoked<'a>>,
}

/// An event that came to the bus.
#[derive(Debug, Clone)]
pub(crate) struct Sent<'a> {
    /// Its number in the journal.
    pub(crate) sequence: u64,
    /// When it came.
    pub(crate) at: Timestamp,
    /// The event.
    pub(crate) event: &'a Value,
    /// What each rule made of it.
    pub(crate) rules: &'a [RuleConsidered],
    /// Where it went.
    pub(crate) deliveries: Vec<Delivery<'a>>,
}

impl Rule {
    /// A rule of which its name alone is known: it was in the account when an event came.
    pub(crate) fn gone(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: String::new(),
            raw: Value::Null,
        }
    }

    /// Whether it is not in the account now.
    pub(crate) fn is_gone(&self) -> bool {
        self.raw.is_null()
    }

    /// What it wants; nothing for one with a schedule.
    pub(crate) fn pattern(&self) -> Option<Value> {
        serde_json::from_str(text(&self.raw, "EventPattern")).ok()
    }

    /// Whether it nearly matched an event: source and detail-type are those that it wants, and it did not match.
    pub(crate) fn is_near(&self, sent: &Sent<'_>) -> bool {
        let Some(considered) = sent.considered(&self.name).filter(|considered| !considered.matched) else {
            return false;
        };
        let Some(pattern) = self.pattern() else {
            // Of a rule that is gone, the reason says which field it was.
            let reason = considered.reason.as_deref().unwrap_or_default();
            return !["`source`", "`detail-type`"]
                .iter()
                .any(|field| reason.starts_with(field));
        };
        let wants = |name: &str| {
            let wanted = pattern[name].as_array();
            // What is more than a value is not looked at.
            let fits = |one: &Value| !one.is_string() || *one == sent.event[name];
            wanted.is_none_or(|wanted| wanted.iter().any(fits))
        };
        wants("source") && wants("detail-type")
    }
}

impl Sent<'_> {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        text(self.event, "id")
    }

    /// What it is about: the first of its resources.
    pub(crate) fn about(&self) -> &str {
        self.event["resources"][0].as_str().unwrap_or_default()
    }

    /// What a rule made of it.
    pub(crate) fn considered(&self, rule: &str) -> Option<&RuleConsidered> {
        self.rules.iter().find(|considered| considered.rule == rule)
    }

    /// Whether a delivery of it was given up.
    pub(crate) fn has_failed(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.failed.is_some())
    }

    /// Whether a text is in it.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        wanted.is_empty() || self.event.to_string().to_lowercase().contains(&wanted.to_lowercase())
    }
}

/// The events in entries of the journal, the earliest first, each with what became of it.
///
/// The journal has a delivery behind its event, and what failed behind that. It names the rule and the target, not the
/// event: it is the latest one that can be meant.
pub(crate) fn sent(entries: &[Kept]) -> Vec<Sent<'_>> {
    let mut events: Vec<Sent<'_>> = Vec::new();
    // The places of the deliveries of a target, as its ARN has it.
    let mut to_target: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for kept in entries {
        match &kept.entry.happening {
            Happening::EventSent { event, rules } => {
                by_id.insert(text(event, "id"), events.len());
                events.push(Sent {
                    sequence: kept.entry.sequence,
                    at: kept.entry.at,
                    event,
                    rules,
                    deliveries: Vec::new(),
                });
            }
            Happening::RuleMatched {
                rule,
                target,
                detail_type,
            } => {
                if let Some(at) = place_of(&events, (rule, target, detail_type)) {
                    to_target
                        .entry(target)
                        .or_default()
                        .push((at, events[at].deliveries.len()));
                    events[at].deliveries.push(Delivery {
                        rule,
                        target,
                        failed: None,
                        invoked: None,
                    });
                }
            }
            Happening::DeliveryFailed { target, reason } => {
                let places = to_target.get(&**target).map_or(&[][..], Vec::as_slice);
                let open = places
                    .iter()
                    .rev()
                    .find(|(at, which)| events[*at].deliveries[*which].failed.is_none());
                if let Some((at, which)) = open.copied() {
                    events[at].deliveries[which].failed = Some(reason);
                }
            }
            _ => note_invocation(&mut events, &by_id, kept),
        }
    }
    events
}

/// How far back the event of a delivery is looked for.
const BACK: usize = 200;

/// The event that a delivery is of.
fn place_of(events: &[Sent<'_>], (rule, target, detail_type): (&str, &str, &str)) -> Option<usize> {
    let fits = |event: &Sent<'_>| {
        text(event.event, "detail-type") == detail_type
            && event.considered(rule).is_some_and(|considered| considered.matched)
            && !event
                .deliveries
                .iter()
                .any(|other| other.rule == rule && other.target == target)
    };
    let from = events.len().saturating_sub(BACK);
    // The earliest that waits for it: they are written in order.
    events[from..].iter().position(fits).map(|at| from + at)
}

/// Notes which event an invocation was given.
fn note_invocation<'a>(events: &mut [Sent<'a>], by_id: &HashMap<&str, usize>, kept: &'a Kept) {
    let Some(invoked) = Invoked::read(kept) else { return };
    let given: Value = match invoked.event.contains("\"detail-type\"") {
        true => serde_json::from_str(invoked.event).unwrap_or_default(),
        false => return,
    };
    let Some(at) = by_id.get(text(&given, "id")) else {
        return;
    };
    let end = format!(":function:{}", invoked.function);
    let mut deliveries = events[*at].deliveries.iter_mut();
    let meant = deliveries.find(|delivery| delivery.target.contains(&end) && delivery.invoked.is_none());
    if let Some(delivery) = meant {
        delivery.invoked = Some(invoked);
    }
}

impl Reader {
    /// The rules, by name, and those that are gone but looked at one of these events.
    pub(crate) async fn rules(&self, events: &[Sent<'_>]) -> Result<Vec<Rule>, Gone> {
        let listed = self
            .all(("events", "ListRules"), json!({}), ("Rules", "NextToken"), 1000)
            .await?;
        let mut rules: Vec<Rule> = listed.into_iter().map(read).collect();
        let mut names: BTreeSet<&str> = events.iter().flat_map(|sent| sent.rules).map(|it| &*it.rule).collect();
        rules.iter().for_each(|rule| _ = names.remove(&*rule.name));
        rules.extend(names.into_iter().map(Rule::gone));
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rules)
    }

    /// A rule, with its targets.
    pub(crate) async fn rule(&self, name: &str) -> Result<(Rule, Vec<Value>), Gone> {
        let rule = self.look("events", "DescribeRule", json!({"Name": name})).await?;
        let targets = ("events", "ListTargetsByRule");
        let targets = self
            .all(targets, json!({"Rule": name}), ("Targets", "NextToken"), 100)
            .await?;
        Ok((read(rule), targets))
    }
}

fn read(raw: Value) -> Rule {
    Rule {
        name: text(&raw, "Name").to_owned(),
        state: text(&raw, "State").to_owned(),
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::journal::Entry;
    use std::sync::Arc;

    fn kept(sequence: u64, happening: Happening) -> Kept {
        let at = Timestamp::UNIX_EPOCH;
        let entry = Entry {
            sequence,
            at,
            happening,
        };
        Kept {
            entry,
            count: 1,
            last: at,
        }
    }

    fn event(id: &str) -> Happening {
        let rule = |name: &str, reason: Option<&str>| RuleConsidered {
            rule: name.into(),
            matched: reason.is_none(),
            reason: reason.map(str::to_owned),
        };
        Happening::EventSent {
            event: Arc::new(json!({"id": id, "detail-type": "d", "source": "s", "detail": {"x": 1}})),
            rules: [rule("r", None), rule("near", Some("`detail.x` is `1`"))].into(),
        }
    }

    #[test]
    fn a_delivery_is_of_its_event_and_so_is_its_failure() {
        let matched = || Happening::RuleMatched {
            rule: "r".into(),
            target: "t".into(),
            detail_type: "d".into(),
        };
        let failed = Happening::DeliveryFailed {
            target: "t".into(),
            reason: "why".into(),
        };
        let happened = [event("a"), matched(), event("b"), matched(), failed];
        let entries: Vec<Kept> = (0..).zip(happened).map(|(at, it)| kept(at, it)).collect();
        let sent = sent(&entries);
        let became: Vec<_> = sent
            .iter()
            .map(|it| (it.id(), it.deliveries.len(), it.has_failed()))
            .collect();
        assert_eq!(became, [("a", 1, false), ("b", 1, true)]);
        let rule = |name: &str, source: &str| {
            let pattern = json!({"source": [source], "detail-type": ["d"], "detail": {"x": [2]}});
            read(json!({"Name": name, "EventPattern": pattern.to_string()}))
        };
        let near = [rule("near", "s"), rule("near", "t"), rule("r", "s")].map(|rule| rule.is_near(&sent[0]));
        assert_eq!(near, [true, false, false]);
    }
}
