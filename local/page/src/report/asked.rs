//! What a report and a summary are drawn for, and why there may be none.

use crate::account::Gone;
use crate::served::Page;
use crate::show::{Context, Links, Theme};
use crate::words::Language;
use jiff::Timestamp;

/// Why there is no report.
#[derive(Debug)]
pub struct NotReported(String);

impl std::fmt::Display for NotReported {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for NotReported {}

impl From<Gone> for NotReported {
    fn from(gone: Gone) -> Self {
        let (Gone::NotFound(said) | Gone::Refused(said)) = gone;
        Self(said)
    }
}

/// What a report is drawn for.
pub(super) fn context(page: &Page, language: Language) -> Context {
    Context {
        language,
        theme: Theme::System,
        now: Timestamp::now(),
        heard: 0,
        links: Links::File,
        environment: page.environment.clone(),
        may_act: false,
        command: page.command,
    }
}
