//! Templates that are nested in others.

use crate::template;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The templates that another one nests in files, and those that are nested in them. What cannot be read nests nothing:
/// where it is deployed, what is wrong is said.
pub(super) fn templates(outer: &Path) -> BTreeSet<PathBuf> {
    let (mut found, mut open) = (BTreeSet::new(), vec![outer.to_owned()]);
    while let Some(template) = open.pop() {
        let new = directly(&template)
            .into_iter()
            .filter(|file| found.insert(file.clone()));
        open.extend(new.collect::<Vec<_>>());
    }
    found
}

fn directly(template: &Path) -> Vec<PathBuf> {
    let folder = template.parent().unwrap_or(Path::new(""));
    let read = template::read(template).unwrap_or_default();
    let resources = read["Resources"].as_object().into_iter().flatten();
    let locations =
        resources.flat_map(|(_, resource)| ["Location", "TemplateURL"].map(|name| &resource["Properties"][name]));
    let files = locations.filter_map(|location| folder.join(location.as_str()?).canonicalize().ok());
    files.filter(|file| file.is_file()).collect()
}
