//! An execution that has ended, as EventBridge tells it.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>

use shared::execution_name::ExecutionName;
use shared::time::Timestamp;

use super::reader::Reader;

/// The event's `detail-type`.
pub(super) const DETAIL_TYPE: &str = "Step Functions Execution Status Change";

/// How many characters the id of a pipeline's execution has: it is a UUID.
const UUID: usize = 36;

/// An execution of a state machine that has ended. Its input and output are not read: an event is a hint to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedExecution {
    /// Its ARN.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// When it ended, if it has ended.
    pub ended: Option<Timestamp>,
}

impl EndedExecution {
    pub(super) fn read(event: &Reader<'_>) -> Result<Self, String> {
        let detail = event.field("detail")?;
        Ok(Self {
            execution_arn: detail.text_of("executionArn")?,
            name: detail.text_of("name")?,
            ended: detail.optional_millis_of("stopDate")?,
        })
    }

    /// The id of the pipeline's execution that it was started for, if its name holds one.
    #[must_use]
    pub(crate) fn pipeline_execution_id(&self) -> Option<&str> {
        pipeline_execution_id_in(&self.name)
    }
}

/// The id of the pipeline's execution in the name of an execution that was started for it, if there is one.
#[must_use]
pub(crate) fn pipeline_execution_id_in(name: &str) -> Option<&str> {
    let id = name.get(..UUID)?;
    let is_uuid = id.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    (is_uuid && ExecutionName::has_prefix(name, id)).then_some(id)
}
