//! Stand-ins for the `docker`, `aws`, `python` and `pip` that a build image has: this same program, under those names.
//!
//! The first two call the services over HTTP, signed with the build's credentials, as the real ones do. So a call that the
//! build's role may not make fails here too. They have the commands that builds of container images need; any other
//! command or option is refused by name. `docker` stands in also if there is a container engine: the engine builds the
//! image, but it would push it to the registry's real address.

mod aws;
mod builder;
mod client;
mod context;
mod docker;
mod dockerfile;
mod failure;
mod ignore;
mod image;
mod instruction;
mod media;
mod options;
mod pip;
mod python;
mod saved;
mod store;

pub(super) use client::CREDENTIALS;

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Acts as `docker`, `aws`, `python` or `pip` if that is the name in `args` under which this program was started; None for
/// any other.
pub fn stand_in(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().map(|arg| arg.to_string_lossy().into_owned());
    let name = args.next()?;
    let name = Path::new(&name).file_name()?.to_str()?.to_owned();
    let args: Vec<String> = args.collect();
    let done = match name.as_str() {
        "aws" => aws::run(&args),
        "docker" => docker::run(&args),
        name if python::NAMES.contains(&name) => python::run(name, &args),
        _ => return None,
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::from(failure.code)
        }
    })
}

/// Puts the stand-ins into a folder that is to come first in a build's `PATH`.
pub(super) fn install(folder: &Path) -> io::Result<()> {
    let program = program()?;
    std::fs::create_dir_all(folder)?;
    for name in ["aws", "docker"].into_iter().chain(python::NAMES) {
        std::os::unix::fs::symlink(&program, folder.join(name))?;
    }
    Ok(())
}

/// This program; where a test runs in its place, the command beside it.
fn program() -> io::Result<PathBuf> {
    let current = env::current_exe()?;
    if current.file_stem().is_some_and(|name| name == "stepline") {
        return Ok(current);
    }
    let beside = current
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join("stepline"));
    let mut beside = beside.filter(|program| program.is_file());
    beside.next().ok_or_else(|| {
        io::Error::other("the command `stepline` is not built: its stand-ins for docker and aws are missing")
    })
}
