//! A source artifact's files in a folder, and the folder's way from build to build.
//!
//! A build begins with the artifact's files and no others. To make some thousand files anew, and to delete them, costs
//! more than all else that a build of this machine does. So the folder of the last build is kept beside the builds, and the
//! next one takes it: what differs from the artifact is written, what the artifact does not have is deleted, and the rest
//! stays as it is.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};
use zip::ZipArchive;
use zip::read::ZipFile;

/// The name of the folder that waits for the next build.
const SPARE: &str = "spare";

/// What an archive has, as paths below its root.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

/// Makes `into` the folder of exactly the files of `archive`. It begins as the folder of the last build, if that waits.
///
/// # Errors
/// The archive is broken or has a path that leads out of it, or a file cannot be written.
pub(super) fn unpack(archive: &[u8], into: &Path) -> io::Result<Unpacked> {
    // Of builds at the same time one gets it.
    if spare(into).is_some_and(|spare| fs::rename(spare, into).is_ok()) {
        if let Ok(unpacked) = fill(archive, into) {
            return Ok(unpacked);
        }
        // Something in it cannot be changed.
        fs::remove_dir_all(into)?;
    }
    fs::create_dir_all(into)?;
    fill(archive, into)
}

/// Leaves the folder of a build to the next one, with what was unpacked alone, so that nothing which the build made takes
/// space. Where another one waits already, or this one cannot be cleared, it is deleted.
pub(super) fn leave(unpacked: &Unpacked, folder: &Path) {
    let left = sweep(folder, Path::new(""), unpacked).and_then(|()| match spare(folder) {
        Some(spare) => fs::rename(folder, spare),
        None => Err(io::Error::other("no folder of builds")),
    });
    if left.is_err() {
        // What cannot be removed does no harm where it is.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Where the folder of the last build waits: beside the folders of the builds, of which `source` is one's.
fn spare(source: &Path) -> Option<PathBuf> {
    Some(source.parent()?.parent()?.join(SPARE))
}

fn fill(archive: &[u8], into: &Path) -> io::Result<Unpacked> {
    let unpacked = write(archive, into)?;
    sweep(into, Path::new(""), &unpacked)?;
    Ok(unpacked)
}

impl Unpacked {
    fn has(&mut self, path: PathBuf, is_folder: bool) {
        let above = path.ancestors().skip(1).filter(|above| *above != Path::new(""));
        for folder in above {
            if !self.folders.insert(folder.to_owned()) {
                break;
            }
        }
        match is_folder {
            true => self.folders.insert(path),
            false => self.files.insert(path),
        };
    }
}

fn write(archive: &[u8], into: &Path) -> io::Result<Unpacked> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let (mut unpacked, mut links) = (Unpacked::default(), Vec::new());
    let mut ready = BTreeSet::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let path = path_of(&entry)?;
        let folder = if entry.is_dir() { Some(&*path) } else { path.parent() };
        make_folders(into, folder.unwrap_or(Path::new("")), &mut ready)?;
        if !entry.is_dir() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            match entry.is_symlink() {
                // At the end, so that no file is ever written through one.
                true => links.push((path.clone(), content)),
                false => write_file(&into.join(&path), &content, entry.unix_mode())?,
            }
        }
        unpacked.has(path, entry.is_dir());
    }
    for (path, target) in links {
        let target = PathBuf::from(String::from_utf8(target).map_err(io::Error::other)?);
        if leads_out(&path, &target) {
            return Err(leading_out(&path));
        }
        write_link(&into.join(&path), &target)?;
    }
    Ok(unpacked)
}

fn path_of<R: Read>(entry: &ZipFile<'_, R>) -> io::Result<PathBuf> {
    let name = entry.name().map_err(io::Error::other)?;
    let path: PathBuf = Path::new(&*name).components().collect();
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    match is_inside && path != Path::new("") {
        true => Ok(path),
        false => Err(leading_out(Path::new(&*name))),
    }
}

