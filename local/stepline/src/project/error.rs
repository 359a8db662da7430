//! Why it cannot be said what a repository deploys.

use crate::template::TemplateError;
use std::path::PathBuf;

/// Why it cannot be said what a repository deploys.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProjectError {
    /// Nothing that deploys is in a folder.
    #[error(
        "nothing that deploys is in `{0}`: no samconfig.toml, no template, no pipeline. `stepline init` writes what is missing"
    )]
    Nothing(PathBuf),
    /// An environment that the files do not have.
    #[error("there is no environment `{asked}`: there {} {known}", if known.contains(" and ") { "are" } else { "is" })]
    UnknownEnvironment {
        /// What was asked for.
        asked: String,
        /// Those that there are.
        known: String,
    },
    /// Several templates, and no file that says which belong together.
    #[error(
        "`{folder}` has several templates and no samconfig.toml: {templates}. Name those of an environment in stepline.toml, in the order of their deployment:\n\n[environments.dev]\nstacks = [{{ template = \"{first}\", name = \"my-stack\" }}]"
    )]
    SeveralTemplates {
        /// Where.
        folder: PathBuf,
        /// The templates.
        templates: String,
        /// The first of them.
        first: String,
    },
    /// `stepline.toml` is wrong.
    #[error("{file}: {message}", file = file.display())]
    File {
        /// Where it is.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A template or `samconfig.toml` is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
}
