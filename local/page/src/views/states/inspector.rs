//! What is selected in an execution: a state's input, output, variables, error, attempts, job and events.

use super::shown::Shown;
use super::timeline::inside;
use crate::account::Job;
use crate::show::{Context, ago, badge, between, exact, kind_icon, of_graph, payload, plain, pretty};
use crate::trace::{Attempt, Visit};
use crate::views::pipelines::pipeline::model_link;
use crate::words::Word;
use maud::{Markup, html};

/// From this many bytes of markup on, a part can be searched and copied.
const LONG: usize = 2000;
/// The most visits of a state that are listed.
const MOST_VISITS: usize = 50;

/// The inspector.
pub(crate) fn inspector(context: &Context, shown: &Shown<'_>) -> Markup {
    html! {
        aside class="inspector" id=[context.id("inspector")] aria-label=(context.say(Word::Details)) tabindex="0" {
            @match shown.state {
                Some(state) => (selected(context, shown, state)),
                None => (whole(context, shown)),
            }
        }
    }
}

/// The execution itself, when no state is selected.
fn whole(context: &Context, shown: &Shown<'_>) -> Markup {
    let raw = &shown.execution.raw;
    html! {
        h2 { (context.say(Word::Execution)) }
        p class="is-quiet" { (context.say(Word::NothingSelected)) }
        @for (name, word) in [("input", Word::Input), ("output", Word::Output), ("cause", Word::Cause)] {
            @if let Some(text) = raw[name].as_str() { (part(context, word, &payload(text), name == "output")) }
        }
    }
}

fn selected(context: &Context, shown: &Shown<'_>, state: &str) -> Markup {
    let chosen = shown.selection.iterations();
    let visits = shown.trace.visits_of(state, &chosen);
    let asked = shown.selection.number("visit");
    let visit = shown.trace.looked_at(state, &chosen, asked);
    let of_chart = shown.chart.and_then(|chart| chart.state(state));
    html! {
        h2 { (plain(state)) }
        p class="facts" {
            @if let Some(known) = of_chart {
                span { (plain(known.kind.name())) }
                @if let Some(does) = &known.does { span class="is-quiet" title=[known.resource.as_deref()] { (plain(does)) } }
            }
            (badge(context, visit.map_or("", |(_, visit)| of_graph(visit.status))))
        }
        @if let Some(comment) = of_chart.and_then(|known| known.comment.as_deref()) { p class="is-quiet" { (plain(comment)) } }
        @if visits.len() > 1 { (choice(context, shown, state, &visits, visit.map(|(number, _)| number))) }
        @if let Some((_, visit)) = visit { (details_of(context, shown, visit)) }
    }
}

/// The visits of a state that was entered more than once.
fn choice(
    context: &Context,
    shown: &Shown<'_>,
    state: &str,
    visits: &[(usize, &Visit)],
    current: Option<usize>,
) -> Markup {
    html! {
        nav class="visits" aria-label=(context.say(Word::Attempts)) {
            @for (at, (number, visit)) in visits.iter().enumerate().skip(visits.len().saturating_sub(MOST_VISITS)) {
                @let selection = shown.selection.with("state", state).with("visit", &number.to_string());
                a href=(context.to(shown.path, &selection.pairs())) aria-current=[(current == Some(*number)).then_some("true")]
                    title=(exact(visit.from)) { (at + 1) span class="hidden" { (badge(context, of_graph(visit.status))) } }
            }
        }
    }
}

