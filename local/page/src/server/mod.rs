//! Answers requests of a browser on loopback.

mod actions;
mod ask;
mod assets;
mod events;
mod functions;
mod gather;
mod guard;
mod live;
mod permissions;
mod makers;
mod place;
mod request;
mod routes;
mod routes_images;
mod routes_jobs;
mod routes_models;
mod search;

pub(crate) use assets::STYLE;
pub(crate) use gather::{Gathered, executions_of, failure_of_run, gather, streams_of_action, tell, that_matters};

use crate::account::{Executions, Reader, Remembered};
use axum::Router;
use axum::middleware;
use axum::routing::get;
use platform::Platform;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the page is of.
#[derive(Debug, Clone)]
pub struct Page {
    /// The account.
    pub platform: Arc<Platform>,
    /// The environment's name, such as `dev`.
    pub environment: String,
    /// Whether a person can start, stop and approve there: not in an account that was only opened to look at.
    pub may_act: bool,
}

/// What requests are answered with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) reader: Reader,
    pub(crate) executions: Executions,
    pub(crate) happened: Remembered,
    pub(crate) page: Page,
}

impl Served {
    pub(crate) fn new(page: Page) -> Self {
        Self {
            reader: Reader::new(page.platform.clone()),
            executions: Executions::default(),
            happened: Remembered::default(),
            page,
        }
    }
}

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
        .merge(routes::router())
        .merge(actions::router())
        .merge(permissions::router())
        .merge(events::router())
        .merge(functions::router())
        .merge(routes_images::router())
        .merge(routes_jobs::router())
        .merge(routes_models::router())
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
