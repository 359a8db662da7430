//! `plant`: plants each known bug in a copy of the workspace, and prints how soon the simulation finds it.
//!
//! The copy lies beside no other sources, since Cargo notes where sources are, and is built in `target/mutants`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use simulation::planted::{Mutant, Mutants};

/// How many schedules each bug is looked for in: as many as CI plays.
const SCHEDULES: &str = "100000";

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match run(&wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Plants the bugs of these names, or all: whether each was found.
fn run(wanted: &[String]) -> Result<bool, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = root.ancestors().nth(2).ok_or("the package lies two folders deep")?;
    let mutants = Mutants::listed().map_err(|error| error.to_string())?;
    let copy = std::env::temp_dir().join(format!("stepline-mutants-{}", std::process::id()));
    copy_sources(root, &copy)?;
    println!("| bug | what it stands for | rule that finds it | seeds | seconds |\n| --- | --- | --- | --: | --: |");
    let mut all_found = true;
    for mutant in mutants
        .mutant
        .iter()
        .filter(|mutant| wanted.is_empty() || wanted.contains(&mutant.name))
    {
        let found = planted(root, &copy, mutant)?;
        all_found &= found;
    }
    std::fs::remove_dir_all(&copy).map_err(|error| error.to_string())?;
    Ok(all_found)
}

/// Copies what git knows, as it stands.
fn copy_sources(root: &Path, copy: &Path) -> Result<(), String> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| error.to_string())?;
    let paths = String::from_utf8(listing.stdout).map_err(|error| error.to_string())?;
    for path in paths.split_terminator('\0').filter(|path| root.join(path).is_file()) {
        let target = copy.join(path);
        let folder = target.parent().ok_or("a file lies in a folder")?;
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        std::fs::copy(root.join(path), target).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// Plants one bug, prints its line of the table, and takes it out again.
fn planted(root: &Path, copy: &Path, mutant: &Mutant) -> Result<bool, String> {
    let mut originals: Vec<(PathBuf, String)> = Vec::new();
    for edit in &mutant.edit {
        let file = copy.join(&edit.file);
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", edit.file))?;
        let planted = edit.plant(&text);
        let planted = planted.map_err(|times| format!("{}: {} stands there {times} times", mutant.name, edit.find))?;
        std::fs::write(&file, planted).map_err(|error| error.to_string())?;
        originals.push((file, text));
    }
    let target = root.join("target/mutants");
    let built = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "simulation",
            "--bin",
            "simulate",
        ])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(copy)
        .status()
        .map_err(|error| error.to_string())?;
    let line = if built.success() { look_for(&target)? } else { None };
    let (rule, seeds, seconds) = line.unwrap_or_else(|| ("not found".to_owned(), "-".to_owned(), "-".to_owned()));
    println!(
        "| `{}` | {} | {rule} | {seeds} | {seconds} |",
        mutant.name, mutant.stands_for
    );
    // The first of a file's texts last: that is the one without the bug.
    for (file, text) in originals.into_iter().rev() {
        std::fs::write(file, text).map_err(|error| error.to_string())?;
    }
    Ok(rule != "not found")
}

/// The rule that finds the bug, after how many seeds, and seconds; nothing if none does.
fn look_for(target: &Path) -> Result<Option<(String, String, String)>, String> {
    let began = Instant::now();
    let output = Command::new(target.join("simulation/simulate"))
        .args(["--schedules", SCHEDULES, "--threads", "1", "--first"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let seconds = format!("{:.1}", began.elapsed().as_secs_f64());
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| line.strip_prefix("first broken by seed "));
    Ok(found.and_then(|found| {
        let (seed, rule) = found.split_once(": ")?;
        let seeds = seed.parse::<u64>().ok()? + 1;
        Some((rule.to_owned(), seeds.to_string(), seconds))
    }))
}
