//! The question of `--ask`: at the terminal, while the page may answer it, too.

use super::session::{Session, Trouble};
use crate::print;
use platform::journal::{Follower, Happening, Unheard};
use std::io::Write;
use std::sync::LazyLock;
use tokio::sync::{Mutex, mpsc};

/// The most characters of what is said to an approval.
const MAX_SUMMARY: usize = 512;

type Typed = mpsc::UnboundedReceiver<std::io::Result<String>>;

/// The lines that somebody types. One thread reads them all: a question that the page has answered keeps none back.
/// It waits for nobody, so that all that was typed too late is there to be dropped.
static TYPED: LazyLock<Mutex<Typed>> = LazyLock::new(|| {
    let (sender, typed) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            // What cannot be read once is not tried for ever.
            let is_last = line.is_err();
            if sender.send(line).is_err() || is_last {
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

/// Asks when what is to be decided is shown: the status, and what was said to it. Nothing where the page has answered, or
/// where nobody waits for an answer any more.
/// Whatever else happens is shown afterwards.
pub(super) async fn ask(session: &Session, asked: Asked<'_>) -> Result<Option<(&'static str, String)>, Trouble> {
    let journal = session.cloud.journal.follow();
    session.display().hold(asked.token).await;
    let decided = tokio::select! {
        decided = questions(asked.action) => decided.map(Some),
        why = over(journal, asked) => {
            complain!("{why}");
            Ok(None)
        }
    };
    session.display().go_on();
    decided
}

/// Waits until somebody else has answered, or until the approval timed out or was abandoned; and says which.
async fn over(mut journal: Follower, asked: Asked<'_>) -> &'static str {
    loop {
        match journal.recv().await {
            Ok(entry) => match entry.happening {
                Happening::ApprovalAnswered { stage, action, .. } if stage == asked.stage && action == asked.action => {
                    return "answered on the page";
                }
                // An answer is told before this.
                Happening::ActionEnded { stage, action, .. } if stage == asked.stage && action == asked.action => {
                    return "the approval waits for no answer any more";
                }
                _ => {}
            },
            Err(Unheard::Lagged(_)) => {}
            Err(Unheard::Closed) => std::future::pending().await,
        }
    }
}

async fn questions(action: &str) -> Result<(&'static str, String), Trouble> {
    drop_earlier(&mut *TYPED.lock().await);
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

/// Drops what was typed before a question: it answered another one, and came too late.
fn drop_earlier(typed: &mut Typed) {
    while typed.try_recv().is_ok() {}
}

/// A line that somebody types; empty where nobody can any more.
pub(super) async fn line(question: &str) -> Result<String, Trouble> {
    print::err(format_args!("{question}"));
    // Without the prompt the question is only less polite.
    let _ = std::io::stderr().flush();
    match TYPED.lock().await.recv().await {
        Some(Ok(line)) => Ok(line.trim().to_owned()),
        Some(Err(error)) => Err(Trouble::Other(format!("cannot read the answer: {error}"))),
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::journal::Journal;
    use std::time::Duration;

    #[tokio::test]
    async fn what_was_typed_too_late_answers_nothing() {
        let (sender, mut typed) = mpsc::unbounded_channel();
        for line in ["y", "because"] {
            sender.send(Ok(line.to_owned())).unwrap();
        }
        drop_earlier(&mut typed);
        sender.send(Ok("n".to_owned())).unwrap();
        assert_eq!(typed.recv().await.unwrap().unwrap(), "n");
    }

    #[tokio::test]
    async fn a_question_ends_with_its_approval() {
        let asked = Asked {
            stage: "Approve",
            action: "Review",
            token: "token",
        };
        let ended = |stage: &str| Happening::ActionEnded {
            stage: stage.into(),
            action: "Review".into(),
            status: "Failed".into(),
            message: None,
            took: Duration::ZERO,
        };
        let answered = Happening::ApprovalAnswered {
            pipeline: "pipeline".into(),
            stage: "Approve".into(),
            action: "Review".into(),
            approved: true,
            summary: String::new(),
        };
        for (last, why) in [
            (ended("Approve"), "the approval waits for no answer any more"),
            (answered, "answered on the page"),
        ] {
            let journal = Journal::default();
            let follower = journal.follow();
            journal.record(ended("Other"));
            journal.record(last);
            assert_eq!(over(follower, asked).await, why);
        }
    }
}
