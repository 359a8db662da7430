//! Ends a program whose command is gone: also when it was killed and could not do so itself.

use rustix::process::Pid;
use std::io;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Waits for the end of its input, which comes when nobody holds the other end any more.
const SCRIPT: &str = r#"read -r _; kill -s KILL -- "-$1""#;

/// A process that outlives this one just long enough to end a group of processes.
#[derive(Debug)]
pub(super) struct Guard(#[expect(dead_code, reason = "it is held, and ended when it is dropped")] Child);

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
