//! One function: how it is configured, who calls it, and its invocations.

use super::cause::{ROWS, behind, filter, parts, rows_behind};
use super::functions::runtime;
use crate::account::{Caller, Decision, Function, Invoked, text};
use crate::show::{Context, Tone, ago, arn, badge, duration, exact, icon, payload, plain, short_id};
use crate::views::states::inspector::part;
use crate::words::Word;
use jiff::Timestamp;
use maud::{Markup, html};

/// Who called a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CalledBy {
    /// A rule of the bus, with an event: the rule's name and the event's id.
    Rule(String, String),
    /// A role, or a service by itself.
    Principal(String),
}

/// An invocation with what is read only where it is open.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    /// The invocation.
    pub(crate) invoked: &'a Invoked<'a>,
    /// What it printed.
    pub(crate) lines: Vec<(Timestamp, String)>,
    /// Who called it, where that is known.
    pub(crate) called_by: Option<CalledBy>,
}

/// What is known of a function.
#[derive(Debug)]
pub(crate) struct FunctionShown<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The function. None where it is gone.
    pub(crate) function: Option<&'a Function>,
    /// The decisions about calls of it.
    pub(crate) callers: &'a [Decision<'a>],
    /// Its invocations that fit the filter, the earliest first.
    pub(crate) invoked: &'a [&'a Invoked<'a>],
    /// The filter.
    pub(crate) text: &'a str,
    /// The one that is open.
    pub(crate) open: Option<Opened<'a>>,
}

/// The view of a function.
pub(crate) fn function(context: &Context, shown: &FunctionShown<'_>) -> Markup {
    let found = shown.invoked;
    let (newest, older) = match parts(found.len()).split_first() {
        Some((newest, older)) => (*newest, older.to_vec()),
        None => (0, Vec::new()),
    };
    let at = |from: usize| {
        let selected = [("function", shown.name), ("q", shown.text), ("from", &from.to_string())];
        context.to(&["part-functions", "rows"], &selected)
    };
    let empty = if shown.text.is_empty() {
        Word::NoInvocations
    } else {
        Word::NothingFound
    };
    html! {
        header class="heading" {
            h1 { (plain(shown.name)) }
            @if let Some(function) = shown.function { (facts(context, function)) }
            @else { p class="is-quiet" { (context.say(Word::FunctionGone)) } }
        }
        @if let Some(function) = shown.function { (environment(context, function)) }
        @if !shown.callers.is_empty() { (callers(context, shown.callers)) }
        section aria-label=(context.say(Word::Invocations)) class="invocations" {
            h2 { (context.say(Word::Invocations)) " " span class="count" { (found.len()) } }
            @if !found.is_empty() || !shown.text.is_empty() { (filter(context, &["functions", shown.name], &[], (shown.text, Word::FilterInvocations))) }
            @if found.is_empty() { p class="is-quiet" { (context.say(empty)) } }
            @else {
                (rows(context, found.get(newest..).unwrap_or_default(), shown.open.as_ref()))
                @for from in older { (rows_behind(&format!("invocations-{from}"), &at(from))) }
            }
        }
    }
}

fn facts(context: &Context, function: &Function) -> Markup {
    let raw = &function.raw;
    html! {
        p class="facts" {
            span { (runtime(function)) }
            @if !text(raw, "Handler").is_empty() { span { (context.say(Word::Handler)) " " code { (plain(text(raw, "Handler"))) } } }
            span { (context.say(Word::Memory)) " " (raw["MemorySize"]) " MB" }
            span { (context.say(Word::Timeout)) " " (raw["Timeout"]) " s" }
            span { (context.say(Word::Role)) " " a href=(context.to(&["permissions", function.role_name()], &[])) { (plain(function.role_name())) } }
            span { (arn(&function.arn)) }
        }
        @if !text(raw, "Description").is_empty() { p class="text" { (plain(text(raw, "Description"))) } }
    }
}

fn environment(context: &Context, function: &Function) -> Markup {
    let variables = function.raw["Environment"]["Variables"].as_object();
    html! {
        @if let Some(variables) = variables.filter(|variables| !variables.is_empty()) {
            details class="part" {
                summary { h2 { (context.say(Word::EnvironmentVariables)) " " span class="count" { (variables.len()) } } }
                dl class="pairs reasons" { @for (name, value) in variables {
                    dt { code { (plain(name)) } }
                    dd { code { (plain(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))) } }
                } }
            }
        }
    }
}

