//! The views of executions of state machines, and the parts of their long lists.

use super::frame::{View, framed, live, part_of};
use super::request::{Asked, context};
use crate::account::{Execution, Gone, Machine};
use crate::gather::{gather, logged};
use crate::served::Served;
use crate::views::{self, Selection};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use maud::html;
use std::sync::Arc;

/// The most executions that a table has.
const MOST: usize = 1000;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/executions", get(executions))
        .route("/executions/{machine}", get(executions_of_machine))
        .route("/executions/{machine}/{name}", get(execution))
        .route("/part/{what}", get(part))
}

async fn executions(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    draw_executions(&served, &headers, None).await
}

async fn executions_of_machine(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(machine): Path<String>,
) -> Response {
    draw_executions(&served, &headers, Some(&machine)).await
}

async fn draw_executions(served: &Served, headers: &HeaderMap, machine: Option<&str>) -> Response {
    let context = context(served, headers);
    let drawn = async {
        let machines = served.reader.machines().await?;
        let listed = listed(served, &machines, machine).await?;
        Ok(View {
            title: context.say(Word::Executions).to_owned(),
            content: views::executions(&context, &machines, &listed, machine),
            live: vec!["execution".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(served, &context, "executions", drawn).await
}

/// The newest executions, of one state machine or of all.
async fn listed(served: &Served, machines: &[Machine], machine: Option<&str>) -> Result<Vec<Execution>, Gone> {
    let mut listed = Vec::new();
    for known in machines
        .iter()
        .filter(|known| machine.is_none_or(|name| name == known.name))
    {
        listed.extend(served.reader.executions(known, MOST).await?);
    }
    listed.sort_by_key(|execution| std::cmp::Reverse(execution.started));
    listed.truncate(MOST);
    Ok(listed)
}

async fn execution(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path((machine, name)): Path<(String, String)>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let drawn = async {
        let arn = served
            .page
            .platform
            .account
            .arn("states", format_args!("execution:{machine}:{name}"));
        let gathered = gather(&served, &arn, &selection).await?;
        let logged = logged(&served, gathered.streams.clone(), &selection).await;
        let known = gathered.known.lock().await;
        let path = ["executions", &*machine, &*name];
        let shown = gathered.shown(&known.trace, &path, &selection);
        let content = html! {
            (views::heading(&context, &gathered.execution))
            (views::execution(&context, &shown))
            (views::log(&context, &logged, &path, &selection))
        };
        Ok(View {
            title: format!("{machine} {name}"),
            content,
            live: live(std::slice::from_ref(&gathered.execution), &logged),
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "executions", drawn).await
}

/// Rows of a long list, as the browser comes to see them.
async fn part(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(what): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let arn = selection.get("execution");
    let from = selection.number("from").unwrap_or_default();
    let drawn = async {
        if what == "executions" {
            let machines = served.reader.machines().await?;
            let machine = Some(selection.get("machine")).filter(|name| !name.is_empty());
            let listed = listed(&served, &machines, machine).await?;
            return Ok(views::execution_rows(&context, &listed, from));
        }
        if what == "event" {
            let id = selection.number("id").unwrap_or_default();
            let found = served.reader.events(arn, id.saturating_sub(1), 1).await?;
            let missing = || Gone::NotFound(format!("the execution has no event {id}"));
            return found.first().map(views::event_details).ok_or_else(missing);
        }
        let execution = served.reader.execution(arn).await?;
        let known = served.executions.trace(&served.reader, arn).await?;
        let known = known.lock().await;
        Ok::<_, Gone>(match &*what {
            "timeline" => views::timeline_rows(&context, &execution, &known.trace, from),
            _ => {
                let events = served.reader.events(arn, from, views::PART).await?;
                views::event_rows(&context, &execution, &known.trace, &events)
            }
        })
    };
    let drawn = drawn.await;
    part_of(&served, &headers, drawn)
}
