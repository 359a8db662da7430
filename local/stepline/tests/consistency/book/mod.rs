//! The book: its pages are whole, its links lead somewhere, its commands can be given, its messages are the code's, its
//! reference is what the code says, and its translations are of what the English pages say now.

mod commands;
mod links;
mod markdown;
mod messages;
mod reference;
mod shell;
mod translations;

use super::house::files_in;

/// The documents that the book's rules hold for: its pages, and what readers begin with.
fn documents() -> impl Iterator<Item = (&'static str, &'static str)> {
    let others = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "events/README.md"];
    files_in("", ".md").filter(move |(path, _)| path.starts_with("docs/") || others.contains(path))
}

/// A path from the root, with `..` taken out.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder of a file, with a slash behind it where it is not the root.
fn folder(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |at| at + 1)]
}
