//! The [Parallel state](https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html).

use std::sync::Arc;

use crate::definition::common::Common;
use crate::definition::flow::Flow;
use crate::definition::reading::{EMPTY, Fields};
use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::text::Json;

/// Runs branches side by side.
#[derive(Debug)]
pub(crate) struct Parallel {
    pub(crate) branches: Vec<Arc<Flow>>,
    parameters: Option<Template>,
}

impl Parallel {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Parallel> {
        let parameters = match fields.language {
            QueryLanguage::JsonPath => fields.template("Parameters", "Parameters"),
            QueryLanguage::Jsonata => fields.template("Arguments", "Arguments"),
        };
        if !fields.has("Branches") {
            fields.missing("Branches");
        }
        let items = fields.items("Branches")?;
        if items.is_empty() {
            fields.error("Branches", EMPTY);
        }
        let mut branches = Vec::with_capacity(items.len());
        let mut complete = true;
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Branches"));
            let branch = fields.sub(item, pointer, format!("the branch {index} of {}", fields.what()))?;
            branch.text("Comment");
            match Flow::parse(&branch, false) {
                Some(flow) => branches.push(Arc::new(flow)),
                None => complete = false,
            }
            branch.finish();
        }
        complete.then_some(Parallel { branches, parameters })
    }

    /// What each branch starts with.
    pub(crate) fn input(&self, common: &Common, scope: &Scope<'_>) -> Result<Json, StateError> {
        let input = common.effective_input(scope)?;
        match &self.parameters {
            Some(parameters) => parameters.evaluate(&scope.with_input(&input)),
            None => Ok(input),
        }
    }
}
