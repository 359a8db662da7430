//! What lasts from run to run: where it is, how it begins anew, and what is in it.

use super::session::Trouble;
use crate::cloud;
use platform::store::Store;
use std::path::{Path, PathBuf};

/// The folder of what lasts: the one that was asked for, else the repository's.
pub(super) fn folder(root: &Path, asked: Option<&Path>) -> PathBuf {
    asked.map_or_else(|| cloud::folder(root).join("state"), Path::to_owned)
}

/// Opens the folder; an empty one for somebody who begins anew.
pub(super) fn open(folder: &Path, fresh: bool) -> Result<Store, Trouble> {
    if fresh {
        Store::clear(folder)?;
    }
    Ok(Store::open(folder)?)
}
