//! Templates: JSON with expressions in it, such as `Parameters`, `Arguments`, `Output` and `Assign`.

use std::sync::Arc;

use super::delimited::delimited;
use super::failure::StateError;
use super::intrinsics::Intrinsic;
use super::java;
use super::jsonata::Expression;
use super::jsonpath::Path;
use super::refusal::Refusal;
use super::scope::Scope;
use crate::text::pointer::escape;
use crate::text::{Json, Object};

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum QueryLanguage {
    #[default]
    JsonPath,
    Jsonata,
}

/// A template, ready to be filled in.
#[derive(Clone, Debug)]
pub(crate) enum Template {
    /// Holds no expression.
    Literal(Json),
    Object(Vec<(Arc<str>, Template)>),
    Array(Vec<Template>),
    Query(Query),
}

/// A place that is filled in.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The field, as errors name it.
    pub(crate) field: Arc<str>,
    pub(crate) kind: QueryKind,
}

#[derive(Clone, Debug)]
pub(crate) enum QueryKind {
    Path(Path),
    Intrinsic(Intrinsic),
    Expression(Expression),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The JSON pointer below the template.
    pub(crate) at: String,
    pub(crate) message: String,
    pub(crate) kind: ProblemKind,
}

/// What AWS calls a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// The value is none for this field.
    Schema,
    /// An expression cannot be read.
    Syntax,
    /// An expression refers to something that is not there.
    Unsupported,
}

impl Problem {
    fn new(at: impl Into<String>, message: String) -> Problem {
        Problem {
            at: at.into(),
            message,
            kind: ProblemKind::Schema,
        }
    }

    /// Why AWS refuses an expression.
    pub(crate) fn refused(at: impl Into<String>, refusal: Refusal) -> Problem {
        let (message, kind) = match refusal {
            Refusal::Syntax(why) => (why, ProblemKind::Syntax),
            Refusal::Reference(name) => (
                format!("Reference to '{name}' at the top level is not supported."),
                ProblemKind::Unsupported,
            ),
            Refusal::NotThere(field) => (
                format!("Field '$states.{field}' does not exist."),
                ProblemKind::Unsupported,
            ),
        };
        let at = at.into();
        Problem { at, message, kind }
    }
}

impl Template {
    /// Reads a template. The field is its name in errors.
    pub(crate) fn parse(value: &Json, language: QueryLanguage, field: &str, problems: &mut Vec<Problem>) -> Template {
        match language {
            QueryLanguage::JsonPath => with_paths(value, "", problems),
            QueryLanguage::Jsonata => with_expressions(value, "", field, problems),
        }
    }

    /// Fills the template in.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Json, StateError> {
        match self {
            Template::Literal(value) => Ok(value.clone()),
            Template::Query(query) => query.evaluate(scope),
            Template::Array(items) => items
                .iter()
                .map(|item| item.evaluate(scope))
                .collect::<Result<Vec<_>, _>>()
                .map(Json::array),
            Template::Object(fields) => {
                let mut object = Object::with_capacity(fields.len());
                for (key, template) in fields {
                    object.insert(key.clone(), template.evaluate(scope)?);
                }
                Ok(object.into())
            }
        }
    }

    /// All queries in the template.
    pub(crate) fn queries<'t>(&'t self, found: &mut Vec<&'t Query>) {
        match self {
            Template::Literal(_) => {}
            Template::Query(query) => found.push(query),
            Template::Array(items) => items.iter().for_each(|item| item.queries(found)),
            Template::Object(fields) => fields.iter().for_each(|(_, template)| template.queries(found)),
        }
    }
}

fn with_paths(value: &Json, at: &str, problems: &mut Vec<Problem>) -> Template {
    let template = match value {
        Json::Object(object) => {
            let (mut fields, mut queries) = (Vec::new(), Vec::new());
            for (key, value) in object.iter() {
                let at = format!("{at}/{}", escape(key));
                match key.strip_suffix(".$") {
                    Some(name) => {
                        if object.contains_key(name) {
                            let message = format!("The fields '{name}' and '{key}' give the same field");
                            problems.push(Problem::new(&*at, message));
                        }
                        queries.push((Arc::from(name), path_query(value, key, &at, problems)));
                    }
                    None => fields.push((key.clone(), with_paths(value, &at, problems))),
                }
            }
            // AWS puts in what it evaluates behind what stands there, in the order of a hash map.
            java::sort_as_hash_map(&mut queries, |(name, _)| name);
            fields.extend(queries);
            Template::Object(fields)
        }
        Json::Array(items) => Template::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| with_paths(item, &format!("{at}/{index}"), problems))
                .collect(),
        ),
        plain => return Template::Literal(plain.clone()),
    };
    literal_if_static(template, value)
}

