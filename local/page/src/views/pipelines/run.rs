//! A run: its pipeline, what is to be decided, the executions of it, what is selected, and the log.

use super::pipeline::{approval, pipeline};
use super::runs::Told;
use crate::account::{Action, Execution, Stage};
use crate::show::{Context, icon, plain, tone};
use crate::views::frame::log::{Logged, log};
use crate::views::frame::selection::Selection;
use crate::views::states::execution::execution;
use crate::views::states::failure::{Failure, failure};
use crate::views::states::inspector::of_action;
use crate::views::states::shown::Shown;
use crate::words::Word;
use maud::{Markup, html};

/// A run and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct RunShown<'a> {
    /// The run.
    pub(crate) told: &'a Told,
    /// The stages as they are declared.
    pub(crate) stages: &'a [Stage],
    /// The executions of state machines that the run has started.
    pub(crate) executions: &'a [Execution],
    /// The execution that is looked at.
    pub(crate) shown: Option<Shown<'a>>,
    /// The action that is looked at, where it is not an execution.
    pub(crate) action: Option<&'a Action>,
    /// Why the run failed, where that was not in an execution.
    pub(crate) failure: Option<Failure>,
    /// The log of what is looked at.
    pub(crate) logged: &'a Logged,
    /// The path of the view.
    pub(crate) path: &'a [&'a str],
    /// What is selected.
    pub(crate) selection: &'a Selection,
}

/// The view.
pub(crate) fn run(context: &Context, shown: &RunShown<'_>) -> Markup {
    html! {
        (pipeline(context, shown.told, shown.stages, shown.selection))
        (approval(context, shown.told))
        @if let Some(found) = &shown.failure { (failure(context, found)) }
        @if !shown.executions.is_empty() { (executions(context, shown)) }
        @match (&shown.shown, shown.action) {
            (Some(found), None) => (execution(context, found)),
            (_, Some(action)) => div class="workbench is-single" { (of_action(context, action)) },
            (None, None) => p class="is-quiet" { (context.say(Word::NothingSelected)) },
        }
        (log(context, shown.logged, shown.path, shown.selection))
    }
}

/// The executions of a run.
fn executions(context: &Context, shown: &RunShown<'_>) -> Markup {
    let current = shown
        .shown
        .as_ref()
        .filter(|_| shown.action.is_none())
        .map(|found| &found.execution.arn);
    html! {
        nav class="chips" aria-label=(context.say(Word::Executions)) {
            @for execution in shown.executions {
                @let selection = Selection::default().with("execution", &execution.arn);
                a href=(context.to(shown.path, &selection.pairs())) aria-current=[(current == Some(&execution.arn)).then_some("true")] {
                    (icon(tone(&execution.status).0)) " " (plain(&execution.machine))
                }
            }
        }
    }
}
