//! What the page is of, and what requests are answered with.

use crate::account::{DefinitionFiles, Definitions, Executions, Reader, Remembered};
use crate::trials::Trials;
use platform::Platform;
use std::sync::Arc;

/// What the page is of.
#[derive(Debug, Clone)]
pub struct Page {
    /// The account.
    pub platform: Arc<Platform>,
    /// The environment's name, such as `dev`.
    pub environment: String,
    /// Whether a person can start, stop and approve there: not in an account that was only opened to look at.
    pub may_act: bool,
    /// The definitions in the repository.
    pub definitions: Arc<dyn DefinitionFiles>,
    /// How the command is called that people type, such as `stepline`.
    pub command: &'static str,
}

/// What requests are answered with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) reader: Reader,
    pub(crate) executions: Executions,
    pub(crate) happened: Remembered,
    pub(crate) definitions: Definitions,
    pub(crate) trials: Trials,
    pub(crate) page: Page,
}

impl Served {
    pub(crate) fn new(page: Page) -> Self {
        Self {
            reader: Reader::new(page.platform.clone()),
            executions: Executions::default(),
            happened: Remembered::default(),
            definitions: Definitions::new(page.definitions.clone()),
            trials: Trials::default(),
            page,
        }
    }
}
