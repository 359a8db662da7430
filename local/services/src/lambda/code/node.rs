//! Functions in Node.js: the machine's own `node` runs them, with the packages of their `package.json`.

use super::kept::{Kept, key};
use super::launch::{Installs, Launch, NotHere, Parts, Prepared, joined};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What asks the Runtime API for events and calls the handler.
const BOOTSTRAP: &str = include_str!("bootstrap.mjs");

/// What npm reads beside `package.json`.
const BESIDE: [&str; 3] = ["package-lock.json", "npm-shrinkwrap.json", ".npmrc"];

/// The scope of the SDK's packages, which Lambda has beside each function.
const SDK: &str = "@aws-sdk/";

/// How a function in Node.js is started: `path` says where `node` and `npm` are looked for. Its packages are installed
/// before, once for each list of them.
pub(super) fn prepare(
    parts: &Parts,
    kept: &Kept,
    path: &OsStr,
    say: &mut dyn FnMut(&str),
) -> Result<Prepared, NotHere> {
    let Some((program, version)) = find("node", path).and_then(|node| Some((node.clone(), version(&node)?))) else {
        return Err(NotHere(format!(
            "the runtime `{}` is this machine's Node.js, and no `node` is on the PATH: install it (https://nodejs.org)",
            parts.runtime
        )));
    };
    let mut notes = Vec::new();
    let asked = parts.runtime.trim_start_matches("nodejs").trim_end_matches(".x");
    if version.split('.').next() != Some(asked) {
        notes.push(format!(
            "the runtime {} is asked for, and this machine's Node.js {version} takes its place",
            parts.runtime
        ));
    }
    let npm = Npm {
        program: find("npm", path),
        version: &version,
        kept,
    };
    if parts.installs == Installs::AsListed {
        notes.extend(link_packages(parts, &npm, say));
    }
    let mut modules = Vec::new();
    for layer in parts.built_layers("nodejs") {
        match npm.of_folder(layer, say) {
            Ok(packages) => modules.extend(packages),
            Err(why) => notes.push(format!("a layer is left out: its packages cannot be installed: {why}")),
        }
    }
    modules.extend(parts.of_layers(&["nodejs/node_modules", &format!("nodejs/node{asked}/node_modules")]));
    match npm.sdk(sought_sdk(parts), asked, say) {
        Ok(sdk) => modules.extend(sdk),
        Err(why) => notes.push(format!(
            "AWS's SDK, which Lambda has beside each function, cannot be had, and the function runs without: {why}"
        )),
    }
    let runtime = kept.texts(&[("bootstrap.mjs", BOOTSTRAP)])?;
    let mut variables = parts.of_runtime();
    variables.insert("LAMBDA_RUNTIME_DIR".into(), runtime.clone().into());
    variables.insert("NODE_PATH".into(), joined(modules.into_iter()));
    Ok(Prepared {
        launch: Launch {
            program,
            arguments: [runtime.join("bootstrap.mjs").into()].into(),
            folder: Some(parts.files.clone()),
            defaults: parts.variables.clone(),
            variables,
        },
        notes,
    })
}

/// Puts `node_modules` beside the function's code; says why if not all of it can be had.
fn link_packages(parts: &Parts, npm: &Npm<'_>, say: &mut dyn FnMut(&str)) -> Option<String> {
    let link = parts.files.join("node_modules");
    let (packages, told) = match npm.of_folder(&parts.files, say) {
        Ok(packages) => (packages, None),
        Err(why) => {
            let own = parts.source.as_ref().map(|source| source.join("node_modules"));
            let own = own.filter(|own| own.is_dir());
            let instead = own.as_ref().map_or_else(
                || "the function runs without".to_owned(),
                |own| format!("{} takes their place", own.display()),
            );
            (
                own,
                Some(format!(
                    "the packages of package.json cannot be installed, and {instead}: {why}"
                )),
            )
        }
    };
    let packages = packages?;
    let leads_to = fs::read_link(&link).ok();
    if leads_to.as_deref() == Some(packages.as_path()) {
        return told;
    }
    if leads_to.is_some() {
        // Another run could only have this one.
        let _ = fs::remove_file(&link);
    }
    match std::os::unix::fs::symlink(&packages, &link) {
        Ok(()) => told,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => told,
        Err(error) => Some(format!("{}: {error}", link.display())),
    }
}

