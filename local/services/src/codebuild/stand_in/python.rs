//! `python` and `pip` of a build: this machine's Python, in a virtual environment of the build's own.
//!
//! The environment is made when the first command asks for it, and goes with the build. So what a build installs is in no
//! other build, nor in this machine's Python, as on AWS. Packages that are locked by their hashes are the same in each
//! build: they are installed once ([`Environments`]), and the build's own environment refers to them.

use super::failure::Failure;
use super::pip;
use crate::python::{self, Environments, Missing, Wanted};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names under which Python and pip are called.
pub(super) const NAMES: [&str; 4] = ["pip", "pip3", "python", "python3"];

/// The file of an environment by which Python finds the packages of another one.
const REFERENCE: &str = "stepline.pth";

/// The file that says which locked packages an environment refers to.
const LOCKED: &str = "locked.json";

/// The file that an environment has when pip has installed into it.
const LOOSE: &str = "loose";

/// Acts as `python` or `pip`. It becomes that program, so that it returns only if pip has installed or something failed.
pub(super) fn run(name: &str, arguments: &[String]) -> Result<(), Failure> {
    let own = Own::of_build()?;
    let of_pip = if name.starts_with("pip") {
        Some(arguments)
    } else {
        pip_arguments(arguments)
    };
    match of_pip {
        Some([install, rest @ ..]) if install == "install" => own.install(rest),
        Some(others) => {
            own.refer_to_pip().map_err(|error| failed(&error))?;
            let variables = python::for_pip(python::variables());
            Err(become_program(own.pip().args(others).envs(variables)))
        }
        None => Err(become_program(own.python().args(arguments))),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(1, error)
}

/// Becomes another program; what it says if it cannot.
fn become_program(command: &mut Command) -> Failure {
    let error = command.exec();
    Failure::new(127, format_args!("{}: {error}", command.get_program().display()))
}

/// The arguments of `python -m pip`, if Python is called for that.
fn pip_arguments(arguments: &[String]) -> Option<&[String]> {
    // Options that take no value may stand before it.
    let is_flag =
        |argument: &&String| argument.starts_with('-') && !["-m", "-c", "-W", "-X"].contains(&argument.as_str());
    let flags = arguments.iter().take_while(is_flag).count();
    match &arguments[flags..] {
        [m, pip, rest @ ..] if m == "-m" && pip == "pip" => Some(rest),
        _ => None,
    }
}

/// A build's own virtual environment.
struct Own {
    folder: PathBuf,
    kept: Environments,
}

impl Own {
    /// The environment of the build that runs this; it is made unless it is there.
    fn of_build() -> Result<Self, Failure> {
        let variable = |name: &str| {
            let value = std::env::var_os(name).map(PathBuf::from);
            value.ok_or_else(|| Failure::new(127, format_args!("no `python3` on the PATH, or {name} was unset")))
        };
        variable(python::PROGRAM)?;
        let own = Self {
            folder: variable(python::OF_BUILD)?,
            kept: Environments::new(variable(python::FOLDER)?),
        };
        own.make()
            .map_err(|error| failed(&format_args!("a virtual environment: {error}")))?;
        Ok(own)
    }

    fn make(&self) -> io::Result<()> {
        let guard = File::create(self.folder.with_extension("lock"))?;
        guard.lock()?;
        if self.packages().is_ok() {
            return Ok(());
        }
        let made = Command::new(python::program())
            .args(["-m", "venv", "--without-pip"])
            .arg(&self.folder)
            .output()?;
        if made.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&made.stdout).into_owned() + &String::from_utf8_lossy(&made.stderr);
        Err(io::Error::other(said.trim().to_owned()))
    }

    fn packages(&self) -> io::Result<PathBuf> {
        python::packages(&self.folder)
    }

    fn python(&self) -> Command {
        Command::new(self.folder.join("bin/python3"))
    }

    fn pip(&self) -> Command {
        let mut command = self.python();
        command.args(["-m", "pip"]);
        command
    }

    /// `pip install`.
    fn install(&self, arguments: &[String]) -> Result<(), Failure> {
        let locked = locked(arguments).filter(|_| !self.folder.join(LOOSE).exists());
        let Some(wanted) = locked else {
            return self.install_loose(arguments);
        };
        let error = |error: io::Error| failed(&error);
        let list = self.folder.join(LOCKED);
        let mut all: Vec<Wanted> = match fs::read(&list) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| failed(&error))?,
            Err(_) => Vec::new(),
        };
        all.push(wanted);
        let made = self.kept.with(&all, &mut |line| println!("{line}"));
        if let Some(environment) = made.map_err(|error| failed(&error))? {
            println!("the locked packages are in {}", environment.display());
            self.refer_to(&environment).map_err(error)?;
            self.copy_scripts(&environment).map_err(error)?;
        }
        fs::write(&list, serde_json::to_vec(&all).unwrap_or_default()).map_err(error)
    }

    /// `pip install` of what may be another thing tomorrow: into this environment, as often as a build asks for it.
    fn install_loose(&self, arguments: &[String]) -> Result<(), Failure> {
        self.refer_to_pip().map_err(|error| failed(&error))?;
        File::create(self.folder.join(LOOSE)).map_err(|error| failed(&error))?;
        let mut pip = self.pip();
        pip.args(["install", "--disable-pip-version-check", "--no-input", "--retries", "2"])
            .args(arguments);
        python::run(&mut pip, &mut |line| println!("{line}")).map_err(|error| failed(&error))
    }

    /// Pip is there with the packages of another environment, or alone.
    fn refer_to_pip(&self) -> Result<(), Missing> {
        let failed = |error: io::Error| Missing::Failed(error.to_string());
        if self.packages().map_err(failed)?.join(REFERENCE).exists() {
            return Ok(());
        }
        self.refer_to(&self.kept.with_pip()?).map_err(failed)
    }

    /// Has Python find the packages of another environment.
    fn refer_to(&self, other: &Path) -> io::Result<()> {
        // A path is written alike in JSON and in Python.
        let path = serde_json::to_string(&python::packages(other)?)?;
        let line = format!("import site; site.addsitedir({path})\n");
        fs::write(self.packages()?.join(REFERENCE), line)
    }

    /// Copies the programs that packages bring. They are run by this environment's Python.
    fn copy_scripts(&self, other: &Path) -> io::Result<()> {
        for entry in fs::read_dir(other.join("bin"))? {
            let entry = entry?;
            let name = entry.file_name();
            let is_own = ["python", "pip", "activate", "Activate"]
                .iter()
                .any(|own| name.to_string_lossy().starts_with(own));
            if is_own || !entry.file_type()?.is_file() {
                continue;
            }
            let copy = self.folder.join("bin").join(&name);
            // Nothing is written through a link that may be there.
            if copy.symlink_metadata().is_ok() {
                fs::remove_file(&copy)?;
            }
            python::copy_program(&entry.path(), &copy, other, &self.folder)?;
        }
        Ok(())
    }
}

/// What these arguments of `pip install` install, if it is locked.
fn locked(arguments: &[String]) -> Option<Wanted> {
    let here = std::env::current_dir().ok()?;
    let install = pip::install(arguments, here.to_str()?).ok()?;
    let wanted = install.wanted(|file| fs::read_to_string(file).map_err(|error| error.to_string()));
    wanted.ok().filter(Wanted::is_locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_is_found_in_what_python_is_called_with() {
        for (arguments, expected) in [
            ("-m pip install x", Some("install x")),
            ("-B -I -m pip list", Some("list")),
            ("-m pip", Some("")),
            ("-m venv x", None),
            ("-c pass -m pip", None),
            ("script.py -m pip", None),
            ("", None),
        ] {
            let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
            let found = pip_arguments(&arguments).map(|rest| rest.join(" "));
            assert_eq!(found.as_deref(), expected, "{arguments:?}");
        }
    }
}
