//! The [Map state](https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html), inline and distributed.

mod batcher;
mod reader;
mod writer;

use std::sync::Arc;

pub(crate) use batcher::Batcher;
pub(crate) use reader::Reader;
pub(crate) use writer::{Outcome, Writer};

use super::State;
use crate::execution::ExecutionType;
use crate::expression::{Path, QueryLanguage, Scope, StateError, Template};
use crate::fields::{Amount, Fields};
use crate::flow::Flow;
use crate::text::{Json, Number};

/// How many iterations of an inline Map run at once, whatever it asks for.
const MAX_INLINE_CONCURRENCY: usize = 40;
/// How many child executions of a distributed Map run at once, whatever it asks for.
const MAX_DISTRIBUTED_CONCURRENCY: usize = 10_000;

/// Runs a flow for each item.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) processor: Arc<Flow>,
    /// What is there only in distributed mode.
    pub(crate) distributed: Option<Distributed>,
    items: Items,
    item_selector: Option<Template>,
    max_concurrency: Option<Amount>,
    tolerated_count: Option<Amount>,
    tolerated_percentage: Option<Amount>,
}

/// The parts of a distributed Map.
#[derive(Debug)]
pub(crate) struct Distributed {
    pub(crate) execution_type: ExecutionType,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) reader: Option<Reader>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) writer: Option<Writer>,
}

/// Where the items are.
#[derive(Debug)]
enum Items {
    Input,
    Path(Path),
    Template(Template),
}

/// What a Map state allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) concurrency: usize,
    tolerated_count: Option<u64>,
    tolerated_percentage: Option<f64>,
}

impl Limits {
    /// Whether so many failures among so many items are too many.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of items are far below where floats are inexact"
    )]
    pub(crate) fn exceeded_by(&self, failed: usize, total: usize) -> bool {
        let beyond_count = self.tolerated_count.is_some_and(|count| failed as u64 > count);
        let beyond_percentage = self
            .tolerated_percentage
            .is_some_and(|percentage| total > 0 && failed as f64 / total as f64 * 100.0 > percentage);
        let nothing_tolerated = self.tolerated_count.is_none() && self.tolerated_percentage.is_none();
        beyond_count || beyond_percentage || nothing_tolerated && failed > 0
    }
}

impl Map {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Map> {
        let processor_key = if fields.has("Iterator") && !fields.has("ItemProcessor") {
            "Iterator"
        } else {
            "ItemProcessor"
        };
        if !fields.has(processor_key) {
            fields.missing(processor_key);
        }
        let processor = fields.object(processor_key)?;
        processor.text("Comment");
        let (is_distributed, execution_type) = processor_config(&processor);
        let flow = Flow::parse(&processor, false);
        processor.finish();
        let is_path = fields.language == QueryLanguage::JsonPath;
        let items = if is_path {
            match fields.has("ItemsPath").then(|| fields.path("ItemsPath")).flatten() {
                Some(path) => Items::Path(path),
                None => Items::Input,
            }
        } else {
            fields.template("Items", "Items").map_or(Items::Input, Items::Template)
        };
        let selector_key = if is_path && fields.has("Parameters") {
            "Parameters"
        } else {
            "ItemSelector"
        };
        let whole = f64::from(u32::MAX);
        let map = Map {
            distributed: is_distributed.then(|| Distributed::parse(fields, execution_type)),
            processor: Arc::new(flow?),
            items,
            item_selector: fields.template(selector_key, selector_key),
            max_concurrency: fields.amount("MaxConcurrency", Some("MaxConcurrencyPath"), 0.0, whole),
            tolerated_count: fields.amount("ToleratedFailureCount", Some("ToleratedFailureCountPath"), 0.0, whole),
            tolerated_percentage: fields.amount(
                "ToleratedFailurePercentage",
                Some("ToleratedFailurePercentagePath"),
                0.0,
                100.0,
            ),
        };
        if !is_distributed {
            for key in ["ItemReader", "ItemBatcher", "ResultWriter", "Label"] {
                if fields.get(key).is_some() {
                    fields.error(key, format!("The field '{key}' is not supported for INLINE maps"));
                }
            }
        }
        Some(map)
    }

    /// The items in the state's input, as they are.
    pub(crate) fn items(&self, state: &State, scope: &Scope<'_>) -> Result<Arc<Vec<Json>>, StateError> {
        let value = match (&self.items, state.language) {
            (Items::Template(template), _) => {
                let value = template.evaluate(scope)?;
                if let (Template::Query(query), false) = (template, matches!(value, Json::Array(_))) {
                    return Err(query.wrong_type("array", &value));
                }
                value
            }
            (_, QueryLanguage::Jsonata) => scope.state_input.clone(),
            (Items::Path(path), _) => {
                let input = state.effective_input(scope)?;
                let value = scope.with_input(&input).data(path)?;
                if !matches!(value, Json::Array(_)) {
                    return Err(not_array(path.text()));
                }
                value
            }
            (Items::Input, QueryLanguage::JsonPath) => {
                let input = state.effective_input(scope)?;
                if !matches!(input, Json::Array(_)) {
                    return Err(not_array("$"));
                }
                input
            }
        };
        match value {
            Json::Array(items) => Ok(items),
            other => Err(StateError::Query {
                cause: format!("Map state input must be an array but was: {other}"),
                location: None,
            }),
        }
    }

