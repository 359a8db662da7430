//! The [Map state](https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html), inline and distributed.

use std::sync::Arc;

use super::distributed::Distributed;
use crate::definition::common::Common;
use crate::definition::flow::Flow;
use crate::definition::reading::{Amount, Fields, percentage, whole};
use crate::expression::{Failure, Path, QueryLanguage, Root, Scope, StateError, Template};
use crate::text::{Array, Json};

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
    /// It is inline, and has what only a distributed Map can have.
    is_misplaced: bool,
    items: Items,
    item_selector: Option<Template>,
    max_concurrency: Option<Amount>,
    tolerated_count: Option<Amount>,
    tolerated_percentage: Option<Amount>,
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
    /// How many iterations run at once.
    pub(crate) concurrency: usize,
    /// `MaxConcurrency` as it is asked for; 0 where it is not.
    pub(crate) max_concurrency: u64,
    pub(crate) tolerated_count: Option<u64>,
    pub(crate) tolerated_percentage: Option<f64>,
}

impl Limits {
    /// Whether the state says how many failures it takes.
    pub(crate) fn has_threshold(&self) -> bool {
        self.tolerated_count.is_some() || self.tolerated_percentage.is_some()
    }

    /// The error of a Map of which more has failed than it takes.
    pub(crate) fn exceeded() -> Failure {
        let cause = "The specified tolerated failure threshold was exceeded";
        Failure::new("States.ExceedToleratedFailureThreshold", cause)
    }

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

/// What AWS says of an inline Map when it runs: it creates one with such fields.
const NOT_INLINE: &str = "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps";

/// Whether an inline Map has fields that only a distributed one can have, each of which is noted.
fn has_what_inline_lacks(fields: &Fields<'_>) -> bool {
    // It names no child execution here, and does no harm.
    fields.get("Label");
    let mut has_any = false;
    for key in ["ItemReader", "ItemBatcher", "ResultWriter"] {
        if fields.get(key).is_some() {
            has_any = true;
            fields.warning(key, format!("{NOT_INLINE}: the state will fail"));
        }
    }
    has_any
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
        let child_type = Distributed::child_type(&processor);
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
            is_misplaced: child_type.is_none() && has_what_inline_lacks(fields),
            distributed: child_type.map(|child_type| Distributed::parse(fields, child_type)),
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
        Some(map)
    }

    /// The items in the state's input, as they are.
    pub(crate) fn items(&self, common: &Common, scope: &Scope<'_>) -> Result<Arc<Array>, StateError> {
        if self.is_misplaced {
            return Err(StateError::Runtime(NOT_INLINE.to_owned()));
        }
        let value = match (&self.items, common.language) {
            (Items::Template(template), _) => {
                let value = template.evaluate(scope)?;
                if let (Template::Query(query), false) = (template, matches!(value, Json::Array(_))) {
                    return Err(query.wrong_type("array", &value));
                }
                value
            }
            (_, QueryLanguage::Jsonata) => scope.state_input.clone(),
            (Items::Path(path), _) => {
                let input = common.effective_input(scope)?;
                let value = scope.with_input(&input).data(path)?;
                if !matches!(value, Json::Array(_)) {
                    return Err(not_array(path));
                }
                value
            }
            (Items::Input, QueryLanguage::JsonPath) => {
                let input = common.effective_input(scope)?;
                if !matches!(input, Json::Array(_)) {
                    return Err(no_array_at("$"));
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

    /// Whether it reshapes its items.
    pub(crate) fn has_selector(&self) -> bool {
        self.item_selector.is_some()
    }

    /// What an iteration gets for its item, which the scope's context names.
    pub(crate) fn select(&self, input: &Json, item: &Json, scope: &Scope<'_>) -> Result<Json, StateError> {
        match &self.item_selector {
            Some(selector) => selector.evaluate(&scope.with_input(input)),
            None => Ok(item.clone()),
        }
    }

    /// What the state allows.
    pub(crate) fn limits(&self, common: &Common, scope: &Scope<'_>) -> Result<Limits, StateError> {
        let input = common.effective_input(scope)?;
        let scope = scope.with_input(&input);
        let most = if self.distributed.is_some() {
            MAX_DISTRIBUTED_CONCURRENCY
        } else {
            MAX_INLINE_CONCURRENCY
        };
        let max_concurrency = whole(self.max_concurrency.as_ref(), "MaxConcurrency", &scope)?.unwrap_or_default();
        let concurrency = match max_concurrency {
            0 => most,
            concurrency => usize::try_from(concurrency).map_or(most, |concurrency| concurrency.min(most)),
        };
        let tolerated_count = whole(self.tolerated_count.as_ref(), "ToleratedFailureCount", &scope)?;
        let tolerated_percentage = percentage(self.tolerated_percentage.as_ref(), &scope)?;
        Ok(Limits {
            concurrency,
            max_concurrency,
            tolerated_count,
            tolerated_percentage,
        })
    }
}

fn not_array(path: &Path) -> StateError {
    // AWS names a path into the context object as one that starts there.
    match (path.root(), path.text().strip_prefix('$')) {
        (Root::Context, Some(inner)) => no_array_at(inner),
        _ => no_array_at(path.text()),
    }
}

fn no_array_at(path: &str) -> StateError {
    StateError::Runtime(format!("Reference path \"{path}\" must point to array."))
}
