//! The functions, with how their invocations ended and how long they took.

use crate::account::{Function, Invoked};
use crate::show::{Context, ago, badge, duration, plain};
use crate::words::Word;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// How the invocations of a function went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Went {
    /// How many ended how.
    outcomes: BTreeMap<String, usize>,
    /// The median of their durations, in milliseconds.
    median: Option<u64>,
    /// When the last one ended.
    last: Option<jiff::Timestamp>,
}

fn went(invoked: &[&Invoked<'_>]) -> Went {
    let mut went = Went::default();
    let mut durations: Vec<u64> = invoked.iter().map(|one| one.duration).collect();
    durations.sort_unstable();
    went.median = durations.get(durations.len().saturating_sub(1) / 2).copied();
    for one in invoked {
        // They have one word.
        let outcome = if one.outcome == "Crashed" {
            "Failed"
        } else {
            one.outcome
        };
        *went.outcomes.entry(outcome.to_owned()).or_default() += 1;
        went.last = went.last.max(Some(one.at));
    }
    went
}

/// The view of all functions.
pub(crate) fn functions(context: &Context, functions: &[Function], invoked: &[Invoked<'_>]) -> Markup {
    let of = |name: &str| went(&invoked.iter().filter(|one| one.function == name).collect::<Vec<_>>());
    let heads = [
        Word::Function,
        Word::Invocations,
        Word::MedianDuration,
        Word::LastTime,
        Word::Runtime,
        Word::Memory,
        Word::Timeout,
    ];
    html! {
        h1 { (context.say(Word::Functions)) " " span class="count" { (functions.len()) } }
        @if functions.is_empty() { p class="is-quiet" { (context.say(Word::NoFunctions)) } }
        @else {
            @if functions.iter().all(Function::is_gone) { p class="is-quiet text" { (context.tell(Word::FunctionsGone)) } }
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Functions)) {
                table class="rows functions" {
                    thead { tr { @for word in heads { th scope="col" { (context.say(word)) } } } }
                    tbody { @for function in functions { (row(context, function, &of(&function.name))) } }
                }
            }
        }
    }
}

fn row(context: &Context, function: &Function, went: &Went) -> Markup {
    html! {
        tr id={ "function-" (plain(&function.name)) } {
            td {
                a href=(context.to(&["functions", &function.name], &[])) { (plain(&function.name)) }
                @if !function.is_gone() {
                    p class="is-quiet" { (context.say(Word::Role)) " " a href=(context.to(&["permissions", function.role_name()], &[])) { (plain(function.role_name())) } }
                }
            }
            td {
                @if went.outcomes.is_empty() { span class="is-quiet" { "0" } }
                @for (outcome, count) in &went.outcomes { span class="outcome" { (badge(context, outcome)) " " (count) } " " }
            }
            td { (went.median.map(duration).unwrap_or_default()) }
            td { @if went.last.is_some() { (ago(context, went.last)) } }
            td { (runtime(function)) }
            td { @if !function.is_gone() { (function.raw["MemorySize"]) " MB" } }
            td { @if !function.is_gone() { (function.raw["Timeout"]) " s" } }
        }
    }
}

/// The runtime, or that it is an image.
pub(crate) fn runtime(function: &Function) -> String {
    let raw = &function.raw;
    let named = raw["Runtime"].as_str().or(raw["PackageType"].as_str());
    plain(named.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        let one = |duration: u64, outcome: &'static str| Invoked {
            sequence: 0,
            at: jiff::Timestamp::UNIX_EPOCH,
            function: "f",
            request_id: "r",
            outcome,
            error: None,
            duration,
            billed: duration,
            init: None,
            memory_size: 128,
            memory_used: 1,
            attempt: 1,
            event: "{}",
            answer: "null",
            log: ("g", "s"),
        };
        let invoked = [
            one(5, "Succeeded"),
            one(900, "Failed"),
            one(7, "Succeeded"),
            one(1, "Crashed"),
        ];
        let went = went(&invoked.iter().collect::<Vec<_>>());
        assert_eq!(
            (went.median, went.outcomes["Succeeded"], went.outcomes["Failed"]),
            (Some(5), 2, 2)
        );
        assert_eq!(super::went(&[]), Went::default());
    }
}
