//! Evaluates calls.

use super::call::{Argument, Call, Function, Intrinsic};
use super::numbers::{add, rounded};
use super::{arrays, texts};
use crate::expression::failure::{Failure, StateError};
use crate::expression::java::sort_as_hash_map;
use crate::expression::random::Random;
use crate::expression::scope::Scope;
use crate::text::{Json, Object};

impl Intrinsic {
    /// The call's value. The field is what an error will name.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Json, StateError> {
        self.call.evaluate(scope, field, &self.text)
    }
}

impl Call {
    /// The value. An error names the field, or the text of the outermost call.
    fn evaluate(&self, scope: &Scope<'_>, field: &str, text: &str) -> Result<Json, StateError> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Call(call) => call.evaluate(scope, field, text)?,
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => scope.field(path, field)?,
            });
        }
        self.function.apply(&values, scope.random).map_err(|why| {
            let cause = format!("The function '{text}' had the following error: {why}");
            StateError::Failure(Failure::new("States.IntrinsicFailure", cause))
        })
    }
}

impl Function {
    fn apply(self, arguments: &[Json], random: &Random) -> Result<Json, String> {
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
            (Function::MathRandom, [from, below]) => Ok(random.between(rounded(from)?, rounded(below)?).into()),
            (Function::MathRandom, [from, below, seed]) => {
                let random = Random::new(rounded(seed)?.cast_unsigned());
                Ok(random.between(rounded(from)?, rounded(below)?).into())
            }
            (Function::StringSplit, [text, delimiters]) => texts::split(text, delimiters),
            (Function::StringToJson, [text]) => texts::to_json(text),
            (Function::Uuid, []) => Ok(random.uuid().into()),
            _ => Err("Invalid number of arguments".into()),
        }
    }
}

fn merge(first: &Json, second: &Json, deep: &Json) -> Result<Json, String> {
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
    sort_as_hash_map(&mut fields, |(key, _)| key);
    Ok(fields.into_iter().collect::<Object>().into())
}
