//! The log of what is selected.

use super::selection::Selection;
use crate::account::{Lines, Stream};
use crate::show::{Context, exact, plain};
use crate::words::Word;
use maud::{Markup, html};

/// A stream, and lines of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logged {
    /// The streams that what is selected has; the first one is shown.
    pub(crate) streams: Vec<Stream>,
    /// Its lines.
    pub(crate) lines: Lines,
}

/// The log, with a filter. `path` is the view's.
pub(crate) fn log(context: &Context, logged: &Logged, path: &[&str], selection: &Selection) -> Markup {
    let filter = selection.get("filter");
    html! {
        section class="log" id=[context.id("log")] aria-label=(context.say(Word::Log)) {
            div class="toolbar" {
                h2 { (context.say(Word::Log)) }
                @if let Some(stream) = logged.streams.first() {
                    span class="is-quiet name" { (plain(&stream.group)) " " (plain(&stream.name)) }
                    form class="filter" action=(context.to(path, &[])) {
                        @for (name, value) in selection.pairs() { @if name != "filter" { (crate::views::frame::form::hidden(name, value)) } }
                        input id=[context.id("filter")] type="search" name="filter" value=(plain(filter)) data-filter
                            placeholder=(context.say(Word::Filter)) aria-label=(context.say(Word::Filter)) autocomplete="off";
                    }
                    a href=(context.to(&["log"], &[("group", &stream.group), ("stream", &stream.name)])) data-reload { (context.say(Word::WholeLog)) }
                }
            }
            @if logged.streams.is_empty() { p class="is-quiet" { (context.say(Word::NoLog)) } }
            @else { (lines(context, logged, filter)) }
        }
    }
}

fn lines(context: &Context, logged: &Logged, filter: &str) -> Markup {
    let none = if filter.is_empty() {
        Word::NoLines
    } else {
        Word::NoLinesFound
    };
    html! {
        div class="lines" id=[context.id("lines")] data-tail tabindex="0" role="region" aria-label=(plain(logged.streams.first().map_or("", |stream| &stream.name))) {
            @if logged.lines.has_earlier { p class="is-quiet" { (context.say(Word::LinesBefore)) } }
            @if logged.lines.lines.is_empty() { p class="is-quiet" { (context.say(none)) } }
            @for (at, line) in &logged.lines.lines {
                div class=(class(line)) { time datetime=(at) title=(exact(*at)) { (at.strftime("%H:%M:%S%.3f")) } span { (plain(line)) } }
            }
        }
    }
}

/// Lines that say what went wrong stand out.
pub(crate) fn class(line: &str) -> &'static str {
    let is_bad = [
        "ERROR",
        "Error:",
        "error:",
        "Traceback",
        "Exception",
        "FAILED",
        "AccessDenied",
    ]
    .iter()
    .any(|word| line.contains(word));
    if is_bad { "line is-bad" } else { "line" }
}
