//! What is published on crates.io: the command, the interpreter, and the packages that they stand on.

use super::house::{Finding, assert_none, files, root, text};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The packages that are not kept to themselves, by their folders.
fn published() -> BTreeMap<String, Table> {
    let members = files().iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let read = members.filter_map(|(path, text)| {
        let manifest: Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let package = manifest.get("package")?;
        let is_kept = package.get("publish").is_some();
        (!is_kept).then(|| (path.trim_end_matches("/Cargo.toml").to_owned(), manifest))
    });
    read.collect()
}

fn workspace() -> Table {
    text("Cargo.toml").parse().expect("the root manifest")
}

/// What somebody who finds the package on crates.io looks for, and what crates.io asks for.
const TOLD: &[&str] = &[
    "categories",
    "description",
    "documentation",
    "include",
    "keywords",
    "license",
    "readme",
    "rust-version",
];

#[test]
fn packages_say_what_they_are() {
    let mut findings = Vec::new();
    let packages = published();
    assert!(packages.contains_key("local/stepline") && packages.contains_key("local/states-language"));
    for (folder, manifest) in &packages {
        let package = &manifest["package"];
        let name = package["name"].as_str().unwrap_or_default();
        let file = format!("{folder}/Cargo.toml");
        for field in TOLD.iter().filter(|field| package.get(**field).is_none()) {
            let mend = "say it, or keep the package with `publish.workspace = true`";
            findings.push(Finding::new(&file, format_args!("does not say `{field}`"), mend));
        }
        if package.get("documentation").and_then(Value::as_str) != Some(&format!("https://docs.rs/{name}")) {
            let mend = format!("say https://docs.rs/{name}");
            findings.push(Finding::new(&file, "its documentation is elsewhere", mend));
        }
        let own = folder.rsplit('/').next().unwrap_or_default();
        if name != own && name != format!("stepline-{own}") {
            let mend = format!("name it `{own}` or `stepline-{own}`");
            findings.push(Finding::new(&file, format_args!("the package is `{name}`"), mend));
        }
        for part in ["LICENSE", "README.md"] {
            if !root().join(folder).join(part).is_file() {
                findings.push(Finding::new(
                    folder,
                    format_args!("has no {part}"),
                    "a package is read by itself",
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn what_they_stand_on_is_published_too_in_the_same_version() {
    let workspace = workspace();
    let version = &workspace["workspace"]["package"]["version"];
    let known = workspace["workspace"]["dependencies"].as_table().expect("dependencies");
    let packages = published();
    let mut findings = Vec::new();
    for (name, dependency) in known {
        let Some(path) = dependency.get("path").and_then(Value::as_str) else {
            continue;
        };
        let thing = format!("`{name}` at {path} has the version {:?}", dependency.get("version"));
        match (packages.contains_key(path), dependency.get("version")) {
            (true, Some(said)) if said == version => {}
            (false, None) => {}
            (true, _) => findings.push(Finding::new(
                "Cargo.toml",
                thing,
                format_args!("it is published: say {version}"),
            )),
            (false, _) => findings.push(Finding::new(
                "Cargo.toml",
                thing,
                "it is not published: leave the version out",
            )),
        }
    }
    for (folder, manifest) in &packages {
        for kind in ["dependencies", "build-dependencies"] {
            for name in manifest
                .get(kind)
                .and_then(Value::as_table)
                .into_iter()
                .flat_map(Table::keys)
            {
                let path = known.get(name).and_then(|known| known.get("path")?.as_str());
                if path.is_some_and(|path| !packages.contains_key(path)) {
                    let mend = "publish that, too, or take it for tests alone";
                    findings.push(Finding::new(
                        folder,
                        format_args!("stands on `{name}`, which is kept"),
                        mend,
                    ));
                }
            }
        }
    }
    assert_none(findings);
}

/// `stepline new` writes what its package has: links, which cargo follows when it packs.
#[test]
fn the_commands_package_has_the_folders_of_the_chain() {
    let repository = root().join("local/stepline/repository");
    let mut linked: Vec<_> = std::fs::read_dir(&repository)
        .expect("the folder of links")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    linked.sort();
    assert_eq!(linked, ["config", "container", "sam", "seed", "statemachine"]);
    for name in linked {
        let target = std::fs::read_link(repository.join(&name)).expect("a link");
        assert_eq!(target.to_string_lossy(), format!("../../../{name}"));
    }
}
