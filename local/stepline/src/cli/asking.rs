//! The question of `--ask`: at the terminal, while the page may answer it, too.

use super::session::{Session, Trouble};
use platform::journal::{Entry, Happening};
use std::io::Write;
use std::sync::LazyLock;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, mpsc};

/// The most characters of what is said to an approval.
const MAX_SUMMARY: usize = 512;

/// The lines that somebody types. One thread reads them all: a question that the page has answered keeps none back.
static TYPED: LazyLock<Mutex<mpsc::Receiver<std::io::Result<String>>>> = LazyLock::new(|| {
    let (sender, typed) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    Mutex::new(typed)
});

/// The approval that is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) stage: &'a str,
    pub(super) action: &'a str,
    pub(super) token: &'a str,
}

/// Asks when what is to be decided is shown: the status, and what was said to it. Nothing where the page has answered.
/// Whatever else happens is shown afterwards.
pub(super) async fn ask(session: &Session, asked: Asked<'_>) -> Result<Option<(&'static str, String)>, Trouble> {
    let journal = session.cloud.journal.follow();
    session.display().hold(asked.token).await;
    let decided = tokio::select! {
        decided = questions(asked.action) => decided.map(Some),
        () = answered_elsewhere(journal, asked) => {
            eprintln!("answered on the page");
            Ok(None)
        }
    };
    session.display().go_on();
    decided
}

/// Waits until somebody else has answered.
async fn answered_elsewhere(mut journal: Receiver<Entry>, asked: Asked<'_>) {
    loop {
        match journal.recv().await {
            Ok(entry) => match entry.happening {
                Happening::ApprovalAnswered { stage, action, .. } if stage == asked.stage && action == asked.action => {
                    return;
                }
                _ => {}
            },
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn questions(action: &str) -> Result<(&'static str, String), Trouble> {
    let yes = line(&format!("{action}: go on? [y/N] ")).await?;
    if matches!(yes.as_str(), "y" | "Y" | "yes") {
        return Ok(("Approved", "Approved at the terminal".to_owned()));
    }
    let reason = line("Why not? ").await?;
    let reason = if reason.is_empty() {
        "Rejected at the terminal"
    } else {
        &reason
    };
    Ok(("Rejected", reason.chars().take(MAX_SUMMARY).collect()))
}

/// A line that somebody types; empty where nobody can any more.
async fn line(question: &str) -> Result<String, Trouble> {
    eprint!("{question}");
    // Without the prompt the question is only less polite.
    let _ = std::io::stderr().flush();
    match TYPED.lock().await.recv().await {
        Some(Ok(line)) => Ok(line.trim().to_owned()),
        Some(Err(error)) => Err(Trouble::Other(format!("cannot read the answer: {error}"))),
        None => Ok(String::new()),
    }
}
