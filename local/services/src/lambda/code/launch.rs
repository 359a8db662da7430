//! What starts a process of a function.

use super::kept::KeepError;
use crate::python::Wanted;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How a process of a function is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// What it is called with.
    pub(crate) arguments: Vec<OsString>,
    /// Where it is started: what Lambda has at `/var/task`.
    pub(crate) folder: Option<PathBuf>,
    /// Variables that the function may set otherwise.
    pub(crate) defaults: BTreeMap<String, String>,
    /// Variables of its runtime.
    pub(crate) variables: BTreeMap<String, OsString>,
}

/// Where Lambda has a function's files.
const TASK_ROOT: &str = "/var/task";

impl Launch {
    /// The value of a variable that the runtime sets, where the function may set it too. Of a list of folders its own come
    /// first; it knows its files where Lambda has them.
    pub(crate) fn beside(&self, own: Option<&String>, value: &OsString) -> OsString {
        let (Some(own), Some(folder)) = (own, &self.folder) else {
            return value.clone();
        };
        let own = own.replace(TASK_ROOT, &folder.to_string_lossy());
        // What an image's file says of the variable itself, as in `/x:$PATH`, is the runtime's value, which follows.
        let own = own.split(':').filter(|part| !part.is_empty() && !part.starts_with('$'));
        let mut both = OsString::from(own.collect::<Vec<_>>().join(":"));
        if !both.is_empty() && !value.is_empty() {
            both.push(":");
        }
        both.push(value);
        both
    }
}

/// A [`Launch`], and what is worth telling of it.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) launch: Launch,
    /// What is not as on Lambda, a line each.
    pub(crate) notes: Vec<String>,
}

/// The local run does not have what a function needs. It says what, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotHere(pub(crate) String);

impl From<KeepError> for NotHere {
    fn from(error: KeepError) -> Self {
        Self(error.to_string())
    }
}

/// What a layer has: Lambda puts it below `/opt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerFiles {
    /// The ARN of its version.
    pub(crate) arn: String,
    /// The bytes of the zip that it came in.
    pub(crate) size: u64,
    /// Where its files are.
    pub(crate) folder: PathBuf,
    /// The runtime for which `sam build` would build it, where the template says so. Its files are then such as those of
    /// a function, and no path of a layer's.
    pub(crate) built_for: Option<String>,
}

/// What a function consists of.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The name of its runtime.
    pub(crate) runtime: String,
    /// Its files.
    pub(crate) files: PathBuf,
    /// Where they were copied from: the team's own folder.
    pub(crate) source: Option<PathBuf>,
    /// Its layers, in the order in which they are laid over one another.
    pub(crate) layers: Vec<LayerFiles>,
    /// What packages are installed.
    pub(crate) installs: Installs,
    /// Variables of its image.
    pub(crate) variables: BTreeMap<String, String>,
}

/// Which packages a function has beside its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Installs {
    /// Those that its files list, as `sam build` installs them.
    AsListed,
    /// These.
    These(Vec<Wanted>),
}

impl Parts {
    /// The variables that each process has which runs files: where they are, and what layers bring.
    pub(super) fn of_runtime(&self) -> BTreeMap<String, OsString> {
        let mut variables: BTreeMap<String, OsString> = [
            ("LAMBDA_TASK_ROOT".to_owned(), self.files.clone().into_os_string()),
            (
                "AWS_EXECUTION_ENV".to_owned(),
                format!("AWS_Lambda_{}", self.runtime).into(),
            ),
        ]
        .into();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let bin = self.of_layers(&["bin"]).chain(std::env::split_paths(&path));
        let lib = [self.files.clone(), self.files.join("lib")]
            .into_iter()
            .chain(self.of_layers(&["lib"]));
        for (name, folders) in [("PATH", joined(bin)), ("LD_LIBRARY_PATH", joined(lib))] {
            variables.insert(name.to_owned(), folders);
        }
        variables
    }

    /// Those of these folders that layers have. What is in a later layer comes over what is in an earlier one.
    pub(super) fn of_layers<'p>(&'p self, names: &'p [&str]) -> impl Iterator<Item = PathBuf> + 'p {
        let folders = self
            .layers
            .iter()
            .rev()
            .filter(|layer| layer.built_for.is_none())
            .flat_map(|layer| names.iter().map(|name| layer.folder.join(name)));
        folders.filter(|folder| folder.is_dir())
    }

    /// The layers that a runtime's own tool builds.
    pub(super) fn built_layers(&self, family: &'static str) -> impl Iterator<Item = &Path> {
        let layers = self.layers.iter().rev().filter(move |layer| {
            let built_for = layer.built_for.as_deref();
            built_for.is_some_and(|runtime| runtime.starts_with(family))
        });
        layers.map(|layer| layer.folder.as_path())
    }
}

/// Folders as a variable such as `PATH` has them.
pub(super) fn joined(folders: impl Iterator<Item = PathBuf>) -> OsString {
    let folders: Vec<PathBuf> = folders.collect();
    // Only a path with a colon does not go into such a variable.
    let fitting = folders
        .iter()
        .filter(|folder| !folder.as_os_str().as_encoded_bytes().contains(&b':'));
    std::env::join_paths(fitting).unwrap_or_default()
}

/// The program of a function that brings its own runtime.
pub(super) fn provided(parts: &Parts) -> Result<Prepared, NotHere> {
    let folders = parts.of_layers(&["."]).collect::<Vec<_>>();
    let programs = [&parts.files]
        .into_iter()
        .chain(&folders)
        .map(|folder| folder.join("bootstrap"));
    let Some(program) = programs.into_iter().find(|program| program.is_file()) else {
        return Err(NotHere(format!(
            "its code has no `bootstrap`, and of the functions with the runtime `{}` the local run builds those that cargo \
             builds (`BuildMethod: rust-cargolambda`): build it, and let the template lead to what was built",
            parts.runtime
        )));
    };
    let launch = Launch {
        program,
        folder: Some(parts.files.clone()),
        defaults: parts.variables.clone(),
        variables: parts.of_runtime(),
        ..Launch::default()
    };
    Ok(Prepared {
        launch,
        notes: Vec::new(),
    })
}
