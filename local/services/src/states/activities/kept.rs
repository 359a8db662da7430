//! The activities of the account, and what waits for their workers.

use super::activity::Activity;
use super::queue::Queues;
use crate::states::arn::Arn;
use platform::ServiceError;
use platform::store::{Held, Rows, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// The activities, and the tasks that wait for their workers.
#[derive(Debug, Default)]
pub(crate) struct Activities {
    pub(super) rows: Rows<Activity>,
    pub(crate) queues: Queues,
    /// For how long a worker waits that gets no task: a minute, unless a test has less time.
    pub(crate) longest_poll: OnceLock<Duration>,
}

impl Activities {
    /// The activities that this store keeps. No task waits: no execution runs yet.
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            rows: Rows::open(store, "states/activities")?,
            ..Self::default()
        })
    }

    /// Whether there is an activity of this ARN.
    pub(crate) fn have(&self, activity_arn: &str) -> bool {
        find(&self.rows.lock(), activity_arn).is_ok()
    }

    /// Does something to an activity's tags.
    pub(crate) fn tags<T>(
        &self,
        activity_arn: &str,
        then: impl FnOnce(&mut BTreeMap<String, String>) -> T,
    ) -> Result<T, ServiceError> {
        let mut rows = self.rows.lock();
        let name = find(&rows, activity_arn)?.name.clone();
        let found = rows.get_mut(&name).ok_or_else(|| no_activity(activity_arn))?;
        Ok(then(&mut found.tags))
    }
}

/// The activity that has this ARN.
pub(super) fn find<'r>(rows: &'r Held<'_, Activity>, activity_arn: &str) -> Result<&'r Activity, ServiceError> {
    let arn = Arn::of_kind(activity_arn, "activity")?;
    let found = rows.get(arn.machine).filter(|activity| activity.arn == activity_arn);
    found.ok_or_else(|| no_activity(activity_arn))
}

fn no_activity(arn: &str) -> ServiceError {
    ServiceError::new("ActivityDoesNotExist", format_args!("Activity Does Not Exist: '{arn}'"))
}
