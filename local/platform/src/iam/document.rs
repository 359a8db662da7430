//! Policy documents, read strictly: an element that IAM does not know is refused, as IAM refuses it.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use super::condition::Condition;
use super::shape::{known, malformed, object, one_or_many};
use crate::error::ServiceError;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Where a policy is attached decides which elements its statements must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a role, or to a session of it: says what on which resources, never who.
    Identity,
    /// To a role as its trust policy: says who, never on which resources.
    Trust,
    /// To a resource: says who; the resources may be left out, and are then the one it is attached to.
    Resource,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Which policy it is: its name, its ARN, or the ARN of the resource that it is attached to.
    pub(super) name: Arc<str>,
    /// Whether `${…}` are variables: from version 2012-10-17 on.
    pub(super) has_variables: bool,
    /// The statements, in order.
    pub(super) statements: Vec<Statement>,
}

/// A policy that is still to get its statements; what it says in them it says in today's version.
impl Default for Document {
    fn default() -> Self {
        Self {
            name: Arc::default(),
            has_variables: true,
            statements: Vec::new(),
        }
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Its name, unique in the document.
    pub(super) sid: Option<Arc<str>>,
    /// Whether it allows; otherwise it denies.
    pub(super) allows: bool,
    /// Who, in policies of resources and trust policies.
    pub(super) principals: Option<Listed<Who>>,
    /// What.
    pub(super) actions: Listed<String>,
    /// On what; None where the document is attached to the thing itself.
    pub(super) resources: Option<Listed<String>>,
    /// Under which conditions, all of which must hold.
    pub(super) conditions: Vec<Condition>,
    /// The statement as it was given, as JSON.
    pub(super) given: Arc<str>,
}

/// A list that is meant (`Action`), or everything but it (`NotAction`).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed<T> {
    /// Whether everything else is meant.
    pub(super) inverted: bool,
    /// The list.
    pub(super) items: Vec<T>,
}

impl<T> Listed<T> {
    /// Whether the list, or what is not in it, has something that `matches`.
    pub(super) fn covers(&self, matches: impl Fn(&T) -> bool) -> bool {
        self.items.iter().any(matches) != self.inverted
    }
}

/// A principal as policies name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// `"*"`: anyone.
    Anyone,
    /// `{"AWS": …}`: an account, a role, a session.
    Aws(String),
    /// `{"Service": …}`.
    Service(String),
    /// `{"Federated": …}` or `{"CanonicalUser": …}`: never anyone in the local run.
    Elsewhere,
}

impl Document {
    /// Reads a document.
    pub(super) fn read(document: &Value, kind: Kind) -> Result<Self, ServiceError> {
        let fields = object(document, "a policy document")?;
        known(fields, &["Version", "Id", "Statement"], "a policy document")?;
        let has_variables = match fields.get("Version").map(|version| version.as_str()) {
            None | Some(Some("2008-10-17")) => false,
            Some(Some("2012-10-17")) => true,
            Some(_) => return Err(malformed("`Version` must be \"2012-10-17\" or \"2008-10-17\"")),
        };
        let statements = match fields.get("Statement") {
            Some(Value::Array(statements)) => statements
                .iter()
                .map(|statement| Statement::read(statement, kind))
                .collect(),
            Some(statement @ Value::Object(_)) => Statement::read(statement, kind).map(|statement| vec![statement]),
            _ => Err(malformed("`Statement` must be a statement or a list of statements")),
        }?;
        if statements.is_empty() {
            return Err(malformed("`Statement` has no statement"));
        }
        if kind != Kind::Resource {
            check_sids(&statements)?;
        }
        Ok(Self {
            name: Arc::default(),
            has_variables,
            statements,
        })
    }

    /// The same with its name.
    pub(super) fn named(self, name: &str) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }
}

