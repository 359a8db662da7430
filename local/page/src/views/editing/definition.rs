//! One definition: its graph, beside it its text with what is wrong with it, and below one state tried alone.

use super::definitions::{links, path_of};
use super::trying::{Trying, trying};
use crate::account::{Definition, Described};
use crate::show::{Context, Tone, icon, plain};
use crate::views::frame::selection::Selection;
use crate::views::states::canvas::{pane, words, zoom};
use crate::words::Word;
use maud::{Markup, html};
use state_graph::{Chart, Look, Options, Overlay, Status, Words};
use states_language::{Finding, Severity};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A definition and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct DefinitionShown<'a> {
    /// The definition.
    pub(crate) definition: &'a Definition,
    /// The state machines that are made of it.
    pub(crate) machines: Vec<&'a Described>,
    /// What is selected.
    pub(crate) selection: &'a Selection,
    /// One state tried alone, when one is selected that is there.
    pub(crate) trying: Option<Trying<'a>>,
}

/// The view of a definition.
pub(crate) fn definition(context: &Context, shown: &DefinitionShown<'_>) -> Markup {
    let definition = shown.definition;
    html! {
        div class="heading" {
            h1 { (plain(&definition.name)) }
            p class="facts" { (counts(context, definition)) }
            @if !shown.machines.is_empty() { (links(context, shown.machines.clone())) }
        }
        @if !definition.findings.is_empty() { (findings(context, shown)) }
        div class="workbench is-definition" {
            (drawing(context, shown))
            (source(context, shown))
        }
        @match &shown.trying {
            Some(found) => (trying(context, found)),
            None => p class="is-quiet" { (context.say(Word::SelectToTry)) },
        }
    }
}

/// The tone and the word of a finding.
fn of_severity(severity: Severity) -> (Tone, Word, &'static str) {
    match severity {
        Severity::Error => (Tone::Failed, Word::Error, "is-failed"),
        Severity::Warning => (Tone::Caught, Word::Warning, "is-caught"),
    }
}

fn counts(context: &Context, definition: &Definition) -> Markup {
    let errors = definition.count(Severity::Error);
    let warnings = definition.count(Severity::Warning);
    html! {
        @if errors + warnings == 0 { span { (icon(Tone::Succeeded)) " " (context.say(Word::NoFindings)) } }
        @if errors > 0 { span { (icon(Tone::Failed)) " " (context.say(Word::Errors)) " " (errors) } }
        @if warnings > 0 { span { (icon(Tone::Caught)) " " (context.say(Word::Warnings)) " " (warnings) } }
    }
}

/// The address of a line in the same view.
fn line(context: &Context, shown: &DefinitionShown<'_>, number: usize) -> String {
    let view = context.to(&path_of(&shown.definition.name), &shown.selection.pairs());
    format!("{view}#L{number}")
}

/// What is wrong, each with a link to its line.
fn findings(context: &Context, shown: &DefinitionShown<'_>) -> Markup {
    html! {
        section class="findings stack" aria-labelledby="findings" {
            h2 id="findings" { (context.say(Word::Findings)) }
            ul class="findinglist" { @for finding in &shown.definition.findings {
                @let (tone, word, _) = of_severity(finding.severity);
                li {
                    (icon(tone)) span class="hidden" { (context.say(word)) }
                    @if shown.definition.has_positions {
                        a class="mono" href=(line(context, shown, finding.line)) { (finding.line) ":" (finding.column) }
                    } @else if !finding.pointer.is_empty() { span class="mono" { (plain(&finding.pointer)) } }
                    span { (plain(&finding.message)) " " span class="is-quiet mono" { (finding.code) } }
                }
            } }
        }
    }
}

/// The graph, in which the states are marked that something is wrong with.
fn drawing(context: &Context, shown: &DefinitionShown<'_>) -> Markup {
    let definition = shown.definition;
    html! {
        div class="canvas is-definition" id="canvas" {
            div class="tabs" { h2 { (context.say(Word::Graph)) } (zoom(context)) }
            @if !definition.is_current && definition.chart.is_some() {
                p class="iteration" role="status" { (icon(Tone::Caught)) " " (context.say(Word::LastGoodGraph)) }
            }
            @match definition.chart.as_deref() {
                Some(chart) => (pane(context, drawn(context, shown, chart))),
                None => div class="pane" { p class="is-quiet" { (context.say(Word::NoGoodGraph)) } },
            }
        }
    }
}

