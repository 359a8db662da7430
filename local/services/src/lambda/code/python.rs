//! Functions in Python: this machine's Python runs them, with the packages of their requirements.

use super::kept::Kept;
use super::launch::{Installs, Launch, NotHere, Parts, Prepared, joined};
use crate::python::{self, Environments, Install, Wanted};
use std::fs;
use std::path::{Path, PathBuf};

/// What asks the Runtime API for events and calls the handler.
const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// What Lambda's own runtimes for Python have beside the standard library.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/python-package.html>.
const OF_RUNTIME: &str = "boto3";

/// What begins the names of modules that come with it.
const OF_RUNTIME_MODULES: [&str; 2] = ["boto3", "botocore"];

/// The list of packages that `sam build` installs.
const REQUIREMENTS: &str = "requirements.txt";

/// How a function in Python is started. What its packages need is installed before, once for each list of them.
pub(super) fn prepare(
    parts: &Parts,
    kept: &Kept,
    environments: &Environments,
    say: &mut dyn FnMut(&str),
) -> Result<Prepared, NotHere> {
    let (version, interpreter) = python::interpreter().map_err(|why| {
        NotHere(format!(
            "the runtime `{}` is this machine's Python: {why}",
            parts.runtime
        ))
    })?;
    let mut notes = Vec::new();
    let asked = parts.runtime.trim_start_matches("python");
    if version != asked && !version.starts_with(&format!("{asked}.")) {
        notes.push(format!(
            "the runtime {} is asked for, and this machine's Python {version} takes its place",
            parts.runtime
        ));
    }
    let mut packages = Packages {
        needs_own: needs_own(parts),
        brings_own: false,
        wanted: Vec::new(),
    };
    let own = match &parts.installs {
        Installs::AsListed => Some(parts.files.as_path()),
        Installs::These(wanted) => {
            packages.wanted.extend(wanted.iter().cloned());
            packages.needs_own |= !wanted.is_empty();
            None
        }
    };
    for folder in own.into_iter().chain(parts.built_layers("python")) {
        if let Err(why) = packages.add(folder) {
            notes.push(format!("packages are left out: {why}"));
        }
    }
    let environment = packages.install(environments, &mut notes, say);
    let runtime = kept.texts(&[("bootstrap.py", BOOTSTRAP)])?;
    let (program, isolation) = match environment {
        Some(environment) => (environment.join("bin/python3"), "-s"),
        // Without packages: those of this machine are none of a function's.
        None => (interpreter, "-S"),
    };
    let mut variables = parts.of_runtime();
    variables.insert("LAMBDA_RUNTIME_DIR".into(), runtime.clone().into());
    variables.insert("PYTHONPATH".into(), joined(of_layers(parts, asked)));
    Ok(Prepared {
        launch: Launch {
            program,
            arguments: ["-B".into(), isolation.into(), runtime.join("bootstrap.py").into()].into(),
            folder: Some(parts.files.clone()),
            defaults: parts.variables.clone(),
            variables,
        },
        notes,
    })
}

/// The folders in which layers have modules.
fn of_layers(parts: &Parts, version: &str) -> impl Iterator<Item = PathBuf> {
    let packages = format!("python/lib/python{version}/site-packages");
    let names = [packages.as_str(), "python"];
    let taken: Vec<PathBuf> = parts.of_layers(&names).collect();
    let built: Vec<PathBuf> = parts.built_layers("python").map(Path::to_owned).collect();
    taken.into_iter().chain(built)
}

/// The packages that a function has beside its files.
struct Packages {
    /// Whether what the runtime brings is needed.
    needs_own: bool,
    /// Whether they have it themselves.
    brings_own: bool,
    wanted: Vec<Wanted>,
}

impl Packages {
    /// Adds what a folder's requirements want to have installed.
    fn add(&mut self, folder: &Path) -> Result<(), String> {
        let Ok(text) = fs::read_to_string(folder.join(REQUIREMENTS)) else {
            return Ok(());
        };
        let install = Install {
            options: Vec::new(),
            files: vec![REQUIREMENTS.to_owned()],
            packages: Vec::new(),
        };
        self.wanted.push(install.wanted(|_| Ok(text.clone()))?);
        // Any package may look for it.
        self.needs_own = true;
        self.brings_own |= text.lines().any(|line| line.trim_start().starts_with(OF_RUNTIME));
        Ok(())
    }

    /// The virtual environment with all of it, or with that part of it which can be had: a function may not need more.
    fn install(
        &self,
        environments: &Environments,
        notes: &mut Vec<String>,
        say: &mut dyn FnMut(&str),
    ) -> Option<PathBuf> {
        let own = Install {
            options: Vec::new(),
            files: Vec::new(),
            packages: vec![OF_RUNTIME.to_owned()],
        };
        let own: Vec<Wanted> = own
            .wanted(|_| Err(String::new()))
            .into_iter()
            .filter(|_| self.needs_own && !self.brings_own)
            .collect();
        // The function's own version of a package comes over the runtime's.
        let all = [own.clone(), self.wanted.clone()].concat();
        let why = match environments.with(&all, say) {
            Ok(made) => return made,
            Err(why) => why,
        };
        let left_out = |names: &str| format!("{names} cannot be had, and functions run without: {why}");
        let of_runtime = format!("{OF_RUNTIME}, which Lambda has beside each function,");
        for (part, absent) in [
            (&self.wanted, of_runtime.as_str()),
            (&own, "what requirements.txt lists"),
        ] {
            if part.len() < all.len()
                && !part.is_empty()
                && let Ok(made) = environments.with(part, say)
            {
                notes.push(left_out(absent));
                return made;
            }
        }
        notes.push(match self.wanted.is_empty() {
            true => left_out(&of_runtime),
            false => left_out("what requirements.txt lists"),
        });
        None
    }
}

/// Whether the function or one of its layers speaks of what the runtime brings.
fn needs_own(parts: &Parts) -> bool {
    let layers = parts.layers.iter().map(|layer| &layer.folder);
    let mut folders = [&parts.files].into_iter().chain(layers);
    folders.any(|folder| mentions(folder, &OF_RUNTIME_MODULES))
}

/// Whether a module below the folder speaks of one of these names.
fn mentions(folder: &Path, names: &[&str]) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return mentions(&path, names);
        }
        let is_module = path.extension().is_some_and(|extension| extension == "py");
        is_module && fs::read_to_string(&path).is_ok_and(|text| names.iter().any(|name| text.contains(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::code::LayerFiles;
    use std::collections::BTreeMap;

    #[test]
    fn what_the_runtime_brings_is_needed_where_only_a_layer_imports_it() {
        for (module, expected) in [("import boto3\n", true), ("import json\n", false)] {
            let (files, layer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            fs::create_dir(layer.path().join("python")).unwrap();
            fs::write(layer.path().join("python/part.py"), module).unwrap();
            let parts = Parts {
                runtime: "python3.12".into(),
                files: files.path().to_owned(),
                source: None,
                layers: vec![LayerFiles {
                    arn: String::new(),
                    size: 0,
                    folder: layer.path().to_owned(),
                    built_for: None,
                }],
                installs: Installs::AsListed,
                variables: BTreeMap::new(),
            };
            assert_eq!(needs_own(&parts), expected, "{module}");
        }
    }
}
