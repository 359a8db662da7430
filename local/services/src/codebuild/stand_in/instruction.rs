//! The lines of a Dockerfile: instructions, their words, the variables and the paths in them.
//!
//! Follows <https://docs.docker.com/reference/dockerfile/>.

use std::collections::BTreeMap;

/// One instruction: its name in capitals, what follows it, and the line that it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) name: String,
    pub(super) rest: String,
    pub(super) line: usize,
}

/// Splits a Dockerfile's text: comments go, continued lines are joined.
pub(super) fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = String::new();
        let mut piece = line;
        while let Some(continued) = piece.strip_suffix('\\') {
            whole.push_str(continued.trim_end());
            whole.push(' ');
            // Comments and empty lines inside a continued instruction do not end it.
            let next = lines.find(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with('#'));
            piece = next.map_or("", |(_, line)| line.trim());
        }
        whole.push_str(piece);
        let (name, rest) = whole.split_once(char::is_whitespace).unwrap_or((&whole, ""));
        found.push(Instruction {
            name: name.to_ascii_uppercase(),
            rest: rest.trim().to_owned(),
            line: number + 1,
        });
    }
    found
}

/// Splits into words as a shell does, quotes taken away.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
            (mark, Some(open)) if mark == open => quote = None,
            (mark @ ('"' | '\''), None) => {
                word.get_or_insert_default();
                quote = Some(mark);
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// Puts variables into a text: `$NAME`, `${NAME}`, `${NAME:-otherwise}` and `${NAME:+instead}`.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\\']) {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if rest[at..].starts_with('\\') {
            // `\$` is a dollar; another escaped character stays as it is, for the words.
            if let Some(behind) = after.strip_prefix('$') {
                expanded.push('$');
                rest = behind;
            } else {
                expanded.push('\\');
                rest = after;
            }
            continue;
        }
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, behind) = braced.unwrap_or_else(|| {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            after.split_at(end.unwrap_or(after.len()))
        });
        let (name, otherwise, instead) = match (name.split_once(":-"), name.split_once(":+")) {
            (Some((name, otherwise)), _) => (name, Some(otherwise), None),
            (None, Some((name, instead))) => (name, None, Some(instead)),
            (None, None) => (name, None, None),
        };
        let value = variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty());
        match (value, instead) {
            _ if name.is_empty() => expanded.push('$'),
            (Some(_), Some(instead)) => expanded.push_str(instead),
            (Some(value), None) => expanded.push_str(value),
            (None, _) => expanded.push_str(otherwise.unwrap_or_default()),
        }
        rest = behind;
    }
    expanded + rest
}

/// A path in the image, from a working directory, without `.` and `..`.
pub(super) fn join(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{directory}/{path}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_go() {
        let found = instructions("# syntax\nFROM a\n\nENV A=1 \\\n    # why\n    B=2\ncopy x y\n");
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.line, it.name.as_str(), it.rest.as_str()))
            .collect();
        assert_eq!(found, [(2, "FROM", "a"), (4, "ENV", "A=1 B=2"), (7, "COPY", "x y")]);
    }

    #[test]
    fn words_are_a_shells() {
        assert_eq!(words(r#"A="x y" B='"' C=a\ b """#), ["A=x y", "B=\"", "C=a b", ""]);
    }

    #[test]
    fn variables_are_put_in() {
        let variables = [("A", "1"), ("E", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        for (text, expected) in [
            ("$A-${A}", "1-1"),
            ("${B:-x}${A:-x}${E:-x}", "x1x"),
            ("${A:+y}${B:+y}", "y"),
            ("\\$A $", "$A $"),
            ("$B", ""),
        ] {
            assert_eq!(expand(text, &variables), expected, "{text}");
        }
    }

    #[test]
    fn paths_are_joined() {
        for (directory, path, joined) in [
            ("/", "opt", "/opt"),
            ("/opt", "./a/../b/", "/opt/b"),
            ("/opt", "/x", "/x"),
            ("/", ".", "/"),
            ("/a", "../../..", "/"),
        ] {
            assert_eq!(join(directory, path), joined);
        }
    }
}
