//! The functions that AWS adds to JSONata, and those that need the time or randomness.

use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::convert::Given;
use crate::expression::intrinsics::hash_text;
use crate::expression::random::Random;
use crate::expression::scope::Scope;
use crate::text::Json;

/// How long the sequences may be that an expression makes.
pub(super) const MAX_SEQUENCE: usize = 500_000;

type Answer = Result<JValue, EvaluatorError>;

/// Registers those functions that an expression names.
pub(super) fn register<'n>(
    evaluator: &mut Evaluator,
    names: impl Iterator<Item = &'n str>,
    scope: &Scope<'_>,
) -> Result<(), EvaluatorError> {
    let now = scope.now.as_millisecond();
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
                evaluator.register_fn_override(name, move |arguments: &[JValue]| {
                    Ok(JValue::Number(match number(arguments, 0) {
                        Some(seed) => Random::new(seed.to_bits()).fraction(),
                        None => random.fraction(),
                    }))
                })?;
            }
            "millis" => {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a float")]
                let millis = now as f64;
                evaluator.register_fn_override(name, move |_: &[JValue]| Ok(JValue::Number(millis)))?;
            }
            "now" => {
                evaluator.register_fn_override(name, move |arguments: &[JValue]| time(now, arguments))?;
            }
            "eval" => evaluator.register_fn_override(name, |_: &[JValue]| {
                Err(EvaluatorError::EvaluationError(
                    "T1006: Attempted to invoke a non-function".to_owned(),
                ))
            })?,
            _ => {}
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

/// `$range(from, to, step)`: numbers, both ends included.
fn range(arguments: &[JValue]) -> Answer {
    let (Some(from), Some(to), Some(step)) = (number(arguments, 0), number(arguments, 1), number(arguments, 2)) else {
        return wrong("range", "An argument");
    };
    if step == 0.0 {
        return wrong("range", "Argument 3");
    }
    let count = ((to - from) / step).floor();
    #[expect(clippy::cast_precision_loss, reason = "a limit far below where floats are inexact")]
    if count >= MAX_SEQUENCE as f64 {
        return Err(EvaluatorError::EvaluationError(format!(
            "D2014: The size of the sequence allocated by the range function must not exceed {}",
            MAX_SEQUENCE
        )));
    }
    let mut numbers = Vec::new();
    let mut at = 0.0;
    while at <= count {
        numbers.push(JValue::Number(from + at * step));
        at += 1.0;
    }
    Ok(JValue::sequence(numbers).unwrap_sequence())
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
            Ok(value) => Ok(Given::default().to_jsonata(&value)),
            Err(error) => Err(EvaluatorError::EvaluationError(format!(
                "the text is not valid JSON: {error}"
            ))),
        },
        Some(JValue::Undefined) | None => Ok(JValue::Undefined),
        Some(_) => wrong("parse", "Argument 1"),
    }
}

/// `$now([picture [, timezone]])`, at the time that the host gave.
fn time(now: i64, arguments: &[JValue]) -> Answer {
    let mut evaluator = Evaluator::new();
    evaluator.register_fn("argument", {
        let arguments = arguments.to_vec();
        move |at: &[JValue]| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 or 1, from the text below"
            )]
            let at = number(at, 0).unwrap_or_default() as usize;
            Ok(arguments.get(at).cloned().unwrap_or(JValue::Undefined))
        }
    })?;
    let text = match arguments.len() {
        0 => format!("$fromMillis({now})"),
        1 => format!("$fromMillis({now}, $argument(0))"),
        _ => format!("$fromMillis({now}, $argument(0), $argument(1))"),
    };
    let tree = parser::parse(&text).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    evaluator.evaluate(&tree, &JValue::Undefined)
}
