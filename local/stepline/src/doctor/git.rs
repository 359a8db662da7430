//! Asks the repository's host with `git`, and with the credentials that `git` has.

use super::facts::RepositoryHost;
use crate::aws::{Looked, LookupError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// How long the host may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// `git` in a clone of the repository.
#[derive(Debug)]
pub(super) struct Git {
    clone: PathBuf,
}

impl Git {
    pub(super) fn of(clone: &Path) -> Self {
        Self {
            clone: clone.to_owned(),
        }
    }

    async fn run(&self, arguments: &[&str]) -> Looked<String> {
        let failed = |code: &str, message: String| LookupError {
            call: format!("git {}", arguments.first().copied().unwrap_or_default()),
            code: code.to_owned(),
            message,
        };
        let running = Command::new("git")
            .args(arguments)
            .current_dir(&self.clone)
            // Nobody is there to type a password.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, running)
            .await
            .map_err(|_| failed("NoAnswer", format!("nothing came within {} s", PATIENCE.as_secs())))?
            .map_err(|error| failed("NoGit", error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        // Git's message may have many lines. The first one says what happened.
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        Err(failed("Refused", without_credentials(first)))
    }
}

#[async_trait::async_trait]
impl RepositoryHost for Git {
    async fn list_branches(&self, repository: &str) -> Looked<Vec<String>> {
        // The clone's own URL may be the only one that works, for example SSH. It is of no use for another repository.
        let origin = self.run(&["remote", "get-url", "origin"]).await.unwrap_or_default();
        let url = match origin.trim() {
            origin if is_of(origin, repository) => origin.to_owned(),
            _ => format!("https://github.com/{repository}.git"),
        };
        let listed = self.run(&["ls-remote", "--heads", "--", &url]).await?;
        let names = listed.lines().filter_map(|line| line.split_once("\trefs/heads/"));
        Ok(names.map(|(_, name)| name.to_owned()).collect())
    }
}

/// Whether a remote's URL is of a repository.
fn is_of(url: &str, repository: &str) -> bool {
    let url = url.strip_suffix(".git").unwrap_or(url);
    url.strip_suffix(repository)
        .is_some_and(|rest| rest.ends_with(['/', ':']))
}

/// A message without what stands before the `@` of a URL in it.
fn without_credentials(message: &str) -> String {
    let words = message
        .split(' ')
        .map(|word| match (word.find("://"), word.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &word[..scheme + 3], &word[at + 1..]),
            _ => word.to_owned(),
        });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let done = std::process::Command::new("git")
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("git runs");
        assert!(done.status.success(), "git {arguments:?}: {done:?}");
    }

    #[tokio::test]
    async fn the_branches_of_the_repository_that_the_clone_came_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = folder.path().join("us/ours.git");
        std::fs::create_dir_all(&host).expect("a folder");
        git(&host, &["init", "--quiet", "--bare"]);
        let clone = folder.path().join("clone");
        git(folder.path(), &["clone", "--quiet", "us/ours.git", "clone"]);
        git(
            &clone,
            &[
                "-c",
                "user.name=n",
                "-c",
                "user.email=e",
                "commit",
                "--quiet",
                "--allow-empty",
                "-m",
                "m",
            ],
        );
        git(
            &clone,
            &[
                "push",
                "--quiet",
                "origin",
                "HEAD:refs/heads/dev",
                "HEAD:refs/heads/a/b",
            ],
        );
        let branches = Git::of(&clone).list_branches("us/ours").await;
        assert_eq!(branches, Ok(vec!["a/b".to_owned(), "dev".to_owned()]));

        std::fs::remove_dir_all(&host).expect("the host is gone");
        let error = Git::of(&clone).list_branches("us/ours").await.expect_err("no host");
        assert_eq!((error.call.as_str(), error.code.as_str()), ("git ls-remote", "Refused"));
    }

    #[test]
    fn whose_a_remote_is() {
        for (url, expected) in [
            ("https://github.com/us/ours.git", true),
            ("https://github.com/us/ours", true),
            ("git@github.com:us/ours.git", true),
            ("https://github.com/us/theirs", false),
            ("https://github.com/bus/ours", false),
            ("", false),
        ] {
            assert_eq!(is_of(url, "us/ours"), expected, "{url}");
        }
    }

    #[test]
    fn no_credential_of_a_url_is_shown() {
        for (message, expected) in [
            (
                "fatal: cannot reach 'https://me:secret@host/us/ours'",
                "fatal: cannot reach 'https://host/us/ours'",
            ),
            (
                "fatal: git@host:us/ours is not there",
                "fatal: git@host:us/ours is not there",
            ),
        ] {
            assert_eq!(without_credentials(message), expected);
        }
    }
}
