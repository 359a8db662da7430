//! Whether functions are still as cargo built them: then it need not be asked again, which takes longer than a deployment.
//!
//! It is what cargo looks at, too: when the files were changed that went into a binary. Cargo lists them beside it
//! (<https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>). Manifests, the lock file, the configuration
//! and the toolchain's file are not in that list, and are looked at as well. Whatever is not as it was has cargo asked.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// File systems tell times in steps of up to so much.
const STEP: Duration = Duration::from_secs(1);

/// A build that is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    /// Where it is written down how it went.
    pub(super) kept: PathBuf,
    /// The workspace.
    pub(super) root: PathBuf,
    /// The names of the binaries.
    pub(super) binaries: Vec<String>,
    /// What cargo is given: its arguments, and the variables that it heeds.
    pub(super) given: Vec<String>,
}

/// A build that went well.
#[derive(Debug, Serialize, Deserialize)]
struct Built {
    given: Vec<String>,
    began: SystemTime,
    binaries: BTreeMap<String, Binary>,
    /// The manifests and the like that were there.
    manifests: BTreeSet<PathBuf>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Binary {
    path: PathBuf,
    modified: SystemTime,
    length: u64,
}

impl Binary {
    fn at(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        Some(Self {
            path: path.to_owned(),
            modified: metadata.modified().ok()?,
            length: metadata.len(),
        })
    }
}

impl Asked {
    /// Where the binaries are, if a build of now would change nothing.
    pub(super) fn fresh(&self) -> Option<BTreeMap<String, PathBuf>> {
        let built: Built = serde_json::from_slice(&fs::read(&self.kept).ok()?).ok()?;
        let paths = self.binaries.iter().map(|name| {
            let binary = built.binaries.get(name)?;
            (Binary::at(&binary.path)? == *binary).then(|| (name.clone(), binary.path.clone()))
        });
        let paths: BTreeMap<String, PathBuf> = paths.collect::<Option<_>>()?;
        let sources = sources(&paths)?;
        let manifests = self.manifests(&sources);
        let is_older = |file: &PathBuf| {
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified + STEP < built.began)
        };
        let is_fresh =
            built.given == self.given && manifests == built.manifests && sources.iter().chain(&manifests).all(is_older);
        is_fresh.then_some(paths)
    }

    /// Writes down a build that began at a time. Where that cannot be, cargo is asked the next time.
    pub(super) fn keep(&self, began: SystemTime, paths: &BTreeMap<String, PathBuf>) {
        let binaries = paths.iter().map(|(name, path)| Some((name.clone(), Binary::at(path)?)));
        let Some((binaries, sources)) = binaries.collect::<Option<_>>().zip(sources(paths)) else {
            return;
        };
        let built = Built {
            given: self.given.clone(),
            began,
            binaries,
            manifests: self.manifests(&sources),
        };
        if let Ok(text) = serde_json::to_vec(&built) {
            let _ = fs::write(&self.kept, text);
        }
    }

    /// What cargo reads before it compiles these sources, as far as it is there.
    fn manifests(&self, sources: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let packages = sources.iter().flat_map(|source| source.ancestors().skip(1));
        let packages: BTreeSet<&Path> = packages.filter(|folder| folder.starts_with(&self.root)).collect();
        let of_packages = packages
            .into_iter()
            .flat_map(|folder| ["Cargo.toml", "build.rs"].map(|name| folder.join(name)));
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
        let of_home = home
            .into_iter()
            .flat_map(|folder| ["config", "config.toml"].map(|name| folder.join(name)));
        let above = self.root.ancestors().flat_map(|folder| {
            [
                ".cargo/config",
                ".cargo/config.toml",
                "rust-toolchain",
                "rust-toolchain.toml",
            ]
            .map(|name| folder.join(name))
        });
        let all = of_packages.chain(of_home).chain(above);
        all.chain([self.root.join("Cargo.toml"), self.root.join("Cargo.lock")])
            .filter(|file| file.is_file())
            .collect()
    }
}

