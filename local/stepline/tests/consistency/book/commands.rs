//! Commands: what the documents show can be given.
//!
//! Each block of a shell is read by bash, each command of this repository by the command's own parser, and those that need
//! neither AWS nor time are run, in a copy of the repository.

use super::super::house::{Finding, assert_none, files, root};
use super::markdown::Document;
use super::{documents, shell};
use clap::error::ErrorKind;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// What the command is asked that ends within seconds and asks nobody: run as it is shown.
const RUN: [&str; 8] = [
    "check",
    "completions",
    "cost",
    "graph",
    "man",
    "new",
    "services",
    "state",
];

/// What makes such a command last, ask AWS, or need git's history.
const NOT_RUN: [&str; 4] = ["--watch", "--page-port", "--renew", "--base"];

/// A command that a document shows: where, and what the command gets behind its name.
struct Shown {
    place: String,
    arguments: Vec<String>,
    /// Whether it stands within a sentence, where it may name a command without all that it needs.
    is_named: bool,
}

fn is_shell(language: &str) -> bool {
    matches!(language, "sh" | "console" | "bash")
}

/// What `stepline` gets, where a shell's command is one of it.
fn arguments(words: &[String]) -> Option<&[String]> {
    let words = match words
        .iter()
        .position(|word| !word.contains('=') || word.starts_with('-'))
    {
        // Variables may stand before it.
        Some(begin) => &words[begin..],
        None => return None,
    };
    match words.first()?.as_str() {
        "stepline" => Some(&words[1..]),
        "cargo" if words.get(1).is_some_and(|word| word == "run") => match words.iter().position(|word| word == "--") {
            // Another binary of the workspace.
            _ if words
                .iter()
                .any(|word| ["-p", "--bin", "--example", "--package"].contains(&word.as_str())) =>
            {
                None
            }
            Some(dashes) => Some(&words[dashes + 1..]),
            None => Some(&words[words.len()..]),
        },
        _ => None,
    }
}

/// The commands in the blocks of the documents, and in their spans of code where these have no choices to make.
fn shown() -> Vec<Shown> {
    let mut shown = Vec::new();
    for (path, text) in documents() {
        let document = Document::read(text);
        let blocks = document.blocks.iter().filter(|block| is_shell(&block.language));
        let spans = document.spans().filter(|(_, span)| {
            let is_command = span.starts_with("cargo run") || span.starts_with("stepline ");
            is_command && !span.contains(['[', '|', '…', '<'])
        });
        let blocks = blocks.map(|block| (block.line, block.text.as_str(), false));
        let spans = spans.map(|(line, span)| (line, span, true));
        for (line, script, is_named) in blocks.chain(spans) {
            for words in shell::commands(script) {
                if let Some(arguments) = arguments(&words) {
                    shown.push(Shown {
                        place: format!("{path}:{line}"),
                        arguments: arguments.to_vec(),
                        is_named,
                    });
                }
            }
        }
    }
    shown
}

#[test]
fn every_block_of_a_shell_can_be_read_by_one() {
    let mut findings = Vec::new();
    for (path, text) in documents() {
        for block in Document::read(text)
            .blocks
            .iter()
            .filter(|block| is_shell(&block.language))
        {
            let mut bash = Command::new("bash")
                .arg("-n")
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("bash starts");
            let mut script = bash.stdin.take().expect("its input");
            script.write_all(block.text.as_bytes()).expect("the script is written");
            drop(script);
            let ended = bash.wait_with_output().expect("bash ends");
            if !ended.status.success() {
                let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
                findings.push(Finding::new(
                    format_args!("{path}:{}", block.line),
                    said,
                    "write what a shell can read",
                ));
            }
        }
    }
    assert_none(findings);
}

/// What the command's own parser finds wrong with it.
fn fault(arguments: &[String]) -> Option<clap::Error> {
    let line = std::iter::once("stepline").chain(arguments.iter().map(String::as_str));
    let fault = stepline::cli::command_line().try_get_matches_from(line).err()?;
    (!matches!(fault.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)).then_some(fault)
}

#[test]
fn every_command_that_is_shown_can_be_given() {
    let shown = shown();
    let mut findings = Vec::new();
    for Shown {
        place,
        arguments,
        is_named,
    } in &shown
    {
        let Some(fault) = fault(arguments) else { continue };
        let lacks = fault.kind() == ErrorKind::MissingRequiredArgument
            || fault.kind() == ErrorKind::InvalidValue && arguments.iter().any(|word| is_placeholder(word));
        if !(*is_named && lacks) {
            let said = fault.to_string();
            let said = said.lines().next().unwrap_or_default().to_owned();
            let thing = format_args!("`stepline {}`: {said}", arguments.join(" "));
            findings.push(Finding::new(
                place,
                thing,
                "show a command that there is: `stepline --help`",
            ));
        }
    }
    assert_none(findings);
    assert!(shown.len() > 50, "only {} commands were found", shown.len());
}

#[test]
fn the_scripts_and_packages_that_are_shown_are_there() {
    let mut findings = Vec::new();
    for (path, text) in documents() {
        for block in Document::read(text)
            .blocks
            .iter()
            .filter(|block| is_shell(&block.language))
        {
            for words in shell::commands(&block.text) {
                let program = words[0].as_str();
                let is_ours = ["sam/", ".ci/", "container/"]
                    .iter()
                    .any(|folder| program.starts_with(folder));
                let package = words
                    .iter()
                    .skip_while(|word| *word != "-p")
                    .nth(1)
                    .filter(|_| program == "cargo");
                let is_missing = match package {
                    Some(name) => !files().keys().any(|file| file.ends_with(&format!("{name}/Cargo.toml"))),
                    None => is_ours && !root().join(program).exists(),
                };
                if is_missing {
                    let thing = format_args!("`{}` cannot be given", words.join(" "));
                    findings.push(Finding::new(
                        format_args!("{path}:{}", block.line),
                        thing,
                        "show what is there",
                    ));
                }
            }
        }
    }
    assert_none(findings);
}

#[test]
fn commands_that_end_within_seconds_do_what_they_say() {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files() {
        let file = copy.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    let shown = shown();
    let quick = shown.iter().filter(|Shown { arguments, .. }| {
        let is_more = arguments.iter().any(|word| NOT_RUN.contains(&word.as_str()));
        let is_whole = arguments.iter().all(|word| !is_placeholder(word)) && fault(arguments).is_none();
        arguments.first().is_some_and(|asked| RUN.contains(&asked.as_str())) && !is_more && is_whole
    });
    let (mut done, mut findings) = (BTreeSet::new(), Vec::new());
    for Shown { place, arguments, .. } in quick {
        if !done.insert(arguments) {
            continue;
        }
        let ended = Command::new(env!("CARGO_BIN_EXE_stepline"))
            .args(arguments)
            .current_dir(copy.path())
            .output()
            .expect("the command runs");
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
            let thing = format_args!("`stepline {}` fails: {said}", arguments.join(" "));
            findings.push(Finding::new(place, thing, "show a command that works"));
        }
        if let [asked, folder, ..] = arguments.as_slice()
            && asked == "new"
        {
            // Another document may show the same with other options.
            std::fs::remove_dir_all(copy.path().join(folder)).expect("what was made is there");
        }
    }
    assert_none(findings);
    assert!(done.len() >= 8, "only {} commands were run", done.len());
}

/// Whether a word stands for what a reader has, such as `FILE.asl.json`.
fn is_placeholder(word: &str) -> bool {
    let name = word.split('.').next().unwrap_or_default();
    name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}
