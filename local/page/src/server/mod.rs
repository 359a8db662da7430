//! Answers requests of a browser on loopback.

mod actions;
mod assets;
mod definitions;
mod gather;
mod guard;
mod live;
mod place;
mod recorded;
mod request;
mod routes;
mod search;
mod trials;
mod trying;

use crate::account::{Definitions, Executions, Reader};
use axum::Router;
use axum::middleware;
use axum::routing::get;
use platform::Platform;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use trials::Trials;

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
    pub(crate) definitions: Definitions,
    pub(crate) trials: Trials,
    pub(crate) page: Page,
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
    let served = Arc::new(Served {
        reader: Reader::new(page.platform.clone()),
        executions: Executions::default(),
        definitions: Definitions::default(),
        trials: Trials::default(),
        page,
    });
    let router = Router::new()
        .merge(routes::router())
        .merge(actions::router())
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