/// The files that went into binaries, as cargo lists them; nothing where a list is missing.
fn sources(paths: &BTreeMap<String, PathBuf>) -> Option<BTreeSet<PathBuf>> {
    let mut sources = BTreeSet::new();
    for path in paths.values() {
        let list = fs::read_to_string(path.with_extension("d")).ok()?;
        let (_, files) = list.lines().next()?.split_once(": ")?;
        sources.extend(parts(files).into_iter().map(PathBuf::from));
    }
    Some(sources)
}

/// A list as make has it: a blank within a path has a backslash before it.
fn parts(files: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = files.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek(), parts.last_mut()) {
            ('\\', Some(' '), Some(last)) => {
                last.push(' ');
                characters.next();
            }
            (' ', _, _) => parts.push(String::new()),
            (other, _, Some(last)) => last.push(other),
            (_, _, None) => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace with one binary of one file, built a minute after everything was written.
    fn built(root: &Path) -> (Asked, BTreeMap<String, PathBuf>) {
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        for file in ["Cargo.toml", "Cargo.lock", "one/Cargo.toml", "rust-toolchain.toml"] {
            write(file, "");
        }
        let source = write("one/src/a file.rs", "").display().to_string().replace(' ', "\\ ");
        let binary = write("target/debug/one", "program");
        write("target/debug/one.d", &format!("{}: {source}\n", binary.display()));
        let asked = Asked {
            kept: root.join("target/debug/kept.json"),
            root: root.to_owned(),
            binaries: vec!["one".into()],
            given: vec!["--bin".into(), "one".into()],
        };
        let paths = BTreeMap::from([("one".to_owned(), binary)]);
        asked.keep(SystemTime::now() + Duration::from_secs(60), &paths);
        (asked, paths)
    }

    #[test]
    fn cargo_is_asked_again_where_anything_has_changed() {
        type Change = fn(&Path, &mut Asked);
        let later = |file: PathBuf| {
            let file = fs::File::options().append(true).create(true).open(file).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(120)).unwrap();
        };
        let changes: [(&str, bool, Change); 12] = [
            ("nothing", true, |_, _| ()),
            ("a file that goes into nothing", true, |root, _| {
                fs::write(root.join("README.md"), "").unwrap()
            }),
            ("a source that is gone", false, |root, _| {
                fs::remove_file(root.join("one/src/a file.rs")).unwrap()
            }),
            ("a build script", false, |root, _| {
                fs::write(root.join("one/build.rs"), "").unwrap()
            }),
            ("a configuration", false, |root, _| {
                fs::create_dir(root.join(".cargo")).unwrap();
                fs::write(root.join(".cargo/config.toml"), "").unwrap();
            }),
            ("no toolchain", false, |root, _| {
                fs::remove_file(root.join("rust-toolchain.toml")).unwrap()
            }),
            ("no lock", false, |root, _| {
                fs::remove_file(root.join("Cargo.lock")).unwrap()
            }),
            ("another binary", false, |root, _| {
                fs::write(root.join("target/debug/one"), "other").unwrap()
            }),
            ("no binary", false, |root, _| {
                fs::remove_file(root.join("target/debug/one")).unwrap()
            }),
            ("no list", false, |root, _| {
                fs::remove_file(root.join("target/debug/one.d")).unwrap()
            }),
            ("other arguments", false, |_, asked| {
                asked.given.push("--release".into())
            }),
            ("one more binary", false, |_, asked| asked.binaries.push("two".into())),
        ];
        for (what, is_fresh, change) in changes {
            let folder = tempfile::tempdir().unwrap();
            let (mut asked, paths) = built(folder.path());
            change(folder.path(), &mut asked);
            assert_eq!(asked.fresh(), is_fresh.then_some(paths), "{what}");
        }
        for file in [
            "one/src/a file.rs",
            "Cargo.toml",
            "Cargo.lock",
            "one/Cargo.toml",
            "rust-toolchain.toml",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (asked, _) = built(folder.path());
            later(folder.path().join(file));
            assert_eq!(asked.fresh(), None, "{file}");
        }
    }

    #[test]
    fn what_changed_while_cargo_was_at_work_is_newer_than_the_build() {
        let folder = tempfile::tempdir().unwrap();
        let (asked, paths) = built(folder.path());
        asked.keep(SystemTime::now(), &paths);
        assert_eq!(asked.fresh(), None);
    }
}
