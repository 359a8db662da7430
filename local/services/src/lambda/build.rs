//! Building the functions with cargo, as `cargo run` itself was built.
//!
//! The profile, the target directory and the selection of packages are those of the command's own build, so that cargo
//! finds what it has compiled already. The variables that `cargo run` sets for its child are removed: build scripts
//! that look at them would run again.

use super::fresh::Asked;
use super::narration::{Narration, Progress};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// How wide cargo thinks that its progress bar is: the names of what it compiles just now come behind the bar.
const WIDTH: &str = "100";

/// Why there is no binary to run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo is not there or cannot be started.
    #[error("cannot start `{program}` to build the functions: {source}; is Rust installed (https://rustup.rs)?")]
    Cargo {
        /// What was to be started.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Cargo says that the code does not compile.
    #[error("the functions do not build:\n{output}")]
    Compile {
        /// What cargo printed: all of it but for what it was doing when.
        output: String,
    },
    /// Cargo has built the others, and not this binary.
    #[error("the workspace has no binary `{binary}`: the template's `Metadata.BuildProperties.Binary` names it")]
    Missing {
        /// The binary target's name.
        binary: String,
    },
}

/// Builds `binaries` of the workspace at `root` and says where each one is; `progress` gets how far cargo is.
///
/// # Errors
/// See [`BuildError`].
pub(super) async fn build(
    root: &Path,
    binaries: &[String],
    progress: impl Fn(Progress<'_>),
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let asked = asked(root, binaries);
    if let Some(found) = asked.as_ref().and_then(Asked::fresh) {
        return Ok(found);
    }
    let began = SystemTime::now();
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let could_not_start = |source| BuildError::Cargo {
        program: program.to_string_lossy().into_owned(),
        source,
    };
    let mut child = command(&program, root, binaries).spawn().map_err(could_not_start)?;
    let mut found = BTreeMap::new();
    let mut narration = Narration::default();
    let messages = child.stdout.take().map(|pipe| BufReader::new(pipe).lines());
    let words = child.stderr.take();
    let (Some(mut messages), Some(mut words)) = (messages, words) else {
        return Err(could_not_start(std::io::Error::other("its output cannot be read")));
    };
    let artifacts = async {
        while let Ok(Some(line)) = messages.next_line().await {
            found.extend(executable(&line));
        }
    };
    let narrated = async {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = words.read(&mut bytes).await {
            narration.take(&bytes[..read], &progress);
        }
        narration.end(&progress);
    };
    tokio::join!(artifacts, narrated);
    let status = child.wait().await.map_err(could_not_start)?;
    let said = narration.messages();
    if let Some(binary) = no_such_binary(said) {
        return Err(BuildError::Missing { binary });
    }
    if !status.success() {
        return Err(BuildError::Compile {
            output: said.join("\n"),
        });
    }
    match binaries.iter().find(|binary| !found.contains_key(*binary)) {
        Some(binary) => Err(BuildError::Missing { binary: binary.clone() }),
        None => {
            if let Some(asked) = asked {
                asked.keep(began, &found);
            }
            Ok(found)
        }
    }
}

/// What is built, if it is known where: then a build that would change nothing can be left out.
fn asked(root: &Path, binaries: &[String]) -> Option<Asked> {
    let own = std::env::current_exe().ok().as_deref().and_then(OwnBuild::of)?;
    let kept = own.folder().join(".stepline-functions.json");
    let variables = std::env::vars().filter(|(name, _)| is_heeded(name));
    let given = own.arguments().into_iter().map(|it| it.to_string_lossy().into_owned());
    Some(Asked {
        kept,
        root: root.to_owned(),
        binaries: binaries.to_vec(),
        given: given
            .chain(variables.map(|(name, value)| format!("{name}={value}")))
            .collect(),
    })
}

/// Variables that may change what cargo makes.
fn is_heeded(name: &str) -> bool {
    let is_of_tools = ["CARGO", "RUST", "CC", "CXX", "AR", "CFLAGS", "LD"]
        .iter()
        .any(|of| name.starts_with(of));
    // What counts how deep rustup calls itself says nothing of the build.
    is_of_tools && !is_set_by_cargo_run(name) && name != "RUST_RECURSION_COUNT"
}

/// The command that builds `binaries`.
fn command(program: &OsStr, root: &Path, binaries: &[String]) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(root)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(binaries.iter().flat_map(|binary| ["--bin", binary]))
        // A bar into a pipe, too: it says how much there is to be compiled.
        .envs([
            ("CARGO_TERM_PROGRESS_WHEN", "always"),
            ("CARGO_TERM_PROGRESS_WIDTH", WIDTH),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(own) = std::env::current_exe().ok().as_deref().and_then(OwnBuild::of) {
        command.args(own.arguments());
    }
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command.env_remove(&name);
        }
    }
    command
}

/// How this very program was built, read from where it lies: `target/[<triple>/]<profile>/[deps/]stepline`.
#[derive(Debug, PartialEq, Eq)]
struct OwnBuild {
    target_dir: PathBuf,
    profile: String,
    triple: Option<String>,
}

