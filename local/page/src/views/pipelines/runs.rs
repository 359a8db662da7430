//! The runs, newest first: the list at the left, and the table of all.

use crate::account::Run;
use crate::show::{Context, ago, badge, between, icon, plain, short_id, tone};
use crate::words::Word;
use maud::{Markup, html};

/// A run, with what is told of it at a glance.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The run.
    pub(crate) run: Run,
    /// The commit; empty where it is not known.
    pub(crate) commit: String,
    /// The first line of the commit's message.
    pub(crate) message: String,
    /// Who wrote it.
    pub(crate) author: String,
    /// What mattered: the metric of the model, or why it failed.
    pub(crate) matter: String,
}

impl Told {
    /// The status, an approval that is waited for included.
    pub(crate) fn status(&self) -> &str {
        if self.run.status == "InProgress" && self.run.awaits_approval().is_some() {
            "WaitingForApproval"
        } else {
            &self.run.status
        }
    }

    /// What it is called: the message of its commit, or its id.
    pub(crate) fn name(&self) -> &str {
        if self.message.is_empty() {
            short_id(&self.run.id)
        } else {
            &self.message
        }
    }
}

/// The list at the left.
pub(crate) fn list(context: &Context, runs: &[Told], selected: Option<&str>) -> Markup {
    html! {
        h2 { a href=(context.to(&["runs"], &[])) { (context.say(Word::Runs)) } }
        @if runs.is_empty() { p class="is-quiet" { (context.tell(Word::NoRuns)) } }
        ol {
            @for told in runs {
                li id={ "run-" (told.run.id) } {
                    a href=(context.to(&["runs", &told.run.pipeline, &told.run.id], &[]))
                        aria-current=[(selected == Some(&told.run.id)).then_some("true")] {
                        (icon(tone(told.status()).0))
                        span class="what" {
                            span class="title" {
                                @if !told.commit.is_empty() { code { (short_id(&told.commit)) } " " }
                                (plain(told.name()))
                            }
                            @if !told.matter.is_empty() { span class="matter" { (plain(&told.matter)) } }
                            span class="is-quiet" {
                                (ago(context, told.run.started))
                                @if !told.author.is_empty() { " · " (plain(&told.author)) }
                            }
                        }
                        span class="hidden" { (badge(context, told.status())) }
                    }
                }
            }
        }
    }
}

/// The table of all runs. Where there is none yet, each of `pipelines` can be started.
pub(crate) fn table(context: &Context, runs: &[Told], pipelines: &[String]) -> Markup {
    html! {
        h1 { (context.say(Word::Runs)) " " span class="count" { (runs.len()) } }
        @if runs.is_empty() {
            p class="is-quiet" { (context.tell(Word::NoRuns)) }
            @if context.may_act { @for pipeline in pipelines {
                form method="post" action="/do/start" {
                    (crate::views::frame::form::hidden("pipeline", pipeline))
                    button class="primary" { (context.say(Word::Start)) ": " (plain(pipeline)) }
                }
            } }
        }
        @else {
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Runs)) {
                table class="rows" {
                    thead { tr {
                        @for word in [Word::Status, Word::Execution, Word::Revision, Word::Trigger, Word::Started, Word::Duration] {
                            th scope="col" { (context.say(word)) }
                        }
                    } }
                    tbody {
                        @for told in runs {
                            tr id={ "row-" (told.run.id) } {
                                td { (badge(context, told.status())) }
                                td {
                                    a href=(context.to(&["runs", &told.run.pipeline, &told.run.id], &[])) {
                                        (plain(&told.run.pipeline)) " " code { (short_id(&told.run.id)) }
                                    }
                                }
                                td { code { (short_id(&told.commit)) } " " (plain(&told.message)) }
                                td { (plain(&told.run.trigger)) }
                                td { (ago(context, told.run.started)) }
                                td class="number" {
                                    (between(context, told.run.started, told.run.updated.filter(|_| !told.run.is_open())))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
