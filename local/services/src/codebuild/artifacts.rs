//! Source in, artifacts out: both are zips in S3.

use super::buildspec::Artifacts;
use super::unpacking::{self, Unpacked};
use crate::objects;
use globset::{GlobBuilder, GlobMatcher};
use platform::{Platform, Principal};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Gets what is at a bucket and a key, with a slash between them, and unpacks it into a folder. Says what it has.
pub(super) async fn download(
    (platform, role): (&Arc<Platform>, &Principal),
    location: &str,
    into: &Path,
) -> Result<Unpacked, String> {
    let (bucket, key) = location.split_once('/').unwrap_or((location, ""));
    let body = objects::get(platform, role, bucket, key)
        .await
        .map_err(|error| format!("error while downloading key {key}, error: {error}"))?;
    let into = into.to_owned();
    let unpacked = tokio::task::spawn_blocking(move || unpacking::unpack(&body, &into));
    let unpacked = unpacked.await.map_err(io::Error::other).and_then(|unpacked| unpacked);
    unpacked.map_err(|error| format!("the source artifact `{bucket}/{key}`: {error}"))
}

/// Packs what the build specification names, and puts it where the project says.
pub(super) async fn upload(
    (platform, role): (&Arc<Platform>, &Principal),
    to: &Value,
    artifacts: &Artifacts,
    source: &Path,
) -> Result<(), String> {
    let name = to["name"].as_str().or(artifacts.name.as_deref());
    let (Some(bucket), Some(name)) = (to["location"].as_str(), name) else {
        return Err("the artifacts need a location and a name".into());
    };
    if to["packaging"].as_str() != Some("ZIP") {
        return Err("the local run packs artifacts as ZIP alone".into());
    }
    let archive = pack(artifacts, source).map_err(|error| error.to_string())?;
    let key = match to["path"].as_str().unwrap_or_default().trim_matches('/') {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    };
    let put = objects::put(platform, role, (bucket, &key), archive, json!({}));
    put.await.map_err(|error| error.to_string())
}

/// Packs what a build specification names.
fn pack(artifacts: &Artifacts, source: &Path) -> io::Result<Vec<u8>> {
    let base = source.join(artifacts.base_directory.as_deref().unwrap_or("."));
    let flat = is_yes(&artifacts.discard_paths);
    let unwanted = patterns(&artifacts.exclude_paths)?;
    let files = found(&base, &artifacts.files)?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut packed = 0;
    for file in files {
        if is_in(&unwanted, &file) {
            continue;
        }
        let path = base.join(&file);
        let stored = match file.file_name() {
            Some(alone) if flat => alone.to_string_lossy().into_owned(),
            _ => file.to_string_lossy().into_owned(),
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

/// What `discard-paths` says.
pub(super) fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        other => other == "yes",
    }
}

/// The files below `base` that match one of these patterns, by their paths from there, in order.
pub(super) fn found(base: &Path, wanted: &[String]) -> io::Result<Vec<PathBuf>> {
    let wanted = patterns(wanted)?;
    let mut files = Vec::new();
    walk(base, &mut PathBuf::new(), &mut files)?;
    files.retain(|file| is_in(&wanted, file));
    files.sort();
    Ok(files)
}

fn patterns(given: &[String]) -> io::Result<Vec<GlobMatcher>> {
    let patterns = given.iter().map(|pattern| path_pattern(pattern));
    patterns.collect::<Result<_, _>>().map_err(io::Error::other)
}

fn is_in(patterns: &[GlobMatcher], file: &Path) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(file))
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

/// A pattern for paths. `**` is any folders; `*`, `?` and `[a-z]` stay within one name; `\*` is a star.
pub(super) fn path_pattern(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    // The crate also reads `{a,b}` as a choice. Here braces are ordinary characters.
    let pattern = pattern.trim_start_matches("./").replace('{', "\\{").replace('}', "\\}");
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build()?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (
                json!({"files": ["./[a-b].*", "out/**/[!b].json"]}),
                vec!["a.txt", "out/deep/c.json"],
            ),
        ] {
            let artifacts: Artifacts = serde_json::from_value(artifacts).unwrap();
            let zip = pack(&artifacts, folder.path()).unwrap();
            let again = tempfile::tempdir().unwrap();
            let again = again.path().join("builds/1/src");
            unpacking::unpack(&zip, &again).unwrap();
            let mut files = Vec::new();
            walk(&again, &mut PathBuf::new(), &mut files).unwrap();
            files.sort();
            assert_eq!(
                files,
                expected.iter().map(PathBuf::from).collect::<Vec<_>>(),
                "{artifacts:?}"
            );
        }
        let none: Artifacts = serde_json::from_value(json!({"files": ["none"]})).unwrap();
        assert!(pack(&none, folder.path()).is_err());
        let broken: Artifacts = serde_json::from_value(json!({"files": ["*", "[a"]})).unwrap();
        let error = pack(&broken, folder.path()).unwrap_err().to_string();
        assert!(error.contains("[a"), "{error}");
    }

    #[test]
    fn patterns_are_for_whole_paths() {
        for (pattern, path, matches) in [
            ("**", "a/b", true),
            ("a/**", "a/b/c", true),
            ("**/c", "c", true),
            ("a/**/c", "a/c", true),
            ("*", "a/b", false),
            ("a/?", "a/b", true),
            ("a?b", "a/b", false),
            ("*.json", ".json", true),
            ("**.json", "a/b.json", false),
            ("**.json", "b.json", true),
            ("\\*", "a", false),
            ("\\*", "*", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
        ] {
            assert_eq!(
                path_pattern(pattern).unwrap().is_match(path),
                matches,
                "{pattern} {path}"
            );
        }
    }
}
