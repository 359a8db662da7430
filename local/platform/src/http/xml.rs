//! XML: written element by element, and read as JSON.

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// A document in the making.
#[derive(Debug)]
pub struct Document(String);

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// An empty document.
    pub fn new() -> Self {
        Self(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
    }

    /// Opens an element.
    pub fn open(&mut self, name: &str) -> &mut Self {
        self.push(format_args!("<{name}>"))
    }

    /// Opens an element with one attribute.
    pub fn open_with(&mut self, name: &str, attribute: &str, value: &str) -> &mut Self {
        self.push(format_args!("<{name} {attribute}=\"{}\">", escape(value)))
    }

    /// Closes an element.
    pub fn close(&mut self, name: &str) -> &mut Self {
        self.push(format_args!("</{name}>"))
    }

    /// An element with text in it.
    pub fn leaf(&mut self, name: &str, text: &str) -> &mut Self {
        self.push(format_args!("<{name}>{}</{name}>", escape(text)))
    }

    /// JSON as the query protocol writes it: members of a list are elements called `member`.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.open(name).value(value).close(name);
                }
            }
            Value::Array(members) => {
                for member in members {
                    self.open("member").value(member).close("member");
                }
            }
            Value::Null => {}
            Value::String(text) => {
                self.push(format_args!("{}", escape(text)));
            }
            other => {
                self.push(format_args!("{other}"));
            }
        }
        self
    }

    /// The text of the document.
    pub fn text(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) -> &mut Self {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
        self
    }
}

/// How deep elements may be in each other: no request of S3 has more than five.
const DEEPEST: usize = 16;

/// A document as JSON, without the name of its root: elements are members, and text where they have none in them. What
/// comes more than once is a list. None where it is no XML, or none of this kind.
pub fn read(document: &str) -> Option<Value> {
    let Value::Object(root) = content(document, 0)? else {
        return None;
    };
    let mut values = root.into_iter().map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

fn content(inner: &str, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    if !inner.contains('<') {
        return Some(unescape(inner).ok()?.into_owned().into());
    }
    let mut reader = Reader::from_str(inner);
    let mut fields = Map::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                let text = reader.read_text(start.name()).ok()?;
                add(&mut fields, name, content(&text, depth + 1)?);
            }
            Event::Empty(empty) => add(&mut fields, empty.local_name().as_ref().to_owned(), "".into()),
            Event::Eof => return Some(fields.into()),
            _ => {}
        }
    }
}

fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => drop(fields.insert(name, value)),
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_read_as_json() {
        for (document, expected) in [
            (
                "<?xml version=\"1.0\"?>\n<D xmlns=\"u\"><O><K>a &amp; b</K></O>\n<O><K> c&#10;</K></O><Q>true</Q><E/></D>",
                Some(json!({"O": [{"K": "a & b"}, {"K": " c\n"}], "Q": "true", "E": ""})),
            ),
            ("<V>x</V>", Some(json!("x"))),
            ("<V/>", Some(json!(""))),
            ("<V><A></V>", None),
            ("<A/><B/>", None),
            ("text", None),
            ("", None),
        ] {
            assert_eq!(read(document), expected, "{document}");
        }
        assert_eq!(read(&"<A>".repeat(1000)), None);
    }
}
