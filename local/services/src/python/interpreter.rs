//! This machine's Python.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The variable by which stand-ins learn which Python this machine has: `python3` on their `PATH` is one of them.
pub(crate) const PROGRAM: &str = "STEPLINE_PYTHON";

/// This machine's Python.
pub(crate) fn program() -> OsString {
    std::env::var_os(PROGRAM).unwrap_or_else(|| "python3".into())
}

/// This machine's Python: its version, and where it is installed.
pub(super) fn python() -> Result<&'static str, String> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let question = "import sys; print(sys.version.split()[0], sys.base_prefix)";
        let output = Command::new(program()).args(["-c", question]).output();
        let output = output.map_err(|error| format!("there is no `python3` on the PATH: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    });
    found.as_deref().map_err(Clone::clone)
}

/// This machine's Python: its version, and the program itself, behind whatever stands for it on the `PATH`.
pub(crate) fn interpreter() -> Result<(&'static str, PathBuf), String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let version = python()?.split(' ').next().unwrap_or_default();
    let found = FOUND.get_or_init(|| {
        let output = Command::new(program())
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let output = output.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().into())
    });
    found.clone().map(|program| (version, program))
}
