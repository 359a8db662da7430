//! The list of known bugs that are planted to see whether the simulation finds them.

use serde::Deserialize;

/// The list, as `mutants.toml` has it.
#[derive(Debug, Deserialize)]
pub struct Mutants {
    /// The bugs, those that were mended first.
    pub mutant: Vec<Mutant>,
}

/// A known bug.
#[derive(Debug, Deserialize)]
pub struct Mutant {
    /// A short name.
    pub name: String,
    /// What it stands for.
    pub stands_for: String,
    /// What is replaced to plant it.
    pub edit: Vec<Edit>,
}

/// A text that is replaced.
#[derive(Debug, Deserialize)]
pub struct Edit {
    /// The file, from the root of the repository.
    pub file: String,
    /// What stands there exactly once.
    pub find: String,
    /// What takes its place.
    pub replace: String,
}

impl Mutants {
    /// The list.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn listed() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../mutants.toml"))
    }
}

impl Edit {
    /// A file's text with the bug in it.
    ///
    /// # Errors
    /// How often `find` stands there, where that is not once.
    pub fn plant(&self, text: &str) -> Result<String, usize> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            times => Err(times),
        }
    }
}
