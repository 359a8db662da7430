//! What SageMaker keeps.

use super::jobs::Store;
use super::models::model::{Model, Models};
use super::processing::request::Request as ProcessingJob;
use super::registry::store::{Group, Registry};
use super::training::request::Request as TrainingJob;
use crate::containers::Containers;
use platform::store::{Held, Rows, Store as Lasting, StoreError};
use std::sync::Arc;

/// SageMaker in this account and region.
#[derive(Debug, Default)]
pub struct SageMaker {
    pub(super) processing: Store<ProcessingJob>,
    pub(super) training: Store<TrainingJob>,
    groups: Rows<Group>,
    models: Models,
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

    /// The same, with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Lasting, containers: Arc<Containers>) -> Result<Self, StoreError> {
        Ok(Self {
            processing: Store::open(store)?,
            training: Store::open(store)?,
            groups: Rows::open(store, "sagemaker/model-package-groups")?,
            models: Rows::open(store, "sagemaker/models")?,
            containers,
        })
    }

    pub(super) fn registry(&self) -> Registry<'_> {
        Registry {
            groups: self.groups.lock(),
        }
    }

    pub(super) fn models(&self) -> Held<'_, Model> {
        self.models.lock()
    }
}
