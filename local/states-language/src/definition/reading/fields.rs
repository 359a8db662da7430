//! Reads an object of a definition field by field. A field that no code asked for is one that is not supported.

use std::cell::RefCell;
use std::sync::Arc;

use super::amount::Amount;
use super::finding::{Findings, code};
use crate::expression::{
    Expression, Intrinsic, Path, Problem, Query, QueryKind, QueryLanguage, ReferencePath, Root, Template, delimited,
};
use crate::text::pointer::escape;
use crate::text::{Json, Object};

/// An object of a definition, and where it stands.
pub(crate) struct Fields<'r> {
    object: &'r Object,
    pub(crate) pointer: String,
    what: String,
    pub(crate) language: QueryLanguage,
    /// The language of the whole state machine, which is that of each state that names none, wherever it stands.
    pub(crate) machine_language: QueryLanguage,
    pub(crate) findings: &'r Findings<'r>,
    asked: RefCell<Vec<&'static str>>,
}

/// A path that may be `null`.
#[derive(Clone, Debug, Default)]
pub(crate) enum DataPath {
    /// `$`, or nothing at all: everything.
    #[default]
    All,
    /// `null`: nothing, or the input unchanged.
    Null,
    /// A part.
    Path(Path),
}

/// Where a result goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum ResultPath {
    /// `$`, or nothing at all: in place of the input.
    #[default]
    Replace,
    /// `null`: nowhere.
    Discard,
    /// Into the input.
    Into(ReferencePath),
}

impl<'r> Fields<'r> {
    /// Reads a whole definition.
    pub(crate) fn of_machine(object: &'r Object, findings: &'r Findings<'r>) -> Fields<'r> {
        let mut fields = Fields {
            object,
            pointer: String::new(),
            what: "the state machine".to_owned(),
            language: QueryLanguage::default(),
            machine_language: QueryLanguage::default(),
            findings,
            asked: RefCell::default(),
        };
        fields.machine_language = fields.query_language().unwrap_or_default();
        fields.language = fields.machine_language;
        fields
    }

    /// What messages call the object.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// A field's value, which is known from now on.
    pub(crate) fn get(&self, key: &'static str) -> Option<&'r Json> {
        self.asked.borrow_mut().push(key);
        self.object.get(key)
    }

    /// Whether the field is there, without making it a known one.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The pointer of a field.
    pub(crate) fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape(key))
    }

    /// Notes an error at a field.
    pub(crate) fn error(&self, key: &str, message: impl Into<String>) {
        self.findings.error(code::SCHEMA, &self.at(key), message);
    }

    /// Notes an error about the object.
    pub(crate) fn error_here(&self, message: impl Into<String>) {
        self.findings.error(code::SCHEMA, &self.pointer, message);
    }

