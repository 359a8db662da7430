//! Rows of the table of operations.

use super::account::SageMaker;
use super::tags;
use platform::{Call, Operation, Platform, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An operation on the resource with this ARN. Policies can ask for the resource's tags.
pub(super) fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&Platform, &I) -> String,
    does: fn(&SageMaker, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<SageMaker> {
    let requires = move |sagemaker: &SageMaker, platform: &Platform, input: &I| {
        let arn = arn(platform, input);
        // Whether the resource exists is told only to those who may ask.
        Ok(vec![tags::on_tagged(name, &arn, sagemaker.tags_of(&arn))])
    };
    Operation::new(name, requires, does)
}

/// A list, which knows no resources.
pub(super) fn list<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    does: fn(&SageMaker, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<SageMaker> {
    Operation::on(name, |_, _: &I| "*", does)
}
