//! Sees to it that no process outlives the command that started it, not even where that is killed.
//!
//! A second process, the watchdog, reads from a pipe which process groups are running. When the pipe ends, because the
//! command has ended in whatever way, it kills those that are left. Tests and others that have not started a watchdog
//! do without.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The watchdog of this process.
static WATCHDOG: OnceLock<Mutex<Child>> = OnceLock::new();

/// Starts the watchdog: `command` has to call [`watch_over`] on its standard input.
///
/// # Errors
/// It cannot be started.
pub fn start(mut command: Command) -> io::Result<()> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What a terminal sends to the command is not for the watchdog.
        .process_group(0)
        .spawn()?;
    // A second one would have nothing to do: its pipe ends here.
    let _ = WATCHDOG.set(Mutex::new(child));
    Ok(())
}

/// The watchdog's whole work: remembers which process groups are running, and kills those that are left at the end.
///
/// # Errors
/// What is read is no text.
pub fn watch_over(pipe: impl BufRead) -> io::Result<()> {
    let mut groups = BTreeSet::new();
    for line in pipe.lines() {
        let line = line?;
        let (sign, group) = line.split_at_checked(1).unwrap_or_default();
        let Ok(group) = group.parse::<i32>() else { continue };
        if sign == "+" {
            groups.insert(group);
        } else {
            groups.remove(&group);
        }
    }
    for group in groups.into_iter().filter_map(Pid::from_raw) {
        // Nothing is left to be killed where it fails.
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(())
}

/// A process group that is watched over for as long as this lives.
#[derive(Debug)]
pub(crate) struct Watched(i32);

impl Watched {
    /// Watches over the group that a process leads.
    pub(crate) fn group_of(leader: Option<u32>) -> Option<Self> {
        let group = i32::try_from(leader?).ok()?;
        tell('+', group);
        Some(Self(group))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        tell('-', self.0);
    }
}

fn tell(sign: char, group: i32) {
    let Some(watchdog) = WATCHDOG.get() else { return };
    let mut watchdog = watchdog.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pipe) = &mut watchdog.stdin {
        // Without a watchdog the work goes on.
        let _ = writeln!(pipe, "{sign}{group}").and_then(|()| pipe.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_killed_at_the_end() {
        let sleeper = || Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let (mut left, mut done) = (sleeper(), sleeper());
        let said = format!("+{}\n+{}\nnonsense\n\n-{}\n", left.id(), done.id(), done.id());
        watch_over(said.as_bytes()).unwrap();
        assert!(!left.wait().unwrap().success());
        assert_eq!(done.try_wait().unwrap(), None);
        done.kill().unwrap();
        done.wait().unwrap();
    }
}
