//! Copies of code, each in a folder that is named after what is in it: so a function goes on with what it was deployed
//! with, the next start takes what was edited meanwhile, and the team's own tree stays as it is.
//!
//! Files are read-only, as below `/var/task`. Folders are not, so that whoever cleans up can remove them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::fs::{self, Metadata};
use std::io::{self, Cursor};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a function and its layers may have together, in bytes.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const LIMIT: u64 = 262_144_000;

/// Folders that `sam build` leaves out, or that only tools of the team's know.
const LEFT_OUT: [&str; 10] = [
    ".aws-sam",
    ".git",
    ".idea",
    ".mypy_cache",
    ".pytest_cache",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "venv",
];

/// What cargo marks its `target` with.
const MARK_OF_CARGO: &str = "CACHEDIR.TAG";

/// How deep folders may lie in one another: more are links that lead in a circle.
const DEPTH: usize = 100;

/// Why code is not kept. Those that AWS has too are in its words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// It is more than a function may have.
    #[error("Unzipped size must be smaller than {LIMIT} bytes")]
    TooLarge,
    /// It is no zip.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotZip,
    /// The system does not let it be read or written.
    #[error("{path}: {error}")]
    Io {
        /// What it was.
        path: String,
        /// What the system says.
        error: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> KeepError {
    let path = path.display().to_string();
    move |error| KeepError::Io { path, error }
}

/// What Lambda says of a deployment package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Its SHA-256, in base64. Of a folder, which nobody has packed, it is that of its files.
    pub(crate) sha256: String,
    /// How many bytes it has.
    pub(crate) size: u64,
}

impl Sum {
    fn new(hash: &[u8], size: u64) -> Self {
        Self {
            sha256: BASE64_STANDARD.encode(hash),
            size,
        }
    }
}

/// A copy of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Where its files are.
    pub(crate) files: PathBuf,
    /// What it was copied from.
    pub(crate) sum: Sum,
}

