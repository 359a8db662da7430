//! The resources of one stack, one after the other: for the local run's own deployment and for CloudFormation's callers alike.

use super::lasting;
use super::maker::{Failure, Place};
use super::passing::Resources;
use crate::template::{Output, Stack, TemplateError};
use services::cloudformation::Shown;
use std::collections::BTreeMap;

/// Why a stack was not made.
pub(super) enum Trouble {
    /// The template is wrong.
    Template(TemplateError),
    /// A resource was not made.
    Resource { id: String, kind: String, failure: Failure },
}

/// Makes all resources of a stack.
///
/// # Errors
/// The first trouble.
pub(super) async fn make(place: Place<'_>, stack: &mut Stack) -> Result<Resources, Trouble> {
    let mut resources = BTreeMap::new();
    for id in stack.order().to_vec() {
        let resource = stack.resource(&id).map_err(Trouble::Template)?;
        let kind = resource.kind.clone();
        let outcome = match lasting::make(place, resource, &resources).await {
            Ok(outcome) => outcome,
            Err(failure) => return Err(Trouble::Resource { id, kind, failure }),
        };
        for fault in outcome.passed_over {
            stack.pass_over(fault.within(&id).within("Resources"));
        }
        stack.made(&id, outcome.made.clone());
        resources.insert(id, (kind, outcome.made));
    }
    Ok(resources)
}

/// Outputs as CloudFormation keeps them.
pub(super) fn shown(outputs: &[Output]) -> Vec<Shown> {
    let shown = outputs.iter().map(|output| Shown {
        name: output.name.clone(),
        value: output.value.clone(),
        export: output.export.clone(),
        description: output.description.clone(),
    });
    shown.collect()
}
