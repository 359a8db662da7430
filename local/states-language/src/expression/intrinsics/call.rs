//! A call: its function and its arguments. Also the table of all functions.

use std::sync::Arc;

use crate::expression::jsonpath::Path;
use crate::text::Json;

/// A call of an intrinsic function.
#[derive(Clone, Debug)]
pub(crate) struct Intrinsic {
    pub(super) text: Arc<str>,
    pub(super) call: Call,
}

/// A function and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
pub(super) enum Argument {
    Call(Call),
    Path(Path),
    Literal(Json),
}

/// The eighteen functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
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
pub(super) const FUNCTIONS: [(&str, Function, usize, usize); 18] = [
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

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Array,
    Boolean,
    Number,
    Object,
    Text,
}

impl Function {
    /// What the argument with this number, from 0, has to be.
    fn kind(self, index: usize) -> Kind {
        match (self, index) {
            (Function::Array | Function::JsonToString | Function::Uuid, _) => Kind::Any,
            (Function::ArrayContains, 1) | (Function::Hash, 0) | (Function::Format, 1..) => Kind::Any,
            (Function::ArrayGetItem | Function::ArrayPartition, 1) => Kind::Number,
            (Function::ArrayRange | Function::MathAdd | Function::MathRandom, _) => Kind::Number,
            (
                Function::ArrayContains
                | Function::ArrayGetItem
                | Function::ArrayLength
                | Function::ArrayPartition
                | Function::ArrayUnique,
                _,
            ) => Kind::Array,
            (Function::JsonMerge, 2) => Kind::Boolean,
            (Function::JsonMerge, _) => Kind::Object,
            (
                Function::Base64Decode
                | Function::Base64Encode
                | Function::Format
                | Function::Hash
                | Function::StringSplit
                | Function::StringToJson,
                _,
            ) => Kind::Text,
        }
    }

    /// Whether a literal can be this argument. No literal is an array or an object.
    pub(super) fn takes(self, index: usize, literal: &Json) -> bool {
        match self.kind(index) {
            Kind::Any => true,
            Kind::Array | Kind::Object => false,
            Kind::Boolean => literal.as_bool().is_some(),
            Kind::Number => literal.as_f64().is_some(),
            Kind::Text => literal.as_str().is_some(),
        }
    }
}

impl Intrinsic {
    /// Whether a text means to be a call, so that it is to be read as one.
    pub(crate) fn looks_like(text: &str) -> bool {
        text.starts_with("States.") && text.contains('(')
    }

    /// Whether the call's value can be text.
    pub(crate) fn may_be_text(&self) -> bool {
        matches!(
            self.call.function,
            Function::ArrayGetItem
                | Function::Base64Decode
                | Function::Base64Encode
                | Function::Format
                | Function::Hash
                | Function::JsonToString
                | Function::Uuid
        )
    }

    /// The call as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
