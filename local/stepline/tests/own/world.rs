//! A repository in a temporary folder, and the command in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A repository of these files.
pub(crate) struct Repository(tempfile::TempDir);

impl Repository {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let repository = Self(folder);
        for (path, content) in files {
            repository.write(path, content);
        }
        repository
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().canonicalize().expect("the folder")
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, content).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.path().join(path)).expect("a file")
    }

    /// The command's exit code, and what it says.
    pub(crate) fn stepline(&self, arguments: &[&str]) -> (i32, String) {
        stepline(self.0.path(), arguments)
    }

    /// The same where nobody reads what it prints: what it says of errors.
    pub(crate) fn stepline_to_nobody(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = command(self.0.path(), arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command runs");
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output().expect("the command ends");
        (
            status.code().unwrap_or(-1),
            String::from_utf8_lossy(&stderr).into_owned(),
        )
    }

    /// The same with this program in the place of cargo.
    pub(crate) fn stepline_with_cargo(&self, arguments: &[&str], cargo: &Path) -> (i32, String) {
        end(command(self.0.path(), arguments).env("CARGO", cargo))
    }
}

/// The command in a folder: its exit code, and what it says.
pub(crate) fn stepline(folder: &Path, arguments: &[&str]) -> (i32, String) {
    end(&mut command(folder, arguments))
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepline"));
    command.current_dir(folder).args(arguments);
    for variable in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "DOCKER_HOST"] {
        command.env_remove(variable);
    }
    command
}

fn end(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    let said = [stdout, stderr].concat();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}
