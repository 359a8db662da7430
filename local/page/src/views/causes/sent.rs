//! Lists of events, each with the rules that looked at it and what became of its deliveries.

use super::cause::{ROWS, behind, parts, rows_behind};
use crate::account::{Execution, Rule, Sent, text};
use crate::show::{Context, Tone, ago, arn, badge, icon, plain, pretty};
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;

/// What is known of the events.
#[derive(Debug)]
pub(crate) struct Events<'a> {
    /// The rules.
    pub(crate) rules: &'a [Rule],
    /// All events, the earliest first.
    pub(crate) all: &'a [Sent<'a>],
    /// The rule that is looked at, with its targets.
    pub(crate) rule: Option<&'a (Rule, Vec<Value>)>,
    /// The filter.
    pub(crate) text: &'a str,
    /// The id of the event that is open, and the executions that it may have started.
    pub(crate) open: (&'a str, &'a [Execution]),
}

/// Which events a list has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// All.
    All,
    /// Those that a rule matched.
    Matched(&'a Rule),
    /// Those that it nearly matched.
    Near(&'a Rule),
}

impl<'a> Which<'a> {
    /// Its name in an address.
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Matched(_) => "matched",
            Self::Near(_) => "near",
        }
    }

    /// The list of a name.
    pub(crate) fn of_name(name: &str, rule: Option<&'a Rule>) -> Self {
        match (name, rule) {
            ("matched", Some(rule)) => Self::Matched(rule),
            ("near", Some(rule)) => Self::Near(rule),
            _ => Self::All,
        }
    }

    fn rule(self) -> &'a str {
        match self {
            Self::All => "",
            Self::Matched(rule) | Self::Near(rule) => &rule.name,
        }
    }

    /// Those events of all that it has and that have a text in them.
    pub(crate) fn of<'s>(self, all: &'s [Sent<'s>], text: &str) -> Vec<&'s Sent<'s>> {
        let is_in = |sent: &&Sent<'_>| match self {
            Self::All => true,
            Self::Matched(rule) => sent.considered(&rule.name).is_some_and(|considered| considered.matched),
            Self::Near(rule) => rule.is_near(sent),
        };
        all.iter().filter(is_in).filter(|sent| sent.has(text)).collect()
    }
}

/// A list of events, the newest first: the newest part, and the others behind.
pub(crate) fn list(context: &Context, shown: &Events<'_>, which: Which<'_>, empty: Word) -> Markup {
    let found = which.of(shown.all, shown.text);
    let empty = if shown.text.is_empty() {
        empty
    } else {
        Word::NothingFound
    };
    let (newest, older) = match parts(found.len()).split_first() {
        Some((newest, older)) => (*newest, older.to_vec()),
        None => (0, Vec::new()),
    };
    let at = |from: usize| {
        let from = from.to_string();
        let selected = [
            ("rule", which.rule()),
            ("list", which.name()),
            ("q", shown.text),
            ("from", &from),
        ];
        context.to(&["part-events", "rows"], &selected)
    };
    html! {
        @if found.is_empty() { p class="is-quiet" { (context.say(empty)) } }
        @else {
            (rows(context, found.get(newest..).unwrap_or_default(), which, Some(shown)))
            @for from in older { (rows_behind(&format!("{}-{from}", which.name()), &at(from))) }
        }
    }
}

