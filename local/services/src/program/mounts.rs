//! The file system of a program: this machine's own, with the image's files and the program's own folder at their paths.
//!
//! The image's base is not there, so the image's own files are laid over the machine's folders. For that, the program
//! gets a new root in a mount namespace. A folder that only the machine has is bound as a whole. A folder that both have is
//! made anew, and each of its children is bound by itself.

use super::work::Own;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folder of which a program has nothing of the machine's.
const TEMPORARY: &str = "/tmp";

/// What a program's root is put together from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tree {
    children: BTreeMap<String, Tree>,
    /// Bound here as a whole.
    from: Option<PathBuf>,
}

impl Tree {
    /// What an unpacked image holds.
    fn of(folder: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let child = if entry.file_type()?.is_dir() {
                Self {
                    from: Some(entry.path()),
                    ..Self::of(&entry.path())?
                }
            } else {
                Self {
                    children: BTreeMap::new(),
                    from: Some(entry.path()),
                }
            };
            tree.children.insert(name, child);
        }
        Ok(tree)
    }

    fn put(&mut self, path: &str, from: &Path) {
        let mut tree = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            tree = tree.children.entry(part.to_owned()).or_default();
        }
        tree.children.clear();
        tree.from = Some(from.to_owned());
    }
}

/// A shell script that makes the program's root and runs its command in it. Its arguments are the root, a file that
/// it leaves when all is in place, the folder to start in, the command's `PATH`, and the command. `packages` are at their own
/// path.
pub(super) fn script(image: &Path, own: Option<&Own>, packages: Option<&Path>) -> io::Result<String> {
    let mut tree = Tree::of(image)?;
    // A repository may lie there, and its packages with it.
    if let Some(packages) = packages.filter(|packages| packages.starts_with(TEMPORARY)) {
        tree.put(&packages.to_string_lossy(), packages);
    }
    if let Some(own) = own {
        tree.put(own.path, &own.folder);
    }
    let mut script = String::from("set -e\nroot=$1 ready=$2 start=$3 path=$4\nshift 4\n");
    script.push_str("PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin\nmount -t tmpfs -o mode=755 tmpfs \"$root\"\n");
    // What a program leaves in its own /tmp goes with it.
    script.push_str("mkdir \"$root/tmp\"\nmount -t tmpfs -o mode=1777 tmpfs \"$root/tmp\"\n");
    let mut parts = Parts::default();
    compose(&mut parts, &tree, Path::new("/"))?;
    parts.write(&mut script);
    script.push_str("mkdir -p \"$root$start\"\n: >\"$ready\"\n");
    script.push_str("PATH=$PATH exec chroot \"$root\" /bin/sh -c 'cd \"$1\"; PATH=$2; export PATH; shift 2; exec \"$@\"' sh \"$start\" \"$path\" \"$@\"\n");
    Ok(script)
}

/// What the script does, by what does it: one process makes many folders, as starting it takes longer than its work.
#[derive(Debug, Default)]
struct Parts {
    /// Folders of the root's own.
    folders: Vec<String>,
    /// Folders that something is bound to.
    targets: Vec<String>,
    /// Lines that the shell does by itself, and links.
    rest: String,
    mounts: String,
}

impl Parts {
    /// Places first: what is bound may be bound to a folder within another one, and everything lies in the root.
    fn write(self, script: &mut String) {
        for folder in self.folders {
            let _ = writeln!(script, "mkdir -p {folder}");
        }
        if !self.targets.is_empty() {
            let _ = writeln!(script, "mkdir -p {}", self.targets.join(" "));
        }
        script.push_str(&self.rest);
        script.push_str(&self.mounts);
    }
}

/// Adds what makes one folder of the root: `tree` is what the program puts there.
fn compose(parts: &mut Parts, tree: &Tree, at: &Path) -> io::Result<()> {
    let is_own = at == Path::new(TEMPORARY);
    let host = fs::read_dir(at).into_iter().flatten().filter(|_| !is_own);
    let mut host: BTreeMap<String, fs::FileType> = host
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((
                entry.file_name().to_string_lossy().into_owned(),
                entry.file_type().ok()?,
            ))
        })
        .collect();
    for (name, child) in &tree.children {
        let path = at.join(name);
        let known = host.remove(name);
        if path == Path::new(TEMPORARY) {
            compose(parts, child, &path)?;
            continue;
        }
        // A folder of the machine's that the image adds to, also where a link leads to it.
        let shared = !child.children.is_empty() && known.is_some() && path.is_dir();
        if shared || child.from.is_none() {
            parts.folders.push(in_root(&path));
            compose(parts, child, &path)?;
        } else if let Some(from) = &child.from {
            bind(parts, from, &path, from.is_dir());
        }
    }
    for (name, kind) in host
        .into_iter()
        .filter(|(name, _)| at.join(name) != Path::new(TEMPORARY))
    {
        let path = at.join(name);
        if kind.is_symlink() {
            let target = fs::read_link(&path)?;
            let (target, path) = (quote(&target), quote(&path));
            // Infallible for a String; so is every write below.
            let _ = writeln!(parts.rest, "ln -s {target} \"$root\"{path}");
        } else if kind.is_dir() {
            // What may not be bound (a mount of another's) is left out.
            bind(parts, &path, &path, true);
        } else if kind.is_file() {
            bind(parts, &path, &path, false);
        }
    }
    Ok(())
}

fn bind(parts: &mut Parts, from: &Path, to: &Path, folder: bool) {
    let to = in_root(to);
    match folder {
        true => parts.targets.push(to.clone()),
        false => {
            let _ = writeln!(parts.rest, ": >{to}");
        }
    }
    let _ = writeln!(parts.mounts, "mount --rbind {} {to}", quote(from));
}

/// A path of the program's, as the shell finds it.
fn in_root(path: &Path) -> String {
    format!("\"$root\"{}", quote(path))
}

fn quote(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_images_files_are_bound_at_their_paths() {
        let image = tempfile::tempdir().unwrap();
        fs::create_dir(image.path().join("tmp")).unwrap();
        fs::write(image.path().join("tmp/requirements.lock"), "").unwrap();
        let program = image.path().join("opt/program/src");
        fs::create_dir_all(&program).unwrap();
        fs::write(program.join("it's.py"), "").unwrap();
        let own = Own {
            path: "/opt/ml",
            variable: "ML_ROOT",
            folder: "/jobs/j/ml".into(),
        };
        let script = script(image.path(), Some(&own), Some(Path::new("/tmp/r/python/p"))).unwrap();
        for line in [
            "mkdir -p \"$root\"'/opt'".to_owned(),
            format!(
                "mount --rbind '{}/opt/program' \"$root\"'/opt/program'",
                image.path().display()
            ),
            "mount --rbind '/jobs/j/ml' \"$root\"'/opt/ml'".to_owned(),
            "mount --rbind '/tmp/r/python/p' \"$root\"'/tmp/r/python/p'".to_owned(),
            // What the image has there is there, and nothing of the machine's.
            format!(
                "mount --rbind '{}/tmp/requirements.lock' \"$root\"'/tmp/requirements.lock'",
                image.path().display()
            ),
            "mount --rbind '/usr' \"$root\"'/usr'".to_owned(),
        ] {
            assert!(script.lines().any(|found| found == line), "{line} in\n{script}");
        }
    }
}
