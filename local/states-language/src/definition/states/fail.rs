//! The [Fail state](https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html).

use std::sync::Arc;

use crate::definition::reading::Fields;
use crate::expression::{Failure, Query, QueryKind, QueryLanguage, Scope, StateError, Template};
use crate::text::Json;

/// Ends in failure.
#[derive(Debug)]
pub(crate) struct Fail {
    error: Option<Source>,
    cause: Option<Source>,
}

/// Where a text comes from.
#[derive(Debug)]
enum Source {
    Template(Template),
    Query(Query),
}

impl Fail {
    pub(crate) fn parse(fields: &Fields<'_>) -> Fail {
        for key in ["Next", "End"] {
            if fields.has(key) {
                fields.error(key, format!("A Fail state cannot have '{key}'"));
            }
        }
        Fail {
            error: source(fields, "Error", "ErrorPath"),
            cause: source(fields, "Cause", "CausePath"),
        }
    }

    /// The error that the state raises.
    pub(crate) fn failure(&self, scope: &Scope<'_>) -> Result<Failure, StateError> {
        let text = |source: &Option<Source>| source.as_ref().map(|source| source.text(scope)).transpose();
        Ok(Failure {
            error: text(&self.error)?,
            cause: text(&self.cause)?,
        })
    }
}

fn source(fields: &Fields<'_>, key: &'static str, path_key: &'static str) -> Option<Source> {
    if fields.language == QueryLanguage::Jsonata {
        fields.refuse(&[path_key]);
    } else if fields.has(path_key) {
        if fields.has(key) {
            fields.error_here(format!(
                "There should only be one of the following fields: [{key}, {path_key}]"
            ));
        }
        let query = fields.query(path_key)?;
        if let QueryKind::Intrinsic(call) = &query.kind
            && !call.may_be_text()
        {
            fields.error(
                path_key,
                format!("The value for the field '{path_key}' must be a string"),
            );
        }
        return Some(Source::Query(query));
    }
    fields.text(key)?;
    match fields.language {
        QueryLanguage::Jsonata => fields.template(key, key).map(Source::Template),
        QueryLanguage::JsonPath => fields.get(key).cloned().map(Template::Literal).map(Source::Template),
    }
}

impl Source {
    fn text(&self, scope: &Scope<'_>) -> Result<Arc<str>, StateError> {
        let value = match self {
            Source::Template(template) => template.evaluate(scope)?,
            Source::Query(query) => query.evaluate(scope)?,
        };
        match (self, value) {
            (_, Json::String(text)) => Ok(text),
            (Source::Template(Template::Query(query)), value) => Err(query.wrong_type("string", &value)),
            (Source::Query(query), value) => Err(StateError::Runtime(format!(
                "The field '{}' must refer to a string, but it refers to: {value}",
                query.field
            ))),
            (Source::Template(_), value) => Ok(value.to_string().into()),
        }
    }
}
