//! What is wrong with a template, and where.

use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};

/// A fault in a template: the file, the line and column where they are known, the path to the thing, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1.
    pub position: Option<(usize, usize)>,
    /// The way to the thing, such as `Resources/Role/Properties`.
    pub path: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A template that was given to CloudFormation is in no file.
        let file = self.file.display().to_string();
        let file = if file.is_empty() { "template" } else { &file };
        write!(formatter, "{file}")?;
        if let Some((line, column)) = self.position {
            write!(formatter, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(formatter, ": {}", self.path)?;
        }
        write!(formatter, ": {}", self.message)
    }
}

impl std::error::Error for TemplateError {}

impl TemplateError {
    /// The same, with the file as it is called from this folder.
    #[must_use]
    pub fn below(&self, folder: &Path) -> Self {
        let file = self.file.strip_prefix(folder).unwrap_or(&self.file);
        Self {
            file: file.to_owned(),
            ..self.clone()
        }
    }
}

/// A fault whose file and position are not known yet. Each level that it passes on its way up adds its key to the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    outward: Vec<String>,
    message: String,
    /// The position, if the YAML reader found the fault. It knows no path.
    position: Option<(usize, usize)>,
    is_absent: bool,
}

impl fmt::Display for Fault {
    /// What is wrong, without where.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Fault {
    /// A fault here.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self {
            outward: Vec::new(),
            message: message.to_string(),
            position: None,
            is_absent: false,
        }
    }

    /// A fault of the local run's own: AWS may have what is meant here, and the local run does not. What it stands in is
    /// passed over, and the rest goes on.
    pub(crate) fn absent(message: impl fmt::Display) -> Self {
        Self {
            is_absent: true,
            ..Self::new(message)
        }
    }

    /// Whether it is the local run that lacks something, and not the template that is wrong.
    pub(crate) fn is_absent(&self) -> bool {
        self.is_absent
    }

    /// A fault at a place in the text.
    pub(super) fn at(line: usize, column: usize, message: impl fmt::Display) -> Self {
        Self {
            position: Some((line, column)),
            ..Self::new(message)
        }
    }

    /// The same, one level further up: `segment` is the key or index that leads to it.
    #[must_use]
    pub(crate) fn within(mut self, segment: impl fmt::Display) -> Self {
        self.outward.push(segment.to_string());
        self
    }

    /// The path from the top.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.outward.iter().rev().map(String::as_str).collect()
    }

    /// The fault in its file; `position_of` knows where the things at a path stand.
    pub(crate) fn locate(
        self,
        file: PathBuf,
        position_of: impl FnOnce(&[&str]) -> Option<(usize, usize)>,
    ) -> TemplateError {
        let path = self.path();
        TemplateError {
            file,
            position: self.position.or_else(|| position_of(&path)),
            path: path.join("/"),
            message: self.message,
        }
    }
}

/// Refuses keys that are not known, and gives those that AWS knows and the local run does not, each as what is passed over.
pub(super) fn known(
    fields: &Map<String, Value>,
    names: &[&str],
    absent: &[&str],
    what: &str,
) -> Result<Vec<Fault>, Fault> {
    let unknown = fields.keys().filter(|field| !names.contains(&field.as_str()));
    unknown
        .map(|field| match absent.contains(&field.as_str()) {
            true => Ok(Fault::absent(format_args!("{what} has no `{field}` in the local run")).within(field)),
            false => Err(Fault::new(format_args!("{what} has no `{field}`")).within(field)),
        })
        .collect()
}
