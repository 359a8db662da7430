//! Answers requests of a browser on loopback.

mod actions;
mod ask;
mod assets;
mod definitions;
mod events;
mod executions;
mod frame;
mod functions;
mod guard;
mod images;
mod jobs;
mod live;
mod makers;
mod models;
mod permissions;
mod recorded;
mod request;
mod routes;
mod runs;
mod search;
mod trying;

use crate::served::{Page, Served};
use axum::Router;
use axum::middleware;
use axum::routing::get;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers requests on `listener`, which is one of loopback, from now on. Abort the task to stop.
///
/// # Errors
/// The listener has no address, or one that is not of loopback.
pub fn serve(page: Page, listener: TcpListener) -> std::io::Result<JoinHandle<()>> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let kind = std::io::ErrorKind::InvalidInput;
        return Err(std::io::Error::new(kind, "the page is served on loopback alone"));
    }
    let served = Arc::new(Served::new(page));
    // Long records take a moment to be read: it is done before somebody asks.
    let ahead = served.clone();
    tokio::task::spawn_blocking(move || ahead.happened.entries(&ahead.reader));
    let router = Router::new()
        .merge(runs::router())
        .merge(executions::router())
        .merge(routes::router())
        .merge(actions::router())
        .merge(permissions::router())
        .merge(events::router())
        .merge(functions::router())
        .merge(images::router())
        .merge(jobs::router())
        .merge(models::router())
        .merge(definitions::router())
        .merge(trying::router())
        .route("/search", get(search::search))
        .route("/live", get(live::live))
        .route("/assets/{name}", get(assets::asset))
        .fallback(routes::nowhere)
        .with_state(served)
        .layer(middleware::from_fn_with_state(address.port(), guard::guard));
    Ok(tokio::spawn(async move {
        // Serving ends with the task only: what goes wrong on one connection stays there.
        let _ = axum::serve(listener, router).await;
    }))
}
