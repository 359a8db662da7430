//! Every link leads to a file, and every anchor to a heading; every page of the book is in its summary, once.

use super::super::house::{Finding, assert_none, files, files_in, root, text};
use super::markdown::Document;
use super::{folder, normal};
use std::collections::BTreeMap;

/// The books: a summary, and the folder of its pages.
const BOOKS: [(&str, &str); 2] = [("docs/SUMMARY.md", "docs/"), ("docs/ja/SUMMARY.md", "docs/ja/")];

fn exists(path: &str) -> bool {
    files().contains_key(path) || root().join(path).exists()
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let documents: BTreeMap<&str, Document> = files_in("", ".md")
        .map(|(path, text)| (path, Document::read(text)))
        .collect();
    let anchors: BTreeMap<&str, Vec<String>> = documents
        .iter()
        .map(|(path, document)| (*path, document.anchors()))
        .collect();
    let mut findings = Vec::new();
    for (path, document) in &documents {
        for (line, link) in document.links() {
            // `crate::Thing` is a link of rustdoc's, and its to check.
            if link.contains("::") || link.contains("://") || link.starts_with("mailto:") || link.starts_with('<') {
                continue;
            }
            let place = format!("{path}:{line}");
            let (file, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = match file {
                "" => (*path).to_owned(),
                file => normal(&format!("{}{file}", folder(path))),
            };
            if !exists(&target) {
                let thing = format_args!("links to {link}, which is not there");
                findings.push(Finding::new(place, thing, "link to what is there"));
            } else if let Some(ids) = anchors.get(target.as_str())
                && !anchor.is_empty()
                && !ids.iter().any(|id| id == anchor)
            {
                let thing = format_args!("links to {link}, and {target} has no such heading");
                findings.push(Finding::new(place, thing, format_args!("it has {}", ids.join(", "))));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn every_page_is_in_its_summary_once() {
    let mut findings = Vec::new();
    for (summary, pages) in BOOKS {
        let links = Document::read(text(summary)).links();
        let entries: Vec<String> = links.iter().map(|(_, link)| format!("{pages}{link}")).collect();
        for (path, _) in files_in(pages, ".md") {
            let is_of_another_book = BOOKS.iter().any(|(_, other)| {
                let is_deeper = other.len() > pages.len() && other.starts_with(pages);
                is_deeper && path.starts_with(other)
            });
            if path == summary || is_of_another_book {
                continue;
            }
            let count = entries.iter().filter(|entry| *entry == path).count();
            if count != 1 {
                let thing = format_args!("{path} is in it {count} times");
                findings.push(Finding::new(summary, thing, "give each page one line"));
            }
        }
    }
    assert_none(findings);
}