fn details_of(context: &Context, shown: &Shown<'_>, visit: &Visit) -> Markup {
    html! {
        p class="facts" {
            span { (ago(context, Some(visit.from))) }
            span { (context.say(Word::Duration)) " " (between(context, Some(visit.from), visit.to)) }
        }
        @if let Some(error) = &visit.error { (part(context, Word::Error, &html! { code class="is-bad" { (plain(error)) } }, true)) }
        @if let Some(cause) = &visit.cause { (part(context, Word::Cause, &payload(cause), true)) }
        @if let Some(job) = shown.job { (part(context, Word::Job, &of_job(context, job), true)) }
        @if let Some(input) = &visit.input { (part(context, Word::Input, &payload(input), true)) }
        @if let Some(output) = &visit.output { (part(context, Word::Output, &payload(output), true)) }
        @if !visit.assigned.is_empty() {
            (part(context, Word::Variables, &html! { @for (name, value) in &visit.assigned { h4 { code { "$" (plain(name)) } } (payload(value)) } }, true))
        }
        @if !visit.attempts.is_empty() {
            (part(context, Word::Attempts, &html! { ol class="attempts" { @for attempt in &visit.attempts { li { (of_attempt(context, attempt)) } } } }, visit.attempts.len() > 1))
        }
        (part(context, Word::HistoryEvents, &html! {
            ol class="events" { @for event in shown.events { li value=(event["id"]) {
                details { summary { (plain(event["type"].as_str().unwrap_or_default())) } (inside(context, shown.execution, event)) }
            } } }
        }, false))
    }
}

/// A part that can be folded, with what searches and copies it.
pub(crate) fn part(context: &Context, word: Word, inner: &Markup, is_open: bool) -> Markup {
    let is_long = inner.0.len() > LONG;
    html! {
        details class="part" open[is_open] {
            summary { h3 { (context.say(word)) } }
            @if is_long {
                div class="tools" {
                    input type="search" data-find placeholder=(context.say(Word::Find)) aria-label={ (context.say(Word::Find)) ": " (context.say(word)) };
                    button type="button" data-copy { (context.say(Word::Copy)) }
                }
            }
            div class="body" { (inner) }
        }
    }
}

fn of_attempt(context: &Context, attempt: &Attempt) -> Markup {
    html! {
        p {
            (badge(context, of_graph(attempt.status))) " "
            @if let Some((service, resource)) = &attempt.resource { code { (plain(service)) ":" (plain(resource)) } " " }
            (between(context, Some(attempt.from), attempt.to))
        }
        @if let Some(error) = &attempt.error { p class="is-bad" { code { (plain(error)) } " " @if let Some(cause) = &attempt.cause { (plain(cause)) } } }
        @if let Some(parameters) = &attempt.parameters { details { summary { (context.say(Word::Parameters)) } (payload(parameters)) } }
        @if let Some(output) = &attempt.output { details { summary { (context.say(Word::Output)) } (payload(output)) } }
    }
}

fn of_job(context: &Context, job: &Job) -> Markup {
    html! {
        p {
            (kind_icon("arrow")) " "
            a href=(context.to(&["jobs", job.kind, &job.name], &[])) { (plain(&job.name)) } " "
            (badge(context, &job.status))
        }
        @let metrics = job.metrics();
        @if !metrics.is_empty() { dl class="pairs" { @for (name, value) in metrics { dt { (plain(&name)) } dd { (value) } } } }
    }
}

/// What an action of a pipeline says, when it is selected.
pub(crate) fn of_action(context: &Context, action: &crate::account::Action) -> Markup {
    let result = &action.raw["output"];
    html! {
        aside class="inspector" id=[context.id("inspector")] aria-label=(context.say(Word::Details)) tabindex="0" {
            h2 { (plain(&action.stage)) " / " (plain(&action.name)) }
            p class="facts" {
                (badge(context, crate::views::pipelines::pipeline::status_of(action)))
                span { (plain(&action.provider)) }
                span { (ago(context, action.started)) }
                span { (between(context, action.started, action.updated.filter(|_| action.status != "InProgress"))) }
            }
            @if !action.updated_by.is_empty() { p class="is-quiet name" { (plain(&action.updated_by)) } }
            @if !action.summary().is_empty() { p class="text" { (plain(action.summary())) } }
            @if !action.variable("ModelPackageArn").is_empty() {
                p { a href=(model_link(context, action.variable("ModelPackageArn"))) { (context.say(Word::Models)) } }
            }
            @if result["outputVariables"].as_object().is_some_and(|variables| !variables.is_empty()) {
                (part(context, Word::OutputVariables, &pretty(&result["outputVariables"]), true))
            }
            (part(context, Word::Configuration, &pretty(&action.raw["input"]["resolvedConfiguration"]), false))
            (part(context, Word::Details, &pretty(&action.raw), false))
        }
    }
}
