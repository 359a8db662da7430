//! One state tried alone: what it is tried with, and what came out.

use super::definitions::path_of;
use crate::account::{Described, Execution, Gone};
use crate::show::{Context, Tone, badge, exact, icon, payload, plain};
use crate::views::frame::form::hidden;
use crate::views::states::inspector::part;
use crate::words::Word;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use state_graph::Kind;

/// What a state is tried with, as the form has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct TrialForm {
    /// The definition's file.
    pub(crate) file: String,
    /// The state.
    pub(crate) state: String,
    /// The input, as JSON.
    pub(crate) input: String,
    /// The context object, as JSON.
    pub(crate) context: String,
    /// The variables, as JSON.
    pub(crate) variables: String,
    /// The role's ARN; empty for none.
    pub(crate) role: String,
    /// What stands for the state's work: nothing, `result` or `error`.
    pub(crate) mock: String,
    /// The mock's result, as JSON.
    pub(crate) result: String,
    /// The mock's error.
    pub(crate) error: String,
    /// The mock's cause.
    pub(crate) cause: String,
    /// How often the state was retried before.
    pub(crate) retries: String,
    /// How much is told.
    pub(crate) level: String,
}

/// A state that was tried.
#[derive(Debug)]
pub(crate) struct Trial {
    /// What it was tried with.
    pub(crate) form: TrialForm,
    /// The definition's text at that time.
    pub(crate) text: String,
    /// What came out.
    pub(crate) answer: Result<Value, Gone>,
}

/// A visit of a state that was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// The execution.
    pub(crate) execution: Execution,
    /// When the state was entered.
    pub(crate) at: Timestamp,
}

/// One state tried alone.
#[derive(Debug)]
pub(crate) struct Trying<'a> {
    /// The definition's file.
    pub(crate) file: &'a str,
    /// The state.
    pub(crate) state: &'a str,
    /// The state's type.
    pub(crate) kind: &'a Kind,
    /// The state machines whose role it can be tried with.
    pub(crate) machines: &'a [&'a Described],
    /// The recorded visits that an input can be taken from.
    pub(crate) recorded: &'a [Recorded],
    /// The execution whose input is taken; empty for none.
    pub(crate) of: &'a str,
    /// What the form has in it.
    pub(crate) form: &'a TrialForm,
    /// What came out.
    pub(crate) trial: Option<&'a Trial>,
    /// Whether a trial was asked for that is no longer kept.
    pub(crate) is_gone: bool,
    /// Whether the definition has changed since the trial.
    pub(crate) is_old: bool,
    /// What is the same as long as nothing may change what is typed.
    pub(crate) key: String,
}

/// The form, and what came out.
pub(crate) fn trying(context: &Context, shown: &Trying<'_>) -> Markup {
    html! {
        section class="trying stack" id="tried" aria-labelledby="trying" {
            h2 id="trying" { (context.say(Word::TryState)) ": " (plain(shown.state)) }
            p class="is-quiet" { (context.say(Word::TryHint)) }
            div class="workbench is-definition" {
                div class="stack" {
                    @if !shown.recorded.is_empty() { (taking(context, shown)) }
                    (form(context, shown))
                }
                section class="trial-outcome stack" id="outcome" aria-labelledby="outcome-title" tabindex="0" {
                    h3 id="outcome-title" { (context.say(Word::WhatCameOut)) }
                    (outcome(context, shown))
                }
            }
        }
    }
}

/// Chooses the recorded visit whose input is taken.
fn taking(context: &Context, shown: &Trying<'_>) -> Markup {
    html! {
        form class="fields is-line" method="get" action=(context.to(&path_of(shown.file), &[])) {
            (hidden("state", shown.state))
            label { span { (context.say(Word::TakeFrom)) }
                select name="of" {
                    @for recorded in shown.recorded {
                        option value=(plain(&recorded.execution.arn)) selected[recorded.execution.arn == shown.of] {
                            (plain(&recorded.execution.machine)) " " (plain(&recorded.execution.name)) " · " (exact(recorded.at))
                        }
                    }
                    option value="-" selected[shown.of.is_empty()] { (context.say(Word::EmptyInput)) }
                }
            }
            button { (context.say(Word::Take)) }
        }
    }
}

/// A field for JSON.
fn json_field(context: &Context, word: Word, name: &str, value: &str, rows: u8) -> Markup {
    html! {
        label { span { (context.say(word)) }
            textarea class="mono" name=(name) rows=(rows) spellcheck="false" autocomplete="off" { "\n" (plain(value)) }
        }
    }
}

/// A field of one line.
fn line_field(context: &Context, word: Word, name: &str, value: &str) -> Markup {
    html! { label { span { (context.say(word)) } input type="text" name=(name) value=(plain(value)) autocomplete="off"; } }
}