    /// What an iteration gets for its item, which the scope's context names.
    pub(crate) fn select(&self, input: &Json, item: &Json, scope: &Scope<'_>) -> Result<Json, StateError> {
        match &self.item_selector {
            Some(selector) => selector.evaluate(&scope.with_input(input)),
            None => Ok(item.clone()),
        }
    }

    /// The input that the item selector sees as `$`.
    pub(crate) fn input(&self, state: &State, scope: &Scope<'_>) -> Result<Json, StateError> {
        match state.language {
            QueryLanguage::JsonPath => state.effective_input(scope),
            QueryLanguage::Jsonata => Ok(scope.state_input.clone()),
        }
    }

    /// What the state allows.
    pub(crate) fn limits(&self, state: &State, scope: &Scope<'_>) -> Result<Limits, StateError> {
        let input = self.input(state, scope)?;
        let scope = scope.with_input(&input);
        let most = if self.distributed.is_some() {
            MAX_DISTRIBUTED_CONCURRENCY
        } else {
            MAX_INLINE_CONCURRENCY
        };
        let concurrency = match whole(self.max_concurrency.as_ref(), "MaxConcurrency", &scope)? {
            None | Some(0) => most,
            Some(concurrency) => usize::try_from(concurrency).map_or(most, |concurrency| concurrency.min(most)),
        };
        let tolerated_count = whole(self.tolerated_count.as_ref(), "ToleratedFailureCount", &scope)?;
        let tolerated_percentage = percentage(self.tolerated_percentage.as_ref(), &scope)?;
        Ok(Limits {
            concurrency,
            tolerated_count,
            tolerated_percentage,
        })
    }
}

impl Distributed {
    fn parse(fields: &Fields<'_>, execution_type: ExecutionType) -> Distributed {
        Distributed {
            execution_type,
            label: fields.text("Label").map(Arc::from),
            reader: fields.object("ItemReader").and_then(|fields| Reader::parse(&fields)),
            batcher: fields.object("ItemBatcher").map(|fields| Batcher::parse(&fields)),
            writer: fields.object("ResultWriter").and_then(|fields| Writer::parse(&fields)),
        }
    }
}

/// `ProcessorConfig`: whether the Map is distributed, and what its children are.
fn processor_config(processor: &Fields<'_>) -> (bool, ExecutionType) {
    let Some(config) = processor.object("ProcessorConfig") else {
        return (false, ExecutionType::Standard);
    };
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
    (mode == "DISTRIBUTED", execution_type)
}

fn not_array(path: &str) -> StateError {
    StateError::Runtime(format!("Reference path \"{path}\" must point to array."))
}

/// A value as AWS quotes it in these messages: texts without quotes of their own.
fn quoted(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A whole number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated to be whole and in range"
)]
fn whole(amount: Option<&Amount>, key: &str, scope: &Scope<'_>) -> Result<Option<u64>, StateError> {
    let value = match amount {
        None => return Ok(None),
        Some(Amount::Literal(number)) => return Ok(Some(*number as u64)),
        Some(Amount::Path(path)) => {
            let value = scope.data(path)?;
            let Json::Number(Number::Int(_)) = value else {
                return Err(StateError::Runtime(format!(
                    "The {key}Path field refers to value \"{}\" which is not a valid integer: {path}",
                    quoted(&value)
                )));
            };
            value
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            if value.as_i64().is_none() {
                return Err(query.wrong_type("integer", &value));
            }
            value
        }
    };
    match (value.as_i64().and_then(|number| u64::try_from(number).ok()), amount) {
        (Some(number), _) => Ok(Some(number)),
        (None, Some(Amount::Path(_))) if key == "MaxConcurrency" => {
            Err(StateError::Unrecorded("MaxConcurrency cannot be negative.".to_owned()))
        }
        (None, _) => Err(StateError::Runtime(format!("{key} cannot be negative."))),
    }
}

fn percentage(amount: Option<&Amount>, scope: &Scope<'_>) -> Result<Option<f64>, StateError> {
    let value = match amount {
        None => return Ok(None),
        Some(Amount::Literal(number)) => return Ok(Some(*number)),
        Some(Amount::Path(path)) => {
            let value = scope.data(path)?;
            value.as_f64().ok_or_else(|| {
                StateError::Runtime(format!(
                    "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: {path}",
                    quoted(&value)
                ))
            })?
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            value.as_f64().ok_or_else(|| query.wrong_type("number", &value))?
        }
    };
    if !(0.0..=100.0).contains(&value) {
        return Err(StateError::Runtime(
            "ToleratedFailurePercentage must be between 0 and 100.".to_owned(),
        ));
    }
    Ok(Some(value))
}
