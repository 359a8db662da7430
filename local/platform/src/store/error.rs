//! What can be in the way of what lasts.

use std::path::PathBuf;

/// Why what lasts cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error(
        "another command{} uses what is kept in {}: wait for its end, or give this one another folder with --state",
        pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(),
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The other process, where it is known.
        pid: Option<String>,
    },
    /// It was written by another version of this program.
    #[error(
        "what is kept in {} has the format {found}, and this version reads {expected}: --fresh begins anew, or give \
         another folder with --state",
        folder.display()
    )]
    Format {
        /// The folder.
        folder: PathBuf,
        /// The format that was found.
        found: i64,
        /// The format that can be read.
        expected: i64,
    },
    /// A row is not what it should be.
    #[error(
        "what is kept in {} has a row that cannot be read, `{key}` of {space}: {problem}; --fresh begins anew",
        folder.display()
    )]
    Row {
        /// The folder.
        folder: PathBuf,
        /// Whose rows these are.
        space: String,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The system or the database does not let it be read or written.
    #[error("what lasts from run to run is in {}, and there: {problem}", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        problem: String,
    },
}
