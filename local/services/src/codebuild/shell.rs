//! The one shell in which all commands of a build run: a variable that one command sets is there for the next.

use super::buildspec::ShellKind;
use crate::program::Guard;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::mpsc;

/// The shell's program. It reads names of files from its first standard input, and runs each file in itself. It writes
/// the results to its first standard error. The commands get one output for both, as a build's log has it, and no
/// input. The `env` of macOS before 13 has no `-0`, but every macOS has Perl.
const DRIVER: &str = r#"
exec 8>&2 2>&1 9<&0 </dev/null
__environment() {
  env -0 2>/dev/null || perl -e 'print "$_=$ENV{$_}\0" for keys %ENV'
}
trap '__status=$?; __environment >"$1"; printf "%s\n" "$2"; printf "exit %d\n" "$__status" >&8' EXIT
while IFS= read -r __file <&9; do
  . "$__file"
  __status=$?
  printf "%s\n" "$2"
  printf "done %d\n" "$__status" >&8
done
"#;

/// After a shell's end, its last lines are waited for this long. A program in the background may keep the output open
/// for ever.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this status. The shell waits for the next command.
    Command(i32),
    /// The shell has ended too, by `exit` or `set -e`.
    Shell(i32),
}

/// A running shell.
#[derive(Debug)]
pub(super) struct Shell {
    child: Child,
    commands: ChildStdin,
    results: Lines<BufReader<ChildStderr>>,
    marks: mpsc::UnboundedReceiver<()>,
    folder: PathBuf,
    count: usize,
    _guard: Option<Guard>,
}

impl Shell {
    /// Starts a shell in `directory` with exactly `environment`; its lines go to `log`. `folder` is for its own files.
    pub(super) fn start(
        kind: ShellKind,
        directory: &Path,
        environment: &BTreeMap<String, String>,
        folder: &Path,
        log: impl Fn(String) + Send + 'static,
    ) -> io::Result<Self> {
        let mark = uuid::Uuid::new_v4().to_string();
        let mut child = Command::new(kind.program())
            .args(["-c", DRIVER, "build"])
            .arg(folder.join("environment"))
            .arg(&mark)
            .current_dir(directory)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let guard = group.map(Guard::of).transpose()?;
        let missing = || io::Error::other("the shell has no pipes");
        let commands = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let results = child.stderr.take().ok_or_else(missing)?;
        let (marked, marks) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']);
                // The mark may stand behind a last line that was not ended.
                match text.strip_suffix(mark.as_str()) {
                    Some(rest) => {
                        if !rest.is_empty() {
                            log(rest.to_owned());
                        }
                        // An error means that nobody waits any more.
                        let _ = marked.send(());
                    }
                    None => log(text.to_owned()),
                }
                line.clear();
            }
        });
        Ok(Self {
            child,
            commands,
            results: BufReader::new(results).lines(),
            marks,
            folder: folder.to_owned(),
            count: 0,
            _guard: guard,
        })
    }

    /// Runs a command to its end, all its lines logged.
    pub(super) async fn run(&mut self, command: &str) -> io::Result<Ended> {
        self.count += 1;
        let file = self.folder.join(format!("command-{}", self.count));
        tokio::fs::write(&file, format!("{command}\n")).await?;
        let name = format!("{}\n", file.display());
        self.commands.write_all(name.as_bytes()).await?;
        self.commands.flush().await?;
        let result = self.results.next_line().await?;
        // The mark follows the command's last line; no mark ever comes where even the trap was taken away.
        let _ = tokio::time::timeout(LAST_LINES, self.marks.recv()).await;
        let number = |text: &str| text.parse().unwrap_or(1);
        match result.as_deref().and_then(|result| result.split_once(' ')) {
            Some(("done", status)) => Ok(Ended::Command(number(status))),
            Some((_, status)) => Ok(Ended::Shell(number(status))),
            None => Ok(Ended::Shell(self.child.wait().await?.code().unwrap_or(137))),
        }
    }

    /// The environment after the last command, or at the shell's end.
    pub(super) async fn environment(&mut self, ended: bool) -> io::Result<BTreeMap<String, String>> {
        let file = self.folder.join("environment");
        if !ended {
            let command = format!("__environment >'{}'", file.display());
            self.run(&command).await?;
        }
        let text = tokio::fs::read(&file).await?;
        let entries = text.split(|byte| *byte == 0).filter_map(|entry| {
            let entry = String::from_utf8_lossy(entry);
            let (name, value) = entry.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(entries.collect())
    }
}

impl Drop for Shell {
    /// Ends the shell and everything that it started, as the end of a build's container does.
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(group) = group {
            // Nothing is left to be killed where it fails.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn commands_share_one_shell() {
        for kind in [ShellKind::Bash, ShellKind::Sh] {
            let folder = tempfile::tempdir().unwrap();
            let lines = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&lines);
            let environment = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())]);
            let mut shell = Shell::start(kind, folder.path(), &environment, folder.path(), move |line| {
                log.lock().unwrap().push(line);
            })
            .unwrap();
            for (command, ended) in [
                ("export A='x y'; mkdir sub; cd sub", Ended::Command(0)),
                (
                    "echo \"$A\" >&2; pwd | sed 's|.*/||'; printf 'no end'",
                    Ended::Command(0),
                ),
                ("cat", Ended::Command(0)),
                ("false", Ended::Command(1)),
                ("(exit 7)", Ended::Command(7)),
            ] {
                assert_eq!(shell.run(command).await.unwrap(), ended, "{command}");
            }
            assert_eq!(shell.environment(false).await.unwrap()["A"], "x y");
            let last = shell.run("set -e\nexport B=1\nfalse\necho never").await.unwrap();
            assert_eq!(last, Ended::Shell(1));
            assert_eq!(shell.environment(true).await.unwrap()["B"], "1");
            assert_eq!(*lines.lock().unwrap(), ["x y", "sub", "no end"]);
        }
    }

    #[tokio::test]
    async fn the_environment_is_read_where_env_has_no_zero_bytes() {
        let (folder, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let env = bin.path().join("env");
        std::fs::write(&env, "#!/bin/sh\necho 'env: illegal option -- 0' >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&env, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
        let environment = BTreeMap::from([("PATH".to_owned(), path)]);
        let mut shell = Shell::start(ShellKind::Sh, folder.path(), &environment, folder.path(), |_| {}).unwrap();
        shell.run("export A='x=1\ny'").await.unwrap();
        assert_eq!(shell.environment(false).await.unwrap()["A"], "x=1\ny");
        let last = shell.run("export B=2; exit 4").await.unwrap();
        assert_eq!(last, Ended::Shell(4));
        assert_eq!(shell.environment(true).await.unwrap()["B"], "2");
    }

    #[tokio::test]
    async fn what_a_command_left_running_ends_with_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        let environment = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())]);
        let mut shell = Shell::start(ShellKind::Sh, folder.path(), &environment, folder.path(), |_| {}).unwrap();
        shell.run("echo >before; (sleep 1; echo >after) & true").await.unwrap();
        drop(shell);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(folder.path().join("before").exists());
        assert!(!folder.path().join("after").exists());
    }
}
