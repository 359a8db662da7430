//! Files that import each other: no crate has a circle of them but what a recursion makes inherent.

use super::house::{Finding, assert_none, files_in, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// Circles that a recursion makes, named in ARCHITECTURE.md with the reason. None is added.
const INHERENT: &[&[&str]] = &[
    &[
        "local/states-language/src/definition/flow.rs",
        "local/states-language/src/definition/state.rs",
        "local/states-language/src/definition/states/map.rs",
        "local/states-language/src/definition/states/parallel.rs",
    ],
    &[
        "local/states-language/src/text/json/array.rs",
        "local/states-language/src/text/json/object.rs",
        "local/states-language/src/text/json/value.rs",
    ],
];

/// A module's path in its crate; empty for the crate's root.
type Module = Vec<String>;

/// The modules of a crate, by their paths: each one's file and its text without tests.
struct Crate<'a>(BTreeMap<Module, (&'a str, &'a str)>);

impl<'a> Crate<'a> {
    fn read(folder: &str) -> Self {
        let modules = files_in(folder, ".rs").filter_map(|(path, text)| {
            let inner = path[folder.len()..].strip_suffix(".rs")?;
            let mut module: Module = inner.split('/').map(str::to_owned).collect();
            let last = module.last()?.as_str();
            if inner.starts_with("bin/") || inner == "main" || last.ends_with("tests") {
                return None;
            }
            if matches!(last, "lib" | "mod") {
                module.pop();
            }
            Some((module, (path, without_tests(text))))
        });
        Self(modules.collect())
    }

    /// The module that a path leads into, seen from another one.
    fn resolve(&self, from: &Module, path: &str) -> Option<&Module> {
        let mut parts = path.split("::").peekable();
        let mut base = match parts.peek().copied()? {
            "crate" => Module::new(),
            "self" | "super" => from.clone(),
            child if self.0.contains_key(&[from.as_slice(), &[child.to_owned()]].concat()) => from.clone(),
            _ => return None,
        };
        while let Some(part) = parts.next_if(|part| matches!(*part, "crate" | "self" | "super")) {
            if part == "super" {
                base.pop();
            }
        }
        // What is no module is something in the last one that is.
        for part in parts {
            base.push(part.to_owned());
            if !self.0.contains_key(&base) {
                base.pop();
                break;
            }
        }
        self.0.get_key_value(&base).map(|(module, _)| module)
    }

    fn imports(&self, module: &Module) -> BTreeSet<&Module> {
        let (_, text) = self.0[module];
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let paths = paths(&code.join("\n"));
        let found = paths.iter().filter_map(|path| self.resolve(module, path));
        found.filter(|found| *found != module).collect()
    }

    /// The circles: sets of files of which each leads to each other.
    fn circles(&self) -> BTreeSet<Vec<&'a str>> {
        let edges: BTreeMap<&Module, BTreeSet<&Module>> =
            self.0.keys().map(|module| (module, self.imports(module))).collect();
        let mut reach: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
        for from in self.0.keys() {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(edges[module].iter().copied().filter(|next| seen.insert(*next)));
            }
            reach.insert(from, seen);
        }
        let circles = reach.iter().filter(|(module, reached)| reached.contains(*module));
        let circle = |(module, reached): (&&Module, &BTreeSet<&Module>)| {
            let both = reached.iter().filter(|other| reach[**other].contains(*module));
            both.map(|other| self.0[*other].0).collect()
        };
        circles.map(circle).collect()
    }
}

/// The paths that code names, with the trees of `use` written out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let begins = rest[..at]
            .chars()
            .next_back()
            .is_none_or(|before| before.is_whitespace() || before == ')');
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        if begins {
            expand("", &rest[at + 4..end], &mut found);
        }
        rest = &rest[(at + 4).max(if begins { end } else { 0 })..];
    }
    let word = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    found.extend(
        code.split(|character| !word(character))
            .filter(|path| path.contains("::") && !path.ends_with("::"))
            .map(str::to_owned),
    );
    found
}

/// Writes out a tree such as `a::{b, c::d}`.
fn expand(before: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    if let Some((head, inner)) = tree.split_once('{') {
        let (mut depth, mut from) = (0, 0);
        let inner = inner.trim_end().trim_end_matches('}');
        let inner = if tree.matches('{').count() > 1 {
            tree[head.len() + 1..].trim_end().strip_suffix('}').unwrap_or(inner)
        } else {
            inner
        };
        for (at, character) in inner.char_indices().chain([(inner.len(), ',')]) {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&format!("{before}{head}"), &inner[from..at], found);
                    from = (at + 1).min(inner.len());
                }
                _ => {}
            }
        }
    } else if !tree.is_empty() {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        found.push(format!("{before}{name}").trim_end_matches("::self").to_owned());
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources: BTreeSet<&str> = files_in("", ".rs")
        .filter_map(|(path, _)| path.split_once("/src/").map(|(package, _)| &path[..package.len() + 5]))
        .collect();
    let circles: BTreeSet<Vec<&str>> = sources
        .iter()
        .flat_map(|folder| Crate::read(folder).circles())
        .collect();
    let inherent: BTreeSet<Vec<&str>> = INHERENT.iter().map(|circle| circle.to_vec()).collect();
    let mend = "move what both need into a file of its own below, and import it from there";
    let added = circles
        .difference(&inherent)
        .map(|circle| Finding::new(circle[0], format_args!("is in a circle: {}", circle.join(", ")), mend));
    let gone = inherent.difference(&circles).map(|circle| {
        Finding::new(
            circle[0],
            "is in no such circle any more",
            "take it off `INHERENT` in circles.rs and ARCHITECTURE.md",
        )
    });
    assert_none(added.chain(gone).collect());
}

#[test]
fn paths_of_code() {
    let code = "pub use a::{self, b::{C, d}, e as f};\nuse super::g;\nfn h() -> crate::i::J { k::l() }";
    let mut paths = paths(code);
    paths.sort();
    paths.dedup();
    assert_eq!(
        paths,
        ["a", "a::b::C", "a::b::d", "a::e", "crate::i::J", "k::l", "super::g"]
    );
}
