//! The function itself: its settings, its ports, and what it remembers between calls.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use lambda_runtime::Context;
use shared::metrics::Metrics;
use shared::place::Place;
use shared::ports::step_functions::StateMachineType;
use shared::time::Timestamp;

use super::guard::Watch;
use crate::event::Job;
use crate::settings::{Settings, SettingsError};

/// The function: its settings, its ports, and what it remembers between calls.
#[derive(Debug)]
pub struct PipelineAction<P> {
    pub(super) settings: Result<Settings, SettingsError>,
    pub(super) ports: P,
    /// The types of the state machines seen so far: a state machine never changes its type.
    pub(super) types: Mutex<BTreeMap<String, StateMachineType>>,
}

impl<P> PipelineAction<P> {
    /// A function with these settings and ports. Settings that could not be read make the jobs that need them fail,
    /// with the name of the variable.
    pub fn new(settings: Result<Settings, SettingsError>, ports: P) -> Self {
        Self {
            settings,
            ports,
            types: Mutex::default(),
        }
    }

    /// What the function reaches.
    pub const fn ports(&self) -> &P {
        &self.ports
    }

    /// Where the function runs: by its own ARN, or by its region and the pipeline's account.
    pub(super) fn place(&self, context: &Context, account: Option<&str>) -> Option<Place> {
        let region = self
            .settings
            .as_ref()
            .ok()
            .and_then(|settings| settings.region.as_deref());
        Place::of_arn(&context.invoked_function_arn).or_else(|| Some(Place::of_region(region?, account?)))
    }

    /// The function's name, which metrics are written under.
    pub(super) fn function_name(&self) -> String {
        self.settings.as_ref().map_or_else(
            |_| "pipeline-action".to_owned(),
            |settings| settings.function_name.clone(),
        )
    }
}

/// One call for a job: what belongs to this call alone.
pub(super) struct Call<'a> {
    pub(super) job: &'a Job,
    pub(super) began: Timestamp,
    /// When its answer must be given at the latest.
    pub(super) answer_by: Timestamp,
    pub(super) place: Option<Place>,
    /// What is known so far, for the answer in case the work does not come to its end.
    pub(super) watch: &'a Watch,
    pub(super) metrics: &'a Mutex<Metrics>,
}

impl Call<'_> {
    /// Measures something in this call.
    pub(super) fn measure(&self, measure: impl FnOnce(&mut Metrics)) {
        measure(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A future on the heap. Otherwise its whole type would be part of the type of every future that waits for it.
pub(super) fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}
