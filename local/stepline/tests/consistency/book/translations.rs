//! Translations: each page in Japanese says which text it is a translation of, and that is the English page as it is now.

use super::super::house::{Finding, assert_none, files, files_in};
use super::markdown::Document;
use super::shell;
use sha2::{Digest, Sha256};

/// Where the translations are.
const FOLDER: &str = "docs/ja/";

/// What makes a text another one: the first line of its translation has it.
fn mark(name: &str, english: &str) -> String {
    let digest = hex::encode(Sha256::digest(english.as_bytes()));
    format!("<!-- {name} {} -->", &digest[..16])
}

/// The pages that are translated: the name in both folders, the English text and the one in Japanese.
fn translated() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    // A summary is no translation, nor is a page of the Japanese book alone.
    let pages = files_in(FOLDER, ".md").filter(|(path, _)| !path.ends_with("/SUMMARY.md"));
    pages.filter_map(|(path, japanese)| {
        let name = &path[FOLDER.len()..];
        Some((name, files().get(&format!("docs/{name}"))?.as_str(), japanese))
    })
}

#[test]
fn every_translation_is_of_the_english_page_as_it_is() {
    let mut findings = Vec::new();
    for (name, english, japanese) in translated() {
        let expected = mark(name, english);
        if japanese.lines().next() != Some(expected.as_str()) {
            let mend = format!("bring it up to date, then put this into its first line: {expected}");
            let thing = format!("is a translation of an older docs/{name}");
            findings.push(Finding::new(format_args!("{FOLDER}{name}"), thing, mend));
        }
    }
    assert_none(findings);
}

#[test]
fn a_translation_shows_the_same_commands_and_files() {
    let mut findings = Vec::new();
    for (name, english, japanese) in translated() {
        // Comments are translated, what is typed is not.
        let [english, japanese] = [english, japanese].map(|text| {
            let blocks = Document::read(text).blocks.into_iter();
            let typed = blocks.map(|block| match block.language.as_str() {
                "sh" => shell::commands(&block.text),
                _ => vec![vec![block.text]],
            });
            typed.collect::<Vec<_>>()
        });
        if english != japanese {
            let thing = format_args!("its blocks of code are not those of docs/{name}");
            findings.push(Finding::new(format_args!("{FOLDER}{name}"), thing, "show the same"));
        }
    }
    assert_none(findings);
}

#[test]
fn each_page_leads_to_the_same_page_in_the_other_language() {
    let mut findings = Vec::new();
    for (name, english, japanese) in translated() {
        for (page, text, link) in [
            (format!("{FOLDER}{name}"), japanese, format!("\n[English](../{name})\n")),
            (format!("docs/{name}"), english, format!("\n[日本語](ja/{name})\n")),
        ] {
            if !text.contains(&link) {
                let mend = format!("write `{}` below its title", link.trim());
                findings.push(Finding::new(page, "does not lead to its translation", mend));
            }
        }
    }
    assert_none(findings);
}
