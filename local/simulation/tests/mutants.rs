//! The known bugs can be planted: each text that is to be replaced stands exactly once where it is said to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use simulation::planted::Mutants;

#[test]
fn every_known_bug_can_be_planted() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = Mutants::listed().unwrap();
    assert!(mutants.mutant.len() >= 20);
    let names: BTreeSet<&str> = mutants.mutant.iter().map(|mutant| mutant.name.as_str()).collect();
    assert_eq!(names.len(), mutants.mutant.len(), "names tell bugs apart");
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for mutant in &mutants.mutant {
        for edit in &mutant.edit {
            let text = files
                .entry(&edit.file)
                .or_insert_with(|| std::fs::read_to_string(root.join(&edit.file)).unwrap());
            if let Err(times) = edit.plant(text) {
                wrong.push(format!(
                    "{}: {} times in {}: {}",
                    mutant.name, times, edit.file, edit.find
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
