//! A JSON value of any type.

use std::sync::Arc;

use super::array::Array;
use super::number::Number;
use super::object::Object;

/// A JSON value with shared insides: cloning one costs the same whatever its size.
///
/// ```
/// use states_language::Json;
///
/// let value = Json::parse(r#"{"image": {"tag": "release-7"}, "sizes": [1, 2.5]}"#).unwrap();
/// assert_eq!(value.get("image").and_then(|image| image.get("tag")).and_then(Json::as_str), Some("release-7"));
/// assert_eq!(value.to_string(), r#"{"image":{"tag":"release-7"},"sizes":[1,2.5]}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Array>),
    /// An object, in the order of its keys' insertion.
    Object(Arc<Object>),
}

impl Json {
    /// An empty object.
    #[must_use]
    pub fn empty_object() -> Json {
        Json::Object(Arc::new(Object::new()))
    }

    /// An object of these fields.
    pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
        let mut object = Object::with_capacity(N);
        for (key, value) in fields {
            object.insert(key, value);
        }
        object.into()
    }

    /// A string.
    pub fn string(text: impl AsRef<str>) -> Json {
        Json::String(Arc::from(text.as_ref()))
    }

    /// An array of these values.
    #[must_use]
    pub fn array(items: Vec<Json>) -> Json {
        Json::Array(Arc::new(items.into()))
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, where it is one.
    fn as_number(&self) -> Option<Number> {
        match self {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number, where it is a whole one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The number as a float.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The fields of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The field of that name, where this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.as_object().and_then(|object| object.get(key))
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// What JSON calls this value's type: `null`, `boolean`, `number`, `string`, `array` or `object`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// The value as it reads within a sentence: texts without quotes.
    pub(crate) fn plain(&self) -> String {
        self.as_str().map_or_else(|| self.to_string(), str::to_owned)
    }

    /// Whether both are the same allocation, so that what is known of one is known of the other.
    pub(crate) fn is_same(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Array(a), Json::Array(b)) => Arc::ptr_eq(a, b),
            (Json::Object(a), Json::Object(b)) => Arc::ptr_eq(a, b),
            (Json::String(a), Json::String(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
