//! What is at an address in S3: the objects with their sizes, and how each begins.

use crate::account::{Channel, Listed, Object, Place, Preview};
use crate::show::{Context, ago, plain, pretty, size};
use crate::words::Word;
use maud::{Markup, html};

/// A channel of a job, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The channel.
    pub(crate) channel: Channel,
    /// The objects.
    pub(crate) listed: Listed,
}

/// Inputs and outputs.
pub(crate) fn channels(context: &Context, held: &[Held]) -> Markup {
    html! {
        @for (word, is_output) in [(Word::Outputs, true), (Word::Inputs, false)] {
            @if held.iter().any(|one| one.channel.is_output == is_output) {
                section class="block" {
                    h2 { (context.say(word)) }
                    @for one in held.iter().filter(|one| one.channel.is_output == is_output) { (channel(context, one)) }
                }
            }
        }
    }
}

fn channel(context: &Context, held: &Held) -> Markup {
    let total: u64 = held.listed.objects.iter().map(|object| object.size).sum();
    html! {
        div class="channel" {
            h3 { (plain(&held.channel.name)) " " @if !held.listed.objects.is_empty() { span class="count" { (size(total)) } } }
            p class="mono is-quiet" { (plain(&held.channel.uri)) }
            @if held.listed.objects.is_empty() { p class="is-quiet" { (context.say(Word::NoObjects)) } }
            @for (at, object) in held.listed.objects.iter().enumerate() {
                (row(context, object, held.channel.is_output && at == 0 && is_small(object)))
            }
            @if held.listed.has_more { p class="is-quiet" { (context.say(Word::MoreObjects)) } }
        }
    }
}

/// What is shown at once.
fn is_small(object: &Object) -> bool {
    object.size < 100_000 && object.place.key.ends_with(".json")
}

/// An object, which is previewed when it is opened.
fn row(context: &Context, object: &Object, is_open: bool) -> Markup {
    let pairs = [("bucket", &*object.place.bucket), ("key", &*object.place.key)];
    let facts = html! {
        span class="name mono" { (plain(object.place.name())) }
        span class="number" { (size(object.size)) }
        span class="is-quiet" { (ago(context, object.modified)) }
    };
    html! {
        @if is_packed(&object.place) { p class="object" { (facts) } }
        @else {
            details class="object" open[is_open] {
                summary { (facts) }
                div class="part-of" id={ "preview-" (plain(&object.place.key)) } data-src=(context.to(&["object", "preview"], &pairs)) {}
                p { a href=(context.to(&["object"], &pairs)) data-reload { (context.say(Word::OpenObject)) } }
            }
        }
    }
}

/// Whether it is an archive, of which only the size says something.
fn is_packed(place: &Place) -> bool {
    [".gz", ".tar", ".zip", ".joblib", ".pkl"]
        .iter()
        .any(|ending| place.key.ends_with(ending))
}

/// How an object begins.
pub(crate) fn preview(context: &Context, place: &Place, preview: &Preview) -> Markup {
    let pairs = [("bucket", &*place.bucket), ("key", &*place.key)];
    html! {
        @match preview {
            Preview::Table(rows, has_more) => (table(context, place, rows, *has_more)),
            Preview::Json(value) => (pretty(value)),
            Preview::Text(text, has_more) => {
                pre class="beginning" tabindex="0" role="region" aria-label=(plain(&place.key)) { (plain(text)) }
                @if *has_more { p class="is-quiet" { (context.say(Word::OnlyBeginning)) } }
            }
            Preview::Image => { img class="preview" src=(context.to(&["object"], &pairs)) alt=(plain(place.name())); }
            Preview::Other => { p class="is-quiet" { (context.say(Word::NoPreview)) } }
        }
    }
}

fn table(context: &Context, place: &Place, rows: &[Vec<String>], has_more: bool) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(plain(&place.key)) {
            table class="rows is-data" {
                @if let Some(names) = rows.first() { thead { tr { @for name in names { th scope="col" { (plain(name)) } } } } }
                tbody { @for row in rows.iter().skip(1) { tr { @for field in row { td { (plain(field)) } } } } }
            }
        }
        @if has_more { p class="is-quiet" { (context.say(Word::OnlyBeginning)) } }
    }
}
