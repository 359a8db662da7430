//! Answers for the definitions of the repository: all of them, and one with its text, its graph and a state to try.

use super::frame::{View, framed};
use super::recorded::{self, Filled};
use super::request::{Asked, context};
use crate::account::{Definition, Described, Gone};
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, DefinitionShown, Selection, Trying};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/definitions", get(definitions))
        .route("/definitions/{*file}", get(definition))
}

async fn definitions(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        let machines = served.reader.described().await?;
        let found = served.definitions.all();
        Ok(View {
            title: context.say(Word::Definitions).to_owned(),
            content: views::definitions(&context, &found, &machines),
            live: vec!["definition".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "definitions", drawn).await
}

async fn definition(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(file): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let drawn = draw(&served, &context, &file, &Selection::new(asked)).await;
    framed(&served, &context, "definitions", drawn).await
}

async fn draw(served: &Served, context: &Context, file: &str, selection: &Selection) -> Result<View, Gone> {
    let definition = served.definitions.one(file)?;
    let described = served.reader.described().await?;
    let machines: Vec<&Described> = described.iter().filter(|machine| machine.is_of(&definition)).collect();
    let state = definition
        .chart
        .as_deref()
        .and_then(|chart| chart.state(selection.get("state")));
    let content = match state {
        None => shown(context, &definition, machines, selection, None),
        Some(state) => {
            let asked = selection.number("tried");
            let trial = asked.and_then(|number| served.trials.get(number, file, &state.name));
            let Filled { form, visits, of } = recorded::fill(served, &machines, &definition, state, selection).await;
            let form = trial.as_ref().map_or(&form, |trial| &trial.form);
            let trying = Trying {
                file,
                state: &state.name,
                kind: &state.kind,
                machines: &machines,
                recorded: &visits,
                of: &of,
                form,
                trial: trial.as_deref(),
                is_gone: asked.is_some() && trial.is_none(),
                is_old: trial.as_ref().is_some_and(|trial| trial.text != definition.json),
                key: format!("{file} {} {of} {asked:?} {}", state.name, context.language.tag()),
            };
            shown(context, &definition, machines.clone(), selection, Some(trying))
        }
    };
    Ok(View {
        title: file.to_owned(),
        content,
        live: vec![format!("definition {file}")],
        selected: None,
    })
}

fn shown(
    context: &Context,
    definition: &Definition,
    machines: Vec<&Described>,
    selection: &Selection,
    trying: Option<Trying<'_>>,
) -> maud::Markup {
    let shown = DefinitionShown {
        definition,
        machines,
        selection,
        trying,
    };
    views::definition(context, &shown)
}
