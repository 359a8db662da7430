//! An expression: read, and evaluated by `jsonata-core`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::convert::Given;
use super::functions::{self, MAX_SEQUENCE, TOO_LARGE};
use super::mended;
use super::reads::{Part, Reads, Way};
use super::refusals::{OF_STATES, check};
use super::syntax;
use crate::expression::failure::StateError;
use crate::expression::refusal::Refusal;
use crate::expression::scope::Scope;
use crate::text::Json;

/// How long an expression may run, as a guard against ones without an end.
const TIMEOUT_MILLISECONDS: u64 = 2_000;
/// How deep an expression may recurse.
const MAX_DEPTH: usize = 100;

/// An expression, ready to be evaluated.
#[derive(Clone)]
pub(crate) struct Expression {
    text: Arc<str>,
    tree: Arc<AstNode>,
    reads: Reads,
    /// Where the expression leads to, if it does nothing else.
    way: Option<Way>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

impl Expression {
    /// Reads an expression, without its delimiters. The field in which it stands decides what `$states` has.
    pub(crate) fn parse(text: &str, field: &str) -> Result<Expression, Refusal> {
        let mut tree = parser::parse(text).map_err(|error| Refusal::Syntax(syntax::told(&error.to_string())))?;
        check(&mut tree, field)?;
        mended::mend(&mut tree);
        Ok(Expression {
            text: text.into(),
            tree: Arc::new(tree),
            reads: Reads::of(text),
            way: Way::of(text),
        })
    }

    /// The expression as written, without its delimiters.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The names that it can refer to: the only variables and functions that it can need.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(|(name, _)| name)
    }

    /// The expression's value; the field is what an error will name.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Json, StateError> {
        let fail = |what: &str| StateError::Query {
            cause: format!(
                "The JSONata expression '{}' specified for the field '{field}' {what}",
                self.text
            ),
            location: Some(field.to_owned()),
        };
        if let Some(value) = self.way.as_ref().and_then(|way| at_its_end(way, scope)) {
            return Ok(value.clone());
        }
        let mut given = Given::default();
        let value = self.run(scope, &mut given).map_err(|error| {
            let (separator, why) = match error.code() {
                Some("D2014" | "D2015") => (": ", TOO_LARGE),
                Some(_) => (". ", error.message()),
                None => (": ", error.message()),
            };
            fail(&format!("threw an error during evaluation{separator}{why}"))
        })?;
        match given.take_back(&value, 0) {
            Some(Json::Null) if value.is_undefined() => Err(fail("returned nothing (undefined).")),
            Some(value) => Ok(value),
            None if value.is_undefined() => Err(fail("returned nothing (undefined).")),
            None => Err(fail("returned an unsupported result type.")),
        }
    }

    fn run(&self, scope: &Scope<'_>, given: &mut Given) -> Result<JValue, EvaluatorError> {
        let mut context = Context::new();
        for (name, part) in self.reads.iter() {
            if name == "states" {
                context.bind("states".to_owned(), states(scope, part, given));
            } else if let Some(value) = scope.variables.get(name) {
                context.bind(name.to_owned(), given.give_part(value, part));
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(TIMEOUT_MILLISECONDS),
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_SEQUENCE),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, self.names(), scope)?;
        // The crate panics on some arguments, such as numbers in letters that do not fit: an expression that fails.
        catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(&self.tree, &JValue::Undefined)))
            .unwrap_or_else(|_| Err(EvaluatorError::EvaluationError("it could not be evaluated".to_owned())))
    }
}

/// A field of `$states`, where the state has it now.
fn of_states<'s>(scope: &Scope<'s>, field: &str) -> Option<&'s Json> {
    match field {
        "input" => Some(scope.state_input),
        "context" => Some(scope.context.get()),
        "result" => scope.result,
        "errorOutput" => scope.error_output,
        _ => None,
    }
}

/// `$states`, as far as it is read.
fn states(scope: &Scope<'_>, part: &Part, given: &mut Given) -> JValue {
    let fields = OF_STATES.iter().filter_map(|field| {
        let part = part.of(field)?;
        let value = of_states(scope, field)?;
        Some(((*field).to_owned(), given.give_part(value, part)))
    });
    JValue::object(fields.collect())
}

/// The value at the end of a way, where it leads through objects alone and to what a float does not change. All others are
/// left to the evaluator: those that lead through an array, or to nothing.
fn at_its_end<'s>(way: &Way, scope: &Scope<'s>) -> Option<&'s Json> {
    let (start, fields) = match (&*way.root, &*way.fields) {
        ("states", [field, rest @ ..]) => (of_states(scope, field)?, rest),
        (variable, fields) => (scope.variables.get(variable)?, fields),
    };
    let end = fields.iter().try_fold(start, |value, field| value.get(field))?;
    end.has_floats_alone().then_some(end)
}