impl Statement {
    /// Reads one statement of a document of this kind.
    pub(super) fn read(statement: &Value, kind: Kind) -> Result<Self, ServiceError> {
        const ELEMENTS: &[&str] = &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let fields = object(statement, "a statement")?;
        known(fields, ELEMENTS, "a statement")?;
        let sid = match fields.get("Sid") {
            None => None,
            Some(Value::String(sid)) => Some(Arc::from(sid.as_str())),
            Some(_) => return Err(malformed("`Sid` must be a string")),
        };
        let allows = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(malformed("`Effect` must be \"Allow\" or \"Deny\"")),
        };
        let principals = listed(fields, "Principal", "NotPrincipal", whos)?;
        let resources = listed(fields, "Resource", "NotResource", strings)?;
        let actions = listed(fields, "Action", "NotAction", strings)?
            .ok_or_else(|| malformed("a statement must have `Action` or `NotAction`"))?;
        for action in &actions.items {
            if action != "*" && !action.contains(':') {
                return Err(malformed(format_args!(
                    "the action `{action}` must begin with a service, as in `ssm:GetParameter`"
                )));
            }
        }
        match (kind, principals.is_some(), resources.is_some()) {
            (Kind::Identity, true, _) => {
                return Err(malformed("a policy of a role or a session must not have `Principal`"));
            }
            (Kind::Identity, _, false) => return Err(malformed("a statement must have `Resource` or `NotResource`")),
            (Kind::Trust, _, true) => return Err(malformed("a trust policy must not have `Resource`")),
            (Kind::Trust | Kind::Resource, false, _) => {
                return Err(malformed("a statement must have `Principal` or `NotPrincipal`"));
            }
            _ => {}
        }
        let conditions = match fields.get("Condition") {
            None => Vec::new(),
            Some(conditions) => Condition::read_all(conditions)?,
        };
        Ok(Self {
            sid,
            allows,
            principals,
            actions,
            resources,
            conditions,
            given: statement.to_string().into(),
        })
    }
}

/// Names of statements, as IAM takes them in policies of its own.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>.
fn check_sids(statements: &[Statement]) -> Result<(), ServiceError> {
    let mut seen: Vec<&Arc<str>> = Vec::new();
    for sid in statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(malformed(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
            ));
        }
        if !sid.is_empty() && seen.contains(&sid) {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
        seen.push(sid);
    }
    Ok(())
}

fn listed<T>(
    fields: &Map<String, Value>,
    name: &str,
    inverted: &str,
    read: impl Fn(&Value, &str) -> Result<Vec<T>, ServiceError>,
) -> Result<Option<Listed<T>>, ServiceError> {
    match (fields.get(name), fields.get(inverted)) {
        (None, None) => Ok(None),
        (Some(value), None) => Ok(Some(Listed {
            inverted: false,
            items: read(value, name)?,
        })),
        (None, Some(value)) => Ok(Some(Listed {
            inverted: true,
            items: read(value, inverted)?,
        })),
        (Some(_), Some(_)) => Err(malformed(format_args!(
            "a statement must not have both `{name}` and `{inverted}`"
        ))),
    }
}

fn strings(value: &Value, name: &str) -> Result<Vec<String>, ServiceError> {
    let strings = one_or_many(value);
    match strings {
        Some(strings) if !strings.is_empty() => Ok(strings),
        _ => Err(malformed(format_args!(
            "`{name}` must be a string or a list of strings"
        ))),
    }
}

fn whos(value: &Value, name: &str) -> Result<Vec<Who>, ServiceError> {
    if value == "*" {
        return Ok(vec![Who::Anyone]);
    }
    let mut whos = Vec::new();
    for (kind, names) in object(value, "a principal")? {
        let names = strings(names, name)?;
        whos.extend(
            names
                .into_iter()
                .map(|name| match (kind.as_str(), name.as_str()) {
                    ("AWS", "*") => Ok(Who::Anyone),
                    ("AWS", _) => Ok(Who::Aws(name)),
                    ("Service", _) => Ok(Who::Service(name)),
                    ("Federated" | "CanonicalUser", _) => Ok(Who::Elsewhere),
                    _ => Err(malformed(format_args!("`{kind}` is no kind of principal"))),
                })
                .collect::<Result<Vec<_>, _>>()?,
        );
    }
    Ok(whos)
}
