//! Reads JSON by field, and says what is wrong by field: values are never quoted, since some are secrets.

use serde_json::Value;
use shared::time::Timestamp;

/// A value with the path that leads to it.
pub(super) struct Reader<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Reader<'a> {
    /// The value where reading begins, under the name that messages give it.
    pub(super) fn root(value: &'a Value, name: &str) -> Self {
        Self {
            value,
            path: name.to_owned(),
        }
    }

    /// A field that must be there.
    pub(super) fn field(&self, name: &str) -> Result<Self, String> {
        self.optional(name)?
            .ok_or_else(|| format!("`{}.{name}` is missing", self.path))
    }

    /// A field that may be absent or null.
    pub(super) fn optional(&self, name: &str) -> Result<Option<Self>, String> {
        let object = self
            .value
            .as_object()
            .ok_or_else(|| format!("`{}` is not an object", self.path))?;
        let field = object.get(name).filter(|value| !value.is_null());
        Ok(field.map(|value| Self {
            value,
            path: format!("{}.{name}", self.path),
        }))
    }

    /// The value as text.
    pub(super) fn text(&self) -> Result<String, String> {
        self.value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("`{}` is not a string", self.path))
    }

    /// The text of a field that must be there.
    pub(super) fn text_of(&self, name: &str) -> Result<String, String> {
        self.field(name)?.text()
    }

    /// The text of a field that may be absent or null.
    pub(super) fn optional_text_of(&self, name: &str) -> Result<Option<String>, String> {
        self.optional(name)?.map(|field| field.text()).transpose()
    }

    /// The moment in a field that may be absent or null: a number of milliseconds since the epoch.
    pub(super) fn optional_millis_of(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let millis = |field: Self| {
            let number = field.value.as_i64();
            number
                .map(Timestamp::from_millis)
                .ok_or_else(|| format!("`{}` is not a number", field.path))
        };
        self.optional(name)?.map(millis).transpose()
    }

    /// The elements of a field that is a list; none if it is absent or null.
    pub(super) fn list_of(&self, name: &str) -> Result<Vec<Self>, String> {
        let Some(field) = self.optional(name)? else {
            return Ok(Vec::new());
        };
        let list = field
            .value
            .as_array()
            .ok_or_else(|| format!("`{}` is not a list", field.path))?;
        let element = |(index, value)| Self {
            value,
            path: format!("{}[{index}]", field.path),
        };
        Ok(list.iter().enumerate().map(element).collect())
    }
}
