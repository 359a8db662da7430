//! Python packages of builds, and of images that are built without an engine.
//!
//! No build image and no base image is there, and this machine's own Python runs builds and jobs. What `pip install`
//! installs must not go into that Python: it goes into a virtual environment. Each list of packages has one, which is made
//! once, on the first build that asks for it, and is used by every build and job after that. An image's label says what to
//! install, so that a job finds the environment wherever it runs.
//!
//! A list that is locked by hashes is not installed again where all of it stands in a list that is installed: an image's
//! packages are among those of its tests.

mod copied;
mod environments;
mod interpreter;
mod list;
mod locked;
mod pip;
#[cfg(test)]
mod wheel;

pub(crate) use copied::{copy_program, packages};
pub use environments::Environments;
pub(crate) use interpreter::{PROGRAM, interpreter, program};
pub(crate) use list::{Install, Wanted};
pub(crate) use pip::{Missing, for_builds, for_pip, run, variables};
#[cfg(test)]
pub(crate) use wheel::smallest_wheel;

/// The label of an image that says what to install: a list of [`Install`]s as JSON.
pub(crate) const LABEL: &str = "dev.stepline.pip-install";

/// The variable by which the stand-in for `docker` learns where environments are kept.
pub(crate) const FOLDER: &str = "STEPLINE_PYTHON_ENVIRONMENTS";

/// The variable by which the stand-ins for `python` and `pip` learn where the build's own environment is to be.
pub(crate) const OF_BUILD: &str = "STEPLINE_PYTHON_OF_BUILD";
