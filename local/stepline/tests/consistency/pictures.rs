//! Pictures: each one that the documents show is what the command draws of its definition now.

use super::house::{Finding, assert_none, files, files_in, root, text};
use std::process::Command;

/// Where the pictures of the state machines are.
const FOLDER: &str = "docs/pictures/";

#[test]
fn every_picture_is_what_its_definition_draws() {
    let mut findings = Vec::new();
    let mut count = 0;
    for (path, picture) in files_in(FOLDER, ".svg") {
        count += 1;
        let name = path[FOLDER.len()..].trim_end_matches(".svg");
        let definition = format!("statemachine/{name}.asl.json");
        let mend = format!("cargo run -- graph {definition} --output {path}, or all of them: just pictures");
        let drawn = Command::new(env!("CARGO_BIN_EXE_stepline"))
            .args(["graph", &definition])
            .current_dir(root())
            .output()
            .expect("the command runs");
        if !drawn.status.success() {
            let said = String::from_utf8_lossy(&drawn.stderr).trim().to_owned();
            findings.push(Finding::new(path, said, "mend the definition, or remove the picture"));
        } else if drawn.stdout != picture.as_bytes() {
            findings.push(Finding::new(path, format_args!("is not what {definition} draws"), mend));
        }
    }
    assert_none(findings);
    assert_ne!(count, 0, "there is no picture in {FOLDER}");
}

#[test]
fn every_picture_is_shown_and_drawn_by_the_recipe() {
    let recipe = text("justfile");
    let pictures = files().keys().filter(|path| path.starts_with(FOLDER));
    let mut findings = Vec::new();
    for path in pictures {
        let name = &path["docs/".len()..];
        if !files_in("", ".md").any(|(_, document)| document.contains(&format!("{name})"))) {
            findings.push(Finding::new(path, "no document shows it", "show it, or remove it"));
        }
        if !recipe.contains(&format!("--output {path}\n")) {
            findings.push(Finding::new(
                path,
                "`just pictures` does not draw it",
                "add it to the recipe in the justfile",
            ));
        }
    }
    assert_none(findings);
}
