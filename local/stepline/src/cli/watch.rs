//! `stepline run --watch`: runs again what a change touches.
//!
//! Each run is a command of its own, the one that was typed without `--watch`: what it leaves is what any run leaves. It
//! stays up after its end, for the page and for what is served, until the next change. This process only looks for changes.

use super::interrupt::interrupted;
use super::session::{Trouble, repository};
use crate::again::matters;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use tokio::process::{Child, Command};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(300);

/// How long a run may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Options that count for the first run alone, and whether a value follows.
const ONCE: &[(&str, bool)] = &[("--fresh", false), ("--from", true)];

/// Runs, and runs again after each change. An interrupt is how it is meant to end.
pub(super) async fn watch() -> Result<ExitCode, Trouble> {
    let root = repository()?;
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut known = stamps(&root)?;
    let mut changed = BTreeSet::new();
    let mut run = start(&arguments(&given, true), &changed)?;
    let mut has_ended = false;
    loop {
        tokio::select! {
            () = interrupted() => {
                end(&mut run, &mut has_ended).await;
                return Ok(ExitCode::SUCCESS);
            }
            ended = run.wait(), if !has_ended => {
                has_ended = true;
                let _ = ended;
                eprintln!("Waiting for a change …");
            }
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = stamps(&root)?;
        let new = differing(&known, &now);
        known = now;
        let new: BTreeSet<PathBuf> = new.into_iter().filter(|file| matters(&root, file)).collect();
        if new.is_empty() {
            continue;
        }
        // Editors write in several steps.
        loop {
            tokio::time::sleep(EVERY).await;
            let now = stamps(&root)?;
            let more = differing(&known, &now);
            known = now;
            if more.is_empty() {
                break;
            }
            changed.extend(more.into_iter().filter(|file| matters(&root, file)));
        }
        if end(&mut run, &mut has_ended).await {
            changed.clear();
        }
        changed.extend(new);
        let shown: Vec<String> = changed.iter().map(|file| below(&root, file)).collect();
        println!("\nChanged: {}", shown.join(", "));
        run = start(&arguments(&given, false), &changed)?;
        has_ended = false;
    }
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

/// Ends a run, as Ctrl-C would. Says whether a state machine's execution had come to its end in it: if not, the changes that
/// it was told are the next one's, too.
async fn end(run: &mut Child, has_ended: &mut bool) -> bool {
    if !*has_ended && let Some(id) = run.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
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
    *has_ended = true;
    status.is_some_and(|status| status.success())
}

/// When a file was changed, and how long it is.
type Stamp = (Option<SystemTime>, u64);

/// The files that Source takes, and when each was changed.
fn stamps(root: &Path) -> Result<BTreeMap<PathBuf, Stamp>, Trouble> {
    let files = services::codepipeline::source_files(root).map_err(Trouble::Other)?;
    let stamp = |file: String| {
        let file = root.join(file);
        let metadata = file.metadata().ok()?;
        Some((file, (metadata.modified().ok(), metadata.len())))
    };
    Ok(files.into_iter().filter_map(stamp).collect())
}

/// The files that are new, gone or changed.
fn differing(before: &BTreeMap<PathBuf, Stamp>, after: &BTreeMap<PathBuf, Stamp>) -> BTreeSet<PathBuf> {
    let all = before.keys().chain(after.keys());
    let differing = all.filter(|file| before.get(*file) != after.get(*file));
    differing.cloned().collect()
}

fn below(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
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
    fn new_gone_and_changed_files_differ() {
        let files = |files: &[(&str, u64)]| -> BTreeMap<PathBuf, Stamp> {
            files
                .iter()
                .map(|(file, size)| (PathBuf::from(file), (None, *size)))
                .collect()
        };
        let before = files(&[("same", 1), ("changed", 1), ("gone", 1)]);
        let after = files(&[("same", 1), ("changed", 2), ("new", 1)]);
        let expected = ["changed", "gone", "new"].map(PathBuf::from).into();
        assert_eq!(differing(&before, &after), expected);
    }
}
