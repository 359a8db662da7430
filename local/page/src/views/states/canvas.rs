//! The middle of an execution's view: graph, timeline, events, definition.

use super::shown::Shown;
use super::timeline::{events, timeline};
use crate::show::{Context, payload, plain};
use crate::views::frame::selection::Selection;
use crate::words::{Language, Word};
use maud::{Markup, PreEscaped, html};
use state_graph::{Options, Words};

/// The tabs, by their names in the address.
const TABS: &[(&str, Word)] = &[
    ("graph", Word::Graph),
    ("timeline", Word::Timeline),
    ("events", Word::EventTable),
    ("definition", Word::Definition),
];

/// The canvas with its tabs.
pub(crate) fn canvas(context: &Context, shown: &Shown<'_>) -> Markup {
    let asked = shown.selection.get("tab");
    let tab = TABS
        .iter()
        .find(|(name, _)| *name == asked)
        .map_or("graph", |(name, _)| name);
    html! {
        section class="canvas" id=[context.id("canvas")] aria-label=(plain(&shown.execution.machine)) {
            nav class="tabs" aria-label=(context.say(Word::Execution)) {
                @for (name, word) in TABS {
                    @let selection = shown.selection.with("tab", if *name == "graph" { "" } else { name });
                    a href=(context.to(shown.path, &selection.pairs())) aria-current=[(*name == tab).then_some("page")] { (context.say(*word)) }
                }
                @if tab == "graph" { (zoom(context)) }
            }
            @match tab {
                "timeline" => (timeline(context, shown)),
                "events" => (events(context, shown)),
                "definition" => div class="pane" tabindex="0" role="region" aria-label=(context.say(Word::Definition)) { (payload(shown.definition)) },
                _ => (graph(context, shown)),
            }
        }
    }
}

/// The graph in its colours, with the iterations that are looked at.
pub(crate) fn graph(context: &Context, shown: &Shown<'_>) -> Markup {
    let Some(chart) = shown.chart else {
        return html! { div class="pane" { (payload(shown.definition)) } };
    };
    let chosen = shown.selection.iterations();
    let overlay = shown.trace.overlay(&chosen, shown.state);
    let place = Place::new(context, shown);
    let of_iteration = place.clone();
    let options = Options {
        href: Some(Box::new(move |state: &str| place.of_state(state))),
        iteration_href: Some(Box::new(move |state: &str, index: usize| {
            of_iteration.of_iteration(state, index)
        })),
        words: words(context),
    };
    let drawn = chart.svg(&overlay, &options);
    html! {
        @for (state, index) in &chosen { (iteration(context, shown, state, *index)) }
        (pane(context, drawn))
    }
}

/// What a drawing itself says.
pub(crate) fn words(context: &Context) -> Words {
    match context.language {
        Language::English => Words::default(),
        Language::Japanese => Words::japanese(),
    }
}

/// The pane of a drawing.
pub(crate) fn pane(context: &Context, drawn: String) -> Markup {
    html! {
        div class="pane graph" id=[context.id("graph")] tabindex="0" role="region" aria-label=(context.say(Word::Graph)) { (PreEscaped(drawn)) }
    }
}

/// What zooms a drawing.
pub(crate) fn zoom(context: &Context) -> Markup {
    html! {
        span class="zoom" role="group" aria-label=(context.say(Word::Zoom)) {
            button type="button" data-zoom="out" aria-label=(context.say(Word::ZoomOut)) { "−" }
            button type="button" data-zoom="fit" { (context.say(Word::Fit)) }
            button type="button" data-zoom="in" aria-label=(context.say(Word::ZoomIn)) { "+" }
        }
    }
}

/// Which iteration of a Map is looked at, and the way to others.
fn iteration(context: &Context, shown: &Shown<'_>, state: &str, index: usize) -> Markup {
    let visits = shown.trace.visits_of(state, &shown.selection.iterations());
    let count = visits.last().map_or(0, |(_, visit)| visit.iterations.len());
    let to = |index: Option<usize>| {
        let selection = shown.selection.with_iteration(state, index).with("visit", "");
        context.to(shown.path, &selection.pairs())
    };
    html! {
        p class="iteration" {
            span { (plain(state)) ": " (context.say(Word::Iteration)) " " (index) " " (context.say(Word::Of)) " " (count) }
            @if index > 0 { a href=(to(Some(index - 1))) rel="prev" { "← " (index - 1) } }
            @if index + 1 < count { a href=(to(Some(index + 1))) rel="next" { (index + 1) " →" } }
            a href=(to(None)) { (context.say(Word::AllIterations)) }
        }
    }
}

/// Where the graph stands, for the links in it.
#[derive(Debug, Clone)]
struct Place {
    context: Context,
    path: Vec<String>,
    selection: Selection,
}

impl Place {
    fn new(context: &Context, shown: &Shown<'_>) -> Self {
        Self {
            context: context.clone(),
            path: shown.path.iter().map(|segment| (*segment).to_owned()).collect(),
            selection: shown.selection.with("visit", "").with("filter", ""),
        }
    }

    fn to(&self, selection: &Selection) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        self.context.to(&path, &selection.pairs())
    }

    fn of_state(&self, state: &str) -> String {
        self.to(&self.selection.with("state", state))
    }

    fn of_iteration(&self, state: &str, index: usize) -> String {
        self.to(&self.selection.with_iteration(state, Some(index)).with("state", state))
    }
}