fn leading_out(path: &Path) -> io::Error {
    io::Error::other(format!("`{}` leads out of the archive", path.display()))
}

/// Whether a link's target lies outside of the archive, by the names alone.
fn leads_out(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

/// Makes a folder and those above it. `ready` are those that are known to be as they have to be.
fn make_folders(root: &Path, folder: &Path, ready: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if ready.contains(folder) {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(root, above, ready)?;
    }
    let path = root.join(folder);
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => open_up(&path, &found)?,
        Ok(_) => {
            fs::remove_file(&path)?;
            fs::create_dir(&path)?;
        }
        Err(_) => fs::create_dir(&path)?,
    }
    ready.insert(folder.to_owned());
    Ok(())
}

/// Writes a file, unless it is there as it has to be.
fn write_file(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    let mode = mode.map_or(0o644, |mode| mode & 0o777);
    if let Ok(found) = path.symlink_metadata() {
        if is_like(&found, content.len(), mode) && fs::read(path).is_ok_and(|read| read == content) {
            return Ok(());
        }
        remove(path, &found)?;
    }
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    set_mode(&file, mode)
}

fn write_link(path: &Path, target: &Path) -> io::Result<()> {
    if let Ok(found) = path.symlink_metadata() {
        if fs::read_link(path).is_ok_and(|read| read == target) {
            return Ok(());
        }
        remove(path, &found)?;
    }
    link(target, path)
}

