//! Permissions: what was denied, and who called what, allowed by which statement.

use super::cause::{Column, ROWS, behind, calls, filter};
use super::denials::{caller, denials};
use crate::account::{Caller, Decision, Role, calls as gathered};
use crate::show::{Context, ago, exact, plain};
use crate::words::Word;
use jiff::Timestamp;
use maud::{Markup, html};

/// What is known of permissions.
#[derive(Debug)]
pub(crate) struct Permissions<'a> {
    /// The decisions that fit the filter, the latest first.
    pub(crate) decisions: &'a [Decision<'a>],
    /// The roles of the account.
    pub(crate) roles: &'a [Role],
    /// The filter.
    pub(crate) text: &'a str,
    /// Since when it was recorded.
    pub(crate) since: Option<Timestamp>,
    /// Whether decisions are there at all, with the filter or without.
    pub(crate) is_any: bool,
}

/// The view of all permissions.
pub(crate) fn permissions(context: &Context, shown: &Permissions<'_>) -> Markup {
    html! {
        h1 { (context.say(Word::Permissions)) }
        @if !shown.is_any { p class="is-quiet" { (context.say(Word::NoDecisions)) } }
        @else {
            (since(context, shown.since))
            (filter(context, &["permissions"], &[], (shown.text, Word::FilterCalls)))
            @if shown.decisions.is_empty() { p class="is-quiet" { (context.say(Word::NothingFound)) } }
            @else {
                (denials(context, shown.decisions))
                @for (word, id, of) in [(Word::ByRole, "roles", true), (Word::ByService, "services", false)] {
                    @let callers = callers(shown.decisions, of);
                    @if !callers.is_empty() {
                        section class="callers" id=(id) aria-label=(context.say(word)) {
                            h2 { (context.say(word)) " " span class="count" { (callers.len()) } }
                            @for one in callers { (of_caller(context, one, shown)) }
                        }
                    }
                }
            }
        }
        @if shown.text.is_empty() { (silent(context, shown)) }
    }
}

/// The roles that never called.
fn silent(context: &Context, shown: &Permissions<'_>) -> Markup {
    let called = callers(shown.decisions, true);
    let silent: Vec<&Role> = shown
        .roles
        .iter()
        .filter(|role| !called.contains(&Caller::Role(&role.name)))
        .collect();
    html! {
        @if !silent.is_empty() {
            section aria-label=(context.say(Word::RolesWithoutCalls)) class="callers" {
                h2 { (context.say(Word::RolesWithoutCalls)) " " span class="count" { (silent.len()) } }
                ul class="targets" { @for role in silent { li { a href=(context.to(&["permissions", &role.name], &[])) { (plain(&role.name)) } } } }
            }
        }
    }
}

/// Since when, and what is not in it.
pub(crate) fn since(context: &Context, since: Option<Timestamp>) -> Markup {
    html! {
        p class="is-quiet text" {
            @if let Some(at) = since { (context.say(Word::RecordedSince)) " " time datetime=(at) { (exact(at)) } " (" (ago(context, since)) "). " }
            (context.say(Word::AdministratorHint))
        }
    }
}

/// The roles that called, or the services, by name.
fn callers<'a>(decisions: &[Decision<'a>], are_roles: bool) -> Vec<Caller<'a>> {
    let mut found: Vec<Caller<'_>> = decisions.iter().map(|decision| decision.caller).collect();
    found.retain(|caller| matches!(caller, Caller::Role(_)) == are_roles);
    found.sort_unstable();
    found.dedup();
    found
}

fn of_caller(context: &Context, one: Caller<'_>, shown: &Permissions<'_>) -> Markup {
    let of: Vec<&Decision<'_>> = shown
        .decisions
        .iter()
        .filter(|decision| decision.caller == one)
        .collect();
    let calls: u64 = of.iter().map(|decision| decision.count).sum();
    let denied = of.iter().filter(|decision| !decision.allowed).count();
    let mut actions: Vec<&str> = of.iter().map(|decision| decision.action).collect();
    actions.sort_unstable();
    actions.dedup();
    let last = of.iter().map(|decision| decision.last).max();
    let is_open = !shown.text.is_empty() && shown.decisions.len() <= ROWS;
    // With the number of them, so that it is read again when there are more.
    let rows = of.len().to_string();
    let folded = context.to(
        &["part-permissions"],
        &[("caller", one.name()), ("q", shown.text), ("n", &rows)],
    );
    html! {
        details class="caller" id={ "caller-" (plain(one.name())) } open[is_open] {
            summary {
                h3 { (plain(one.name())) }
                @if denied > 0 { span class="is-bad" { (context.say(Word::Denied)) ": " (denied) } }
                span class="is-quiet" { (actions.len()) " " (context.say(Word::Actions)) " · " (context.say(Word::Calls)) " " (calls) " · " (ago(context, last)) }
            }
            p { a href=(context.to(&["permissions", one.name()], &[])) { (context.say(Word::AllPermissionsOf)) " " (plain(one.name())) } }
            // What is folded is read when somebody opens it.
            @if is_open { (table(context, &of, one)) }
            @else { (behind(&format!("calls-{}", one.name()), &folded)) }
        }
    }
}

fn table(context: &Context, decisions: &[&Decision<'_>], caller: Caller<'_>) -> Markup {
    let rows = gathered(decisions.iter().copied());
    html! {
        @for part in rows.chunks(ROWS) { (calls(context, part, caller.name(), Column::Shown)) }
    }
}

/// The table of the calls of one caller.
pub(crate) fn calls_of(context: &Context, decisions: &[Decision<'_>], name: &str) -> Markup {
    let of: Vec<&Decision<'_>> = decisions
        .iter()
        .filter(|decision| decision.caller.name() == name)
        .collect();
    match of.first().map(|decision| decision.caller) {
        Some(caller) => table(context, &of, caller),
        None => html! { p { (caller(context, Caller::Service(name))) } },
    }
}
