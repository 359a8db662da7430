//! The images that a build has made: blobs by digest, and images by name, in the folder of `DOCKER_CONFIG`.

use crate::manifest::digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::{env, fs, io};

/// Where the stand-in for `docker` keeps what it knows between two commands.
pub(super) struct Store {
    folder: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// Name with tag to the image, as its builder knows it.
    images: BTreeMap<String, String>,
    /// The names whose images have an attestation beside them.
    #[serde(default)]
    attested: BTreeSet<String>,
    /// The registries that `docker login` signed in to.
    registries: BTreeSet<String>,
}

impl Store {
    /// The store that the environment names.
    pub(super) fn open() -> io::Result<Self> {
        let folder = env::var_os("DOCKER_CONFIG").ok_or_else(|| io::Error::other("`DOCKER_CONFIG` is not set"))?;
        let folder = PathBuf::from(folder);
        fs::create_dir_all(folder.join("blobs"))?;
        Ok(Self { folder })
    }

    fn index(&self) -> Index {
        let text = fs::read(self.folder.join("index.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut Index)) -> io::Result<()> {
        let mut index = self.index();
        change(&mut index);
        fs::write(self.folder.join("index.json"), serde_json::to_vec(&index)?)
    }

    /// Keeps a blob and answers with its digest.
    pub(super) fn keep(&self, blob: &[u8]) -> io::Result<String> {
        let digest = digest(blob);
        fs::write(self.folder.join("blobs").join(&digest), blob)?;
        Ok(digest)
    }

    /// Keeps what `write` writes, however much that is; its digest and its length.
    pub(super) fn keep_from(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<(String, u64)> {
        let unfinished = self.file("unfinished");
        let mut hashing = Hashing {
            file: File::create(&unfinished)?,
            hash: Sha256::new(),
            length: 0,
        };
        write(&mut hashing)?;
        let digest = format!("sha256:{}", hex::encode(hashing.hash.finalize()));
        fs::rename(unfinished, self.blob(&digest))?;
        Ok((digest, hashing.length))
    }

    /// The file that has a blob's bytes.
    pub(super) fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest)
    }

    /// A file of the store's folder, for whoever needs one for a while.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Names an image, which has an attestation beside it or not.
    pub(super) fn tag(&self, name: &str, image: &str, is_attested: bool) -> io::Result<()> {
        self.change(|index| {
            index.images.extend([(name.to_owned(), image.to_owned())]);
            if is_attested {
                index.attested.insert(name.to_owned());
            } else {
                index.attested.remove(name);
            }
        })
    }

    /// Whether what this name is for is an image with an attestation beside it.
    pub(super) fn is_attested(&self, name: &str) -> bool {
        self.index().attested.contains(name)
    }

    /// The image with this name, as its builder knows it.
    pub(super) fn image(&self, name: &str) -> Option<String> {
        self.index().images.get(name).cloned()
    }

    /// Remembers that a registry let this build in.
    pub(super) fn sign_in(&self, registry: &str) -> io::Result<()> {
        self.change(|index| index.registries.extend([registry.to_owned()]))
    }

    /// A registry that this build signed in to and that one of the texts names.
    pub(super) fn registry_in<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> Option<String> {
        let registries = self.index().registries;
        texts.find_map(|text| {
            let named = |registry: &&String| text.contains(&format!("{registry}/"));
            registries.iter().find(named).cloned()
        })
    }

    /// Whether a registry let this build in.
    pub(super) fn is_signed_in(&self, registry: &str) -> bool {
        self.index().registries.contains(registry)
    }
}

/// A file that is hashed while it is written.
struct Hashing {
    file: File,
    hash: Sha256,
    length: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
