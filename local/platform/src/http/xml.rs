//! XML, written element by element.

use quick_xml::escape::escape;
use serde_json::Value;
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
