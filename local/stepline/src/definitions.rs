//! The definitions of a repository, as the page reads them.

use crate::project::{self, Project, is_named_so};
use page::{DefinitionFiles, Written};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The definitions of a repository, as they are on disk whenever they are asked for.
#[derive(Debug)]
pub struct Definitions {
    root: PathBuf,
}

impl Definitions {
    /// Those of the repository at `root`.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

impl DefinitionFiles for Definitions {
    fn files(&self) -> BTreeMap<String, PathBuf> {
        let named = Project::open(&self.root).and_then(|project| project.definitions());
        // While a template or a samconfig.toml is being written, those are there still whose names say what they are.
        let named = named.unwrap_or_else(|_| {
            let files = project::files(&self.root).into_iter();
            files.filter(|file| is_named_so(file)).collect()
        });
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let below = |file: &Path| {
            // What a template names may lie elsewhere, or be a link that leads there.
            let file = file.canonicalize().ok()?;
            let name = file.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
            Some((name, file.clone()))
        };
        named.iter().filter_map(|file| below(file)).collect()
    }

    fn read(&self, file: &Path) -> io::Result<Written> {
        let text = std::fs::read_to_string(file)?;
        Ok(match project::definition(file) {
            Ok(read) => Written {
                text,
                json: Ok(read.text),
                open: read.open,
                has_positions: read.has_positions,
            },
            Err(error) => Written {
                text,
                json: Err(error.to_string()),
                open: Default::default(),
                has_positions: false,
            },
        })
    }
}
