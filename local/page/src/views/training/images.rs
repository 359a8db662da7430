//! Repositories of ECR, their images, and what refers to each.

use crate::account::{Image, Repository};
use crate::show::{Context, ago, badge, long_name, plain, size};
use crate::words::Word;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Something that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// What it is.
    pub(crate) word: Word,
    /// Its name.
    pub(crate) name: String,
    /// Its view, where there is one.
    pub(crate) link: Option<String>,
}

/// What refers to images, by their digests.
pub(crate) type References = BTreeMap<String, Vec<Reference>>;

/// How many references of a kind are shown at once.
const SHOWN: usize = 4;

/// The repositories.
pub(crate) fn images(context: &Context, repositories: &[Repository], references: &References) -> Markup {
    html! {
        h1 { (context.say(Word::Images)) }
        @if repositories.is_empty() { p class="is-quiet" { (context.say(Word::NoRepositories)) } }
        @for repository in repositories {
            section class="block" {
                h2 { (plain(&repository.name)) " " span class="count" { (repository.images.len()) } }
                @if repository.images.is_empty() { p class="is-quiet" { (context.say(Word::NoImages)) } }
                @else { (table(context, repository, references)) }
            }
        }
    }
}

fn table(context: &Context, repository: &Repository, references: &References) -> Markup {
    let columns = [
        Word::Digest,
        Word::Tags,
        Word::Size,
        Word::Pushed,
        Word::Scan,
        Word::UsedBy,
    ];
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(plain(&repository.name)) {
            table class="rows" {
                thead { tr { @for word in columns { th scope="col" { (context.say(word)) } } } }
                tbody { @for image in &repository.images {
                    tr id=(plain(&image.digest.replace(':', "-"))) {
                        td { code title=(plain(&image.digest)) { (plain(image.digest.get(..19).unwrap_or(&image.digest))) } }
                        td { @if image.tags.is_empty() { span class="is-quiet" { (context.say(Word::Untagged)) } } @for tag in &image.tags { code class="tag" { (plain(tag)) } " " } }
                        td class="number" { (size(image.size)) }
                        td { (ago(context, image.pushed)) }
                        td { (scan(context, image)) }
                        td { (used_by(context, references.get(&image.digest).map_or(&[], Vec::as_slice))) }
                    }
                } }
            }
        }
    }
}

/// How the scan ended, and the findings by their severity.
fn scan(context: &Context, image: &Image) -> Markup {
    html! {
        @if image.scan.is_empty() { span class="is-quiet" { (context.say(Word::NotScanned)) } }
        @else if image.scan == "COMPLETE" && image.findings.is_empty() { (badge(context, "Succeeded")) " " (context.say(Word::NothingFoundByScan)) }
        @else if image.findings.is_empty() { (badge(context, &image.scan)) }
        @for (severity, count) in &image.findings {
            span class={ "scan-finding" @if matches!(&**severity, "CRITICAL" | "HIGH") { " is-bad" } } { (count) " " (plain(severity)) } " "
        }
    }
}

fn used_by(context: &Context, references: &[Reference]) -> Markup {
    html! {
        @if references.is_empty() { span class="is-quiet" { (context.say(Word::Nothing)) } }
        @for word in [Word::Service, Word::Model, Word::TaskDefinition, Word::Run, Word::Job] {
            @let of_kind: Vec<&Reference> = references.iter().filter(|one| one.word == word).collect();
            @if !of_kind.is_empty() {
                div class="uses" {
                    span class="is-quiet" { (context.say(word)) }
                    span { @for one in of_kind.iter().take(SHOWN) { (reference(one)) " " }
                    @if of_kind.len() > SHOWN {
                        details { summary { "+ " (of_kind.len() - SHOWN) } @for one in of_kind.iter().skip(SHOWN) { (reference(one)) " " } }
                    } }
                }
            }
        }
    }
}

fn reference(one: &Reference) -> Markup {
    html! {
        @match &one.link {
            Some(link) => a href=(link) { (long_name(&one.name)) },
            None => span { (long_name(&one.name)) },
        }
    }
}
