//! What SageMaker keeps.

use super::jobs::Store;
use super::models::model::Models;
use super::processing::request::Request as ProcessingJob;
use super::registry::store::Registry;
use super::training::request::Request as TrainingJob;
use crate::containers::Containers;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// SageMaker in this account and region.
#[derive(Debug, Default)]
pub struct SageMaker {
    pub(super) processing: Store<ProcessingJob>,
    pub(super) training: Store<TrainingJob>,
    registry: Mutex<Registry>,
    models: Mutex<Models>,
    pub(super) containers: Arc<Containers>,
}

impl SageMaker {
    /// SageMaker whose jobs run in these containers, where an engine answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            containers,
            ..Self::default()
        }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn models(&self) -> MutexGuard<'_, Models> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
