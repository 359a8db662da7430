//! Which parts of `$states` and of the variables an expression reads, so that no others are made ready for it.
//!
//! This is told from the expression's text: behind each `$name`, the names that follow with dots. What stands in a string or
//! in a comment is taken for read as well, which is never wrong. Where it cannot be told, all of it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What is read of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Some of its fields, if it is an object; all of it, if it is none.
    Fields(BTreeMap<Arc<str>, Part>),
}

impl Part {
    /// What is read of a field; nothing where it is not read.
    pub(super) fn of(&self, field: &str) -> Option<&Part> {
        match self {
            Part::Whole => Some(&Part::Whole),
            Part::Fields(fields) => fields.get(field),
        }
    }

    fn add(&mut self, path: &[&str]) {
        match (&mut *self, path.split_first()) {
            (Part::Whole, _) => {}
            (_, None) => *self = Part::Whole,
            (Part::Fields(fields), Some((name, rest))) => fields.entry(Arc::from(*name)).or_default().add(rest),
        }
    }
}

impl Default for Part {
    fn default() -> Part {
        Part::Fields(BTreeMap::new())
    }
}

/// What an expression reads, by the names behind `$`: variables, functions and `states`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reads(BTreeMap<Arc<str>, Part>);

impl Reads {
    pub(super) fn of(text: &str) -> Reads {
        // `%` is the parent of what was come to: what stands beside the path is read, too.
        let has_parents = text.contains('%');
        let mut reads: BTreeMap<Arc<str>, Part> = BTreeMap::new();
        for behind in text.split('$').skip(1) {
            let (name, rest) = name(behind);
            if name.is_empty() {
                continue;
            }
            let path = if has_parents { Vec::new() } else { names(rest).0 };
            reads.entry(name.into()).or_default().add(&path);
        }
        Reads(reads)
    }

    /// The names that the expression can refer to, and what it reads of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Part)> {
        self.0.iter().map(|(name, part)| (&**name, part))
    }
}

/// An expression that is nothing but a way to a value: `$states.input.rows`, or `$limits.rows`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    /// The name behind `$`.
    pub(super) root: Arc<str>,
    /// The fields, from there on; at least one.
    pub(super) fields: Vec<Arc<str>>,
}

impl Way {
    pub(super) fn of(text: &str) -> Option<Way> {
        let (root, rest) = name(text.strip_prefix('$')?);
        let (fields, rest) = names(rest);
        (!root.is_empty() && !fields.is_empty() && rest.is_empty()).then(|| Way {
            root: root.into(),
            fields: fields.into_iter().map(Arc::from).collect(),
        })
    }
}

/// The name at the beginning of a text, and the rest.
fn name(text: &str) -> (&str, &str) {
    let is_of_names = |c: char| c.is_alphanumeric() || c == '_';
    text.split_at(text.find(|c| !is_of_names(c)).unwrap_or(text.len()))
}

/// The names that follow one another, each after a dot, and the rest. One that is called, or that goes on with letters which
/// are not told from operators here, is not among them.
fn names(mut text: &str) -> (Vec<&str>, &str) {
    let mut names = Vec::new();
    while let Some((found, rest)) = text.strip_prefix('.').map(name) {
        let begins_name = !found.starts_with(|c: char| c.is_numeric());
        let ends_name = rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace() || ENDS_NAME.contains(c));
        let is_called = rest.trim_start().starts_with('(');
        if found.is_empty() || !begins_name || !ends_name || is_called {
            break;
        }
        names.push(found);
        text = rest;
    }
    (names, text)
}

/// What ends a name, beside blanks.
const ENDS_NAME: &str = ".,;:?![]{}()<>=+-*/|&^~#@";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        fn told(part: &Part) -> String {
            match part {
                Part::Whole => String::new(),
                Part::Fields(fields) => {
                    let fields = fields.iter().map(|(name, inner)| format!("{name}{}", told(inner)));
                    format!("{{{}}}", fields.collect::<Vec<_>>().join(" "))
                }
            }
        }
        let all = Reads::of(text);
        all.iter()
            .map(|(name, read)| format!("{name}{}", told(read)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn what_is_read_is_told_from_the_text() {
        for (text, expected) in [
            ("$states.input.rows", "states{input{rows}}"),
            ("$states.input.a + $states.input.b.c", "states{input{a b{c}}}"),
            ("$states.input.a.b + $states.input.a", "states{input{a}}"),
            ("$states.input + $states.input.a", "states{input}"),
            ("$states", "states"),
            ("$keys($states).x", "keys, states"),
            ("$states.input.rows[visits > 1].customer", "states{input{rows}}"),
            ("$states.input.rows.(name & 'x')", "states{input{rows}}"),
            ("$states.input.rows.customer", "states{input{rows{customer}}}"),
            ("$states.input.rows.name.%.id", "states"),
            ("$states.input.*", "states{input}"),
            ("$states.input.`a b`.c", "states{input}"),
            ("$states.input.price€", "states{input}"),
            ("$states.input.f(1)", "states{input}"),
            ("$states . input", "states"),
            ("$states.input.`a`", "states{input}"),
            ("$limits.rows + $n", "limits{rows}, n"),
            ("$states.context.State.Name", "states{context{State{Name}}}"),
            ("$sum($states.result.items.price)", "states{result{items{price}}}, sum"),
            ("1 + 1", ""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_way_is_names_alone() {
        let way = |text: &str| Way::of(text).map(|way| format!("{} {}", way.root, way.fields.join(" ")));
        assert_eq!(way("$states.input.rows").as_deref(), Some("states input rows"));
        assert_eq!(way("$limits.rows").as_deref(), Some("limits rows"));
        for other in [
            "$states", "$.a", "a.b", "$a.b[0]", "$a.b ", "$a.b + 1", "$a.`b`", "$a.b()", "$$.a", "$a..b", "$a.1",
        ] {
            assert_eq!(way(other), None, "{other}");
        }
    }
}
