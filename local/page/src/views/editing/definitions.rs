//! The definitions of the repository, with what is wrong with them, and the state machines that are of none.

use crate::account::{Definition, Described};
use crate::show::{Context, Tone, icon, plain};
use crate::words::Word;
use maud::{Markup, html};
use states_language::Severity;
use std::sync::Arc;

/// The path of a definition's view.
pub(crate) fn path_of(name: &str) -> Vec<&str> {
    std::iter::once("definitions").chain(name.split('/')).collect()
}

/// The table of definitions.
pub(crate) fn definitions(context: &Context, definitions: &[Arc<Definition>], machines: &[Described]) -> Markup {
    let is_of_none = |machine: &&Described| !definitions.iter().any(|definition| machine.is_of(definition));
    let of_none: Vec<&Described> = machines.iter().filter(is_of_none).collect();
    html! {
        h1 { (context.say(Word::Definitions)) " " span class="count" { (definitions.len()) } }
        @if definitions.is_empty() { p class="is-quiet" { (context.say(Word::NoDefinitions)) } }
        @else {
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Definitions)) {
                table class="rows" {
                    thead { tr {
                        th scope="col" { (context.say(Word::File)) }
                        th scope="col" class="number" { (context.say(Word::Errors)) }
                        th scope="col" class="number" { (context.say(Word::Warnings)) }
                        th scope="col" { (context.say(Word::StateMachines)) }
                    } }
                    tbody { @for definition in definitions { (row(context, definition, machines)) } }
                }
            }
        }
        @if !of_none.is_empty() {
            section class="stack" {
                h2 { (context.say(Word::WithoutFile)) }
                p class="is-quiet" { (context.say(Word::WithoutFileHint)) }
                (links(context, of_none))
            }
        }
    }
}

fn row(context: &Context, definition: &Definition, machines: &[Described]) -> Markup {
    let counts = [
        (definition.count(Severity::Error), Tone::Failed),
        (definition.count(Severity::Warning), Tone::Caught),
    ];
    let of_it: Vec<&Described> = machines.iter().filter(|machine| machine.is_of(definition)).collect();
    html! {
        tr id={ "row-" (plain(&definition.name)) } {
            td { a class="mono" href=(context.to(&path_of(&definition.name), &[])) { (plain(&definition.name)) } }
            @for (count, tone) in counts {
                td class="number" { @if count > 0 { (icon(tone)) " " } (count) }
            }
            td { @if of_it.is_empty() { span class="is-quiet" { (context.say(Word::NotDeployed)) } } @else { (links(context, of_it)) } }
        }
    }
}

/// Links to the executions of state machines.
pub(crate) fn links(context: &Context, machines: Vec<&Described>) -> Markup {
    html! {
        ul class="chips" { @for machine in machines {
            li { a href=(context.to(&["executions", &machine.name], &[])) { (plain(&machine.name)) } }
        } }
    }
}
