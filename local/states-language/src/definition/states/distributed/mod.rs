//! What only a distributed Map has: child executions, and S3.

mod batcher;
mod manifest;
mod reader;
mod writer;

use std::sync::Arc;

use batcher::Batcher;
pub(crate) use manifest::{Manifest, S3Object};
pub use reader::ItemSource;
pub(crate) use reader::{Read, Reader};
pub(crate) use writer::Outcome;
use writer::Writer;

use crate::definition::kinds::ExecutionType;
use crate::definition::reading::Fields;

/// The parts of a distributed Map.
#[derive(Debug)]
pub(crate) struct Distributed {
    pub(crate) execution_type: ExecutionType,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) reader: Option<Reader>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) writer: Option<Writer>,
}

impl Distributed {
    pub(super) fn parse(fields: &Fields<'_>, execution_type: ExecutionType) -> Distributed {
        Distributed {
            execution_type,
            label: fields.text("Label").map(Arc::from),
            reader: fields.object("ItemReader").and_then(|fields| Reader::parse(&fields)),
            batcher: fields.object("ItemBatcher").map(|fields| Batcher::parse(&fields)),
            writer: fields.object("ResultWriter").and_then(|fields| Writer::parse(&fields)),
        }
    }

    /// `ProcessorConfig`: the type of the child executions; nothing where the Map is inline.
    pub(super) fn child_type(processor: &Fields<'_>) -> Option<ExecutionType> {
        let config = processor.object("ProcessorConfig")?;
        let mode = config.text("Mode").unwrap_or("INLINE");
        if !matches!(mode, "INLINE" | "DISTRIBUTED") {
            config.error("Mode", "The field 'Mode' must be 'INLINE' or 'DISTRIBUTED'");
        }
        let execution_type = match config.text("ExecutionType") {
            Some("EXPRESS") => ExecutionType::Express,
            None | Some("STANDARD") => ExecutionType::Standard,
            Some(_) => {
                config.error(
                    "ExecutionType",
                    "The field 'ExecutionType' must be 'STANDARD' or 'EXPRESS'",
                );
                ExecutionType::Standard
            }
        };
        if mode == "DISTRIBUTED" && !config.has("ExecutionType") {
            config.missing("ExecutionType");
        }
        config.finish();
        (mode == "DISTRIBUTED").then_some(execution_type)
    }
}
