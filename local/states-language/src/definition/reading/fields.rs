//! Reads an object of a definition field by field. A field that no code asked for is one that is not supported.

use std::cell::RefCell;
use std::sync::Arc;

use super::amount::Amount;
use super::finding::{Findings, code};
use crate::expression::{
    Expression, Intrinsic, Path, Problem, ProblemKind, Query, QueryKind, QueryLanguage, ReferencePath, Root, Template,
    delimited,
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

    /// Notes at a field what will go wrong.
    pub(crate) fn warning(&self, key: &str, message: impl Into<String>) {
        self.findings.warning(code::SCHEMA, &self.at(key), message);
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
            let message = format!("Field '{key}' is not supported");
            self.findings.error_of_field(&self.at(key), message);
        }
    }

    /// Notes fields that belong to the other query language.
    pub(crate) fn refuse(&self, keys: &[&'static str]) {
        let (language, other) = match self.language {
            QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
            QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
        };
        for key in keys.iter().filter(|key| self.get(key).is_some()) {
            let message = format!(
                "The QueryLanguage is set to '{language}', but field '{key}' is only supported for the '{other}' \
                 QueryLanguage"
            );
            self.findings.error_of_field(&self.at(key), message);
        }
    }

    /// Notes that a field is missing.
    pub(crate) fn missing(&self, key: &str) {
        self.error_here(format!("These fields are required: [{key}]"));
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

    /// A text that is one of these.
    pub(crate) fn one_of(&self, key: &'static str, values: &[&'static str]) -> Option<&'static str> {
        let text = self.text(key)?;
        let found = values.iter().find(|value| **value == text).copied();
        if found.is_none() {
            let message = format!("Value should be one of the following: [{}]", values.join(", "));
            self.error(key, message);
        }
        found
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
        let Some(number) = value.as_f64() else {
            let kind = if is_fractional(key) { "Number" } else { "Integer" };
            self.error(key, format!("Expected value of type {kind}"));
            return None;
        };
        self.is_within(key, number, (least, most)).then_some(number)
    }

    /// Whether a number is within bounds; notes it where it is not.
    fn is_within(&self, key: &str, number: f64, (least, most): (f64, f64)) -> bool {
        // AWS prints the bounds of what may be a fraction as it prints fractions.
        let printed = |bound: f64| match is_fractional(key) {
            true => format!("{bound:?}"),
            false => format!("{bound}"),
        };
        if number < least {
            self.error(key, format!("Minimum value is {}", printed(least)));
        } else if number > most {
            self.error(key, format!("Maximum value is {}", printed(most)));
        }
        (least..=most).contains(&number)
    }

    /// A whole number within bounds, both included.
    pub(crate) fn whole(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.get(key)?;
        let number = value.as_f64().filter(|number| number.fract() == 0.0);
        let Some(number) = number else {
            self.error(key, NO_INTEGER);
            return None;
        };
        let is_within = self.is_within(key, number, (f64::from(least), f64::from(most)));
        value
            .as_i64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|_| is_within)
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
        match self.one_of("QueryLanguage", &["JSONPath", "JSONata"])? {
            "JSONPath" => Some(QueryLanguage::JsonPath),
            _ => {
                if cfg!(not(feature = "jsonata")) {
                    self.error(
                        "QueryLanguage",
                        "JSONata is not built in: build the crate `states-language` with its feature `jsonata`",
                    );
                }
                Some(QueryLanguage::Jsonata)
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
        let code = match problem.kind {
            ProblemKind::Schema => code::SCHEMA,
            ProblemKind::Syntax => code::INVALID_JSONATA,
            ProblemKind::Unsupported => code::UNSUPPORTED_JSONATA,
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
                self.refuse(&[path_key]);
            }
            if let Some(Json::String(text)) = self.object.get(key) {
                return self.expression(key, text);
            }
        } else if let Some(path_key) = path {
            if self.has(key) {
                self.error_here(format!(
                    "There should only be one of the following fields: [{key}, {path_key}]"
                ));
            }
            return self.path(path_key).map(Amount::Path);
        }
        let number = self.number(key, least, most)?;
        if number.fract() != 0.0 && !is_fractional(key) {
            self.error(key, NO_INTEGER);
        }
        Some(Amount::Literal(number))
    }

    fn expression(&self, key: &'static str, text: &str) -> Option<Amount> {
        self.get(key);
        let parsed = delimited(text).map(|text| Expression::parse(text, key));
        match parsed {
            Some(Ok(expression)) => Some(Amount::Query(Query {
                field: key.into(),
                kind: QueryKind::Expression(expression),
            })),
            Some(Err(why)) => {
                self.problem(&self.at(key), Problem::refused("", why));
                None
            }
            None => {
                self.error(key, NO_INTEGER);
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
        if items.is_empty() && self.object.get(key).is_some_and(|list| list.as_array().is_some()) {
            self.error(key, EMPTY);
        }
        if names.len() < items.len() {
            self.error(key, format!("The field '{key}' must be an array of strings"));
        }
        if let Some(at) = names.iter().position(|name| &**name == "States.ALL")
            && (names.len() > 1 || !is_last)
        {
            let pointer = format!("{}/{at}", self.at(key));
            let message = "States.ALL must appear alone and at end of list";
            self.findings.error(code::SCHEMA, &pointer, message);
        }
        names
    }
}

/// Whether a field's number can be a fraction.
fn is_fractional(key: &str) -> bool {
    matches!(key, "BackoffRate" | "ToleratedFailurePercentage")
}

/// What AWS says of a list without items.
pub(crate) const EMPTY: &str = "Value cannot be empty";

/// What AWS says of something else where a whole number is to be.
const NO_INTEGER: &str = "Expected value of type Integer";

/// Whether a text would mean something behind `.$`.
fn looks_evaluated(text: &str) -> bool {
    text.starts_with("$.") || text.starts_with("$$.") || Intrinsic::looks_like(text)
}
