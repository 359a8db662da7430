//! An image as an engine gives it out, in the format of `docker save`, made into what a registry keeps: a
//! configuration, compressed layers and a manifest that names them by their digests.
//!
//! The configuration stays as it is. It names its layers by their contents, so its digest is the same
//! in the engine and in the registry: <https://github.com/moby/docker-image-spec/blob/main/spec.md>.

use super::media::MediaTypes;
use super::store::Store;
use flate2::{Compression, GzBuilder};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    layers: Vec<String>,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Keeps the one image of an archive, and answers with the digest of its manifest.
pub(super) fn keep(archive: &Path, store: &Store, media_types: MediaTypes) -> Result<String, String> {
    let unusable = |why: &dyn std::fmt::Display| format!("the image that the engine gave out cannot be used: {why}");
    let mut archive = Archive::open(archive).map_err(|error| unusable(&error))?;
    let text = archive.whole("manifest.json").map_err(|error| unusable(&error))?;
    let images: Vec<Saved> = serde_json::from_slice(&text).map_err(|error| unusable(&error))?;
    let [image] = images.as_slice() else {
        return Err(unusable(&format_args!("it is {} images", images.len())));
    };
    let config = archive.whole(&image.config).map_err(|error| unusable(&error))?;
    let config_digest = store.keep(&config).map_err(|error| unusable(&error))?;
    let mut layers = Vec::new();
    for layer in &image.layers {
        layers.push(archive.layer(layer, store).map_err(|error| unusable(&error))?);
    }
    let manifest = media_types.manifest(config.len(), &config_digest, &layers);
    store.keep(manifest.as_bytes()).map_err(|error| unusable(&error))
}

/// A tar archive whose files are read in any order.
struct Archive {
    file: File,
    /// Where each file's bytes begin, and how many there are.
    files: HashMap<PathBuf, (u64, u64)>,
    /// A layer that several images share is there once, and linked to.
    links: HashMap<PathBuf, PathBuf>,
}

impl Archive {
    fn open(path: &Path) -> io::Result<Self> {
        let (mut files, mut links) = (HashMap::new(), HashMap::new());
        let mut archive = tar::Archive::new(File::open(path)?);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let path = entry.path()?.into_owned();
            match (entry.header().entry_type(), entry.link_name()?) {
                (tar::EntryType::Regular, _) => {
                    files.insert(path, (entry.raw_file_position(), entry.size()));
                }
                (tar::EntryType::Link, Some(to)) => drop(links.insert(path, to.into_owned())),
                (tar::EntryType::Symlink, Some(to)) => {
                    let folder = path.parent().unwrap_or(Path::new(""));
                    let to = folder.join(to);
                    drop(links.insert(path, plain(&to)));
                }
                _ => {}
            }
        }
        Ok(Self {
            file: archive.into_inner(),
            files,
            links,
        })
    }

    fn read(&mut self, name: &str) -> io::Result<impl Read + use<'_>> {
        let path = Path::new(name);
        let path = self.links.get(path).map_or(path, PathBuf::as_path);
        let found = self.files.get(path).copied();
        let (at, size) = found.ok_or_else(|| io::Error::other(format!("it has no `{name}`")))?;
        self.file.seek(SeekFrom::Start(at))?;
        Ok((&self.file).take(size))
    }

    fn whole(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.read(name)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Keeps a layer, compressed as it is or as it is not yet.
    fn layer(&mut self, name: &str, store: &Store) -> io::Result<(String, u64)> {
        let mut first = Vec::new();
        self.read(name)?.take(4).read_to_end(&mut first)?;
        if first == ZSTANDARD {
            return Err(io::Error::other(
                "a layer is compressed with Zstandard, which a manifest of Docker's kind cannot say",
            ));
        }
        let mut layer = self.read(name)?;
        store.keep_from(|to| {
            if first.starts_with(&GZIP) {
                return io::copy(&mut layer, to).map(drop);
            }
            // Quickly: it goes no further than this machine.
            let mut encoder = GzBuilder::new().mtime(0).write(to, Compression::fast());
            io::copy(&mut layer, &mut encoder)?;
            encoder.finish().map(drop)
        })
    }
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::Normal(part) => plain.push(part),
            std::path::Component::ParentDir => drop(plain.pop()),
            _ => {}
        }
    }
    plain
}
