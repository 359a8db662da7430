//! A Map's items, up to what its iterations would get.

use super::begin::Test;
use super::result::{TestStateError, TestStateResult};
use super::view::Seen;
use crate::definition::{Distributed, ItemSource, Limits, Map, Read, Reader, State};
use crate::expression::{Failure, MapItem, QueryLanguage, StateError};
use crate::text::Json;

impl Test {
    /// Goes through a Map up to its iterations. The inner error is the test's end.
    pub(super) fn map(&mut self, state: &State, map: &Map) -> Result<Result<(), TestStateResult>, TestStateError> {
        let (iterations, limits) = match self.iterations(state, map)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(self.error(error))),
        };
        let failed = self
            .options
            .configuration
            .map_iteration_failure_count
            .unwrap_or_default();
        if failed > iterations {
            return Err(TestStateError::Validation(
                "Map iteration failure count must be less than or equal to the number of Map iterations".to_owned(),
            ));
        }
        // A Map that does not say how many failures it takes is not held to any number here.
        if limits.has_threshold() && limits.exceeded_by(failed, iterations) {
            return Ok(Err(self.raise(Limits::exceeded())));
        }
        Ok(Ok(()))
    }

    /// How many iterations there are, and what the Map allows.
    fn iterations(&mut self, state: &State, map: &Map) -> Result<Result<(usize, Limits), StateError>, TestStateError> {
        let input = match self.effective_input(state) {
            Ok(input) => input,
            Err(error) => return Ok(Err(error)),
        };
        let items = match self.items(state, map, &input)? {
            Ok(items) => items,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.inputs(state, map, &input, items))
    }

    /// The items as the reader or the input has them.
    fn items(
        &mut self,
        state: &State,
        map: &Map,
        input: &Json,
    ) -> Result<Result<Vec<Json>, StateError>, TestStateError> {
        let data = self.options.configuration.map_item_reader_data.clone();
        if let (Some(reader), Some(data)) = (map.distributed.as_ref().and_then(|it| it.reader.as_ref()), data) {
            return self.read(state, reader, input, data);
        }
        let items = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            map.items(&state.common, scope)
        });
        Ok(items.map(|items| {
            if state.common.language == QueryLanguage::JsonPath {
                self.inspection.after_items_path = Some(Json::Array(items.clone()).to_string());
            }
            items.to_vec()
        }))
    }

    fn read(
        &mut self,
        state: &State,
        reader: &Reader,
        input: &Json,
        data: String,
    ) -> Result<Result<Vec<Json>, StateError>, TestStateError> {
        let max_items = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            let scope = scope.with_input(input);
            reader.parameters(&scope)?;
            reader.max_items(&scope)
        });
        let max_items = match max_items {
            Ok(max_items) => max_items,
            Err(error) => return Ok(Err(error)),
        };
        let source = match (&*reader.operation, Json::parse(&data)) {
            ("listObjectsV2", Ok(Json::Array(objects))) => ItemSource::Listing(objects.to_vec()),
            ("listObjectsV2", _) => {
                return Err(TestStateError::Validation(
                    "MapItemReaderData of listObjectsV2 must be a JSON array of objects".to_owned(),
                ));
            }
            _ => ItemSource::Object(data.into_bytes()),
        };
        match reader.read(source, String::new(), max_items) {
            Ok(Read::Items(items)) => {
                if reader.has_pointer() {
                    self.inspection.after_items_pointer = Some(Json::array(items.clone()).to_string());
                }
                Ok(Ok(items))
            }
            Ok(Read::Manifest(_)) => Err(TestStateError::Validation(
                "MapItemReaderData of a manifest is not supported here: the objects that it lists are not read in a test"
                    .to_owned(),
            )),
            Err(cause) => Ok(Err(StateError::Failure(Failure::new(
                "States.ItemReaderFailed",
                cause,
            )))),
        }
    }

    /// What the iterations would get, of which only the number matters.
    fn inputs(
        &mut self,
        state: &State,
        map: &Map,
        input: &Json,
        items: Vec<Json>,
    ) -> Result<(usize, Limits), StateError> {
        let limits = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            map.limits(&state.common, scope)
        })?;
        self.inspection.max_concurrency = Some(limits.max_concurrency);
        self.inspection.tolerated_failure_count = limits.tolerated_count;
        self.inspection.tolerated_failure_percentage = limits.tolerated_percentage;
        let mut inputs = items;
        if map.has_selector() {
            for (index, value) in inputs.iter_mut().enumerate() {
                let item = MapItem {
                    index,
                    value: value.clone(),
                };
                let seen = Seen {
                    item: Some(&item),
                    ..Seen::default()
                };
                *value = self
                    .view
                    .evaluate(&state.common.name, seen, |scope| map.select(input, &item.value, scope))?;
            }
            self.inspection.after_item_selector = Some(Json::array(inputs.clone()).to_string());
        }
        let batcher = map
            .distributed
            .as_ref()
            .and_then(|it: &Distributed| it.batcher.as_ref());
        if let Some(batcher) = batcher {
            inputs = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
                batcher.batches(inputs, &scope.with_input(input))
            })?;
            self.inspection.after_item_batcher = Some(Json::array(inputs.clone()).to_string());
        }
        Ok((inputs.len(), limits))
    }
}
