//! Stacks that are nested in those that somebody has CloudFormation make.

use super::maker::{Failure, Inner, Maker, NestedTemplate, Nesting, Nests};
use crate::template::Fault;
use services::cloudformation::{Nested, NestingError, Shown};

/// Has CloudFormation make nested stacks, as whoever has asked for the outer one.
pub(super) struct AskedFor;

impl Nests for AskedFor {
    fn make<'n>(&'n self, maker: &'n Maker<'n>, nesting: Nesting) -> Inner<'n> {
        Box::pin(async move {
            let nested = as_nested(nesting)?;
            let made = maker.cloud.cloudformation.nest(maker.nesting(), nested).await;
            made.map(values).map_err(failure)
        })
    }
}

/// A nested stack as CloudFormation is told of it: its template is in S3.
pub(super) fn as_nested(nesting: Nesting) -> Result<Nested, Fault> {
    let template_url = match nesting.template {
        NestedTemplate::Url(url) => url,
        NestedTemplate::File(_) => return Err(Fault::new("must be a supported URL").within("TemplateURL")),
    };
    Ok(Nested {
        logical_id: nesting.logical_id,
        template_url,
        values: nesting.values,
        tags: nesting.tags,
    })
}

/// The names and the values of outputs.
pub(super) fn values(outputs: Vec<Shown>) -> Vec<(String, String)> {
    outputs.into_iter().map(|output| (output.name, output.value)).collect()
}

fn failure(error: NestingError) -> Failure {
    match error {
        NestingError::Refused { operation, error } => Failure::Service {
            operation: format!("cloudformation:{operation}"),
            error,
        },
        NestingError::Embedded(reason) => Failure::Embedded(reason),
    }
}
