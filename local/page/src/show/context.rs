//! What a view is drawn for: the language, the time, and where links lead.

use crate::words::{Language, Word};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Its name in the page's markup.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name.
    pub(crate) fn of_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Where links lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// To the page that is served.
    Served,
    /// Into the same file: a report that travels.
    File,
}

/// What a view is drawn for.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The language.
    pub(crate) language: Language,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// Now: what times are relative to.
    pub(crate) now: Timestamp,
    /// How far the journal was before anything was read: what comes after it is not in the view.
    pub(crate) heard: u64,
    /// Where links lead.
    pub(crate) links: Links,
    /// The environment's name, such as `dev`.
    pub(crate) environment: String,
    /// Whether a person can start, stop, approve: not in the record of past runs.
    pub(crate) may_act: bool,
    /// How the command is called that people type.
    pub(crate) command: &'static str,
}

/// What a path's segment may not have as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

impl Context {
    /// A word in the language.
    pub(crate) fn say(&self, word: Word) -> &'static str {
        word.in_language(self.language)
    }

    /// A word that names the command.
    pub(crate) fn tell(&self, word: Word) -> String {
        self.say(word).replace("{command}", self.command)
    }

    /// The id of a part that a view has once. A report has many views, and so none.
    pub(crate) fn id(&self, id: &'static str) -> Option<&'static str> {
        (self.links == Links::Served).then_some(id)
    }

    /// The address of a view: its path's segments, and what is selected there.
    pub(crate) fn to(&self, path: &[&str], selected: &[(&str, &str)]) -> String {
        let encode = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let path: Vec<String> = path.iter().map(|segment| encode(segment)).collect();
        match self.links {
            // What is selected has a place of its own there, but for one thing at most.
            Links::File => {
                let mut place = path;
                let named = selected.iter().filter(|(name, _)| matches!(*name, "state" | "action"));
                place.extend(named.map(|(name, value)| format!("{name}={}", encode(value))).take(1));
                format!("#{}", place.join("/"))
            }
            Links::Served => {
                let query: Vec<String> = selected
                    .iter()
                    .map(|(name, value)| format!("{name}={}", encode(value)))
                    .collect();
                let mark = if query.is_empty() { "" } else { "?" };
                format!("/{}{mark}{}", path.join("/"), query.join("&"))
            }
        }
    }
}
