//! The context of a build as an engine takes it: a tar archive of a folder, without the files that `.dockerignore`
//! names.

use super::ignore::Ignore;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, io};

/// The time of every file, the first that a ZIP archive can have: the same files are the same layer in every build.
const TIME: u64 = 315_532_800;
/// The name of a Dockerfile that is not in the context.
const OUTSIDE: &str = ".dockerfile.stepline";

/// Packs a folder with a Dockerfile, which may be elsewhere; also answers with the Dockerfile's path in the archive.
pub(super) fn pack(folder: &Path, dockerfile: &Path, text: &str) -> io::Result<(Vec<u8>, String)> {
    let ignore = fs::read_to_string(folder.join(".dockerignore")).unwrap_or_default();
    let mut context = Packing {
        folder: folder.canonicalize()?,
        ignore: Ignore::parse(&ignore)?,
        dockerfile: OUTSIDE.to_owned(),
        archive: tar::Builder::new(Vec::new()),
    };
    if let Ok(inner) = dockerfile.canonicalize()?.strip_prefix(&context.folder) {
        context.dockerfile = inner.to_string_lossy().into_owned();
    } else {
        let mut header = header(tar::EntryType::Regular, 0o644, text.len() as u64);
        context.archive.append_data(&mut header, OUTSIDE, text.as_bytes())?;
    }
    context.folder("")?;
    Ok((context.archive.into_inner()?, context.dockerfile))
}

struct Packing {
    folder: std::path::PathBuf,
    ignore: Ignore,
    dockerfile: String,
    archive: tar::Builder<Vec<u8>>,
}

impl Packing {
    fn folder(&mut self, inner: &str) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.join(inner))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            let path = if inner.is_empty() {
                name
            } else {
                format!("{inner}/{name}")
            };
            self.entry(&path)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &str) -> io::Result<()> {
        let at = self.folder.join(path);
        let found = fs::symlink_metadata(&at)?;
        // The engine needs these two, whatever they say about themselves.
        let is_wanted = path == self.dockerfile || path == ".dockerignore" || !self.ignore.leaves_out(path);
        let mode = found.permissions().mode() & 0o777;
        if found.is_dir() {
            if is_wanted {
                let mut header = header(tar::EntryType::Directory, mode, 0);
                self.archive.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            // What a folder that is left out holds may be wanted: `!folder/file`.
            return self.folder(path);
        }
        if !is_wanted {
            return Ok(());
        }
        if found.is_symlink() {
            let mut header = header(tar::EntryType::Symlink, 0o777, 0);
            self.archive.append_link(&mut header, path, fs::read_link(&at)?)
        } else if found.is_file() {
            let mut header = header(tar::EntryType::Regular, mode, found.len());
            self.archive.append_data(&mut header, path, fs::File::open(&at)?)
        } else {
            // Sockets and the like are nothing that an image could have.
            Ok(())
        }
    }
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(folder: &Path, dockerfile: &Path) -> (Vec<String>, String) {
        let text = fs::read_to_string(dockerfile).unwrap();
        let (archive, name) = pack(folder, dockerfile, &text).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let link = entry.link_name().unwrap().map(|to| format!(" -> {}", to.display()));
            format!("{}{}", entry.path().unwrap().display(), link.unwrap_or_default())
        });
        (entries.collect(), name)
    }

    #[test]
    fn the_context_is_the_folder_without_what_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let context = folder.path().join("container");
        fs::create_dir_all(context.join("app/src")).unwrap();
        for (name, text) in [
            ("Dockerfile", "FROM a"),
            (".dockerignore", "*\n!app/src\n"),
            ("app/secret", ""),
            ("app/src/hello.py", ""),
        ] {
            fs::write(context.join(name), text).unwrap();
        }
        std::os::unix::fs::symlink("hello.py", context.join("app/src/link.py")).unwrap();
        let inner = ["app/src/", "app/src/hello.py", "app/src/link.py -> hello.py"];
        let (entries, name) = packed(&context, &context.join("Dockerfile"));
        assert_eq!(name, "Dockerfile");
        assert_eq!(entries, [&[".dockerignore", "Dockerfile"][..], &inner].concat());

        let elsewhere = folder.path().join("Other");
        fs::write(&elsewhere, "FROM b").unwrap();
        let (entries, name) = packed(&context, &elsewhere);
        assert_eq!(name, OUTSIDE);
        assert_eq!(entries, [&[OUTSIDE, ".dockerignore"][..], &inner].concat());
    }
}
