//! `stepline run --watch`: runs again what a change touches.
//!
//! Each run is a command of its own, the one that was typed without `--watch`: what it leaves is what any run leaves. It
//! stays up after its end, for the page and for what is served, until the next change. This process only looks for changes.

use super::interrupt::interrupted;
use super::session::{Trouble, repository};
use super::stamps::{EVERY, Stamps, listed};
use crate::again::matters;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a run may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Options that count for the first run alone, and whether a value follows.
const ONCE: &[(&str, bool)] = &[("--fresh", false), ("--from", true)];

/// Runs, and runs again after each change. An interrupt is how it is meant to end.
pub(super) async fn watch(is_json: bool) -> Result<ExitCode, Trouble> {
    let root = repository()?;
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut known = stamps(&root)?;
    let mut told = BTreeSet::new();
    let mut run = start(&arguments(&given, true), &told)?;
    loop {
        tokio::select! {
            () = interrupted() => {
                end(&mut run).await;
                return Ok(ExitCode::SUCCESS);
            }
            // One that has ended has no id any more.
            _ = run.wait(), if run.id().is_some() => complain!("Waiting for a change …"),
            () = tokio::time::sleep(EVERY) => {}
        }
        let mut saved = look(&root, &mut known)?;
        if saved.is_empty() {
            continue;
        }
        // Editors write in several steps, and people save several files.
        loop {
            tokio::time::sleep(EVERY).await;
            let more = look(&root, &mut known)?;
            if more.is_empty() {
                break;
            }
            saved.extend(more);
        }
        let has_played = end(&mut run).await;
        told = to_tell(told, has_played, saved);
        say!("{}", changed(&listed(&root, &told), is_json));
        run = start(&arguments(&given, false), &told)?;
    }
}

/// The line between two runs: among lines of JSON it is one of them.
fn changed(files: &str, is_json: bool) -> String {
    match is_json {
        true => {
            serde_json::json!({"at": jiff::Timestamp::now(), "happening": "Note", "text": format!("Changed: {files}")})
                .to_string()
        }
        false => format!("\nChanged: {files}"),
    }
}

/// The files that have changed since they were looked at last, of those that matter.
fn look(root: &Path, known: &mut Stamps) -> Result<BTreeSet<PathBuf>, Trouble> {
    let changed = known.renew(stamps(root)?).into_iter();
    Ok(changed.filter(|file| matters(root, file)).collect())
}

/// What the next run is told: what was saved, and what the last one was told and has not played.
fn to_tell(told: BTreeSet<PathBuf>, has_played: bool, saved: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let left = if has_played { BTreeSet::new() } else { told };
    left.into_iter().chain(saved).collect()
}

/// The arguments of a run, without those of the watcher and, after the first one, without those that count once.
fn arguments(given: &[OsString], is_first: bool) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut given = given.iter();
    while let Some(argument) = given.next() {
        let text = argument.to_string_lossy();
        if text == "--watch" {
            continue;
        }
        let once = ONCE
            .iter()
            .find(|(name, _)| text == *name || text.starts_with(&format!("{name}=")));
        match once {
            Some((name, has_value)) if !is_first => {
                if *has_value && text == *name {
                    given.next();
                }
            }
            _ => kept.push(argument.clone()),
        }
    }
    kept
}

/// Starts a run that is told which files have changed.
fn start(arguments: &[OsString], changed: &BTreeSet<PathBuf>) -> Result<Child, Trouble> {
    let this = std::env::current_exe().map_err(|error| Trouble::Other(format!("cannot find this program: {error}")))?;
    let mut command = Command::new(this);
    command.args(arguments).arg("--held").kill_on_drop(true);
    for file in changed {
        command.arg("--after-change").arg(file);
    }
    command
        .spawn()
        .map_err(|error| Trouble::Other(format!("cannot start a run: {error}")))
}

/// Ends a run, as Ctrl-C would. Says whether a state machine's execution had come to its end in it.
async fn end(run: &mut Child) -> bool {
    if let Some(id) = run.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // One that ends by itself in this moment is no trouble.
        let _ = kill_process(id, Signal::INT);
    }
    let status = match tokio::time::timeout(PATIENCE, run.wait()).await {
        Ok(status) => status.ok(),
        Err(_) => {
            let _ = run.kill().await;
            None
        }
    };
    status.is_some_and(|status| status.success())
}

/// The files that Source takes, as they are now.
fn stamps(root: &Path) -> Result<Stamps, Trouble> {
    let files = services::codepipeline::source_files(root).map_err(Trouble::Other)?;
    Ok(Stamps::of(files.into_iter().map(|file| root.join(file))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_runs_begin_neither_anew_nor_where_the_first_one_did() {
        let given = "run --watch --env dev --from Train --fresh --from=Train --until Compare";
        let given: Vec<OsString> = given.split(' ').map(OsString::from).collect();
        let text = |is_first| arguments(&given, is_first).join(&OsString::from(" "));
        assert_eq!(
            text(true),
            "run --env dev --from Train --fresh --from=Train --until Compare"
        );
        assert_eq!(text(false), "run --env dev --until Compare");
    }

    #[test]
    fn among_lines_of_json_each_is_one() {
        assert_eq!(changed("a, b", false), "\nChanged: a, b");
        let line: serde_json::Value = serde_json::from_str(&changed("a", true)).expect("JSON");
        assert_eq!(
            (&line["happening"], &line["text"]),
            (&"Note".into(), &"Changed: a".into())
        );
    }

    #[test]
    fn what_was_told_and_not_played_is_told_again() {
        let files = |files: &[&str]| -> BTreeSet<PathBuf> { files.iter().map(PathBuf::from).collect() };
        // All that was saved counts, whichever came first.
        let saved = || files(&["b", "c"]);
        assert_eq!(to_tell(files(&["a"]), true, saved()), files(&["b", "c"]));
        assert_eq!(to_tell(files(&["a"]), false, saved()), files(&["a", "b", "c"]));
    }
}