/// The program of this name in one of the folders of a `PATH`.
fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let mut programs = std::env::split_paths(path).map(|folder| folder.join(name));
    programs.find(|program| program.is_file())
}

fn version(node: &Path) -> Option<String> {
    let output = Command::new(node).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout)
        .trim()
        .trim_start_matches('v')
        .to_owned();
    output.status.success().then_some(version)
}

/// What installs packages, each list of them once, into a folder of their own.
struct Npm<'n> {
    program: Option<PathBuf>,
    /// Of Node.js: some packages are built for it.
    version: &'n str,
    kept: &'n Kept,
}

impl Npm<'_> {
    /// The packages of a folder's `package.json`, or none if it needs none.
    fn of_folder(&self, folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Option<PathBuf>, String> {
        let Ok(text) = fs::read_to_string(folder.join("package.json")) else {
            return Ok(None);
        };
        let package: Value = serde_json::from_str(&text).map_err(|error| format!("package.json: {error}"))?;
        let needs = |list: &str| package[list].as_object().is_some_and(|list| !list.is_empty());
        if !needs("dependencies") && !needs("optionalDependencies") {
            return Ok(None);
        }
        let mut files = vec![("package.json", text)];
        for name in BESIDE {
            files.extend(fs::read_to_string(folder.join(name)).ok().map(|text| (name, text)));
        }
        self.install(&files, say).map(Some)
    }

    /// Those of these packages of the SDK that the runtime has.
    fn sdk(
        &self,
        mut names: BTreeSet<String>,
        runtime: &str,
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<PathBuf>, String> {
        // Up to Node.js 16 it is the SDK's second version, and none of the third's packages.
        let is_old = runtime.parse::<u32>().is_ok_and(|major| major <= 16);
        names.retain(|name| is_old != name.starts_with(SDK));
        if names.is_empty() {
            return Ok(None);
        }
        let versions: Map<String, Value> = names
            .into_iter()
            .map(|name| (name, Value::from(if is_old { "2" } else { "3" })))
            .collect();
        let package = json!({"private": true, "dependencies": versions});
        self.install(&[("package.json", package.to_string())], say).map(Some)
    }

    fn install(&self, files: &[(&str, String)], say: &mut dyn FnMut(&str)) -> Result<PathBuf, String> {
        let npm = self.program.as_ref().ok_or("no `npm` is on the PATH")?;
        let mut parts = vec![b"npm".as_slice(), self.version.as_bytes()];
        parts.extend(files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]));
        let kept = self.kept.keep(&key(&parts), |into| {
            for (name, text) in files {
                fs::write(into.join(name), text).map_err(|error| NotHere(format!("{name}: {error}")))?;
            }
            install(npm, into, say).map_err(NotHere)
        });
        kept.map(|kept| kept.join("node_modules")).map_err(|why| why.0)
    }
}

