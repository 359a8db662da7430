//! The functions that AWS adds to JSONata, and those that need randomness.

use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::convert::Given;
use super::mended::{self, Answer};
use crate::expression::intrinsics::hash_text;
use crate::expression::java;
use crate::expression::random::Random;
use crate::expression::scope::Scope;
use crate::text::Json;

/// How long the sequences may be that an expression makes: AWS takes `[1..873782]`, and not one more.
pub(super) const MAX_SEQUENCE: usize = 873_782;
/// How long the sequences of `$range` may be.
const MAX_RANGE: f64 = 360_145.0;
/// What AWS says of an expression that holds more than it may.
pub(super) const TOO_LARGE: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

/// Registers those functions that an expression names.
pub(super) fn register<'n>(
    evaluator: &mut Evaluator,
    names: impl Iterator<Item = &'n str>,
    scope: &Scope<'_>,
) -> Result<(), EvaluatorError> {
    for name in names {
        match name {
            "partition" => evaluator.register_fn(name, |arguments: &[JValue]| partition(arguments))?,
            "range" => evaluator.register_fn(name, |arguments: &[JValue]| range(arguments))?,
            "hash" => evaluator.register_fn(name, |arguments: &[JValue]| hash(arguments))?,
            "parse" => evaluator.register_fn(name, |arguments: &[JValue]| parse(arguments))?,
            "uuid" => {
                let random = Rc::new(Random::new(scope.random.bits()));
                evaluator.register_fn(name, move |_: &[JValue]| Ok(JValue::string(random.uuid())))?;
            }
            "random" => {
                let random = Rc::new(Random::new(scope.random.bits()));
                evaluator.register_fn_override(name, move |arguments: &[JValue]| seeded(arguments, &random))?;
            }
            "shuffle" => {
                let random = Rc::new(Random::new(scope.random.bits()));
                evaluator.register_fn_override(name, move |arguments: &[JValue]| shuffle(arguments, &random))?;
            }
            "eval" => evaluator.register_fn_override(name, |_: &[JValue]| {
                Err(EvaluatorError::EvaluationError(
                    "T1006: Attempted to invoke a non-function".to_owned(),
                ))
            })?,
            _ => {
                let Some(mended) = mended::find(name) else { continue };
                let now = scope.now;
                evaluator
                    .register_fn_override(name, move |arguments: &[JValue]| mended.call_as_value(arguments, now))?;
                // A state machine's variable of that name hides the function.
                if scope.variables.get(name).is_none() {
                    evaluator.register_fn(mended.hidden_name(), move |arguments: &[JValue]| {
                        mended.call_in(arguments, now)
                    })?;
                }
            }
        }
    }
    Ok(())
}

fn number(arguments: &[JValue], at: usize) -> Option<f64> {
    arguments.get(at).and_then(JValue::as_f64)
}

fn wrong<T>(function: &str, what: &str) -> Result<T, EvaluatorError> {
    Err(EvaluatorError::TypeError(format!(
        "T0410: {what} of function \"{function}\" does not match function signature"
    )))
}

/// `$partition(array, size)`: the array in pieces.
fn partition(arguments: &[JValue]) -> Answer {
    let items = match arguments.first() {
        Some(JValue::Array(items)) => items.to_vec(),
        Some(JValue::Undefined) | None => return Ok(JValue::Undefined),
        Some(single) => vec![single.clone()],
    };
    match number(arguments, 1) {
        Some(size) if size >= 1.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at least 1, and cut by design"
            )]
            let size = size as usize;
            Ok(JValue::array(
                items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect(),
            ))
        }
        _ => wrong("partition", "Argument 2"),
    }
}

/// `$range(from, to, step)`: whole numbers, both ends included. What is not whole is cut.
fn range(arguments: &[JValue]) -> Answer {
    if arguments.len() == 3 && arguments.iter().any(JValue::is_undefined) {
        return Ok(JValue::Undefined);
    }
    let (Some(from), Some(to), Some(step)) = (number(arguments, 0), number(arguments, 1), number(arguments, 2)) else {
        return wrong("range", "An argument");
    };
    let (from, to, step) = (from.trunc(), to.trunc(), step.trunc());
    if step == 0.0 {
        return wrong("range", "Argument 3");
    }
    let count = ((to - from) / step).floor();
    if count >= MAX_RANGE {
        return Err(EvaluatorError::EvaluationError(TOO_LARGE.to_owned()));
    }
    let mut numbers = Vec::new();
    let mut at = 0.0;
    while at <= count {
        numbers.push(JValue::Number(from + at * step));
        at += 1.0;
    }
    Ok(JValue::sequence(numbers).unwrap_sequence())
}

/// `$random([seed])`: with a seed the first number of Java's generator, as on AWS.
fn seeded(arguments: &[JValue], random: &Random) -> Answer {
    match arguments {
        [] | [JValue::Undefined] => Ok(JValue::Number(random.fraction())),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a seed is a whole number; what is not is cut"
        )]
        [JValue::Number(seed)] => Ok(JValue::Number(java::first_random(*seed as i64))),
        _ => wrong("random", "Argument 1"),
    }
}

/// `$shuffle(array)`, by the execution's randomness.
fn shuffle(arguments: &[JValue], random: &Random) -> Answer {
    let mut items = match arguments {
        [JValue::Array(items)] => items.to_vec(),
        [JValue::Undefined] => return Ok(JValue::Undefined),
        [single] => vec![single.clone()],
        _ => return wrong("shuffle", "Argument 1"),
    };
    for at in (1..items.len()).rev() {
        #[expect(clippy::cast_possible_truncation, reason = "below the number of items")]
        let other = (random.bits() % (at as u64 + 1)) as usize;
        items.swap(at, other);
    }
    Ok(JValue::array(items))
}

/// `$hash(content, algorithm)`.
fn hash(arguments: &[JValue]) -> Answer {
    let (Some(content), Some(algorithm)) = (
        arguments.first().and_then(JValue::as_str),
        arguments.get(1).map_or(Some("SHA-1"), JValue::as_str),
    ) else {
        return wrong("hash", "An argument");
    };
    match hash_text(content, algorithm) {
        Some(hash) => Ok(JValue::string(hash)),
        None => Err(EvaluatorError::EvaluationError(format!(
            "The hash algorithm '{algorithm}' is not supported"
        ))),
    }
}

/// `$parse(text)`: JSON text as a value.
fn parse(arguments: &[JValue]) -> Answer {
    match arguments.first() {
        Some(JValue::String(text)) => match Json::parse(text) {
            Ok(value) => Ok(Given::default().give(&value)),
            Err(error) => Err(EvaluatorError::EvaluationError(format!(
                "the text is not valid JSON: {error}"
            ))),
        },
        Some(JValue::Undefined) | None => Ok(JValue::Undefined),
        Some(_) => wrong("parse", "Argument 1"),
    }
}
