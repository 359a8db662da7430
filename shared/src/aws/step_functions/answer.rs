//! What an answer must have. An answer without it is an error, even if its status says success.
//!
//! If a required member is missing, the SDK fills in an empty text, the epoch or an unknown word, and reports success.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;

use crate::aws::error::incomplete;
use crate::ports::CallError;
use crate::time::Timestamp;

/// A text that must be there.
pub(super) fn text(operation: &'static str, text: String) -> Result<String, CallError> {
    if text.is_empty() {
        Err(incomplete(operation))
    } else {
        Ok(text)
    }
}

/// A moment that must be there.
pub(super) fn moment(operation: &'static str, date: &DateTime) -> Result<Timestamp, CallError> {
    match date.to_millis() {
        Ok(millis) if millis != 0 => Ok(Timestamp::from_millis(millis)),
        Ok(_) | Err(_) => Err(incomplete(operation)),
    }
}

/// Refuses an answer without this list. The SDK would read it as an empty list.
#[derive(Debug, Clone, Copy)]
pub(super) struct WithList(pub(super) &'static str);

#[dyn_dispatch_hint]
impl Intercept for WithList {
    fn name(&self) -> &'static str {
        "WithList"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let has_list = |body: &[u8]| {
            serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|answer| answer[self.0].is_array())
        };
        if response.status().is_success() && !has_list(body) {
            return Err("the answer is incomplete".into());
        }
        Ok(())
    }
}