fn drawn(context: &Context, shown: &DefinitionShown<'_>, chart: &Chart) -> String {
    let of = context.clone();
    let path: Vec<String> = path_of(&shown.definition.name)
        .iter()
        .map(|it| (*it).to_owned())
        .collect();
    let options = Options {
        href: Some(Box::new(move |state: &str| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            of.to(&path, &[("state", state)])
        })),
        iteration_href: None,
        words: marked(context),
    };
    let mut overlay = overlay(context, shown);
    if !overlay.states.is_empty() {
        // Marks have the colours of a run. No way is faint where none was taken.
        overlay.started = true;
        overlay.taken = chart.ways().map(|way| (way.from.clone(), way.to.clone())).collect();
    }
    chart.svg(&overlay, &options)
}

/// What a drawing says of states that are marked, and of the others.
fn marked(context: &Context) -> Words {
    let mut words = words(context);
    for (status, word) in [
        (Status::Failed, Word::Error),
        (Status::Caught, Word::Warning),
        (Status::NotReached, Word::NoFindings),
    ] {
        if let Some(at) = Status::ALL.iter().position(|it| *it == status) {
            context.say(word).clone_into(&mut words.statuses[at]);
        }
    }
    words
}

/// How the states look: those that something is wrong with say how much.
fn overlay(context: &Context, shown: &DefinitionShown<'_>) -> Overlay {
    let definition = shown.definition;
    let mut counted: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for finding in &definition.findings {
        if let Some(state) = definition.state_of(finding) {
            counted.entry(state).or_default()[usize::from(finding.severity == Severity::Warning)] += 1;
        }
    }
    let states = counted.into_iter().map(|(state, [errors, warnings])| {
        let told = [(errors, Word::Errors), (warnings, Word::Warnings)];
        let told: Vec<String> = told
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{}: {count}", context.say(word)))
            .collect();
        let look = Look {
            status: if errors > 0 { Status::Failed } else { Status::Caught },
            note: Some(told.join(" · ")),
            ..Look::default()
        };
        (state.to_owned(), look)
    });
    Overlay {
        states: states.collect(),
        selected: Some(shown.selection.get("state").to_owned()).filter(|state| !state.is_empty()),
        ..Overlay::default()
    }
}

/// The text by lines, with what is wrong at them. The lines of the state that is selected are marked.
fn source(context: &Context, shown: &DefinitionShown<'_>) -> Markup {
    let definition = shown.definition;
    let state = shown.selection.get("state");
    let span = definition.lines_of(state);
    let mut by_line: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for finding in definition.findings.iter().filter(|_| definition.has_positions) {
        by_line.entry(finding.line).or_default().push(finding);
    }
    let mut same = DefaultHasher::new();
    (&definition.text, state, &definition.name, context.language.tag()).hash(&mut same);
    html! {
        div class="canvas" {
            div class="tabs" { h2 { (context.say(Word::Definition)) } @if !state.is_empty() { span class="is-quiet" { (plain(state)) } } }
            // A long text is not looked through again where it is the same.
            div class="pane source" id="source" tabindex="0" role="region" aria-label=(context.say(Word::DefinitionText))
                data-keep={ (format_args!("{:x}", same.finish())) } {
                @for (number, text) in (1..).zip(definition.text.lines()) {
                    @let found = by_line.get(&number);
                    @let is_of_state = span.is_some_and(|span| (span.from..=span.to).contains(&number));
                    div class=(class_of(found, is_of_state)) id={ "L" (number) } data-line=(number) { (plain(text)) }
                    @for finding in found.into_iter().flatten() {
                        @let (tone, word, class) = of_severity(finding.severity);
                        p class={ "finding " (class) } { (icon(tone)) span class="hidden" { (context.say(word)) } span { (plain(&finding.message)) } }
                    }
                }
            }
        }
    }
}

fn class_of(found: Option<&Vec<&Finding>>, is_of_state: bool) -> &'static str {
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    match (found.map(|found| found.iter().any(is_error)), is_of_state) {
        (Some(true), true) => "code is-selected is-failed",
        (Some(true), false) => "code is-failed",
        (Some(false), true) => "code is-selected is-caught",
        (Some(false), false) => "code is-caught",
        (None, true) => "code is-selected",
        (None, false) => "code",
    }
}
