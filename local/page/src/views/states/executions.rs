//! The executions of the state machines, newest first.

use crate::account::{Execution, Machine};
use crate::show::{Context, ago, badge, between, plain};
use crate::words::Word;
use maud::{Markup, html};

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
                    tbody { @for execution in listed {
                        tr id={ "row-" (plain(&execution.name)) } {
                            td { (badge(context, &execution.status)) }
                            td { (plain(&execution.machine)) }
                            td { a class="mono" href=(context.to(&["executions", &execution.machine, &execution.name], &[])) { (plain(&execution.name)) } }
                            td { (ago(context, execution.started)) }
                            td class="number" { (between(context, execution.started, execution.stopped)) }
                        }
                    } }
                }
            }
        }
    }
}