/// Has npm install what the folder's `package.json` says: exactly that of the lock file, if there is one.
fn install(npm: &Path, folder: &Path, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let failed = |error: Error| format!("npm: {error}");
    say("npm installs packages of a function, once for this list of packages");
    let is_locked = BESIDE[..2].iter().any(|lock| folder.join(lock).is_file());
    let mut child = Command::new(npm)
        .current_dir(folder)
        .arg(if is_locked { "ci" } else { "install" })
        .args(["--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier"])
        .args(["--fetch-retries=1", "--fetch-retry-mintimeout=1000"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut errors = Vec::new();
    for line in child
        .stderr
        .take()
        .into_iter()
        .flat_map(|pipe| BufReader::new(pipe).lines())
        .map_while(Result::ok)
    {
        let said = ["npm error ", "npm ERR! "]
            .iter()
            .find_map(|begin| line.strip_prefix(begin));
        errors.extend(said.map(str::to_owned));
    }
    if child.wait().map_err(failed)?.success() {
        return Ok(());
    }
    // The first lines are codes.
    let is_code =
        |line: &&String| line.starts_with("code ") || line.starts_with("errno ") || line.starts_with("syscall ");
    let why = errors
        .iter()
        .find(|line| !is_code(line))
        .map_or("npm did not say why", String::as_str);
    Err(format!("npm: {why}"))
}

/// The packages of AWS's SDK that a function and its layers speak of and do not bring themselves.
fn sought_sdk(parts: &Parts) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect_sdk(&parts.files, &["node_modules"], &mut names);
    for layer in &parts.layers {
        // A layer's own code is among its packages. What the SDK itself imports comes with it.
        collect_sdk(&layer.folder, &["@aws-sdk", "aws-sdk"], &mut names);
    }
    let of_layers = parts
        .layers
        .iter()
        .map(|layer| layer.folder.join("nodejs/node_modules"));
    let brought: Vec<PathBuf> = of_layers.chain([parts.files.join("node_modules")]).collect();
    names.retain(|name| !brought.iter().any(|folder| folder.join(name).exists()));
    names
}

/// The packages of AWS's SDK that modules below a folder import, but for folders with these names.
fn collect_sdk(folder: &Path, but: &[&str], names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !but.iter().any(|name| entry.file_name() == *name) {
            collect_sdk(&path, but, names);
        }
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if let Some(text) = fs::read_to_string(&path)
            .ok()
            .filter(|_| ["js", "mjs", "cjs"].contains(&extension))
        {
            names.extend(imported_sdk(&text));
        }
    }
}

/// The packages of AWS's SDK that stand in quotes in a module.
fn imported_sdk(text: &str) -> BTreeSet<String> {
    let quoted = text.split(['"', '\'', '`']);
    let names = quoted.filter(|text| {
        let own = text.strip_prefix(SDK).unwrap_or("-");
        let is_name = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        *text == "aws-sdk" || (own != "-" && !own.is_empty() && is_name(own))
    });
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::code::LayerFiles;
    use std::collections::BTreeMap;

    #[test]
    fn the_packages_of_the_sdk_are_those_that_are_imported() {
        let text = r#"import { S3Client } from "@aws-sdk/client-s3";
            const lib = require('@aws-sdk/lib-storage'); const AWS = require("aws-sdk");
            console.log("@aws-sdk/ is a scope", "@aws-sdk/");"#;
        let found: Vec<String> = imported_sdk(text).into_iter().collect();
        assert_eq!(found, ["@aws-sdk/client-s3", "@aws-sdk/lib-storage", "aws-sdk"]);
    }

    #[test]
    fn the_packages_of_the_sdk_are_also_those_of_layers() {
        let (files, layer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, path, text) in [
            (&files, "app.mjs", "import '@aws-sdk/client-sqs'"),
            (&files, "node_modules/other/index.js", "require('@aws-sdk/client-ssm')"),
            (
                &layer,
                "nodejs/node_modules/part/index.js",
                "require('@aws-sdk/client-s3')",
            ),
            (&layer, "nodejs/own.js", "require('@aws-sdk/client-sns')"),
            (
                &layer,
                "nodejs/node_modules/@aws-sdk/client-sns/index.js",
                "require('@aws-sdk/inner')",
            ),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let parts = Parts {
            runtime: "nodejs22.x".into(),
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
        let found: Vec<String> = sought_sdk(&parts).into_iter().collect();
        assert_eq!(found, ["@aws-sdk/client-s3", "@aws-sdk/client-sqs"]);
    }

    #[test]
    fn without_node_it_is_said_what_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts {
            runtime: "nodejs22.x".into(),
            files: folder.path().to_owned(),
            source: None,
            layers: Vec::new(),
            installs: Installs::AsListed,
            variables: BTreeMap::new(),
        };
        let kept = Kept::new(folder.path().join("kept"));
        let error = prepare(&parts, &kept, OsStr::new(""), &mut |_| {}).unwrap_err();
        assert!(
            error.to_string().contains("no `node` is on the PATH: install it"),
            "{error}"
        );
    }
}
