//! What the views of permissions, events and functions have in common: the filter, long lists, and statements.

use crate::account::{Caller, Calls, Decision};
use crate::show::{Context, ago, arn, icon, plain, tone};
use crate::words::Word;
use maud::{Markup, html};
use platform::iam::{Cited, PolicyKind};
use serde_json::Value;

/// How many rows are there at once, and in each part behind.
pub(crate) const ROWS: usize = 200;
/// The most resources of one row that are shown.
const RESOURCES: usize = 200;

/// A filter by text, which keeps what else the address selects.
pub(crate) fn filter(context: &Context, path: &[&str], others: &[(&str, &str)], (text, hint): (&str, Word)) -> Markup {
    html! {
        form class="filter-all" action=(context.to(path, &[])) role="search" aria-label=(context.say(hint)) {
            @for (name, value) in others { (crate::views::frame::form::hidden(name, value)) }
            input type="search" name="q" value=(plain(text)) placeholder=(context.say(hint)) aria-label=(context.say(hint)) autocomplete="off";
            button { (context.say(Word::Apply)) }
        }
    }
}

/// Where the parts of a list of `count` begin, which is shown with its end first. Places are counted from the earliest
/// one, so that a part stays what it is while the list grows.
pub(crate) fn parts(count: usize) -> Vec<usize> {
    let last = count.saturating_sub(1) / ROWS * ROWS;
    // A newest part of a few rows is shown with the one before.
    let newest = if count - last < ROWS / 2 {
        last.saturating_sub(ROWS)
    } else {
        last
    };
    let behind = (0..newest / ROWS).rev().map(|part| part * ROWS);
    [newest].into_iter().chain(behind).collect()
}

/// A part of a list that is asked for when it is seen: it is as high as its rows, so that those behind it are not.
pub(crate) fn rows_behind(id: &str, address: &str) -> Markup {
    html! { div class="part-of is-list" id=(id) data-src=(address) {} }
}

/// What is in a row, asked for when somebody opens it.
pub(crate) fn behind(id: &str, address: &str) -> Markup {
    html! { div class="part-of" id=(id) data-src=(address) {} }
}

/// A kind of policy, in words.
pub(crate) fn kind(kind: PolicyKind) -> Word {
    match kind {
        PolicyKind::Identity => Word::IdentityPolicy,
        PolicyKind::Boundary => Word::BoundaryPolicy,
        PolicyKind::Session => Word::SessionPolicy,
        PolicyKind::Resource => Word::ResourcePolicy,
    }
}

/// A statement's policy, and its `Sid` or its number.
pub(crate) fn cited(cited: &Cited) -> String {
    let policy = match &*cited.policy {
        arn if arn.contains(":policy/") => arn.rsplit('/').next().unwrap_or(arn),
        arn => arn.rsplit(':').next().unwrap_or(arn),
    };
    let which = cited
        .sid
        .as_deref()
        .map_or_else(|| (cited.index + 1).to_string(), str::to_owned);
    match policy {
        "" => which,
        policy => format!("{policy} / {which}"),
    }
}

/// JSON that is given as text, in lines.
pub(crate) fn in_lines(json: &str) -> String {
    let read = serde_json::from_str::<Value>(json).ok();
    let written = read.and_then(|read| serde_json::to_string_pretty(&read).ok());
    plain(&written.unwrap_or_else(|| json.to_owned()))
}

/// Where a statement is in the view of its role.
pub(crate) fn place_of(statement: &Cited) -> String {
    let policy: String = statement
        .policy
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .collect();
    format!("statement-{policy}-{}", statement.index)
}

/// Whether a table says which statement decided: not where all are of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Shown,
    Hidden,
}

/// A table of calls. `of` is what it is named.
pub(crate) fn calls(context: &Context, calls: &[Calls<'_>], of: &str, statement: Column) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(of) {
            table class="rows calls" {
                thead { tr {
                    th scope="col" { (context.say(Word::Action)) }
                    th scope="col" { (context.say(Word::OnResource)) }
                    @if statement == Column::Shown { th scope="col" { (context.say(Word::AllowedBy)) } }
                    th scope="col" class="number" { (context.say(Word::Calls)) }
                    th scope="col" { (context.say(Word::LastTime)) }
                } }
                tbody { @for calls in calls { (row(context, calls, statement)) } }
            }
        }
    }
}

fn row(context: &Context, calls: &Calls<'_>, statement: Column) -> Markup {
    let decision = &calls.decision;
    html! {
        tr {
            td { code { (plain(decision.action)) } }
            td {
                @match &*calls.resources {
                    [(one, _)] => (arn(one)),
                    many => details class="many" {
                        summary { (many.len()) " " (context.say(Word::Resources)) ": " (arn(many[0].0)) " …" }
                        ul { @for (one, count) in many.iter().take(RESOURCES) { li { (arn(one)) " " span class="is-quiet" { "× " (count) } } } }
                        @if many.len() > RESOURCES { p class="is-quiet" { "… " (many.len() - RESOURCES) } }
                    },
                }
                @if let Some(source) = decision.source { p class="is-quiet" { (context.say(Word::OnBehalfOf)) " " (arn(source)) } }
            }
            @if statement == Column::Shown { td { (deciding(context, decision)) } }
            td class="number" { (calls.count) }
            td { (ago(context, Some(calls.last))) }
        }
    }
}

/// What decided: the statement, or that there is none.
fn deciding(context: &Context, decision: &Decision<'_>) -> Markup {
    html! {
        @if !decision.allowed {
            a href={ "#" (decision.anchor()) } class="badge" { (icon(tone("Failed").0)) " " (context.say(Word::Denied)) } " "
        }
        @if let Some(statement) = decision.statement() {
            details class="many" {
                summary { (plain(&cited(statement))) }
                pre class="statement is-raised" { (in_lines(&statement.statement)) }
                p class="is-quiet" {
                    (context.say(kind(decision.kind()))) " "
                    @match decision.caller {
                        Caller::Role(role) if decision.kind() == PolicyKind::Identity => {
                            a href={ (context.to(&["permissions", role], &[])) "#" (place_of(statement)) } { (arn(&statement.policy)) }
                        },
                        _ => (arn(&statement.policy)),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_part_has_rows_enough_and_the_others_stay_as_they_are() {
        for (count, begin) in [
            (0, &[0][..]),
            (50, &[0]),
            (200, &[0]),
            (250, &[0]),
            (300, &[200, 0]),
            (420, &[200, 0]),
            (15_000, &[14_800]),
        ] {
            assert_eq!(parts(count)[..begin.len()], *begin, "{count}");
        }
        assert_eq!(parts(15_000).len(), 75);
    }

    #[test]
    fn a_statement_is_named_by_its_policy_and_its_sid_or_number() {
        let statement = |policy: &str, sid: Option<&str>| Cited {
            policy: policy.into(),
            sid: sid.map(Into::into),
            index: 2,
            statement: "{}".into(),
        };
        for (policy, sid, named) in [
            ("calls", Some("Put"), "calls / Put"),
            ("arn:aws:iam::aws:policy/service-role/Basic", None, "Basic / 3"),
            ("arn:aws:s3:::bucket", None, "bucket / 3"),
            ("", None, "3"),
        ] {
            assert_eq!(cited(&statement(policy, sid)), named);
        }
    }
}