/// Who called it, and how often.
fn callers(context: &Context, callers: &[Decision<'_>]) -> Markup {
    html! {
        section aria-label=(context.say(Word::CalledBy)) {
            h2 { (context.say(Word::CalledBy)) }
            ul class="targets" { @for decision in callers { li {
                @if !decision.allowed { span class="badge is-bad" { (icon(Tone::Failed)) " " (context.say(Word::Denied)) } " " }
                a href=(context.to(&["permissions", decision.caller.name()], &[])) { (plain(decision.caller.name())) } " "
                @if let Some(source) = decision.source { span class="is-quiet" { (context.say(Word::OnBehalfOf)) " " } (source_link(context, source)) " " }
                span class="is-quiet" { "× " (decision.count) " · " (ago(context, Some(decision.last))) }
            } } }
        }
    }
}

/// What a service called on behalf of: a rule has a view.
fn source_link(context: &Context, source: &str) -> Markup {
    match source.split_once(":rule/") {
        Some((_, rule)) => html! { a href=(context.to(&["events"], &[("rule", rule)])) { (plain(rule)) } },
        None => arn(source),
    }
}

/// One part of the invocations, the newest first.
pub(crate) fn invocation_part(context: &Context, found: &[&Invoked<'_>], from: usize) -> Markup {
    let end = (from + ROWS).min(found.len());
    rows(context, found.get(from..end).unwrap_or_default(), None)
}

fn rows(context: &Context, found: &[&Invoked<'_>], open: Option<&Opened<'_>>) -> Markup {
    html! {
        ol class="happened" { @for invoked in found.iter().rev() { li class=[(!invoked.succeeded()).then_some("is-wrong")] {
            @let open = open.filter(|open| open.invoked.sequence == invoked.sequence);
            @let number = invoked.sequence.to_string();
            details id={ "invocation-" (number) } open[open.is_some()] {
                (summary(context, invoked))
                @match open {
                    Some(open) => (invocation(context, open)),
                    None => (behind(&format!("of-invocation-{number}"), &context.to(&["part-functions", "invocation"], &[("sequence", &number)]))),
                }
            }
        } } }
    }
}

fn summary(context: &Context, invoked: &Invoked<'_>) -> Markup {
    html! {
        summary {
            span class="when" { (ago(context, Some(invoked.at))) }
            span class="kind" {
                (badge(context, invoked.outcome))
                @if let Some(error) = invoked.error { " " span class="is-bad" { (plain(error)) } }
            }
            span class="about mono" title=(plain(invoked.request_id)) {
                (plain(short_id(invoked.request_id)))
                @if invoked.attempt > 1 { " · " (context.say(Word::Attempt)) " " (invoked.attempt) }
            }
            span class="became" {
                (duration(invoked.duration))
                @if let Some(init) = invoked.init { " + " (duration(init)) }
                " · " (invoked.memory_used) " / " (invoked.memory_size) " MB"
            }
        }
    }
}

/// An invocation: its error, its REPORT, event, answer and lines.
pub(crate) fn invocation(context: &Context, opened: &Opened<'_>) -> Markup {
    let invoked = opened.invoked;
    let (group, stream) = invoked.log;
    html! {
        div class="inside-one" {
            @if let Some(error) = invoked.error { p class="why" { span class="reason" { (icon(Tone::Failed)) " " (plain(error)) } } }
            p { a href=(context.to(&["functions", invoked.function], &[("invocation", invoked.request_id)])) { (context.say(Word::LinkToThis)) } }
            (report(context, invoked, opened.called_by.as_ref()))
            (part(context, Word::EventGiven, &payload(invoked.event), true))
            (part(context, Word::Answer, &payload(invoked.answer), true))
            h3 { (context.say(Word::InvocationLog)) }
            @if opened.lines.is_empty() { p class="is-quiet" { (context.say(Word::NoInvocationLog)) } }
            @else {
                div class="lines is-raised" tabindex="0" role="region" aria-label=(context.say(Word::InvocationLog)) {
                    @for (at, line) in &opened.lines {
                        div class=(crate::views::frame::log::class(line)) { time datetime=(at) title=(exact(*at)) { (at.strftime("%H:%M:%S%.3f")) } span { (plain(line)) } }
                    }
                }
            }
            p { a href=(context.to(&["log"], &[("group", group), ("stream", stream)])) data-reload { (context.say(Word::WholeLog)) } " " span class="is-quiet" { (plain(stream)) } }
        }
    }
}

/// What Lambda's REPORT line says, and who called.
fn report(context: &Context, invoked: &Invoked<'_>, called_by: Option<&CalledBy>) -> Markup {
    html! {
        dl class="pairs" {
            dt { (context.say(Word::RequestId)) } dd class="mono" { (plain(invoked.request_id)) }
            dt { (context.say(Word::Ended)) } dd { (ago(context, Some(invoked.at))) " · " (exact(invoked.at)) }
            dt { (context.say(Word::Attempt)) } dd { (invoked.attempt) }
            dt { (context.say(Word::Duration)) } dd { (duration(invoked.duration)) }
            dt { (context.say(Word::BilledDuration)) } dd { (duration(invoked.billed)) }
            @if let Some(init) = invoked.init { dt { (context.say(Word::InitDuration)) } dd { (duration(init)) } }
            dt { (context.say(Word::MemoryUsed)) } dd { (invoked.memory_used) " MB " (context.say(Word::Of)) " " (invoked.memory_size) " MB" }
            @match called_by {
                None => {},
                Some(CalledBy::Rule(rule, event)) => {
                    dt { (context.say(Word::CalledBy)) }
                    dd {
                        (context.say(Word::Rule)) " " a href=(context.to(&["events"], &[("rule", rule)])) { (plain(rule)) } " · "
                        a href=(context.to(&["events"], &[("event", event)])) { (context.say(Word::EventGiven)) }
                    }
                },
                Some(CalledBy::Principal(name)) => {
                    dt { (context.say(Word::CalledBy)) }
                    dd { a href=(context.to(&["permissions", name], &[])) { (plain(name)) } }
                },
            }
        }
    }
}

/// Who called, where one caller alone was allowed to.
pub(crate) fn only_caller(callers: &[Decision<'_>]) -> Option<String> {
    let mut names: Vec<Caller<'_>> = callers.iter().filter(|it| it.allowed).map(|it| it.caller).collect();
    names.sort_unstable();
    names.dedup();
    match &*names {
        [only] => Some(only.name().to_owned()),
        _ => None,
    }
}