/// One part of a list, the newest first.
pub(crate) fn event_part(context: &Context, found: &[&Sent<'_>], which: Which<'_>, from: usize) -> Markup {
    let end = (from + ROWS).min(found.len());
    rows(context, found.get(from..end).unwrap_or_default(), which, None)
}

/// Rows, and what is open in them.
fn rows(context: &Context, found: &[&Sent<'_>], which: Which<'_>, shown: Option<&Events<'_>>) -> Markup {
    html! {
        ol class={ "happened is-" (which.name()) } { @for sent in found.iter().rev() { li {
            @let open = shown.filter(|shown| shown.open.0 == sent.id());
            details id={ (which.name()) "-" (sent.sequence) } open[open.is_some()] {
                (summary(context, sent, which))
                @match open {
                    Some(shown) => (event(context, sent, shown.rules, shown.open.1)),
                    None => (behind(&format!("{}-of-{}", which.name(), sent.sequence), &context.to(&["part-events", "event"], &[("event", sent.id())]))),
                }
            }
        } } }
    }
}

fn summary(context: &Context, sent: &Sent<'_>, which: Which<'_>) -> Markup {
    let matched = sent.rules.iter().filter(|considered| considered.matched);
    let names: Vec<&str> = matched.map(|considered| &*considered.rule).collect();
    let reason = sent
        .considered(which.rule())
        .and_then(|considered| considered.reason.as_deref());
    html! {
        summary {
            span class="when" { (ago(context, Some(sent.at))) }
            span class="kind" {
                strong { (plain(text(sent.event, "detail-type"))) } " "
                span class="is-quiet" { (plain(text(sent.event, "source"))) }
            }
            span class="about" {
                @match (which, reason) {
                    (Which::Near(_), Some(reason)) => (plain(reason)),
                    _ => {
                        @if let Some(state) = state(sent) { (plain(state)) " · " }
                        span class="mono" title=(plain(sent.about())) { (plain(short(sent.about()))) }
                    },
                }
            }
            // What came of it elsewhere is not what the rule asks.
            @if !matches!(which, Which::Near(_)) { span class="became" {
                @if sent.has_failed() { (icon(Tone::Failed)) " " (context.say(Word::NotDelivered)) " " }
                @else if !names.is_empty() { (icon(Tone::Succeeded)) " " }
                @if !names.is_empty() { span title=(plain(&names.join(", "))) { (plain(names[0])) @if names.len() > 1 { " +" (names.len() - 1) } } }
            } }
        }
    }
}

/// An ARN without what all in the account have in common.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// The state that an event says something came to.
fn state<'a>(sent: &'a Sent<'_>) -> Option<&'a str> {
    let detail = &sent.event["detail"];
    let names = [
        "state",
        "status",
        "lastStatus",
        "eventName",
        "ModelApprovalStatus",
        "TrainingJobStatus",
        "ProcessingJobStatus",
        "build-status",
        "result",
    ];
    names.into_iter().find_map(|name| detail[name].as_str())
}

/// An event: what became of it, why the other rules did not match, and its JSON.
pub(crate) fn event(context: &Context, sent: &Sent<'_>, rules: &[Rule], executions: &[Execution]) -> Markup {
    let near = |name: &str| rules.iter().any(|rule| rule.name == name && rule.is_near(sent));
    let mut unmatched: Vec<_> = sent.rules.iter().filter(|considered| !considered.matched).collect();
    unmatched.sort_by_key(|considered| !near(&considered.rule));
    html! {
        div class="inside-one" {
            p { a href=(context.to(&["events"], &[("event", sent.id())])) { (context.say(Word::LinkToThis)) } }
            h3 { (context.say(Word::RulesMatched)) }
            @if !sent.rules.iter().any(|considered| considered.matched) { p class="is-quiet" { (context.say(Word::NoRuleMatched)) } }
            ul class="became-of" { @for considered in sent.rules.iter().filter(|considered| considered.matched) { li {
                (named(context, &considered.rule))
                (deliveries(context, sent, &considered.rule, executions))
            } } }
            @if !unmatched.is_empty() {
                details class="many" open[unmatched.iter().any(|considered| near(&considered.rule))] {
                    summary { h3 { (context.say(Word::RulesUnmatched)) " " span class="count" { (unmatched.len()) } } }
                    dl class="pairs reasons" { @for considered in unmatched {
                        dt { (named(context, &considered.rule)) }
                        dd { (plain(considered.reason.as_deref().unwrap_or_default())) }
                    } }
                }
            }
            (crate::views::states::inspector::part(context, Word::EventGiven, &pretty(sent.event), true))
        }
    }
}

/// A rule's name, as a link to its view.
fn named(context: &Context, rule: &str) -> Markup {
    html! { a href=(context.to(&["events"], &[("rule", rule)])) { (plain(rule)) } }
}

/// What became of the deliveries of one rule.
fn deliveries(context: &Context, sent: &Sent<'_>, rule: &str, executions: &[Execution]) -> Markup {
    let of: Vec<_> = sent
        .deliveries
        .iter()
        .filter(|delivery| delivery.rule == rule)
        .collect();
    // EventBridge names an execution after the event.
    let started = executions
        .iter()
        .find(|execution| execution.name.starts_with(sent.id()));
    html! {
        @if of.is_empty() { p class="is-quiet" { (context.say(Word::NoTargets)) } }
        @else { ul { @for delivery in of { li {
            (target(context, delivery.target)) " "
            @if let Some(reason) = delivery.failed {
                span class="badge is-bad" { (icon(Tone::Failed)) " " (context.say(Word::NotDelivered)) } ": " span class="is-bad" { (plain(reason)) }
            } @else { span class="badge" { (icon(Tone::Succeeded)) " " (context.say(Word::Delivered)) } }
            @if let Some(invoked) = &delivery.invoked {
                " · " a href=(context.to(&["functions", invoked.function], &[("invocation", invoked.request_id)])) { (badge(context, invoked.outcome)) }
            }
            @if let Some(execution) = started.filter(|execution| delivery.target.ends_with(&format!(":{}", execution.machine))) {
                " · " a href=(context.to(&["executions", &execution.machine, &execution.name], &[])) { (badge(context, &execution.status)) }
            }
        } } } }
    }
}

/// A target, as a link to its view where it has one.
pub(crate) fn target(context: &Context, whole: &str) -> Markup {
    let name = whole.rsplit(':').next().unwrap_or_default();
    let view = match whole.split(':').nth(2) {
        Some("lambda") => "functions",
        Some("states") => "executions",
        _ => return arn(whole),
    };
    html! { a href=(context.to(&[view, name], &[])) title=(plain(whole)) { (plain(name)) } }
}
