//! A run as one file that travels: everything in it, and nothing asked for from elsewhere.

mod anchors;
mod asked;
mod summary;
mod why;

use crate::account::{Gone, Stream};
use crate::gather::{executions_of, failure_of_run, gather, streams_of_action, tell};
use crate::served::{Page, Served};
use crate::show::{Context, exact, plain};
use crate::style::STYLE;
use crate::views::{self, Logged, Selection, Told};
use crate::words::{Language, Word};
pub use asked::NotReported;
use asked::context;
use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
pub use summary::summary;
pub use why::{Why, why, why_of_execution};

/// The most lines of one log that a report has.
const LINES: usize = 2000;
/// The most events of one execution that a report has.
const EVENTS: usize = 1000;
/// The most states of one execution whose details a report has.
const STATES: usize = 300;

/// Reads and draws a run: a whole HTML document, which loads nothing.
///
/// # Errors
/// The run is not there.
pub async fn report(page: &Page, pipeline: &str, id: &str, language: Language) -> Result<String, NotReported> {
    let served = Served::new(page.clone());
    let context = context(page, language);
    let run = served.reader.run(pipeline, id).await?;
    let told = tell(&served, run).await;
    let stages = served.reader.stages(pipeline).await?;
    let mut executions = Vec::new();
    for execution in executions_of(&served, &told.run).await {
        executions.push(of_execution(&served, &context, &execution.arn).await?);
    }
    let mut actions = Vec::new();
    for action in &told.run.actions {
        let id = format!("runs/{pipeline}/{id}/action={}/{}", action.stage, action.name);
        let log = match streams_of_action(action).into_iter().next() {
            Some(stream) => log(&served, &context, stream).await,
            None => html! {},
        };
        actions.push(folded(
            &id,
            &format!("{} / {}", action.stage, action.name),
            &html! {
                (views::of_action(&context, action)) (log)
            },
        ));
    }
    let failed = told.run.failed().filter(|_| told.run.status == "Failed");
    let failure = failed
        .filter(|action| action.provider == "CodeBuild")
        .map(failure_of_run);
    let content = html! {
        (views::pipeline(&context, &told, &stages, &Selection::default()))
        @if let Some(failure) = &failure { (views::failure(&context, failure)) }
        @for action in actions { (action) }
        @for execution in executions { (execution) }
    };
    Ok(document(&context, &told, &content))
}

/// The document around what a report says. Its style is named by its hash, so that nothing else can be one.
fn document(context: &Context, told: &Told, content: &Markup) -> String {
    let style = STYLE.as_str();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let document = html! {
        (DOCTYPE)
        html lang=(context.language.tag()) data-theme="system" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (plain(told.name())) " · Stepline" }
                style { (PreEscaped(style)) }
            }
            body class="report" {
                main {
                    p class="is-quiet" { "Stepline · " (context.environment) " · " (exact(context.now)) }
                    (content)
                }
            }
        }
    };
    anchors::settle(&document.into_string())
}

/// A part that is folded, with the id that links lead to.
fn folded(id: &str, title: &str, inner: &Markup) -> Markup {
    html! { details class="of-state" id=(plain(id)) { summary { (plain(title)) } (inner) } }
}

/// An execution: its graph, its timeline, and the details of each state with the log of its job.
async fn of_execution(served: &Served, context: &Context, arn: &str) -> Result<Markup, Gone> {
    let nothing = Selection::default().with("state", "-");
    let whole = gather(served, arn, &nothing).await?;
    let names = {
        let known = whole.known.lock().await;
        let mut seen = BTreeSet::new();
        let visits = known.trace.visits.iter().map(|visit| visit.state.to_string());
        visits
            .filter(|state| seen.insert(state.clone()))
            .take(STATES)
            .collect::<Vec<_>>()
    };
    let path = ["executions", &*whole.execution.machine, &*whole.execution.name];
    let mut states = Vec::new();
    for name in names {
        let gathered = gather(served, arn, &Selection::default().with("state", &name)).await?;
        let log = match gathered.streams.first().filter(|_| gathered.job.is_some()) {
            Some(stream) => log(served, context, stream.clone()).await,
            None => html! {},
        };
        states.push((name, gathered, log));
    }
    let events = served.reader.events(arn, 0, EVENTS).await?;
    let known = whole.known.lock().await;
    let trace = &known.trace;
    Ok(html! {
        section class="reported" id=(plain(&path.join("/"))) {
            (views::heading(context, &whole.execution))
            @if let Some(failure) = &whole.failure { (views::failure(context, failure)) }
            (views::graph(context, &whole.shown(trace, &path, &nothing)))
            details { summary { (context.say(Word::Timeline)) } (views::timeline_rows(context, &whole.execution, trace, 0)) }
            @for (name, gathered, log) in &states {
                (folded(&format!("{}/state={name}", path.join("/")), name, &html! {
                    (views::inspector(context, &gathered.shown(trace, &path, &nothing))) (log)
                }))
            }
            details { summary { (context.say(Word::EventTable)) } (views::event_rows(context, &whole.execution, trace, &events)) }
        }
    })
}

/// The end of a log.
async fn log(served: &Served, context: &Context, stream: Stream) -> Markup {
    let lines = served.reader.lines(&stream, "", LINES).await.unwrap_or_default();
    let logged = Logged {
        streams: vec![stream],
        lines,
    };
    views::log(context, &logged, &[], &Selection::default())
}
