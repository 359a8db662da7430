//! The intrinsic functions of JSONPath definitions: `States.Format('{}', $.name)`.
//!
//! See [Intrinsic functions](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).

mod arrays;
mod parse;
mod texts;

use std::sync::Arc;

pub(crate) use texts::hash_text;

use crate::evaluation::{Scope, StateError};
use crate::execution::Failure;
use crate::jsonpath::Path;
use crate::text::{Json, Number};

/// A call of an intrinsic function.
#[derive(Clone, Debug)]
pub(crate) struct Intrinsic {
    text: Arc<str>,
    call: Call,
}

#[derive(Clone, Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Call(Call),
    Path(Path),
    Literal(Json),
}

/// The eighteen functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

/// Each function with its name and how many arguments it takes.
const FUNCTIONS: [(&str, Function, usize, usize); 18] = [
    ("States.Array", Function::Array, 0, usize::MAX),
    ("States.ArrayContains", Function::ArrayContains, 2, 2),
    ("States.ArrayGetItem", Function::ArrayGetItem, 2, 2),
    ("States.ArrayLength", Function::ArrayLength, 1, 1),
    ("States.ArrayPartition", Function::ArrayPartition, 2, 2),
    ("States.ArrayRange", Function::ArrayRange, 3, 3),
    ("States.ArrayUnique", Function::ArrayUnique, 1, 1),
    ("States.Base64Decode", Function::Base64Decode, 1, 1),
    ("States.Base64Encode", Function::Base64Encode, 1, 1),
    ("States.Format", Function::Format, 1, usize::MAX),
    ("States.Hash", Function::Hash, 2, 2),
    ("States.JsonMerge", Function::JsonMerge, 3, 3),
    ("States.JsonToString", Function::JsonToString, 1, 1),
    ("States.MathAdd", Function::MathAdd, 2, 2),
    ("States.MathRandom", Function::MathRandom, 2, 3),
    ("States.StringSplit", Function::StringSplit, 2, 2),
    ("States.StringToJson", Function::StringToJson, 1, 1),
    ("States.UUID", Function::Uuid, 0, 0),
];

impl Intrinsic {
    /// Whether a text means to be a call, so that it is to be read as one.
    pub(crate) fn looks_like(text: &str) -> bool {
        text.starts_with("States.") && text.contains('(')
    }

    /// Reads a call; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Intrinsic, String> {
        Ok(Intrinsic {
            text: text.into(),
            call: parse::parse(text)?,
        })
    }

    /// The call as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The call's value. The field is what an error will name.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Json, StateError> {
        self.call.evaluate(scope, field).map_err(|problem| match problem {
            Problem::Failed(why) => StateError::Failure(Failure::new(
                "States.IntrinsicFailure",
                format!("The function '{}' had the following error: {why}", self.text),
            )),
            Problem::State(error) => error,
        })
    }
}

/// Why a call has no value.
enum Problem {
    /// The arguments do not suit the function.
    Failed(String),
    /// An argument could not be found.
    State(StateError),
}

impl From<String> for Problem {
    fn from(why: String) -> Problem {
        Problem::Failed(why)
    }
}

impl From<&str> for Problem {
    fn from(why: &str) -> Problem {
        Problem::Failed(why.to_owned())
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Json, Problem> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Call(call) => call.evaluate(scope, field)?,
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => crate::template::path_value(path, scope, field).map_err(Problem::State)?,
            });
        }
        self.function.apply(&values, scope)
    }
}

impl Function {
    fn apply(self, arguments: &[Json], scope: &Scope<'_>) -> Result<Json, Problem> {
        match (self, arguments) {
            (Function::Array, items) => Ok(Json::array(items.to_vec())),
            (Function::ArrayContains, [items, item]) => Ok(arrays::of(items)?.contains(item).into()),
            (Function::ArrayGetItem, [items, index]) => arrays::get_item(items, index),
            (Function::ArrayLength, [items]) => Ok(arrays::of(items)?.len().into()),
            (Function::ArrayPartition, [items, size]) => arrays::partition(items, size),
            (Function::ArrayRange, [from, to, step]) => arrays::range(from, to, step),
            (Function::ArrayUnique, [items]) => arrays::unique(items),
            (Function::Base64Decode, [text]) => texts::base64_decode(text),
            (Function::Base64Encode, [text]) => texts::base64_encode(text),
            (Function::Format, [template, arguments @ ..]) => texts::format(template, arguments),
            (Function::Hash, [data, algorithm]) => texts::hash(data, algorithm),
            (Function::JsonMerge, [first, second, deep]) => merge(first, second, deep),
            (Function::JsonToString, [value]) => Ok(value.to_string().into()),
            (Function::MathAdd, [a, b]) => add(a, b),
            (Function::MathRandom, [from, below]) => Ok(scope.random.between(rounded(from)?, rounded(below)?).into()),
            (Function::MathRandom, [from, below, seed]) => {
                let random = crate::random::Random::new(rounded(seed)?.cast_unsigned());
                Ok(random.between(rounded(from)?, rounded(below)?).into())
            }
            (Function::StringSplit, [text, delimiters]) => texts::split(text, delimiters),
            (Function::StringToJson, [text]) => texts::to_json(text),
            (Function::Uuid, []) => Ok(scope.random.uuid().into()),
            _ => Err("Invalid number of arguments".into()),
        }
    }
}

/// A number as the functions take it: fractions are rounded, halves upwards.
fn rounded(value: &Json) -> Result<i64, Problem> {
    match value {
        Json::Number(Number::Int(whole)) => Ok(*whole),
        Json::Number(number) => Number::from_f64((number.as_f64() + 0.5).floor())
            .and_then(Number::as_i64)
            .ok_or_else(|| "a number is out of range".into()),
        other => Err(format!("{other} is not a number").into()),
    }
}

fn add(a: &Json, b: &Json) -> Result<Json, Problem> {
    match rounded(a)?.checked_add(rounded(b)?) {
        Some(sum) => Ok(sum.into()),
        None => Err("the sum is out of range".into()),
    }
}

fn merge(first: &Json, second: &Json, deep: &Json) -> Result<Json, Problem> {
    let (Json::Object(first), Json::Object(second)) = (first, second) else {
        return Err("both arguments to merge must be JSON objects".into());
    };
    if deep.as_bool() != Some(false) {
        return Err("deep merging is not supported: the third argument must be false".into());
    }
    let mut merged = (**first).clone();
    for (key, value) in second.iter() {
        merged.insert(key.clone(), value.clone());
    }
    let mut fields: Vec<_> = merged.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    crate::java::sort_as_hash_map(&mut fields, |(key, _)| key);
    Ok(fields.into_iter().collect::<crate::text::Object>().into())
}
