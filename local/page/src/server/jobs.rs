//! Jobs, and the objects that they read and write.

use super::frame::{View, framed, problem};
use super::makers::Makers;
use super::request::{Asked, context};
use crate::account::{Gone, Job, Place, Preview, image_type};
use crate::gather::logged;
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, Held, JobShown, Selection};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use maud::html;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most jobs of a kind that the table has.
const MOST: usize = 1000;
/// The most objects of a channel that are listed.
const OBJECTS: usize = 100;
/// How much of an object is shown in its preview.
const BEGINNING: usize = 64 * 1024;
/// The size of the largest object that is answered: it is held in memory while its secrets are looked for.
const LARGEST: u64 = 32 * 1024 * 1024;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/jobs", get(jobs))
        .route("/jobs/{kind}/{name}", get(job))
        .route("/object", get(object))
        .route("/object/preview", get(preview))
}

/// Which object.
#[derive(Debug, Deserialize)]
struct OfObject {
    bucket: String,
    key: String,
}

async fn jobs(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        let makers = Makers::read(&served).await;
        let mut listed = Vec::new();
        for summary in served.reader.jobs(MOST).await? {
            // A list says neither the instance nor the metrics.
            let job = served.reader.job(summary.kind, &summary.name).await.unwrap_or(summary);
            let maker = makers.of_job(&job.name);
            listed.push((job, maker));
        }
        Ok(View {
            title: context.say(Word::Jobs).to_owned(),
            content: views::jobs(&context, &listed),
            live: vec!["job".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "jobs", drawn).await
}

async fn job(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path((kind, name)): Path<(String, String)>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let drawn = draw_job(&served, &context, (&kind, &name), &Selection::new(asked)).await;
    framed(&served, &context, "jobs", drawn).await
}

async fn draw_job(
    served: &Served,
    context: &Context,
    (kind, name): (&str, &str),
    selection: &Selection,
) -> Result<View, Gone> {
    let job = served.reader.job(kind, name).await?;
    let maker = Makers::read(served).await.of_job(&job.name);
    let streams = served.reader.streams_of_job(job.kind, &job.name).await;
    let curves = served.reader.curves(&job, streams.first()).await;
    let held = held(served, &job).await;
    let logged = logged(served, streams, selection).await;
    let cost = cost(served, &job).await;
    let shown = JobShown {
        job: &job,
        maker: &maker,
        curves: &curves,
        held: &held,
        cost,
    };
    let path = ["jobs", job.kind, &*job.name];
    let streams = logged.streams.iter().take(1);
    let live = streams.map(|stream| format!("log {} {}", stream.group, stream.name));
    Ok(View {
        title: job.name.clone(),
        content: html! {
            (views::job(context, &shown))
            (views::log(context, &logged, &path, selection))
        },
        live: live.chain(["job".to_owned()]).collect(),
        selected: maker.run.as_ref().map(|(_, id)| id.clone()),
    })
}

/// What is in the channels of a job.
async fn held(served: &Served, job: &Job) -> Vec<Held> {
    let mut held = Vec::new();
    for channel in job.channels() {
        let place = Place::read(&channel.uri);
        let place = if channel.is_output {
            place.map(Place::folder)
        } else {
            place
        };
        let listed = match place {
            Some(place) => served.reader.objects(&place, OBJECTS).await.unwrap_or_default(),
            None => crate::account::Listed::default(),
        };
        held.push(Held { channel, listed });
    }
    held
}

/// What a job cost, at the prices that the pipeline itself has: those of its parameter, whose name is given with it.
async fn cost(served: &Served, job: &Job) -> Option<(f64, String)> {
    let seconds = job.raw["BillableTimeInSeconds"].as_f64()?;
    let name = format!("/ml/{}/prices", served.page.environment);
    let found = served
        .reader
        .look("ssm", "GetParameter", json!({"Name": name}))
        .await
        .ok()?;
    let prices: Value = serde_json::from_str(found["Parameter"]["Value"].as_str()?).ok()?;
    let (kind, count) = job.instance();
    let hour = prices[&served.page.platform.account.region][kind].as_f64()?;
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many instances")]
    let count = count as f64;
    Some((seconds / 3600.0 * hour * count, name))
}

/// An object: an image as one, text as text, and everything else to be kept.
async fn object(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Query<OfObject>) -> Response {
    let place = Place {
        bucket: asked.bucket,
        key: asked.key,
    };
    let read = async {
        if served.reader.size(&place).await? > LARGEST {
            let said = context(&served, &headers).say(Word::TooLarge);
            return Err(Gone::Refused(said.to_owned()));
        }
        served.reader.object(&place).await
    };
    let bytes = match read.await {
        Ok(bytes) => bytes,
        Err(gone) => return problem(&served, &headers, &gone),
    };
    if let Some(kind) = image_type(&bytes) {
        return ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let kind = "text/plain; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text.to_owned()).into_response()
        }
        Err(_) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CONTENT_DISPOSITION, "attachment"),
            ];
            (headers, bytes).into_response()
        }
    }
}

/// How an object begins.
async fn preview(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Query<OfObject>) -> Response {
    let context = context(&served, &headers);
    let place = Place {
        bucket: asked.bucket,
        key: asked.key,
    };
    match served.reader.beginning(&place, BEGINNING).await {
        Ok((bytes, is_whole)) => {
            let shown = Preview::of(place.name(), &bytes, beginning(&bytes), is_whole);
            Html(views::preview(&context, &place, &shown).into_string()).into_response()
        }
        Err(gone) => problem(&served, &headers, &gone),
    }
}

/// The text that bytes begin with. The last character may be cut.
fn beginning(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_be_cut_in_a_character() {
        assert_eq!(beginning("é".as_bytes()), Some("é"));
        assert_eq!(beginning(&"aé".as_bytes()[..2]), Some("a"));
        assert_eq!(beginning(b"a\xffb"), None);
    }
}