    /// Notes what is there and not known, by its name.
    pub(crate) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self
            .object
            .keys()
            .filter(|key| !asked.contains(&&***key) && &***key != "Comment")
        {
            self.error(key, format!("The field '{key}' is not supported in {}", self.what));
        }
    }

    /// Notes a field that belongs to the other query language.
    pub(crate) fn refuse(&self, keys: &[&'static str], language: &str) {
        for key in keys {
            if self.get(key).is_some() {
                self.error(
                    key,
                    format!(
                        "The field '{key}' in {} is not supported in {language} states",
                        self.what
                    ),
                );
            }
        }
    }

    /// Notes that a field is missing.
    pub(crate) fn missing(&self, key: &str) {
        self.error_here(format!("The field '{key}' is required but was missing"));
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'r str> {
        let value = self.get(key)?;
        if value.as_str().is_none() {
            self.error(key, format!("The field '{key}' must be a string"));
        }
        value.as_str()
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &'static str) -> Option<&'r str> {
        if !self.has(key) {
            self.missing(key);
        }
        self.text(key)
    }

    /// A truth value.
    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        if value.as_bool().is_none() {
            self.error(key, format!("The field '{key}' must be a boolean"));
        }
        value.as_bool()
    }

    /// A number within bounds, both included.
    pub(crate) fn number(&self, key: &'static str, least: f64, most: f64) -> Option<f64> {
        let value = self.get(key)?;
        let number = value.as_f64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.error(
                key,
                format!("The field '{key}' must be a number from {least} to {most}"),
            );
        }
        number
    }

    /// A whole number within bounds, both included.
    pub(crate) fn whole(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.get(key)?;
        let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.error(
                key,
                format!("The field '{key}' must be a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// An array's items.
    pub(crate) fn items(&self, key: &'static str) -> Option<&'r [Json]> {
        let value = self.get(key)?;
        if value.as_array().is_none() {
            self.error(key, format!("The field '{key}' must be an array"));
        }
        value.as_array()
    }

    /// An object, to be read field by field.
    pub(crate) fn object(&self, key: &'static str) -> Option<Fields<'r>> {
        let value = self.get(key)?;
        self.sub(value, self.at(key), format!("the field '{key}' of {}", self.what))
    }

    /// An object anywhere below this one; `what` names it in messages, as in `the Pass state 'A'`.
    pub(crate) fn sub(&self, value: &'r Json, pointer: String, what: String) -> Option<Fields<'r>> {
        match value.as_object() {
            Some(object) => Some(Fields {
                object,
                pointer,
                what,
                asked: RefCell::default(),
                ..*self
            }),
            None => {
                self.findings.error(code::SCHEMA, &pointer, "This must be an object");
                None
            }
        }
    }

    /// `QueryLanguage`, where it is given.
    pub(crate) fn query_language(&self) -> Option<QueryLanguage> {
        match self.text("QueryLanguage")? {
            "JSONPath" => Some(QueryLanguage::JsonPath),
            "JSONata" => {
                if cfg!(not(feature = "jsonata")) {
                    self.error(
                        "QueryLanguage",
                        "JSONata is not built in: build the crate `states-language` with its feature `jsonata`",
                    );
                }
                Some(QueryLanguage::Jsonata)
            }
            _ => {
                self.error("QueryLanguage", "The query language must be 'JSONPath' or 'JSONata'");
                None
            }
        }
    }

    /// A path, or an intrinsic function's call.
    pub(crate) fn query(&self, key: &'static str) -> Option<Query> {
        let text = self.text(key)?;
        match QueryKind::path_or_intrinsic(text) {
            Ok(kind) => Some(Query {
                field: key.into(),
                kind,
            }),
            Err(why) => {
                self.error(
                    key,
                    format!("The value for the field '{key}' must be a valid JSONPath: {why}"),
                );
                None
            }
        }
    }

    /// A path.
    pub(crate) fn path(&self, key: &'static str) -> Option<Path> {
        let text = self.text(key)?;
        Path::parse(text)
            .map_err(|why| {
                self.error(
                    key,
                    format!("The value for the field '{key}' must be a valid JSONPath: {}", why.0),
                )
            })
            .ok()
    }

    /// `InputPath` or `OutputPath`.
    pub(crate) fn data_path(&self, key: &'static str) -> DataPath {
        match self.get(key) {
            None => DataPath::All,
            Some(Json::Null) => DataPath::Null,
            Some(_) => match self.path(key) {
                Some(path) if path.is_root() && *path.root() == Root::Input => DataPath::All,
                Some(path) => DataPath::Path(path),
                None => DataPath::All,
            },
        }
    }

    /// `ResultPath`.
    pub(crate) fn result_path(&self) -> ResultPath {
        let key = "ResultPath";
        match self.get(key) {
            None => ResultPath::Replace,
            Some(Json::Null) => ResultPath::Discard,
            Some(_) => match self.text(key).map(ReferencePath::parse) {
                Some(Ok(path)) if !path.is_root() => ResultPath::Into(path),
                Some(Err(why)) => {
                    self.error(
                        key,
                        format!("The value for the field '{key}' must be a valid JSONPath: {}", why.0),
                    );
                    ResultPath::Replace
                }
                _ => ResultPath::Replace,
            },
        }
    }

    /// A payload template; `field` is its name in errors.
    pub(crate) fn template(&self, key: &'static str, field: &str) -> Option<Template> {
        let value = self.get(key)?;
        let mut problems = Vec::new();
        let template = Template::parse(value, self.language, field, &mut problems);
        for problem in problems {
            self.problem(&self.at(key), problem);
        }
        if self.language == QueryLanguage::JsonPath {
            self.warn_of_paths(value, &self.at(key));
        }
        Some(template)
    }

    fn problem(&self, pointer: &str, problem: Problem) {
        let code = if problem.is_unsupported {
            code::UNSUPPORTED_JSONATA
        } else {
            code::SCHEMA
        };
        self.findings
            .error(code, &format!("{pointer}{}", problem.at), problem.message);
    }

    /// Notes texts that look like paths or calls where nobody evaluates them.
    fn warn_of_paths(&self, value: &Json, pointer: &str) {
        let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function";
        match value {
            Json::Object(object) => {
                for (key, value) in object.iter().filter(|(key, _)| !key.ends_with(".$")) {
                    let pointer = format!("{pointer}/{}", escape(key));
                    if value.as_str().is_some_and(looks_evaluated) {
                        self.findings.warning(code::NO_DOLLAR, &pointer, message);
                    }
                    self.warn_of_paths(value, &pointer);
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.warn_of_paths(item, &format!("{pointer}/{index}"));
                }
            }
            _ => {}
        }
    }

    /// A number in one field, or a path to it in another; in JSONata an expression.
    pub(crate) fn amount(
        &self,
        key: &'static str,
        path_key: Option<&'static str>,
        least: f64,
        most: f64,
    ) -> Option<Amount> {
        let path = path_key.filter(|path_key| self.has(path_key));
        if self.language == QueryLanguage::Jsonata {
            if let Some(path_key) = path {
                self.refuse(&[path_key], "JSONata");
            }
            if let Some(Json::String(text)) = self.object.get(key) {
                return self.expression(key, text);
            }
        } else if let Some(path_key) = path {
            if self.has(key) {
                self.error(path_key, format!("Only one of '{key}' and '{path_key}' can be given"));
            }
            return self.path(path_key).map(Amount::Path);
        }
        let number = self.number(key, least, most)?;
        // Only percentages can be fractions.
        if number.fract() != 0.0 && !key.ends_with("Percentage") {
            self.error(key, format!("The field '{key}' must be a whole number"));
        }
        Some(Amount::Literal(number))
    }

    fn expression(&self, key: &'static str, text: &str) -> Option<Amount> {
        self.get(key);
        let parsed = delimited(text).map(Expression::parse);
        match parsed {
            Some(Ok(expression)) => Some(Amount::Query(Query {
                field: key.into(),
                kind: QueryKind::Expression(expression),
            })),
            Some(Err(why)) => {
                self.problem(&self.at(key), Problem::refused("", key, why));
                None
            }
            None => {
                self.error(
                    key,
                    format!("The value for the field '{key}' must be a number or a JSONata expression"),
                );
                None
            }
        }
    }

    /// The names of errors in `ErrorEquals`.
    pub(crate) fn error_names(&self, is_last: bool) -> Vec<Arc<str>> {
        let key = "ErrorEquals";
        if !self.has(key) {
            self.missing(key);
        }
        let items = self.items(key).unwrap_or_default();
        let names: Vec<Arc<str>> = items.iter().filter_map(|item| item.as_str().map(Arc::from)).collect();
        if self.has(key) && (names.is_empty() || names.len() < items.len()) {
            self.error(key, format!("The field '{key}' must be a non-empty array of strings"));
        }
        if names.iter().any(|name| &**name == "States.ALL") && (names.len() > 1 || !is_last) {
            self.error(key, "States.ALL must stand alone, and in the last of its kind");
        }
        names
    }
}

/// Whether a text would mean something behind `.$`.
fn looks_evaluated(text: &str) -> bool {
    text.starts_with("$.") || text.starts_with("$$.") || Intrinsic::looks_like(text)
}
