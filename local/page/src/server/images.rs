//! Images, and what refers to each.

use super::frame::{View, framed};
use super::request::context;
use crate::account::{Gone, digest_of};
use crate::gather::RECENT;
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, Reference, References};
use crate::words::Word;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// The most jobs, versions and task definitions that are looked at: the newest.
const LOOKED_AT: usize = 200;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new().route("/images", get(images))
}

async fn images(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        let repositories = served.reader.repositories().await?;
        let references = references(&served, &context).await?;
        Ok(View {
            title: context.say(Word::Images).to_owned(),
            content: views::images(&context, &repositories, &references),
            live: vec!["image".into(), "job".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "images", drawn).await
}

/// What refers to images, by their digests.
async fn references(served: &Served, context: &Context) -> Result<References, Gone> {
    let reader = &served.reader;
    let mut found = References::new();
    let mut add = |uri: &str, word: Word, name: &str, link: Option<String>| {
        let digest = if uri.starts_with("sha256:") {
            uri
        } else {
            digest_of(uri)
        };
        if !digest.is_empty() {
            let name = name.to_owned();
            found
                .entry(digest.to_owned())
                .or_default()
                .push(Reference { word, name, link });
        }
    };
    for summary in reader.jobs(LOOKED_AT).await? {
        let job = reader.job(summary.kind, &summary.name).await.unwrap_or(summary);
        add(
            job.image(),
            Word::Job,
            &job.name,
            Some(context.to(&["jobs", job.kind, &job.name], &[])),
        );
    }
    for group in reader.groups().await? {
        for package in reader.packages(&group, LOOKED_AT).await? {
            let version = package.version.to_string();
            let link = context.to(&["models", &group, &version], &[]);
            add(package.image(), Word::Model, &format!("{group} {version}"), Some(link));
        }
    }
    for service in reader.services().await? {
        for image in &service.definition.images {
            add(image, Word::Service, &service.name, Some(context.to(&["models"], &[])));
        }
    }
    for definition in reader.task_definitions(LOOKED_AT).await? {
        for image in &definition.images {
            add(image, Word::TaskDefinition, definition.name(), None);
        }
    }
    for run in reader.runs(RECENT).await?.into_iter().take(RECENT) {
        let run = reader.run(&run.pipeline, &run.id).await?;
        let link = context.to(&["runs", &run.pipeline, &run.id], &[]);
        add(
            run.variable("IMAGE_DIGEST").unwrap_or_default(),
            Word::Run,
            crate::show::short_id(&run.id),
            Some(link),
        );
    }
    Ok(found)
}
