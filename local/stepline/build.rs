//! Lists the files of the chain that `stepline new` writes into another repository, so that the command carries them along.
//!
//! They are below `repository/`: in a clone as links to the folders of the repository, in a package of crates.io as what was
//! there when it was packed. So the package is complete by itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folders of the chain.
const FOLDERS: &[&str] = &["config", "container", "sam", "seed", "statemachine"];

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is"));
    let root = package.join("repository");
    let mut files = Vec::new();
    for folder in FOLDERS {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let before = files.len();
        collect(&folder, &mut files);
        assert!(
            files.len() > before,
            "{} has no files: it is a link, and git writes links where `git config core.symlinks` is not false",
            folder.display()
        );
    }
    files.sort();
    let mut list = "const REPOSITORY: &[(&str, &[u8], bool)] = &[\n".to_owned();
    for file in files {
        let path = file.strip_prefix(&root).expect("it is below the root");
        let path = path.to_string_lossy().replace('\\', "/");
        let _ = writeln!(
            list,
            "    ({path:?}, include_bytes!({:?}), {}),",
            file,
            is_executable(&file)
        );
    }
    list.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("repository.rs"), list).expect("the list can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // What builds and tests leave.
        if ["__pycache__", ".aws-sam", ".pytest_cache", ".venv"].contains(&&*name) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    fs::read(file).is_ok_and(|content| content.starts_with(b"#!"))
}