/// Where the copies are.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Copies that are kept in this folder, which need not be there yet.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// A copy of a folder, or what is in a zip.
    pub(crate) fn path(&self, path: &Path) -> Result<Copied, KeepError> {
        let found = fs::metadata(path).map_err(at(path))?;
        if found.is_dir() {
            return self.tree(path);
        }
        self.zip(&fs::read(path).map_err(at(path))?)
    }

    /// What is in a zip.
    pub(crate) fn zip(&self, archive: &[u8]) -> Result<Copied, KeepError> {
        let mut zip = zip::ZipArchive::new(Cursor::new(archive)).map_err(|_| KeepError::NotZip)?;
        let mut size = 0;
        for at in 0..zip.len() {
            size += zip.by_index_raw(at).map_err(|_| KeepError::NotZip)?.size();
        }
        if size > LIMIT {
            return Err(KeepError::TooLarge);
        }
        let files = self.keep(&key(&[b"zip", archive]), |into| {
            zip.extract(into).map_err(|_| KeepError::NotZip)
        })?;
        let sum = Sum::new(&Sha256::digest(archive), archive.len() as u64);
        Ok(Copied { files, sum })
    }

    /// A few files with these texts.
    pub(crate) fn texts(&self, files: &[(&str, &str)]) -> Result<PathBuf, KeepError> {
        let parts: Vec<&[u8]> = files
            .iter()
            .flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()])
            .collect();
        self.keep(&key(&parts), |into| {
            for (name, text) in files {
                let path = into.join(name);
                fs::write(&path, text).map_err(at(&path))?;
            }
            Ok(())
        })
    }

    /// Gives a folder of its own to whoever puts files together, and takes it away.
    pub(super) fn staged<T, E: From<KeepError>>(&self, fill: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
        let stage = self.folder.join(format!(".{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&stage).map_err(at(&stage))?;
        let filled = fill(&stage);
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&stage);
        filled
    }

    /// The files of a folder that are code, by their paths in it.
    pub(super) fn files(&self, root: &Path) -> Result<Vec<PathBuf>, KeepError> {
        let mut files = Vec::new();
        self.collect(root, Path::new(""), &mut files)?;
        files.sort();
        Ok(files)
    }

    fn tree(&self, root: &Path) -> Result<Copied, KeepError> {
        let files = self.files(root)?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        for file in &files {
            let path = root.join(file);
            let found = fs::metadata(&path).map_err(at(&path))?;
            size += found.len();
            if size > LIMIT {
                return Err(KeepError::TooLarge);
            }
            hash.update(file.as_os_str().as_encoded_bytes());
            hash.update([0, u8::from(is_executable(&found))]);
            hash.update(found.len().to_be_bytes());
            hash.update(fs::read(&path).map_err(at(&path))?);
        }
        let hash = hash.finalize();
        let files = self.keep(&hex::encode(&hash[..12]), |into| {
            for file in &files {
                let (from, to) = (root.join(file), into.join(file));
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder).map_err(at(folder))?;
                }
                fs::copy(&from, &to).map_err(at(&from))?;
            }
            Ok::<(), KeepError>(())
        })?;
        let sum = Sum::new(&hash, size);
        Ok(Copied { files, sum })
    }

    /// The files below a folder, by their paths from `root`.
    fn collect(&self, root: &Path, below: &Path, files: &mut Vec<PathBuf>) -> Result<(), KeepError> {
        let folder = root.join(below);
        if below.components().count() > DEPTH {
            return Err(at(&folder)(io::Error::other("folders lie too deep in one another")));
        }
        // What npm has put there is installed anew, as `sam build` does it.
        let has_packages = folder.join("package.json").is_file();
        for entry in fs::read_dir(&folder).map_err(at(&folder))? {
            let name = entry.map_err(at(&folder))?.file_name();
            let (path, below) = (folder.join(&name), below.join(&name));
            // A link that leads nowhere is nothing.
            let Ok(found) = fs::metadata(&path) else { continue };
            let is_left_out = LEFT_OUT.iter().any(|left_out| name == *left_out)
                || (has_packages && name == "node_modules")
                || path.join(MARK_OF_CARGO).is_file()
                || (self.folder.starts_with(&path) && !root.starts_with(&self.folder));
            if found.is_dir() && !is_left_out {
                self.collect(root, &below, files)?;
            } else if found.is_file() {
                files.push(below);
            }
        }
        Ok(())
    }

    /// The folder of this name, which is filled now unless it is there.
    pub(crate) fn keep<E: From<KeepError>>(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let kept = self.folder.join(name);
        if kept.is_dir() {
            return Ok(kept);
        }
        let unfinished = self.folder.join(format!(".{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&unfinished).map_err(at(&unfinished))?;
        let finish = || {
            make_read_only(&unfinished)?;
            fs::rename(&unfinished, &kept).map_err(at(&kept))
        };
        let renamed = fill(&unfinished).and_then(|()| finish().map_err(E::from));
        if renamed.is_err() {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(&unfinished);
        }
        // Another process may have been faster with the same.
        if kept.is_dir() {
            Ok(kept)
        } else {
            renamed.map(|()| kept)
        }
    }
}

/// A name for what consists of these parts.
pub(crate) fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

fn is_executable(file: &Metadata) -> bool {
    file.permissions().mode() & 0o111 != 0
}

fn make_read_only(folder: &Path) -> Result<(), KeepError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let found = fs::symlink_metadata(&path).map_err(at(&path))?;
        if found.is_dir() {
            make_read_only(&path)?;
        } else if found.is_file() {
            let mode = found.permissions().mode();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode & !0o222)).map_err(at(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_after_what_is_in_it_and_leaves_out_what_is_no_code() {
        let team = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = team.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("app.py", "one");
        write("package/part.py", "");
        write("package.json", "{}");
        for path in [
            "node_modules/a/index.js",
            "venv/x",
            "__pycache__/y",
            "target/CACHEDIR.TAG",
        ] {
            write(path, "");
        }
        // Also where the copies themselves lie below the folder.
        let kept = Kept::new(team.path().join("build/stepline/functions"));
        let first = kept.path(team.path()).unwrap().files;
        let mut files = Vec::new();
        Kept::new("/nowhere".into())
            .collect(&first, Path::new(""), &mut files)
            .unwrap();
        files.sort();
        assert_eq!(files, ["app.py", "package/part.py", "package.json"].map(PathBuf::from));
        let mode = fs::metadata(first.join("app.py")).unwrap().permissions().mode();
        assert_eq!(mode & 0o222, 0, "{mode:o}");
        assert_eq!(kept.path(team.path()).unwrap().files, first);
        write("app.py", "two");
        assert_ne!(kept.path(team.path()).unwrap().files, first);
        assert_eq!(fs::read_to_string(first.join("app.py")).unwrap(), "one");
    }

    #[test]
    fn what_is_no_zip_is_told_in_lambdas_words() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("kept"));
        let error = kept.zip(b"PK?").unwrap_err().to_string();
        assert!(error.starts_with("Could not unzip uploaded file."), "{error}");
        let error = kept.path(&folder.path().join("absent")).unwrap_err().to_string();
        assert!(error.contains("absent: No such file"), "{error}");
    }
}
