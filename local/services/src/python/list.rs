//! Lists of packages that a Dockerfile or a build has pip install.

use serde::{Deserialize, Serialize};

/// One `pip install` of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Install {
    /// Options that pip is given as they are.
    pub(crate) options: Vec<String>,
    /// Files of requirements, by their paths in the image.
    pub(crate) files: Vec<String>,
    /// Requirements that stand in the command itself.
    pub(crate) packages: Vec<String>,
}

/// An [`Install`] with the texts of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(super) install: Install,
    pub(super) texts: Vec<String>,
}

impl Install {
    /// Reads the files. `read` gives the text of a file of the image.
    ///
    /// # Errors
    /// What `read` says, with the file's path.
    pub(crate) fn wanted(&self, read: impl Fn(&str) -> Result<String, String>) -> Result<Wanted, String> {
        let texts = self.files.iter().map(|file| {
            let text = read(file).map_err(|error| format!("{file}: {error}"))?;
            match text.lines().find(|line| is_include(line)) {
                Some(line) => Err(format!(
                    "{file}: `{}` is not here: give each file to pip install by a --requirement of its own",
                    line.trim()
                )),
                None => Ok(text),
            }
        });
        let texts = texts.collect::<Result<_, String>>()?;
        Ok(Wanted {
            install: self.clone(),
            texts,
        })
    }
}

/// Whether a line of requirements leads to another file.
fn is_include(line: &str) -> bool {
    let line = line.trim_start();
    ["-r", "-c", "--requirement", "--constraint", "-e", "--editable"]
        .iter()
        .any(|option| {
            line.strip_prefix(option)
                .is_some_and(|rest| rest.starts_with([' ', '=']))
        })
}

impl Wanted {
    /// Whether the same packages come of it each time: they are known by their hashes.
    pub(crate) fn is_locked(&self) -> bool {
        let has_hashes = self.texts.iter().any(|text| text.contains("--hash="));
        let required = self.install.options.iter().any(|option| option == "--require-hashes");
        self.install.packages.is_empty() && (has_hashes || required)
    }

    /// Whether anything is to be installed.
    pub(super) fn is_something(&self) -> bool {
        let mut lines = self.texts.iter().flat_map(|text| text.lines());
        !self.install.packages.is_empty()
            || lines.any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_lead_to_others_are_refused_by_name() {
        for line in ["-r other.txt", "--requirement=other.txt", " -c limits.txt", "-e ."] {
            let error = Install {
                options: Vec::new(),
                files: vec!["/r.txt".into()],
                packages: Vec::new(),
            }
            .wanted(|_| Ok(line.to_owned()))
            .err()
            .unwrap();
            assert!(error.contains(line.trim()), "{error}");
        }
        let error = Install {
            options: Vec::new(),
            files: vec!["/r.txt".into()],
            packages: Vec::new(),
        }
        .wanted(|_| Err("it is not there".into()))
        .err();
        assert_eq!(error.as_deref(), Some("/r.txt: it is not there"));
    }
}