impl OwnBuild {
    fn of(executable: &Path) -> Option<Self> {
        let mut folder = executable.parent()?;
        if folder.file_name()? == "deps" {
            folder = folder.parent()?;
        }
        let profile = match folder.file_name()?.to_str()? {
            "debug" => "dev".to_owned(),
            other => other.to_owned(),
        };
        let above = folder.parent()?;
        // Cargo marks its target directory; one level deeper is the folder of a target triple.
        let is_marked = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
        match above.parent() {
            Some(target_dir) if !is_marked(above) && is_marked(target_dir) => Some(Self {
                target_dir: target_dir.to_owned(),
                profile,
                triple: Some(above.file_name()?.to_str()?.to_owned()),
            }),
            _ if is_marked(above) => Some(Self {
                target_dir: above.to_owned(),
                profile,
                triple: None,
            }),
            // Installed somewhere else: cargo's defaults are as good as anything.
            _ => None,
        }
    }

    /// The folder of the binaries.
    fn folder(&self) -> PathBuf {
        let target = match &self.triple {
            Some(triple) => self.target_dir.join(triple),
            None => self.target_dir.clone(),
        };
        target.join(if self.profile == "dev" { "debug" } else { &self.profile })
    }

    fn arguments(self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "--target-dir".into(),
            self.target_dir.into(),
            "--profile".into(),
            self.profile.into(),
        ];
        if let Some(triple) = self.triple {
            arguments.extend(["--target".into(), triple.into()]);
        }
        arguments
    }
}

/// Variables that `cargo run` and `cargo test` set for what they start, as opposed to those that configure cargo.
///
/// See <https://doc.rust-lang.org/cargo/reference/environment-variables.html>.
fn is_set_by_cargo_run(name: &str) -> bool {
    matches!(
        name,
        "CARGO"
            | "CARGO_MANIFEST_DIR"
            | "CARGO_MANIFEST_PATH"
            | "CARGO_CRATE_NAME"
            | "CARGO_BIN_NAME"
            | "CARGO_PRIMARY_PACKAGE"
            | "CARGO_TARGET_TMPDIR"
            | "LD_LIBRARY_PATH"
            | "DYLD_FALLBACK_LIBRARY_PATH"
            | "OUT_DIR"
    ) || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_BIN_EXE_")
}

/// The binary that a message of `--message-format=json` reports.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), path.into()))
}

/// The binary that cargo did not find, from "error: no bin target named `x`…".
fn no_such_binary(said: &[String]) -> Option<String> {
    said.iter()
        .find_map(|line| line.split_once("no bin target named `")?.1.split_once('`'))
        .map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_messages_name_the_executables() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"image-push"},"executable":"/t/debug/image-push","fresh":true}"#;
        assert_eq!(
            executable(line),
            Some(("image-push".into(), "/t/debug/image-push".into()))
        );
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "not JSON",
        ] {
            assert_eq!(executable(other), None, "{other}");
        }
    }

    #[test]
    fn a_binary_that_is_not_there_is_named() {
        let said = ["error: no bin target named `nobody` in default-run packages".to_owned()];
        assert_eq!(no_such_binary(&said), Some("nobody".into()));
        assert_eq!(no_such_binary(&["error: could not compile".to_owned()]), None);
    }

    #[test]
    fn the_variables_of_cargo_run_are_told_from_those_of_cargos_configuration() {
        for (name, expected) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_BIN_EXE_stepline", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_BUILD_JOBS", false),
            ("CARGO_NET_OFFLINE", false),
        ] {
            assert_eq!(is_set_by_cargo_run(name), expected, "{name}");
        }
    }

    #[test]
    fn what_may_change_a_build_is_told_from_what_changes_from_call_to_call() {
        for (name, expected) in [
            ("RUSTFLAGS", true),
            ("CARGO_PROFILE_DEV_OPT_LEVEL", true),
            ("CC_x86_64_unknown_linux_gnu", true),
            ("RUSTUP_TOOLCHAIN", true),
            ("CARGO_PKG_NAME", false),
            ("RUST_RECURSION_COUNT", false),
            ("HOME", false),
        ] {
            assert_eq!(is_heeded(name), expected, "{name}");
        }
    }

    #[test]
    fn the_own_build_is_read_from_where_the_program_lies() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("target");
        std::fs::create_dir_all(&target).expect("a folder");
        std::fs::write(target.join("CACHEDIR.TAG"), "").expect("a file");
        let own = |path: &str| OwnBuild::of(&target.join(path));
        let expect = |profile: &str, triple: Option<&str>| {
            Some(OwnBuild {
                target_dir: target.clone(),
                profile: profile.into(),
                triple: triple.map(Into::into),
            })
        };
        assert_eq!(own("debug/stepline"), expect("dev", None));
        assert_eq!(own("debug/deps/chain-0123"), expect("dev", None));
        assert_eq!(own("release/stepline"), expect("release", None));
        assert_eq!(
            own("x86_64-unknown-linux-musl/debug/stepline"),
            expect("dev", Some("x86_64-unknown-linux-musl"))
        );
        assert_eq!(OwnBuild::of(&folder.path().join("bin/stepline")), None);
    }
}
