//! One role: each statement of its policies with the calls that used it, and what it may do and never did.

use super::cause::{Column, calls, cited, filter, in_lines, place_of};
use super::denials::denials;
use super::permissions::since;
use crate::account::{Decision, Role, actions, calls as gathered, is_meant};
use crate::show::{Context, ago, arn, icon, plain, tone};
use crate::words::Word;
use jiff::Timestamp;
use maud::{Markup, html};
use platform::iam::{Cited, PolicyKind};

/// What is known of a role, or of a service that calls by itself.
#[derive(Debug)]
pub(crate) struct RoleShown<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The role. None for a service, or where it is gone.
    pub(crate) role: Option<&'a Role>,
    /// The statements of its policies.
    pub(crate) statements: &'a [Cited],
    /// The functions that run as it.
    pub(crate) functions: &'a [String],
    /// All decisions about its calls, the latest first.
    pub(crate) decisions: &'a [Decision<'a>],
    /// The filter.
    pub(crate) text: &'a str,
    /// Since when it was recorded.
    pub(crate) since: Option<Timestamp>,
}

/// A statement, and the decisions that it made.
struct Used<'a> {
    statement: &'a Cited,
    decisions: Vec<&'a Decision<'a>>,
    /// The actions in it that no call has used, as it writes them.
    unused: Vec<String>,
}

impl Used<'_> {
    fn is_never_used(&self) -> bool {
        self.decisions.is_empty()
    }

    fn allows(&self) -> bool {
        let read: serde_json::Value = serde_json::from_str(&self.statement.statement).unwrap_or_default();
        read["Effect"] == "Allow"
    }
}

fn used<'a>(shown: &RoleShown<'a>) -> Vec<Used<'a>> {
    let of = |statement: &'a Cited| {
        let is_its = |decision: &&Decision<'_>| decision.statement() == Some(statement);
        let decisions: Vec<_> = shown.decisions.iter().filter(is_its).collect();
        let is_unused = |written: &String| !decisions.iter().any(|decision| is_meant(written, decision.action));
        Used {
            statement,
            unused: actions(&statement.statement)
                .unwrap_or_default()
                .into_iter()
                .filter(is_unused)
                .collect(),
            decisions,
        }
    };
    shown.statements.iter().map(of).collect()
}

/// The view of a role.
pub(crate) fn role(context: &Context, shown: &RoleShown<'_>) -> Markup {
    let used = used(shown);
    let others = |kind: Option<PolicyKind>| {
        let is_known = |decision: &Decision<'_>| shown.statements.iter().any(|it| decision.statement() == Some(it));
        let others = shown
            .decisions
            .iter()
            .filter(|decision| decision.statement().is_some() && !is_known(decision));
        let others = others.filter(|decision| (decision.kind() == PolicyKind::Resource) == kind.is_some());
        gathered(others.filter(|decision| decision.has(shown.text)))
    };
    let own: Vec<_> = shown
        .decisions
        .iter()
        .filter(|decision| decision.has(shown.text))
        .cloned()
        .collect();
    html! {
        (heading(context, shown))
        (since(context, shown.since))
        (filter(context, &["permissions", shown.name], &[], (shown.text, Word::FilterCalls)))
        (denials(context, &own))
        @if !used.is_empty() && shown.text.is_empty() { (never(context, &used)) }
        @if !used.is_empty() {
            section class="statements" aria-label=(context.say(Word::Statements)) {
                h2 { (context.say(Word::Statements)) " " span class="count" { (used.len()) } }
                @for one in used.iter().filter(|one| shown.text.is_empty() || one.decisions.iter().any(|it| it.has(shown.text))) {
                    (statement(context, one, shown.text))
                }
            }
        } @else if shown.role.is_some() { p class="is-quiet" { (context.say(Word::NoStatements)) } }
        @for (word, kind) in [(Word::ByResourcePolicy, Some(PolicyKind::Resource)), (if shown.role.is_some() { Word::ByGone } else { Word::RecordedCalls }, None)] {
            @let rows = others(kind);
            @if !rows.is_empty() {
                // The table in it has the name.
                section {
                    h2 { (context.say(word)) " " span class="count" { (rows.len()) } }
                    (calls(context, &rows, context.say(word), Column::Shown))
                }
            }
        }
    }
}

fn heading(context: &Context, shown: &RoleShown<'_>) -> Markup {
    html! {
        header class="heading" {
            h1 { (plain(shown.name)) }
            p class="facts" {
                span { a href=(context.to(&["permissions"], &[])) { (context.say(Word::AllRoles)) } }
                @if let Some(role) = shown.role {
                    span { (arn(&role.arn)) }
                    @if !role.trusts.is_empty() { span { (context.say(Word::TrustedServices)) ": " (plain(&role.trusts.join(", "))) } }
                    @if role.created.is_some() { span { (context.say(Word::Created)) " " (ago(context, role.created)) } }
                }
                @if !shown.functions.is_empty() {
                    span { (context.say(Word::UsedBy)) ": " @for (at, name) in shown.functions.iter().enumerate() {
                        @if at > 0 { ", " } a href=(context.to(&["functions", name], &[])) { (plain(name)) }
                    } }
                }
            }
        }
        @if shown.role.is_none() && !shown.name.ends_with(".amazonaws.com") { p class="is-quiet" { (context.tell(Word::RoleGone)) } }
    }
}

/// What the role may do and never did.
fn never(context: &Context, used: &[Used<'_>]) -> Markup {
    let unused: Vec<&Used<'_>> = used
        .iter()
        .filter(|one| one.allows() && (one.is_never_used() || !one.unused.is_empty()))
        .collect();
    html! {
        section class="never" id="never" aria-label=(context.say(Word::NeverUsed)) {
            h2 { (context.say(Word::NeverUsed)) " " span class="count" { (unused.len()) } }
            @if unused.is_empty() { p class="is-quiet" { (context.say(Word::AllUsed)) } }
            @else {
                p class="is-quiet text" { (context.say(Word::NeverHint)) }
                ul { @for one in unused { li {
                    a href={ "#" (place_of(one.statement)) } { (plain(&cited(one.statement))) } ": "
                    @if one.is_never_used() { strong { (context.say(Word::WholeStatement)) } " " }
                    span class="names" { @for action in &one.unused { code { (plain(action)) } " " } }
                } } }
            }
        }
    }
}

fn statement(context: &Context, one: &Used<'_>, text: &str) -> Markup {
    let rows = gathered(one.decisions.iter().copied().filter(|decision| decision.has(text)));
    let count: u64 = one.decisions.iter().map(|decision| decision.count).sum();
    let last = one.decisions.iter().map(|decision| decision.last).max();
    let status = if one.is_never_used() { "" } else { "Succeeded" };
    html! {
        section class="one-statement" id=(place_of(one.statement)) {
            h3 { (icon(tone(status).0)) " " (plain(&cited(one.statement))) }
            p class="facts is-quiet" {
                @if one.is_never_used() { span { (context.say(Word::Never)) } }
                @else { span { (context.say(Word::Calls)) " " (count) } span { (context.say(Word::LastTime)) " " (ago(context, last)) } }
                @if !one.is_never_used() && !one.unused.is_empty() {
                    span { (context.say(Word::Never)) ": " @for action in &one.unused { code { (plain(action)) } " " } }
                }
            }
            details class="many" { summary { (context.say(Word::AsJson)) } pre class="statement is-raised" { (in_lines(&one.statement.statement)) } }
            @if !rows.is_empty() { (calls(context, &rows, &plain(&cited(one.statement)), Column::Hidden)) }
        }
    }
}
