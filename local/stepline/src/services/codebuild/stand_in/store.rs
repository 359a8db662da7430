//! The images that a build has made: blobs by digest, and manifests by name, in the folder of `DOCKER_CONFIG`.

use crate::services::ecr::manifest::digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs, io};

/// Where the stand-in for `docker` keeps what it knows between two commands.
pub(super) struct Store {
    folder: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// Name with tag to the manifest's digest.
    images: BTreeMap<String, String>,
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

    /// A blob's bytes.
    pub(super) fn blob(&self, digest: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join("blobs").join(digest))
    }

    /// Names a manifest.
    pub(super) fn tag(&self, name: &str, digest: &str) -> io::Result<()> {
        self.change(|index| index.images.extend([(name.to_owned(), digest.to_owned())]))
    }

    /// The digest of the manifest with this name.
    pub(super) fn image(&self, name: &str) -> Option<String> {
        self.index().images.get(name).cloned()
    }

    /// Remembers that a registry let this build in.
    pub(super) fn sign_in(&self, registry: &str) -> io::Result<()> {
        self.change(|index| index.registries.extend([registry.to_owned()]))
    }

    /// Whether it did.
    pub(super) fn is_signed_in(&self, registry: &str) -> bool {
        self.index().registries.contains(registry)
    }
}
