//! `ItemBatcher`: several items for each child execution.

use crate::definition::reading::{Amount, Fields, whole};
use crate::expression::{Scope, StateError, Template};
use crate::text::{Json, Object};

/// Puts items together.
#[derive(Debug)]
pub(crate) struct Batcher {
    max_items: Option<Amount>,
    max_bytes: Option<Amount>,
    input: Option<Template>,
}

impl Batcher {
    pub(crate) fn parse(fields: &Fields<'_>) -> Batcher {
        let batcher = Batcher {
            max_items: fields.amount(
                "MaxItemsPerBatch",
                Some("MaxItemsPerBatchPath"),
                1.0,
                f64::from(u32::MAX),
            ),
            max_bytes: fields.amount(
                "MaxInputBytesPerBatch",
                Some("MaxInputBytesPerBatchPath"),
                1.0,
                262_144.0,
            ),
            input: fields.template("BatchInput", "ItemBatcher/BatchInput"),
        };
        if batcher.max_items.is_none() && batcher.max_bytes.is_none() {
            fields.error_here("An ItemBatcher must have 'MaxItemsPerBatch', 'MaxInputBytesPerBatch' or both");
        }
        fields.finish();
        batcher
    }

    /// The children's inputs.
    pub(crate) fn batches(&self, items: Vec<Json>, scope: &Scope<'_>) -> Result<Vec<Json>, StateError> {
        let limit = |amount: &Option<Amount>, key| {
            whole(amount.as_ref(), key, scope).map(|limit| {
                limit
                    .filter(|limit| *limit > 0)
                    .and_then(|limit| usize::try_from(limit).ok())
                    .unwrap_or(usize::MAX)
            })
        };
        let max_items = limit(&self.max_items, "MaxItemsPerBatch")?;
        let max_bytes = limit(&self.max_bytes, "MaxInputBytesPerBatch")?;
        let input = match &self.input {
            Some(input) => Some(input.evaluate(scope)?),
            None => None,
        };
        // `{"Items":[]}`, with the batch's input before it.
        let frame = 12 + input.as_ref().map_or(0, |input| input.text_len() + 14);
        let mut batches = Vec::new();
        let mut batch = Vec::new();
        let mut bytes = frame;
        for item in items {
            let length = if max_bytes == usize::MAX {
                0
            } else {
                item.text_len() + 1
            };
            if !batch.is_empty() && (batch.len() >= max_items || bytes + length > max_bytes) {
                batches.push(make(input.as_ref(), std::mem::take(&mut batch)));
                bytes = frame;
            }
            bytes += length;
            batch.push(item);
        }
        if !batch.is_empty() {
            batches.push(make(input.as_ref(), batch));
        }
        Ok(batches)
    }
}

fn make(input: Option<&Json>, items: Vec<Json>) -> Json {
    let mut batch = Object::with_capacity(2);
    if let Some(input) = input {
        batch.insert("BatchInput", input.clone());
    }
    batch.insert("Items", Json::array(items));
    batch.into()
}
