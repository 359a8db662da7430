//! Calls that were denied, each with the least statement that would allow it.

use super::cause::{cited, in_lines, kind};
use crate::account::{Caller, Decision};
use crate::show::{Context, ago, arn, icon, kind_icon, plain, tone, yaml};
use crate::words::Word;
use maud::{Markup, html};
use platform::iam::PolicyKind;
use serde_json::{Value, json};

/// Those of the decisions that were denials: first those that nothing has mended since, the latest first.
pub(crate) fn denied<'a, 'b>(decisions: &'b [Decision<'a>]) -> Vec<(&'b Decision<'a>, bool)> {
    let is_mended = |denied: &Decision<'_>| {
        let same = |other: &&Decision<'_>| {
            let of = |it: &Decision<'_>| (it.allowed, it.last > denied.last);
            of(other) == (true, true)
                && (other.caller, other.action, other.resource) == (denied.caller, denied.action, denied.resource)
        };
        decisions.iter().any(|other| same(&other))
    };
    let denied = decisions.iter().filter(|decision| !decision.allowed);
    let mut denied: Vec<_> = denied.map(|decision| (decision, is_mended(decision))).collect();
    denied.sort_by_key(|(_, mended)| *mended);
    denied
}

/// The denials.
pub(crate) fn denials(context: &Context, decisions: &[Decision<'_>]) -> Markup {
    let denied = denied(decisions);
    html! {
        section class="denials" id="denials" aria-label=(context.say(Word::Denied)) {
            h2 { (context.say(Word::Denied)) " " span class="count" { (denied.len()) } }
            @if denied.is_empty() { p class="is-quiet" { (icon(tone("Succeeded").0)) " " (context.say(Word::NothingDenied)) } }
            @for (at, (decision, mended)) in denied.iter().enumerate() { (denial(context, decision, *mended, at == 0)) }
        }
    }
}

fn denial(context: &Context, decision: &Decision<'_>, is_mended: bool, is_first: bool) -> Markup {
    html! {
        article class={ @if is_mended { "why is-mended" } @else { "why" } } id=(decision.anchor()) {
            p class="reason" {
                (icon(tone("Failed").0)) " " (caller(context, decision.caller)) " " (kind_icon("arrow")) " "
                code { (plain(decision.action)) }
            }
            @if is_mended { p { (icon(tone("Succeeded").0)) " " (context.say(Word::AllowedSince)) } }
            dl class="pairs" {
                dt { (context.say(Word::OnResource)) } dd { (arn(decision.resource)) }
                dt { (context.say(Word::CalledBy)) } dd { (arn(decision.principal)) }
                @if let Some(source) = decision.source { dt { (context.say(Word::OnBehalfOf)) } dd { (arn(source)) } }
                dt { (context.say(Word::DecidedBy)) }
                dd {
                    (context.say(kind(decision.kind()))) ": "
                    @match decision.statement() {
                        None => (context.say(Word::NoStatementAllows)),
                        Some(statement) => { (context.say(Word::StatementDenies)) " (" (plain(&cited(statement))) ")" },
                    }
                }
                dt { (context.say(Word::Calls)) }
                dd { (decision.count) " · " (context.say(Word::FirstTime)) " " (ago(context, Some(decision.first))) " · " (context.say(Word::LastTime)) " " (ago(context, Some(decision.last))) }
            }
            p class="mend" { strong { (context.say(Word::Mend)) ": " } (context.say(mend(decision))) }
            @if let Some(least) = &decision.reason.least { (ready(context, least, is_first && !is_mended)) }
            @else if let Some(statement) = decision.statement() { pre class="statement" { (in_lines(&statement.statement)) } }
        }
    }
}

/// What is to be done, in words.
fn mend(decision: &Decision<'_>) -> Word {
    match (decision.statement(), decision.kind()) {
        (Some(_), _) => Word::MendDenied,
        (None, PolicyKind::Identity) => Word::MendIdentity,
        (None, PolicyKind::Boundary) => Word::MendBoundary,
        (None, PolicyKind::Session) => Word::MendSession,
        (None, PolicyKind::Resource) => Word::MendResource,
    }
}

/// The least statement, ready to be copied.
fn ready(context: &Context, least: &str, is_open: bool) -> Markup {
    let read: Value = serde_json::from_str(least).unwrap_or_default();
    let in_template = yaml(&json!({ "Statement": [read] }));
    html! {
        div class="ready" {
            (copied(context, Word::AsYaml, &plain(&in_template), is_open))
            (copied(context, Word::AsJson, &in_lines(least), is_open))
        }
    }
}

/// Text that can be copied whole.
fn copied(context: &Context, word: Word, text: &str, is_open: bool) -> Markup {
    html! {
        details class="part" open[is_open] {
            summary { h3 { (context.say(word)) } }
            div class="tools" { button type="button" data-copy { (context.say(Word::Copy)) } }
            div class="body" { pre class="statement" { (text) } }
        }
    }
}

/// Who called, as a link to all that it called.
pub(crate) fn caller(context: &Context, caller: Caller<'_>) -> Markup {
    html! { a href=(context.to(&["permissions", caller.name()], &[])) { strong { (plain(caller.name())) } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use platform::iam::Reason;

    #[test]
    fn what_nothing_has_mended_comes_first_and_has_what_mends_it() {
        let reason = Reason {
            kind: PolicyKind::Identity,
            statement: None,
            least: Some(r#"{"Effect":"Allow","Action":"s3:GetObject"}"#.into()),
        };
        let decision = |resource: &'static str, allowed: bool, at: i64| Decision {
            caller: Caller::Role("r"),
            principal: "r",
            source: None,
            action: "s3:GetObject",
            resource,
            allowed,
            reason: &reason,
            count: 1,
            first: Timestamp::from_second(at).unwrap(),
            last: Timestamp::from_second(at).unwrap(),
        };
        let decisions = [
            decision("mended", true, 5),
            decision("mended", false, 4),
            decision("<b>", false, 2),
            decision("<b>", true, 1),
        ];
        let found: Vec<_> = denied(&decisions)
            .into_iter()
            .map(|(it, mended)| (it.resource, mended))
            .collect();
        assert_eq!(found, [("<b>", false), ("mended", true)]);
    }
}
