//! The calls of a definition, one by one.

use std::sync::Arc;

use super::walk::{Written, states};
use crate::definition::{Integration, integration};
use crate::expression::{QueryLanguage, delimited};
use crate::text::{Json, ParseError, pointer};

/// A call that a definition would make.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The state that makes it.
    pub state: Arc<str>,
    /// What in the state makes it.
    pub kind: CallKind,
    /// Where: the JSON pointer of what names the callee.
    pub pointer: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is called, as it is written: `arn:aws:states:::dynamodb:putItem`.
    pub resource: Arc<str>,
    /// The same, taken apart.
    pub target: Target,
    /// The role in `Credentials`, where another role than the state machine's makes the call: `Some(None)` where only an
    /// execution knows which.
    pub credentials: Option<Option<Arc<str>>>,
    arguments: Json,
    language: QueryLanguage,
}

/// What in a state makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// A Task.
    Task,
    /// A distributed Map, which reads its items.
    ItemReader,
    /// A distributed Map, which writes its results.
    ResultWriter,
    /// A distributed Map, which starts its child executions.
    Children,
}

/// What a call goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A function, an activity or a service's operation.
    Integration(Integration),
    /// What a deployment fills in: `${SaveFunctionArn}`.
    Open,
    /// Nothing that AWS knows, and why.
    Nothing(String),
}

impl Call {
    /// The service and the operation as they are written, such as `dynamodb` and `putItem`; nothing for a function that is
    /// called by its ARN.
    #[must_use]
    pub fn operation(&self) -> Option<(&str, &str)> {
        match &self.target {
            Target::Integration(Integration::Service { service, operation, .. }) => Some((service, operation)),
            _ => None,
        }
    }

    /// The text of an argument, where it stands in the definition: `["TrainingJobDefinition", "RoleArn"]` is one within
    /// another. Nothing where only an execution knows it, or where a deployment fills something in.
    #[must_use]
    pub fn argument(&self, path: &[&str]) -> Option<&str> {
        let value = path.iter().try_fold(&self.arguments, |value, name| value.get(name))?;
        self.literal(value.as_str()?)
    }

    /// Whether an argument is given, in whichever way.
    #[must_use]
    pub fn has_argument(&self, path: &[&str]) -> bool {
        let Some((last, outer)) = path.split_last() else {
            return false;
        };
        // What is given as a whole by a path or an expression may have anything in it.
        let mut value = &self.arguments;
        for name in outer {
            match value.get(name) {
                Some(inner) => value = inner,
                None => return value.get(&format!("{name}.$")).is_some() || value.as_object().is_none(),
            }
        }
        match value.as_object() {
            Some(object) => object.contains_key(last) || object.contains_key(&format!("{last}.$")),
            None => true,
        }
    }

    fn literal<'a>(&self, text: &'a str) -> Option<&'a str> {
        let is_evaluated = self.language == QueryLanguage::Jsonata && delimited(text).is_some();
        (!is_evaluated && !text.contains("${")).then_some(text)
    }
}

/// What a definition would call: the Task states in the order in which they are written, at any depth, and what distributed
/// Maps do. It does not have to be a definition that could be created, only JSON.
///
/// ```
/// use states_language::calls;
///
/// let definition = r#"{"StartAt": "Save", "States": {"Save": {
///     "Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "orders"}, "End": true
/// }}}"#;
/// let calls = calls(definition)?;
/// assert_eq!((&*calls[0].state, calls[0].operation()), ("Save", Some(("dynamodb", "putItem"))));
/// assert_eq!(calls[0].argument(&["TableName"]), Some("orders"));
/// # Ok::<(), states_language::ParseError>(())
/// ```
pub fn calls(definition: &str) -> Result<Vec<Call>, ParseError> {
    let json = Json::parse(definition)?;
    let mut found = Vec::new();
    for state in states(&json) {
        match state.text("Type") {
            Some("Task") => found.extend(task(definition, &state)),
            Some("Map") => found.extend(map(definition, &state)),
            _ => {}
        }
    }
    Ok(found)
}

fn task(text: &str, state: &Written<'_>) -> Option<Call> {
    let resource = state.text("Resource")?;
    let arguments = state.state.get(state.arguments_field());
    let mut call = call(text, state, CallKind::Task, ("/Resource", resource), arguments);
    call.credentials = state.state.get("Credentials").map(|credentials| {
        let role = credentials.get("RoleArn").and_then(Json::as_str);
        role.and_then(|role| call.literal(role)).map(Arc::from)
    });
    Some(call)
}

/// A distributed Map starts children, and may read and write.
fn map(text: &str, state: &Written<'_>) -> Vec<Call> {
    let processor = state.state.get("ItemProcessor").or_else(|| state.state.get("Iterator"));
    let config = processor.and_then(|processor| processor.get("ProcessorConfig"));
    if config.and_then(|config| config.get("Mode")).and_then(Json::as_str) != Some("DISTRIBUTED") {
        return Vec::new();
    }
    let children = (String::new(), "arn:aws:states:::states:startExecution".to_owned());
    let named = [
        ("ItemReader", CallKind::ItemReader),
        ("ResultWriter", CallKind::ResultWriter),
    ];
    let named = named.into_iter().filter_map(|(field, kind)| {
        let inner = state.state.get(field)?;
        let resource = inner.get("Resource").and_then(Json::as_str)?;
        let place = format!("/{field}/Resource");
        Some((kind, (place, resource.to_owned()), inner.get(state.arguments_field())))
    });
    let loaded = state.state.get("ItemReader").filter(|reader| {
        let config = reader
            .get("ReaderConfig")
            .and_then(|config| config.get("Transformation"));
        config.and_then(Json::as_str) == Some("LOAD_AND_FLATTEN")
    });
    // The objects that are listed are read, too.
    let loaded = loaded.map(|reader| {
        let resource = (
            "/ItemReader/Resource".to_owned(),
            "arn:aws:states:::s3:getObject".to_owned(),
        );
        (CallKind::ItemReader, resource, reader.get(state.arguments_field()))
    });
    std::iter::once((CallKind::Children, children, None))
        .chain(named)
        .chain(loaded)
        .map(|(kind, (place, resource), arguments)| call(text, state, kind, (&place, &resource), arguments))
        .collect()
}

fn call(
    text: &str,
    state: &Written<'_>,
    kind: CallKind,
    (place, resource): (&str, &str),
    arguments: Option<&Json>,
) -> Call {
    let pointer = format!("{}{place}", state.pointer);
    let (line, column) = pointer::locate(text, &pointer).map_or((1, 1), |spot| (spot.line, spot.column));
    Call {
        state: state.name.clone(),
        kind,
        pointer,
        line,
        column,
        resource: resource.into(),
        target: target(resource),
        credentials: None,
        // Without arguments of its own a call has the state's input, which may be anything.
        arguments: arguments.cloned().unwrap_or_default(),
        language: state.language,
    }
}

fn target(resource: &str) -> Target {
    match integration(resource) {
        Ok(integration) => Target::Integration(integration),
        // `${AWS::Partition}` has colons of its own.
        Err(_) if resource.contains("${") => {
            let filled = resource.replace("${AWS::Partition}", "aws");
            integration(&filled).map_or(Target::Open, Target::Integration)
        }
        Err(why) => Target::Nothing(why),
    }
}
