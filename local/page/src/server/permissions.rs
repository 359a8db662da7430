//! The views of permissions, by the decisions that the journal has.

use super::frame::{View, framed};
use super::request::{Asked, context};
use crate::account::{Decision, Gone, decisions};
use crate::served::Served;
use crate::views::{self, Permissions, RoleShown, Selection};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use platform::journal::Kept;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/permissions", get(permissions))
        .route("/permissions/{role}", get(role))
        .route("/part-permissions", get(part))
}

/// Since when there is something of the journal.
fn since(entries: &[Kept]) -> Option<jiff::Timestamp> {
    entries.iter().map(|kept| kept.entry.at).min()
}

async fn permissions(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let text = selection.get("q");
    let entries = served.happened.entries(&served.reader);
    let all = decisions(&entries);
    let is_any = !all.is_empty();
    let found: Vec<Decision<'_>> = all.into_iter().filter(|decision| decision.has(text)).collect();
    let drawn = served.reader.roles().await.map(|roles| {
        let shown = Permissions {
            decisions: &found,
            roles: &roles,
            text,
            since: since(&entries),
            is_any,
        };
        View {
            title: context.say(Word::Permissions).to_owned(),
            content: views::permissions(&context, &shown),
            live: vec!["permission".into()],
            selected: None,
        }
    });
    framed(&served, &context, "permissions", drawn).await
}

async fn role(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let entries = served.happened.entries(&served.reader);
    let found: Vec<Decision<'_>> = decisions(&entries)
        .into_iter()
        .filter(|it| it.caller.name() == name)
        .collect();
    let drawn = async {
        let role = match served.reader.role(&name).await {
            Ok(role) => Some(role),
            // What it called is known all the same.
            Err(_) if !found.is_empty() => None,
            Err(gone) => return Err(gone),
        };
        let statements = role.as_ref().map(|role| served.reader.statements(&role.name));
        let functions = served.reader.functions().await?.into_iter();
        let functions = functions.filter(|function| role.is_some() && function.role_name() == name);
        let shown = RoleShown {
            name: &name,
            role: role.as_ref(),
            statements: &statements.transpose()?.unwrap_or_default(),
            functions: &functions.map(|function| function.name).collect::<Vec<_>>(),
            decisions: &found,
            text: selection.get("q"),
            since: since(&entries),
        };
        Ok::<_, Gone>(View {
            title: name.clone(),
            content: views::role(&context, &shown),
            live: vec!["permission".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "permissions", drawn).await
}

/// The table of one caller, when somebody opens it.
async fn part(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let entries = served.happened.entries(&served.reader);
    let found: Vec<Decision<'_>> = decisions(&entries)
        .into_iter()
        .filter(|it| it.has(selection.get("q")))
        .collect();
    Html(views::calls_of(&context, &found, selection.get("caller")).into_string()).into_response()
}
