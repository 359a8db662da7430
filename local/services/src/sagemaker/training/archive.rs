//! `model.tar.gz` and `output.tar.gz`.

use crate::sagemaker::jobs::Files;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A compressed archive of a folder's files, which are at the archive's root. None if there are no files.
pub(super) async fn of(files: &Files<'_>, folder: &str) -> Result<Option<Vec<u8>>, String> {
    let folder = files.at(folder);
    let found = files.plain(folder.clone()).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let packed = tokio::task::spawn_blocking(move || pack(&folder, found)).await;
    let packed = packed.map_err(|error| error.to_string())?;
    packed.map(Some).map_err(|error| error.to_string())
}

fn pack(folder: &Path, files: Vec<PathBuf>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for path in files {
        let name = path.strip_prefix(folder).map_err(io::Error::other)?;
        archive.append_file(name, &mut File::open(&path)?)?;
    }
    archive.into_inner()?.finish()
}
