//! An execution: its graph, timeline, events and definition, and beside them what is selected.

use super::canvas::canvas;
use super::failure::{Failure, failure};
use super::inspector::inspector;
use super::selection::Selection;
use crate::account::{Execution, Job};
use crate::show::{Context, ago, badge, between, plain};
use crate::trace::Trace;
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;
use state_graph::Chart;

/// An execution and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// The execution.
    pub(crate) execution: &'a Execution,
    /// What its history says.
    pub(crate) trace: &'a Trace,
    /// Its definition, as it is drawn; nothing where that cannot be read.
    pub(crate) chart: Option<&'a Chart>,
    /// The definition's text.
    pub(crate) definition: &'a str,
    /// The path of the view.
    pub(crate) path: &'a [&'a str],
    /// What is selected.
    pub(crate) selection: &'a Selection,
    /// The state that is looked at: the one that is selected, or else the one that matters.
    pub(crate) state: Option<&'a str>,
    /// The events of the visit that is looked at, as the history has them.
    pub(crate) events: &'a [Value],
    /// The job behind the state that is looked at.
    pub(crate) job: Option<&'a Job>,
    /// Why it failed.
    pub(crate) failure: Option<&'a Failure>,
}

/// The execution's part of a view.
pub(crate) fn execution(context: &Context, shown: &Shown<'_>) -> Markup {
    html! {
        @if let Some(found) = shown.failure { (failure(context, found)) }
        div class="workbench" {
            (canvas(context, shown))
            (inspector(context, shown))
        }
    }
}

/// The facts of an execution, for a view that shows no pipeline.
pub(crate) fn heading(context: &Context, execution: &Execution) -> Markup {
    html! {
        div class="heading" {
            h1 { (plain(&execution.machine)) }
            p class="facts" {
                (badge(context, &execution.status))
                span class="mono" { (plain(&execution.name)) }
                span { (ago(context, execution.started)) " · " (between(context, execution.started, execution.stopped)) }
            }
            @if context.may_act { (buttons(context, execution)) }
        }
    }
}

fn buttons(context: &Context, execution: &Execution) -> Markup {
    let arn = super::pipeline::hidden("execution", &execution.arn);
    html! {
        div class="buttons" {
            @if execution.is_open() {
                form method="post" action="/do/stop-execution" { (arn) button { (context.say(Word::Stop)) } }
            } @else if execution.status != "SUCCEEDED" {
                form method="post" action="/do/redrive" { (arn) button class="primary" { (context.say(Word::Redrive)) } }
            }
        }
    }
}
