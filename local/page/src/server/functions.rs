//! The views of functions and their invocations.

use super::frame::{View, framed, part_of};
use super::request::{Asked, context};
use crate::account::{Decision, Gone, Invoked, decisions, sent};
use crate::served::Served;
use crate::views::{self, CalledBy, FunctionShown, Opened, Selection};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use platform::journal::Kept;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/functions", get(functions))
        .route("/functions/{name}", get(function))
        .route("/part-functions/{what}", get(part))
}

async fn functions(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        let entries = served.happened.entries(&served.reader);
        let invoked: Vec<Invoked<'_>> = entries.iter().filter_map(Invoked::read).collect();
        let functions = served.reader.functions_and_gone(&invoked).await?;
        Ok(View {
            title: context.say(Word::Functions).to_owned(),
            content: views::functions(&context, &functions, &invoked),
            live: vec!["function".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "functions", drawn).await
}

/// The decisions about calls of a function.
fn callers<'a>(entries: &'a [Kept], name: &str) -> Vec<Decision<'a>> {
    let end = format!(":function:{name}");
    let is_of = |decision: &Decision<'_>| {
        let rest = decision.resource.split_once(&end).map(|(_, rest)| rest);
        decision.action == "lambda:InvokeFunction" && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    decisions(entries).into_iter().filter(is_of).collect()
}

/// What is read of an invocation where it is open.
async fn opened<'a>(served: &Served, entries: &[Kept], invoked: &'a Invoked<'a>) -> Opened<'a> {
    Opened {
        invoked,
        lines: served.reader.lines_of(invoked).await,
        called_by: called_by(entries, invoked),
    }
}

/// Who called: the rule whose event it was given, or else the only one who may.
fn called_by(entries: &[Kept], invoked: &Invoked<'_>) -> Option<CalledBy> {
    let given: Value = serde_json::from_str(invoked.event).unwrap_or_default();
    if let Some(id) = given["id"].as_str().filter(|_| given["detail-type"].is_string()) {
        let events = sent(entries);
        let end = format!(":function:{}", invoked.function);
        let of = events.iter().find(|sent| sent.id() == id);
        let delivery = of.and_then(|sent| sent.deliveries.iter().find(|delivery| delivery.target.contains(&end)));
        if let Some(delivery) = delivery {
            return Some(CalledBy::Rule(delivery.rule.to_owned(), id.to_owned()));
        }
    }
    views::only_caller(&callers(entries, invoked.function)).map(CalledBy::Principal)
}

async fn function(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let drawn = async {
        let entries = served.happened.entries(&served.reader);
        let all: Vec<Invoked<'_>> = entries.iter().filter_map(Invoked::read).collect();
        let of: Vec<&Invoked<'_>> = all.iter().filter(|invoked| invoked.function == name).collect();
        let function = match served.reader.function(&name).await {
            Ok(function) => Some(function),
            Err(_) if !of.is_empty() => None,
            Err(gone) => return Err(gone),
        };
        let asked = selection.get("invocation");
        let fits = |invoked: &&&Invoked<'_>| {
            invoked.has(selection.get("q")) && (asked.is_empty() || invoked.request_id == asked)
        };
        let found: Vec<&Invoked<'_>> = of.iter().filter(fits).copied().collect();
        let open = found.iter().rev().find(|invoked| invoked.request_id == asked);
        let open = match open {
            Some(invoked) => Some(opened(&served, &entries, invoked).await),
            None if asked.is_empty() => None,
            None => return Err(Gone::NotFound(format!("the journal has no invocation {asked}"))),
        };
        let shown = FunctionShown {
            name: &name,
            function: function.as_ref(),
            callers: &callers(&entries, &name),
            invoked: &found,
            text: selection.get("q"),
            open,
        };
        Ok::<_, Gone>(View {
            title: name.clone(),
            content: views::function(&context, &shown),
            live: vec!["function".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "functions", drawn).await
}

/// Rows of the invocations, or what is in one of them.
async fn part(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(what): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let entries = served.happened.entries(&served.reader);
    let all = entries.iter().filter_map(Invoked::read);
    if what == "invocation" {
        let sequence = selection.get("sequence");
        let mut all = all;
        return match all.find(|invoked| invoked.sequence.to_string() == sequence) {
            Some(invoked) => {
                let opened = opened(&served, &entries, &invoked).await;
                part_of(&served, &headers, Ok(views::invocation(&context, &opened)))
            }
            None => part_of(&served, &headers, Err(Gone::NotFound(String::new()))),
        };
    }
    let name = selection.get("function");
    let fits = |invoked: &Invoked<'_>| invoked.function == name && invoked.has(selection.get("q"));
    let all: Vec<Invoked<'_>> = all.filter(fits).collect();
    let found: Vec<&Invoked<'_>> = all.iter().collect();
    let from = selection.number("from").unwrap_or_default();
    part_of(&served, &headers, Ok(views::invocation_part(&context, &found, from)))
}
