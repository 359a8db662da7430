//! Ends a program whose command is gone: also when it was killed and could not do so itself.

use rustix::process::Pid;
use std::io;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Waits for the end of its input, which comes when nobody holds the other end any more.
const SCRIPT: &str = r#"read -r _; kill -s KILL -- "-$1""#;

/// A process that outlives this one just long enough to end a group of processes.
#[derive(Debug)]
pub(super) struct Guard(
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held, and ended when it is dropped"))] Child,
);

impl Guard {
    /// Ends `group` as soon as this process is gone, unless the guard is dropped before.
    pub(super) fn of(group: Pid) -> io::Result<Self> {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .arg(group.as_raw_nonzero().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What is sent to the terminal's processes is not meant for it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(child))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn sleeper() -> Child {
        let mut command = Command::new("sleep");
        command.arg("1000").process_group(0).kill_on_drop(true);
        command.spawn().unwrap()
    }

    fn group(of: &Child) -> Pid {
        Pid::from_raw(of.id().unwrap().try_into().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_program_ends_with_what_has_started_it_and_not_with_its_guard() {
        let (mut held, mut left) = (sleeper(), sleeper());
        let mut guard = Guard::of(group(&held)).unwrap();
        drop(Guard::of(group(&left)).unwrap());
        // As the system does it for a process that is gone.
        drop(guard.0.stdin.take());
        assert_eq!(held.wait().await.unwrap().signal(), Some(9));
        assert_eq!(left.try_wait().unwrap(), None);
    }
}
