//! Finds runs, executions and jobs by a word.

use super::frame::{View, framed};
use super::request::context;
use crate::account::Gone;
use crate::gather::tell;
use crate::served::Served;
use crate::views::{self, Found};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;

/// What is searched for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

/// How many runs, executions of a machine, and jobs are looked at: the newest.
const LOOKED_AT: usize = 200;

pub(super) async fn search(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let context = context(&served, &headers);
    let text = asked.q.trim();
    let found = match find(&served, &text.to_lowercase()).await {
        Ok(found) => found,
        Err(gone) => return framed(&served, &context, "", Err(gone)).await,
    };
    if let Some(only) = found.only(&context) {
        return Redirect::to(&only).into_response();
    }
    let view = View {
        title: text.to_owned(),
        content: views::search(&context, text, &found),
        live: Vec::new(),
        selected: None,
    };
    framed(&served, &context, "", Ok(view)).await
}

async fn find(served: &Served, text: &str) -> Result<Found, Gone> {
    let mut found = Found::default();
    if text.is_empty() {
        return Ok(found);
    }
    let fits = |it: &str| it.to_lowercase().contains(text);
    for mut run in served.reader.runs(LOOKED_AT).await?.into_iter().take(LOOKED_AT) {
        run.actions = served.reader.actions(&run.pipeline, &run.id).await?;
        let told = tell(served, run).await;
        if [&told.run.id, &told.commit, &told.message, &told.author]
            .into_iter()
            .any(|it| fits(it))
        {
            found.runs.push(told);
        }
    }
    for machine in served.reader.machines().await? {
        let listed = served.reader.executions(&machine, LOOKED_AT).await?;
        found
            .executions
            .extend(listed.into_iter().filter(|it| fits(&it.name) || fits(&it.machine)));
    }
    let jobs = served.reader.jobs(LOOKED_AT).await?;
    found.jobs.extend(jobs.into_iter().filter(|job| fits(&job.name)));
    Ok(found)
}
