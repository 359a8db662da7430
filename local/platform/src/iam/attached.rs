//! The policy that is attached to a resource.

use super::document::{Document, Kind};
use crate::error::ServiceError;
use crate::store::Rows;
use serde_json::Value;
use std::collections::BTreeMap;

/// The policy of a resource: as it is enforced, and its statements as they were given.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) document: Document,
    pub(super) statements: Vec<Value>,
}

impl Attached {
    /// A policy of this resource that is still to get its statements.
    pub(super) fn new(resource_arn: &str) -> Self {
        Self {
            document: Document::default().named(resource_arn),
            statements: Vec::new(),
        }
    }

    pub(super) fn read(resource_arn: &str, document: &Value) -> Result<Self, ServiceError> {
        Ok(Self {
            document: Document::read(document, Kind::Resource)?.named(resource_arn),
            statements: match &document["Statement"] {
                Value::Array(statements) => statements.clone(),
                statement => vec![statement.clone()],
            },
        })
    }
}

/// The policies that were kept, by the resources' ARNs. Each was read before it was kept.
pub(super) fn of(kept: &Rows<Value>) -> BTreeMap<String, Attached> {
    let kept = kept.lock();
    let read = kept
        .iter()
        .filter_map(|(arn, document)| Some((arn.clone(), Attached::read(arn, document).ok()?)));
    read.collect()
}
