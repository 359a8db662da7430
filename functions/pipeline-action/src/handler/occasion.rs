//! Why the function looks at approvals in this call.

use std::sync::Mutex;

use lambda_runtime::Context;
use shared::metrics::Metrics;

use crate::event::{ApprovalChanged, EndedExecution};
use crate::settings::Settings;

/// What holds for all approvals of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) settings: &'a Settings,
    pub(super) context: &'a Context,
    pub(super) metrics: &'a Mutex<Metrics>,
    /// The execution whose end is the reason, if there is one.
    pub(super) ended: Option<&'a EndedExecution>,
    /// The approval whose change is the reason, if there is one.
    pub(super) changed: Option<&'a ApprovalChanged>,
}

impl Occasion<'_> {
    /// Whether the schedule is the reason.
    pub(super) const fn is_scheduled(&self) -> bool {
        self.ended.is_none() && self.changed.is_none()
    }
}
