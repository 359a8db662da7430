//! The sources stand on floors: a file knows its own floor and those below.

use std::path::Path;

/// The floors, from the lowest up; each is a folder of `src`.
const FLOORS: [&str; 6] = ["text", "expression", "definition", "calls", "engine", "host"];

#[test]
fn no_file_knows_a_floor_above_its_own() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut findings = Vec::new();
    let mut folders: Vec<_> = FLOORS.iter().map(|floor| sources.join(floor)).collect();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder of the sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let file = path.strip_prefix(&sources).expect("a source").to_string_lossy();
                findings.extend(upward(&file, &std::fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn an_arrow_that_runs_upward_is_found_however_it_is_written() {
    let found = |text| upward("definition/states/task.rs", text).len();
    assert_eq!(found("use crate::engine::{Execution, history};"), 1);
    assert_eq!(found("use crate::{\n    text::Json,\n    engine::Execution,\n};"), 1);
    assert_eq!(found("use super::super::super::host::run_to_end;"), 1);
    assert_eq!(found("use crate::Execution;"), 1);
    assert_eq!(
        found("/// See [`run`](crate::Execution::run).\nuse crate::text::Json;\nuse super::super::flow;"),
        0
    );
}

/// What in a file's text points to a floor above its own, or past the floors to the crate's root.
fn upward(file: &str, text: &str) -> Vec<String> {
    let level = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let (own, depth) = (file.split('/').next().and_then(level), file.matches('/').count());
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: String = text.lines().filter(is_code).collect();
    let code = code.replace("pub(crate)", "").replace("pub(super)", "");
    let to_root = "super::".repeat(depth + usize::from(!file.ends_with("/mod.rs")));
    let starts = code.split("crate::").skip(1).chain(code.split(&to_root).skip(1));
    let mut findings = Vec::new();
    for start in starts {
        let group = start.strip_prefix('{').and_then(|group| group.split(';').next());
        for path in group.map_or(vec![start], |group| group.split(',').collect()) {
            let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let path = path.trim().split(|c| !is_name(c)).next().unwrap_or_default();
            let target = level(path.split("::").next().unwrap_or_default());
            if !path.is_empty() && (target.is_none() || target > own) {
                findings.push(format!(
                    "src/{file} names {path} of src/{}: a file knows its own floor and those below it ({}). Move the plain \
                     word that is needed down to the lowest floor that can hold it, or the code that needs it up.",
                    file_of(path),
                    FLOORS.join(" < ")
                ));
            }
        }
    }
    findings
}

/// The file of a path's module.
fn file_of(path: &str) -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules: Vec<_> = path.split_terminator("::").collect();
    let files = (1..=modules.len()).rev().map(|length| modules[..length].join("/"));
    let mut files = files.flat_map(|stem| [format!("{stem}.rs"), format!("{stem}/mod.rs")]);
    files
        .find(|file| sources.join(file).exists())
        .unwrap_or_else(|| "lib.rs".to_owned())
}