fn form(context: &Context, shown: &Trying<'_>) -> Markup {
    let filled = shown.form;
    html! {
        form class="fields" id="try" method="post" action="/do/try-state" data-keep=(shown.key) {
            (hidden("file", shown.file))
            (hidden("state", shown.state))
            (json_field(context, Word::Input, "input", &filled.input, 8))
            (json_field(context, Word::Variables, "variables", &filled.variables, 4))
            @if matches!(shown.kind, Kind::Task | Kind::Map | Kind::Parallel | Kind::Unknown(_)) { (mock(context, filled)) }
            (details(context, shown))
            div class="buttons" { button class="primary" { (context.say(Word::Try)) } }
        }
    }
}

/// What is seldom changed.
fn details(context: &Context, shown: &Trying<'_>) -> Markup {
    let filled = shown.form;
    let words = [Word::ContextObject, Word::Role, Word::RetryCount, Word::InspectionLevel];
    html! {
        details class="part" {
            summary { (words.map(|word| context.say(word)).join(" · ")) }
            div class="fields" {
                (json_field(context, Word::ContextObject, "context", &filled.context, 6))
                label { span { (context.say(Word::Role)) }
                    select name="role" {
                        option value="" { (context.say(Word::NoRole)) }
                        @for machine in shown.machines {
                            option value=(plain(&machine.role)) selected[machine.role == filled.role] {
                                (context.say(Word::AsMachine)) ": " (plain(&machine.role))
                            }
                        }
                    }
                }
                label { span { (context.say(Word::RetryCount)) }
                    input type="number" name="retries" min="0" max="99999" value=(plain(&filled.retries));
                }
                label { span { (context.say(Word::InspectionLevel)) }
                    select name="level" { @for level in ["DEBUG", "INFO", "TRACE"] {
                        option selected[filled.level == level] { (level) }
                    } }
                }
            }
        }
    }
}

/// What stands for the state's work.
fn mock(context: &Context, filled: &TrialForm) -> Markup {
    html! {
        fieldset {
            legend { (context.say(Word::Mock)) }
            div class="choices" {
                @for (value, word) in [("result", Word::MockResult), ("error", Word::MockError), ("", Word::MockNone)] {
                    label class="is-choice" { input type="radio" name="mock" value=(value) checked[filled.mock == value]; " " (context.say(word)) }
                }
            }
            (json_field(context, Word::MockResult, "result", &filled.result, 5))
            (line_field(context, Word::Error, "error", &filled.error))
            (line_field(context, Word::Cause, "cause", &filled.cause))
        }
    }
}

fn outcome(context: &Context, shown: &Trying<'_>) -> Markup {
    let Some(trial) = shown.trial else {
        let word = if shown.is_gone { Word::TrialGone } else { Word::NotTried };
        return html! { p class="is-quiet" { (context.say(word)) } };
    };
    html! {
        @if shown.is_old { p class="is-quiet" { (context.say(Word::TrialOld)) } }
        @match &trial.answer {
            Ok(answer) => (answered(context, shown.file, answer)),
            Err(Gone::NotFound(said) | Gone::Refused(said)) => {
                p { (icon(Tone::Failed)) " " (context.say(Word::RequestFailed)) }
                p class="text is-bad" { (plain(said)) }
            },
        }
    }
}

/// The members of InspectionData, in the order in which the data goes through them.
const INSPECTED: &[&str] = &[
    "input",
    "afterInputPath",
    "afterParameters",
    "afterArguments",
    "result",
    "afterResultSelector",
    "afterResultPath",
];

fn answered(context: &Context, file: &str, answer: &Value) -> Markup {
    let own = |name: &str| answer[name].as_str();
    let inspected = &answer["inspectionData"];
    html! {
        p class="facts" {
            (badge(context, own("status").unwrap_or_default()))
            @if let Some(next) = own("nextState") {
                span { (context.say(Word::NextState)) ": " a href=(context.to(&path_of(file), &[("state", next)])) { (plain(next)) } }
            }
        }
        @if let Some(error) = own("error") { (part(context, Word::Error, &html! { code class="is-bad" { (plain(error)) } }, true)) }
        @if let Some(cause) = own("cause") { (part(context, Word::Cause, &payload(cause), true)) }
        @if let Some(output) = own("output") { (part(context, Word::Output, &payload(output), true)) }
        @if inspected.is_object() {
            (part(context, Word::Inspection, &html! {
                @for name in INSPECTED { @if let Some(text) = inspected[name].as_str() {
                    details open[name.starts_with("after")] { summary { code { (name) } } (payload(text)) }
                } }
            }, true))
        }
    }
}
