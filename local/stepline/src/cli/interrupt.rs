//! How somebody ends a command.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, or for another process to end this one. Where signals cannot be caught, the system's own way of
/// ending the process remains.
pub(super) async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
