//! One rule: what it wants, where it sends, what it matched, and what it nearly matched.

use super::cause::filter;
use super::sent::{Events, Which, list, target};
use crate::account::{Rule, text};
use crate::show::{Context, Tone, arn, icon, plain, pretty};
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;

/// The view of a rule, below the list of all.
pub(crate) fn rule(context: &Context, (rule, targets): &(Rule, Vec<Value>), shown: &Events<'_>) -> Markup {
    html! {
        section class="one-rule" aria-label=(context.say(Word::Rule)) {
            h2 {
                (plain(&rule.name)) " "
                @if rule.state == "DISABLED" { span class="badge" { (icon(Tone::Stopped)) " " (context.say(Word::Disabled)) } }
            }
            @if rule.is_gone() { p class="is-quiet text" { (context.tell(Word::RuleGone)) } }
            @else { p class="is-quiet" { (arn(text(&rule.raw, "Arn"))) } }
            @if !text(&rule.raw, "Description").is_empty() { p class="text" { (plain(text(&rule.raw, "Description"))) } }
            @if let Some(pattern) = rule.pattern() { (crate::views::states::inspector::part(context, Word::EventPattern, &pretty(&pattern), true)) }
            @if !text(&rule.raw, "ScheduleExpression").is_empty() {
                p { (context.say(Word::Schedule)) ": " code { (plain(text(&rule.raw, "ScheduleExpression"))) } }
            }
            @if !rule.is_gone() { h3 { (context.say(Word::Targets)) " " span class="count" { (targets.len()) } } }
            @if targets.is_empty() && !rule.is_gone() { p class="is-quiet" { (context.say(Word::NoTargets)) } }
            ul class="targets" { @for one in targets { li {
                (target(context, text(one, "Arn"))) " "
                @if let Some(role) = one["RoleArn"].as_str().and_then(|role| role.rsplit('/').next()) {
                    span class="is-quiet" { (context.say(Word::Role)) " " } a href=(context.to(&["permissions", role], &[])) { (plain(role)) }
                }
                details class="many" { summary { (context.say(Word::AsJson)) } (pretty(one)) }
            } } }
        }
        (filter(context, &["events"], &[("rule", &rule.name)], (shown.text, Word::FilterEvents)))
        @for (word, which, empty, hint) in [
            (Word::Matched, Which::Matched(rule), Word::NoneMatched, None),
            (Word::NearlyMatched, Which::Near(rule), Word::NoneNear, Some(Word::NearHint)),
        ] {
            section aria-label=(context.say(word)) {
                h2 { (context.say(word)) " " span class="count" { (which.of(shown.all, shown.text).len()) } }
                @if let Some(hint) = hint { p class="is-quiet text" { (context.say(hint)) } }
                (list(context, shown, which, empty))
            }
        }
    }
}
