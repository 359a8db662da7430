//! The view of events on the bus: all, or what one rule made of them.

use super::cause::filter;
use super::rule::rule;
use super::sent::{Events, Which, list};
use crate::show::{Context, plain};
use crate::words::Word;
use maud::{Markup, html};

/// The view of events.
pub(crate) fn events(context: &Context, shown: &Events<'_>) -> Markup {
    let current = shown.rule.map(|(rule, _)| &*rule.name);
    let others: Vec<(&str, &str)> = current.map(|name| ("rule", name)).into_iter().collect();
    html! {
        h1 { (context.say(Word::Events)) " " span class="count" { (shown.all.len()) } }
        nav class="chips" aria-label=(context.say(Word::Rules)) {
            a href=(context.to(&["events"], &[])) aria-current=[current.is_none().then_some("true")] { (context.say(Word::AllEvents)) }
            @for known in shown.rules {
                a href=(context.to(&["events"], &[("rule", &known.name)])) aria-current=[(current == Some(&known.name)).then_some("true")] {
                    (plain(&known.name)) " "
                    @if known.state == "DISABLED" { span class="is-quiet" { (context.say(Word::Disabled)) } }
                    @else if known.pattern().is_none() && !known.is_gone() { span class="is-quiet" { (context.say(Word::Schedule)) } }
                    @else { span class="count" { (Which::Matched(known).of(shown.all, "").len()) } }
                }
            }
        }
        @match shown.rule {
            Some(one) => (rule(context, one, shown)),
            None => {
                @if !shown.all.is_empty() { (filter(context, &["events"], &others, (shown.text, Word::FilterEvents))) }
                h2 class="hidden" { (context.say(Word::AllEvents)) }
                (list(context, shown, Which::All, Word::NoEvents))
            },
        }
    }
}
