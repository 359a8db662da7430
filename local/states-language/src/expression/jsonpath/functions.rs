//! The functions that may end a path, such as `.length()`.

use crate::text::{Json, Number};

/// A function of Jayway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    Stddev,
    Keys,
    First,
    Last,
}

impl Function {
    const ALL: [Function; 9] = [
        Function::Length,
        Function::Min,
        Function::Max,
        Function::Avg,
        Function::Sum,
        Function::Stddev,
        Function::Keys,
        Function::First,
        Function::Last,
    ];

    pub(super) fn of_name(name: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Function::Length => "length",
            Function::Min => "min",
            Function::Max => "max",
            Function::Avg => "avg",
            Function::Sum => "sum",
            Function::Stddev => "stddev",
            Function::Keys => "keys",
            Function::First => "first",
            Function::Last => "last",
        }
    }

    /// The function's value, or why it has none.
    pub(super) fn apply(self, value: &Json) -> Result<Json, String> {
        match self {
            Function::Length => Ok(match value {
                Json::Array(items) => Json::from(items.len()),
                Json::Object(object) => Json::from(object.len()),
                Json::String(text) => Json::from(text.chars().count()),
                _ => Json::Null,
            }),
            Function::Keys => match value {
                Json::Object(object) => Ok(Json::array(object.keys().cloned().map(Json::String).collect())),
                _ => Err("the function keys() needs an object".to_owned()),
            },
            Function::First | Function::Last => {
                let items = value.as_array().ok_or_else(|| self.needs_array())?;
                let item = if self == Function::First {
                    items.first()
                } else {
                    items.last()
                };
                item.cloned()
                    .ok_or_else(|| "Aggregation function attempted to calculate value using empty array".into())
            }
            _ => self.aggregate(value),
        }
    }

    fn needs_array(self) -> String {
        format!("the function {}() needs an array", self.name())
    }

    #[expect(clippy::cast_precision_loss, reason = "arrays are far shorter than floats are exact")]
    fn aggregate(self, value: &Json) -> Result<Json, String> {
        let items = value.as_array().ok_or_else(|| self.needs_array())?;
        let numbers: Vec<f64> = items.iter().filter_map(Json::as_f64).collect();
        if numbers.is_empty() {
            return Err("Aggregation function attempted to calculate value using empty array".to_owned());
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        let result = match self {
            Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Sum => sum,
            Function::Stddev => {
                let squares: f64 = numbers.iter().map(|number| number * number).sum();
                (squares / count - (sum / count).powi(2)).sqrt()
            }
            _ => sum / count,
        };
        // Jayway's aggregates are doubles whatever they are made of.
        Ok(Json::Number(Number::Float(result)))
    }
}
