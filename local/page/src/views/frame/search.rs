//! What a search has found.

use crate::account::{Execution, Job};
use crate::show::{Context, ago, badge, plain, short_id};
use crate::views::pipelines::runs::Told;
use crate::words::Word;
use maud::{Markup, html};

/// What has the text in it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Runs.
    pub(crate) runs: Vec<Told>,
    /// Executions of state machines.
    pub(crate) executions: Vec<Execution>,
    /// Jobs.
    pub(crate) jobs: Vec<Job>,
}

impl Found {
    /// The address of what was found, where it is one thing alone.
    pub(crate) fn only(&self, context: &Context) -> Option<String> {
        match (&*self.runs, &*self.executions, &*self.jobs) {
            // What a run started is named after it.
            ([told], _, _) => Some(context.to(&["runs", &told.run.pipeline, &told.run.id], &[])),
            ([], [it], []) => Some(context.to(&["executions", &it.machine, &it.name], &[])),
            ([], [], [job]) => Some(context.to(&["jobs", job.kind, &job.name], &[])),
            _ => None,
        }
    }
}

/// The list of what was found.
pub(crate) fn search(context: &Context, text: &str, found: &Found) -> Markup {
    let is_empty = found.runs.is_empty() && found.executions.is_empty() && found.jobs.is_empty();
    html! {
        h1 { (context.say(Word::Results)) ": " (plain(text)) }
        @if is_empty { p class="is-quiet" { (context.say(Word::NoResults)) } }
        @if !found.runs.is_empty() {
            h2 { (context.say(Word::Runs)) }
            ul class="found" { @for told in &found.runs { li {
                (badge(context, told.status())) " "
                a href=(context.to(&["runs", &told.run.pipeline, &told.run.id], &[])) { (plain(told.name())) " " code { (short_id(&told.run.id)) } }
                " " (ago(context, told.run.started))
            } } }
        }
        @if !found.executions.is_empty() {
            h2 { (context.say(Word::Executions)) }
            ul class="found" { @for it in &found.executions { li {
                (badge(context, &it.status)) " "
                a href=(context.to(&["executions", &it.machine, &it.name], &[])) { (plain(&it.machine)) " " span class="mono" { (plain(&it.name)) } }
                " " (ago(context, it.started))
            } } }
        }
        @if !found.jobs.is_empty() {
            h2 { (context.say(Word::Jobs)) }
            ul class="found" { @for job in &found.jobs { li {
                (badge(context, &job.status)) " "
                a class="mono" href=(context.to(&["jobs", job.kind, &job.name], &[])) { (plain(&job.name)) }
                " " (ago(context, job.created))
            } } }
        }
    }
}