fn remove(path: &Path, found: &Metadata) -> io::Result<()> {
    match found.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// Deletes what an archive does not have, in `folder` of what was unpacked at `root`.
fn sweep(root: &Path, folder: &Path, unpacked: &Unpacked) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let is_folder = entry.file_type()?.is_dir();
        if is_folder && unpacked.folders.contains(&path) {
            sweep(root, &path, unpacked)?;
        } else if is_folder {
            fs::remove_dir_all(entry.path())?;
        } else if !unpacked.files.contains(&path) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file is one of its own, with this length and mode.
#[cfg(unix)]
fn is_like(found: &Metadata, length: usize, mode: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    let is_own = found.is_file() && found.nlink() == 1;
    is_own && found.len() == length as u64 && found.mode() & 0o7777 == mode
}

#[cfg(not(unix))]
fn is_like(found: &Metadata, length: usize, _mode: u32) -> bool {
    found.is_file() && found.len() == length as u64
}

/// Gives a folder the mode of a new one, whatever the last build has made of it.
#[cfg(unix)]
fn open_up(path: &Path, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    const NEW: u32 = 0o755;
    match found.permissions().mode() & 0o7777 {
        NEW => Ok(()),
        _ => fs::set_permissions(path, fs::Permissions::from_mode(NEW)),
    }
}

#[cfg(not(unix))]
fn open_up(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    // As git does where it has no links: a file with the target's path.
    fs::write(path, target.to_string_lossy().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// An archive of files (path, content, mode) and of links (path, target).
    fn archive(files: &[(&str, &str, u32)], links: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content, mode) in files {
            let options = SimpleFileOptions::default().unix_permissions(*mode);
            writer.start_file(*path, options).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        for (path, target) in links {
            writer
                .add_symlink(*path, *target, SimpleFileOptions::default())
                .unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Everything in a folder, with what it is.
    #[cfg(unix)]
    fn everything(folder: &Path) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if metadata.is_dir() {
                found.push(format!("{name}/ {mode:o}"));
                found.extend(everything(&path).into_iter().map(|inner| format!("{name}/{inner}")));
            } else if metadata.is_symlink() {
                found.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else {
                found.push(format!("{name} {mode:o} {}", fs::read_to_string(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    #[cfg(unix)]
    fn whatever_a_build_did_the_next_one_begins_with_the_artifacts_files_alone() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let first = archive(
            &[
                ("a", "1", 0o644),
                ("run", "#!", 0o755),
                ("deep/b", "2", 0o644),
                ("deep/er/c", "3", 0o644),
                ("gone", "", 0o644),
            ],
            &[("deep/link", "../a")],
        );
        let second = archive(
            &[
                ("a", "1", 0o644),
                ("run", "#!", 0o644),
                ("deep/b", "4", 0o644),
                ("deep/er/c", "3", 0o644),
                ("gone/now", "5", 0o644),
            ],
            &[("deep/link", "er/c")],
        );
        let fresh = tempfile::tempdir().unwrap();
        let expected = fresh.path().join("builds/b/src");
        unpack(&second, &expected).unwrap();
        let expected = everything(&expected);
        assert_eq!(expected.len(), 9, "{expected:?}");

        type Does = fn(&Path);
        let builds: [Does; 12] = [
            |_| {},
            |at| fs::write(at.join("a"), "9").unwrap(),
            |at| fs::write(at.join("new"), "9").unwrap(),
            |at| fs::create_dir_all(at.join("deep/made/by/it")).unwrap(),
            |at| fs::remove_dir_all(at.join("deep")).unwrap(),
            |at| fs::set_permissions(at.join("a"), fs::Permissions::from_mode(0o4755)).unwrap(),
            |at| fs::set_permissions(at.join("deep"), fs::Permissions::from_mode(0o700)).unwrap(),
            |at| fs::set_permissions(at, fs::Permissions::from_mode(0o700)).unwrap(),
            |at| fs::hard_link(at.join("a"), at.join("../a")).unwrap(),
            // Nothing may be written or deleted through a link.
            |at| {
                fs::rename(at.join("deep"), at.join("../elsewhere")).unwrap();
                symlink("../elsewhere", at.join("deep")).unwrap();
            },
            |at| {
                fs::remove_file(at.join("a")).unwrap();
                symlink("run", at.join("a")).unwrap();
            },
            |at| {
                fs::remove_file(at.join("a")).unwrap();
                fs::create_dir(at.join("a")).unwrap();
            },
        ];
        for (number, build) in builds.iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let (one, two) = (folder.path().join("builds/1/src"), folder.path().join("builds/2/src"));
            let unpacked = unpack(&first, &one).unwrap();
            build(&one);
            let elsewhere = folder.path().join("builds/1/elsewhere");
            let before = elsewhere.is_dir().then(|| everything(&elsewhere));
            leave(&unpacked, &one);
            assert!(!one.exists(), "{number}");
            fs::create_dir_all(&two).unwrap();
            unpack(&second, &two).unwrap();
            assert_eq!(everything(&two), expected, "{number}");
            assert_eq!(elsewhere.is_dir().then(|| everything(&elsewhere)), before, "{number}");
            assert!(!folder.path().join("builds/spare").exists(), "{number}");
        }
    }

    #[test]
    fn one_folder_waits_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let zip = archive(&[("a", "1", 0o644)], &[]);
        let sources = ["builds/1/src", "builds/2/src"].map(|name| folder.path().join(name));
        let unpacked = sources.each_ref().map(|source| unpack(&zip, source).unwrap());
        for (unpacked, source) in unpacked.iter().zip(&sources) {
            leave(unpacked, source);
            assert!(!source.exists());
            assert!(folder.path().join("builds/spare/a").is_file());
        }
    }

    #[test]
    fn what_leads_out_of_an_archive_is_refused() {
        for (name, files, links) in [
            ("../a", vec![("../a", "", 0o644)], vec![]),
            ("/a", vec![("/a", "", 0o644)], vec![]),
            ("b/../../a", vec![("b/../../a", "", 0o644)], vec![]),
            ("up", vec![], vec![("up", "..")]),
            ("root", vec![], vec![("root", "/etc")]),
            ("b/up", vec![], vec![("b/up", "c/../../../d")]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let error = unpack(&archive(&files, &links), &folder.path().join("builds/1/src")).unwrap_err();
            assert_eq!(error.to_string(), format!("`{name}` leads out of the archive"));
        }
    }
}
