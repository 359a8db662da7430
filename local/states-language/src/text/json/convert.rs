//! To and from Rust's own types, `serde_json` and serde.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number::Number;
use super::object::Object;
use super::value::Json;

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Number(Number::Int(value))
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Json {
        i64::try_from(value).map_or(Json::Null, Json::from)
    }
}

impl From<Number> for Json {
    fn from(value: Number) -> Json {
        Json::Number(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Json {
        Json::string(value)
    }
}

impl From<String> for Json {
    fn from(value: String) -> Json {
        Json::String(Arc::from(value))
    }
}

impl From<Arc<str>> for Json {
    fn from(value: Arc<str>) -> Json {
        Json::String(value)
    }
}

impl From<Object> for Json {
    fn from(value: Object) -> Json {
        Json::Object(Arc::new(value))
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Json {
        Json::array(items.into_iter().map(Into::into).collect())
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Json {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(value) => Json::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Json::from(whole),
                None => Json::Number(Number::Float(number.as_f64().unwrap_or_default())),
            },
            serde_json::Value::String(text) => Json::from(text),
            serde_json::Value::Array(items) => Json::from(items),
            serde_json::Value::Object(fields) => Json::from(fields.into_iter().collect::<Object>()),
        }
    }
}

impl From<&Json> for serde_json::Value {
    fn from(value: &Json) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(Number::Int(value)) => (*value).into(),
            Json::Number(Number::Float(value)) => (*value).into(),
            Json::String(text) => (**text).into(),
            Json::Array(items) => items.iter().map(serde_json::Value::from).collect(),
            Json::Object(object) => object
                .iter()
                .map(|(key, value)| (key.to_string(), Self::from(value)))
                .collect(),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(Number::Int(value)) => serializer.serialize_i64(*value),
            Json::Number(Number::Float(value)) => serializer.serialize_f64(*value),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items.iter() {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Json::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, value) in object.iter() {
                    map.serialize_entry(&**key, value)?;
                }
                map.end()
            }
        }
    }
}
