//! An execution: its graph, timeline, events and definition, and beside them what is selected.

use super::canvas::canvas;
use super::failure::failure;
use super::inspector::inspector;
use super::shown::Shown;
use crate::account::Execution;
use crate::show::{Context, ago, badge, between, plain};
use crate::words::Word;
use maud::{Markup, html};

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
    let arn = crate::views::frame::form::hidden("execution", &execution.arn);
    html! {
        div class="buttons" {
            @if execution.is_open() {
                form id="stop" method="post" action="/do/stop-execution" { (arn) button { (context.say(Word::Stop)) } }
            } @else if execution.status != "SUCCEEDED" {
                form id="redrive" method="post" action="/do/redrive" { (arn) button class="primary" { (context.say(Word::Redrive)) } }
            }
        }
    }
}
