//! The view of events on the bus.

use super::frame::{View, framed, part_of};
use super::request::{Asked, context};
use crate::account::{Execution, Gone, Sent, sent};
use crate::served::Served;
use crate::views::{self, Events, Selection, Which};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// How many executions of a target are looked at for the one that an event started.
const LOOKED_AT: usize = 1000;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/events", get(events))
        .route("/part-events/{what}", get(part))
}

/// The executions of the state machines that an event went to.
async fn started(served: &Served, sent: &Sent<'_>) -> Result<Vec<Execution>, Gone> {
    let mut found = Vec::new();
    if !sent
        .deliveries
        .iter()
        .any(|delivery| delivery.target.contains(":states:"))
    {
        return Ok(found);
    }
    for machine in served.reader.machines().await? {
        if sent.deliveries.iter().any(|delivery| delivery.target == machine.arn) {
            found.extend(served.reader.executions(&machine, LOOKED_AT).await?);
        }
    }
    Ok(found)
}

async fn events(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let drawn = async {
        let entries = served.happened.entries(&served.reader);
        let mut all = sent(&entries);
        let id = selection.get("event");
        if !id.is_empty() {
            // The one that somebody has sent a link to.
            all.retain(|sent| sent.id() == id);
        }
        let open = match all.iter().find(|sent| sent.id() == id) {
            Some(open) => started(&served, open).await?,
            None if id.is_empty() => Vec::new(),
            None => return Err(Gone::NotFound(format!("the journal has no event {id}"))),
        };
        let rules = served.reader.rules(&all).await?;
        let rule = match selection.get("rule") {
            "" => None,
            name => Some(match rules.iter().find(|rule| rule.name == name && rule.is_gone()) {
                Some(gone) => (gone.clone(), Vec::new()),
                None => served.reader.rule(name).await?,
            }),
        };
        let shown = Events {
            rules: &rules,
            all: &all,
            rule: rule.as_ref(),
            text: selection.get("q"),
            open: (id, &open),
        };
        Ok(View {
            title: rule
                .as_ref()
                .map_or(context.say(Word::Events), |(rule, _)| &rule.name)
                .to_owned(),
            content: views::events(&context, &shown),
            live: vec!["event".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "events", drawn).await
}

/// Rows of a list, or what is in one of them.
async fn part(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(what): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let drawn = async {
        let entries = served.happened.entries(&served.reader);
        let all = sent(&entries);
        let rules = served.reader.rules(&all).await?;
        if what == "event" {
            let id = selection.get("event");
            let found = all.iter().find(|sent| sent.id() == id);
            let found = found.ok_or_else(|| Gone::NotFound(format!("the journal has no event {id}")))?;
            return Ok::<_, Gone>(views::event(&context, found, &rules, &started(&served, found).await?));
        }
        let rule = rules.iter().find(|rule| rule.name == selection.get("rule"));
        let which = Which::of_name(selection.get("list"), rule);
        let found = which.of(&all, selection.get("q"));
        Ok(views::event_part(
            &context,
            &found,
            which,
            selection.number("from").unwrap_or_default(),
        ))
    };
    let drawn = drawn.await;
    part_of(&served, &headers, drawn)
}
