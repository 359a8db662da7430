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
            writer: fields.object("ResultWriter").map(|fields| Writer::parse(&fields)),
        }
    }

    /// `ProcessorConfig`: the type of the child executions; nothing where the Map is inline.
    pub(super) fn child_type(processor: &Fields<'_>) -> Option<ExecutionType> {
        let config = processor.object("ProcessorConfig")?;
        let mode = config.one_of("Mode", &["INLINE", "DISTRIBUTED"]);
        let mut execution_type = None;
        // Who says INLINE has no child executions. Of a mode that is left out nothing is known.
        if mode != Some("INLINE") {
            execution_type = config.one_of("ExecutionType", &["STANDARD", "EXPRESS"]);
        }
        if mode == Some("DISTRIBUTED") && !config.has("ExecutionType") {
            config.missing("ExecutionType");
        }
        config.finish();
        (mode == Some("DISTRIBUTED")).then_some(match execution_type {
            Some("EXPRESS") => ExecutionType::Express,
            _ => ExecutionType::Standard,
        })
    }
}
