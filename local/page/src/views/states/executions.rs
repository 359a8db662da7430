//! The executions of the state machines, newest first.

use crate::account::{Execution, Machine};
use crate::show::{Context, ago, badge, between, plain};
use crate::words::Word;
use maud::{Markup, html};

/// How many rows a part has.
const PART: usize = 100;

/// The table of executions, and the state machines that they are of.
pub(crate) fn executions(
    context: &Context,
    machines: &[Machine],
    listed: &[Execution],
    machine: Option<&str>,
) -> Markup {
    html! {
        h1 { (context.say(Word::Executions)) " " span class="count" { (listed.len()) } }
        nav class="chips" aria-label=(context.say(Word::StateMachine)) {
            @for known in machines {
                a href=(context.to(&["executions", &known.name], &[])) aria-current=[(machine == Some(&known.name)).then_some("true")] {
                    (plain(&known.name))
                }
            }
        }
        @if listed.is_empty() { p class="is-quiet" { (context.say(Word::NoExecutions)) } }
        @else {
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Executions)) {
                table class="rows" {
                    thead { tr {
                        @for word in [Word::Status, Word::StateMachine, Word::Execution, Word::Started, Word::Duration] { th scope="col" { (context.say(word)) } }
                    } }
                    tbody { (rows(context, listed.iter().take(PART))) }
                    // The others come when they are about to be seen.
                    @for from in (PART..listed.len()).step_by(PART) {
                        @let from = from.to_string();
                        @let selected = [("from", &*from), ("machine", machine.unwrap_or_default())];
                        tbody id={ "executions-" (from) } data-src=(context.to(&["part", "executions"], &selected)) {
                            tr class="gap" { td colspan="5" {} }
                        }
                    }
                }
            }
        }
    }
}

/// Rows of the table of executions from one on, as a table of their own: a browser keeps rows in nothing else.
pub(crate) fn execution_rows(context: &Context, listed: &[Execution], from: usize) -> Markup {
    html! { table { tbody { (rows(context, listed.iter().skip(from).take(PART))) } } }
}

fn rows<'a>(context: &Context, listed: impl Iterator<Item = &'a Execution>) -> Markup {
    html! {
        @for execution in listed {
            tr id={ "row-" (plain(&execution.machine)) "-" (plain(&execution.name)) } {
                td { (badge(context, &execution.status)) }
                td { (plain(&execution.machine)) }
                td { a class="mono" href=(context.to(&["executions", &execution.machine, &execution.name], &[])) { (plain(&execution.name)) } }
                td { (ago(context, execution.started)) }
                td class="number" { (between(context, execution.started, execution.stopped)) }
            }
        }
    }
}