fn path_query(value: &Json, key: &str, at: &str, problems: &mut Vec<Problem>) -> Template {
    let Some(text) = value.as_str() else {
        let message = format!(
            "The value for the field '{key}' must be a STRING that contains a JSONPath or an intrinsic function expression"
        );
        problems.push(Problem::new(at, message));
        return Template::Literal(Json::Null);
    };
    match QueryKind::path_or_intrinsic(text) {
        Ok(kind) => Template::Query(Query {
            field: key.into(),
            kind,
        }),
        Err(why) => {
            let message = format!(
                "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call: {why}"
            );
            problems.push(Problem::new(at, message));
            Template::Literal(Json::Null)
        }
    }
}

fn with_expressions(value: &Json, at: &str, field: &str, problems: &mut Vec<Problem>) -> Template {
    let template = match value {
        Json::String(text) => match delimited(text).map(|text| Expression::parse(text, field)) {
            None => {
                if text.starts_with("{%") || text.ends_with("%}") {
                    let message = format!(
                        "The value for the field '{field}' must begin with '{{%' and end with '%}}' to be a JSONata \
                         expression"
                    );
                    problems.push(Problem::new(at, message));
                }
                return Template::Literal(value.clone());
            }
            Some(Ok(expression)) => {
                return Template::Query(Query {
                    field: field.into(),
                    kind: QueryKind::Expression(expression),
                });
            }
            Some(Err(why)) => {
                problems.push(Problem::refused(at, why));
                return Template::Literal(Json::Null);
            }
        },
        Json::Object(object) => Template::Object(
            object
                .iter()
                .map(|(key, value)| {
                    let at = format!("{at}/{}", escape(key));
                    (
                        key.clone(),
                        with_expressions(value, &at, &format!("{field}/{key}"), problems),
                    )
                })
                .collect(),
        ),
        Json::Array(items) => Template::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    with_expressions(item, &format!("{at}/{index}"), &format!("{field}[{index}]"), problems)
                })
                .collect(),
        ),
        plain => return Template::Literal(plain.clone()),
    };
    literal_if_static(template, value)
}

/// The value itself, where there is nothing to fill in: one copy for all executions.
fn literal_if_static(template: Template, value: &Json) -> Template {
    let mut queries = Vec::new();
    template.queries(&mut queries);
    if queries.is_empty() {
        Template::Literal(value.clone())
    } else {
        template
    }
}

impl QueryKind {
    /// Reads a path or a call, whichever the text looks like.
    pub(crate) fn path_or_intrinsic(text: &str) -> Result<QueryKind, String> {
        if Intrinsic::looks_like(text) {
            Intrinsic::parse(text).map(QueryKind::Intrinsic)
        } else {
            Path::parse(text).map(QueryKind::Path).map_err(|error| error.0)
        }
    }
}

impl Query {
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Json, StateError> {
        match &self.kind {
            QueryKind::Path(path) => scope.field(path, &self.field),
            QueryKind::Intrinsic(intrinsic) => intrinsic.evaluate(scope, &self.field),
            QueryKind::Expression(expression) => expression.evaluate(scope, &self.field),
        }
    }

    /// The expression or path as written.
    pub(crate) fn text(&self) -> &str {
        match &self.kind {
            QueryKind::Path(path) => path.text(),
            QueryKind::Intrinsic(intrinsic) => intrinsic.text(),
            QueryKind::Expression(expression) => expression.text(),
        }
    }

    /// AWS's sentence about an expression whose value is of another type than the field's.
    pub(crate) fn wrong_type(&self, expected: &str, value: &Json) -> StateError {
        StateError::Query {
            cause: format!(
                "The JSONata expression '{}' specified for the field '{}' returned an unexpected result type. Expected \
                 '{expected}', but was '{}' for value: {value}",
                self.text(),
                self.field,
                value.type_name(),
            ),
            location: Some(self.field.to_string()),
        }
    }
}
