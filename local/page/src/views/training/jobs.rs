//! The processing and training jobs, newest first.

use super::metric::{part_of, short};
use crate::account::Job;
use crate::show::{Context, ago, badge, between, long_name, plain, short_id};
use crate::words::Word;
use maud::{Markup, html};

/// What made a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Maker {
    /// The state machine and the name of its execution.
    pub(crate) execution: Option<(String, String)>,
    /// The pipeline and the id of its execution.
    pub(crate) run: Option<(String, String)>,
}

/// The table of jobs, each with what made it.
pub(crate) fn jobs(context: &Context, listed: &[(Job, Maker)]) -> Markup {
    let columns = [
        Word::Status,
        Word::Name,
        Word::Type,
        Word::MadeBy,
        Word::Started,
        Word::Duration,
        Word::Instance,
        Word::Metrics,
    ];
    html! {
        h1 { (context.say(Word::Jobs)) " " span class="count" { (listed.len()) } }
        @if listed.is_empty() { p class="is-quiet" { (context.say(Word::NoJobs)) } }
        @else {
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Jobs)) {
                table class="rows" {
                    thead { tr { @for word in columns { th scope="col" { (context.say(word)) } } } }
                    tbody { @for (job, maker) in listed { (row(context, job, maker)) } }
                }
            }
        }
    }
}

fn row(context: &Context, job: &Job, maker: &Maker) -> Markup {
    html! {
        tr id={ "row-" (job.kind) "-" (plain(&job.name)) } {
            td { (badge(context, &job.status)) }
            td class="jobname" { a href=(context.to(&["jobs", job.kind, &job.name], &[])) { (long_name(&job.name)) } }
            td { (context.say(kind(job))) }
            td { (made_by(context, maker)) }
            td class="badge" { (ago(context, job.created)) }
            td class="number" { (between(context, job.created, job.ended)) }
            td { (instance(job)) }
            td class="metrics" { (metrics(job)) }
        }
    }
}

/// The kind of a job, in words.
pub(crate) fn kind(job: &Job) -> Word {
    match job.kind {
        "Training" => Word::Training,
        _ => Word::Processing,
    }
}

/// What a job runs on.
pub(crate) fn instance(job: &Job) -> String {
    match job.instance() {
        (kind, 0 | 1) => plain(kind),
        (kind, count) => format!("{count} × {}", plain(kind)),
    }
}

/// The final metrics in short: those of validation where there are some, or why it failed.
fn metrics(job: &Job) -> Markup {
    let metrics = job.metrics();
    let of_validation = |name: &str| part_of(name).0 == "validation";
    let has_validation = metrics.iter().any(|(name, _)| of_validation(name));
    let shown = metrics
        .iter()
        .filter(|(name, _)| !has_validation || of_validation(name))
        .take(4);
    html! {
        @if let Some((_, reason)) = job.reasons().first() { span class="is-bad" { (plain(&reason.chars().take(120).collect::<String>())) } }
        @for (name, value) in shown { span class="metric" { span class="is-quiet" { (plain(name)) } " " (short(*value)) } " " }
    }
}

/// The links to what made a job.
pub(crate) fn made_by(context: &Context, maker: &Maker) -> Markup {
    html! {
        @if let Some((machine, name)) = &maker.execution {
            a href=(context.to(&["executions", machine, name], &[])) { (plain(machine)) } " "
        }
        @if let Some((pipeline, id)) = &maker.run {
            a class="badge" href=(context.to(&["runs", pipeline, id], &[])) { (context.say(Word::Run)) " " code { (short_id(id)) } }
        }
        @if maker.execution.is_none() && maker.run.is_none() { span class="is-quiet" { "—" } }
    }
}
