//! Source in, artifacts out: both are zips in S3.

use super::buildspec::Artifacts;
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Unpacks a source artifact.
pub(super) fn unzip(archive: &[u8], into: &Path) -> io::Result<()> {
    ZipArchive::new(Cursor::new(archive))?.extract(into)?;
    Ok(())
}

/// Packs what a build specification names. `secondary` names are relative to the source's folder.
pub(super) fn pack(artifacts: &Artifacts, source: &Path) -> io::Result<Vec<u8>> {
    let base = source.join(artifacts.base_directory.as_deref().unwrap_or("."));
    let flat = match &artifacts.discard_paths {
        serde_json::Value::Bool(flat) => *flat,
        other => other == "yes",
    };
    let mut files = Vec::new();
    walk(&base, &mut PathBuf::new(), &mut files)?;
    files.sort();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut packed = 0;
    for file in files {
        let name = file.to_string_lossy().into_owned();
        let wanted = |patterns: &[String]| patterns.iter().any(|pattern| path_glob(pattern, &name));
        if !wanted(&artifacts.files) || wanted(&artifacts.exclude_paths) {
            continue;
        }
        let path = base.join(&file);
        let stored = match file.file_name() {
            Some(alone) if flat => alone.to_string_lossy().into_owned(),
            _ => name,
        };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(mode(&path)?);
        archive.start_file(stored, options)?;
        let mut content = Vec::new();
        fs::File::open(&path)?.read_to_end(&mut content)?;
        archive.write_all(&content)?;
        packed += 1;
    }
    if packed == 0 {
        return Err(io::Error::other(format!(
            "no matching artifact paths found for {:?}",
            artifacts.files
        )));
    }
    Ok(archive.finish()?.into_inner())
}

fn mode(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// The files below `base`, by their paths from there.
fn walk(base: &Path, from: &mut PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(base.join(&from))? {
        let entry = entry?;
        from.push(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk(base, from, files)?;
        } else if entry.path().is_file() {
            files.push(from.clone());
        }
        from.pop();
    }
    Ok(())
}

/// `**` for any folders, `*` and `?` within one name.
pub(super) fn path_glob(pattern: &str, path: &str) -> bool {
    fn matches(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["**"], _) => true,
            (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| matches(rest, &path[skipped..])),
            ([first, rest @ ..], [name, names @ ..]) => platform::input::glob(first, name) && matches(rest, names),
            _ => false,
        }
    }
    let pattern = pattern.trim_start_matches("./");
    let split = |text| str::split(text, '/').collect::<Vec<_>>();
    matches(&split(pattern), &split(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_named_is_packed() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.txt", "out/b.json", "out/deep/c.json", "out/d.txt"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        for (artifacts, expected) in [
            (
                json!({"files": ["**/*"]}),
                vec!["a.txt", "out/b.json", "out/d.txt", "out/deep/c.json"],
            ),
            (json!({"files": ["*"]}), vec!["a.txt"]),
            (json!({"files": ["**/*.json"]}), vec!["out/b.json", "out/deep/c.json"]),
            (json!({"files": ["*.json"], "base-directory": "out"}), vec!["b.json"]),
            (
                json!({"files": ["out/**/*"], "exclude-paths": ["out/*.txt"]}),
                vec!["out/b.json", "out/deep/c.json"],
            ),
            (
                json!({"files": ["**/*.json"], "discard-paths": "yes"}),
                vec!["b.json", "c.json"],
            ),
        ] {
            let artifacts: Artifacts = serde_json::from_value(artifacts).unwrap();
            let zip = pack(&artifacts, folder.path()).unwrap();
            let again = tempfile::tempdir().unwrap();
            unzip(&zip, again.path()).unwrap();
            let mut files = Vec::new();
            walk(again.path(), &mut PathBuf::new(), &mut files).unwrap();
            files.sort();
            assert_eq!(
                files,
                expected.iter().map(PathBuf::from).collect::<Vec<_>>(),
                "{artifacts:?}"
            );
        }
        let none: Artifacts = serde_json::from_value(json!({"files": ["none"]})).unwrap();
        assert!(pack(&none, folder.path()).is_err());
    }
}
