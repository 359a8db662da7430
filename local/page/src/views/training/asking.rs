//! Tries what is in service: rows that somebody types, and what the service says of them.

use crate::account::Service;
use crate::show::{Context, duration, icon, payload, plain, tone};
use crate::words::Word;
use maud::{Markup, html};

/// What was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// What was sent.
    pub(crate) sent: String,
    /// As what.
    pub(crate) content_type: String,
    /// The answer's status and text, or why there is none.
    pub(crate) answer: Result<(u16, String), String>,
    /// How long it took, in milliseconds.
    pub(crate) took: u64,
}

/// The content types that a service takes.
pub(crate) const TYPES: [&str; 2] = ["text/csv", "application/json"];

/// The form against a service, with the last answer. `sample` is sent where nothing was typed yet; `back` is the path of
/// the view that the form is on.
pub(crate) fn trying(context: &Context, service: &Service, sample: &str, tried: Option<&Tried>, back: &str) -> Markup {
    let sent = tried.map_or(sample, |tried| &tried.sent);
    let kind = tried.map_or(TYPES[0], |tried| &tried.content_type);
    html! {
        section class="block" id="try" {
            h2 { (context.say(Word::TryIt)) ": " (plain(&service.name)) }
            @if !context.may_act { p class="is-quiet" { (context.tell(Word::NoServiceHere)) } }
            @else if let Some(port) = service.loopback() {
                form class="try" method="post" action="/models/try" {
                    (crate::views::frame::form::hidden("service", &service.arn)) (crate::views::frame::form::hidden("back", back))
                    label { span { (context.say(Word::RequestBody)) } textarea name="body" rows="6" spellcheck="false" { (sent) } }
                    label { span { (context.say(Word::ContentType)) }
                        select name="kind" { @for known in TYPES { option value=(known) selected[known == kind] { (known) } } } }
                    button class="primary" { (context.say(Word::Send)) }
                    span class="is-quiet mono" { "POST http://127.0.0.1:" (port) "/invocations" }
                }
                div id="answer" data-answer role="status" { @if let Some(tried) = tried { (answer(context, tried)) } }
            }
            @else { p class="is-quiet" { (context.say(Word::NotOnThisMachine)) } }
        }
    }
}

fn answer(context: &Context, tried: &Tried) -> Markup {
    html! {
        h3 { (context.say(Word::Answer)) }
        @match &tried.answer {
            Ok((status, said)) => {
                p class="facts" {
                    span { (icon(tone(if (200..300).contains(status) { "Succeeded" } else { "Failed" }).0)) " HTTP " (status) }
                    span { (duration(tried.took)) }
                }
                (payload(said))
            }
            Err(why) => p class="is-bad" { (icon(tone("Failed").0)) " " (plain(why)) " · " (duration(tried.took)) },
        }
    }
}

/// What is shown where nothing is in service.
pub(crate) fn nothing_to_try(context: &Context) -> Markup {
    html! {
        section class="block" id="try" {
            h2 { (context.say(Word::TryIt)) }
            p class="is-quiet" { (context.tell(if context.may_act { Word::NothingServed } else { Word::NoServiceHere })) }
        }
    }
}
