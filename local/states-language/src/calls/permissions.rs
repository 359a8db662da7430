//! The permissions that a definition's calls need.

use std::sync::Arc;

use super::call::{Call, CallKind, Target, calls};
use super::catalog::signing_name;
use super::misuse::pascal;
use super::needs::{self, Argument, Need, On, When};
use super::place::MachineSettings;
use crate::definition::{Integration, Pattern};
use crate::text::ParseError;

/// An action that the role of a state machine needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The state that needs it; nothing where the state machine does, for its log and its traces.
    pub state: Option<Arc<str>>,
    /// The line of the call, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The action, such as `lambda:InvokeFunction`.
    pub action: String,
    /// On what: an ARN, `*`, or an ARN with stars for what only an execution knows.
    pub resource: String,
    /// Whether the resource is known to the letter.
    pub is_exact: bool,
    /// What becomes of it where the action is not allowed.
    pub necessity: Necessity,
    /// The service that a role is handed to, for `iam:PassRole`.
    pub passed_to: Option<&'static str>,
}

/// What becomes of a call whose role may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Necessity {
    /// It fails.
    Certain,
    /// The job begins, and AWS may not learn how it goes: it hears of it by an event, and cannot ask.
    ToFollow,
    /// It succeeds, but a job that it waits for goes on when its execution is stopped.
    ToStop,
    /// That is not known: AWS has the action in its policies, or the action's name was made from the operation's.
    Documented,
}

/// What the role of a state machine needs for what its definition calls, in the order of the calls. A call that another
/// role makes (`Credentials`) needs leave to assume that one.
///
/// ```
/// use states_language::{MachineSettings, permissions};
///
/// let definition = r#"{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
///     "Parameters": {"FunctionName": "ask", "Payload.$": "$"}, "End": true}}}"#;
/// let settings = MachineSettings {
///     partition: "aws".into(), region: "eu-west-1".into(), account: "123456789012".into(), name: "m".into(),
///     logs: false, traces: false,
/// };
/// let needed = permissions(definition, &settings)?;
/// assert_eq!(
///     (&*needed[0].action, &*needed[0].resource),
///     ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:ask")
/// );
/// # Ok::<(), states_language::ParseError>(())
/// ```
pub fn permissions(definition: &str, settings: &MachineSettings) -> Result<Vec<Needed>, ParseError> {
    let mut found = Vec::new();
    for call in calls(definition)? {
        found.extend(of_call(&call, settings));
    }
    // Without, a state machine cannot be made with a log. Its executions run without traces.
    let own = [
        (needs::LOGS, Necessity::Certain, settings.logs),
        (needs::TRACES, Necessity::Documented, settings.traces),
    ];
    let own = own.into_iter().filter(|(.., is_on)| *is_on);
    found.extend(
        own.flat_map(|(actions, necessity, _)| actions.iter().map(move |action| of_machine(action, necessity))),
    );
    Ok(found)
}

fn of_machine(action: &str, necessity: Necessity) -> Needed {
    Needed {
        state: None,
        line: 1,
        column: 1,
        action: action.to_owned(),
        resource: "*".to_owned(),
        is_exact: true,
        necessity,
        passed_to: None,
    }
}

/// What one call needs.
fn of_call(call: &Call, settings: &MachineSettings) -> Vec<Needed> {
    if let Some(role) = &call.credentials {
        let mut assumed = one("sts:AssumeRole", On::Unknown, Necessity::Certain, (call, settings));
        if let Some(role) = role {
            (assumed.resource, assumed.is_exact) = (role.to_string(), true);
        }
        return vec![assumed];
    }
    let Some((name, waits)) = operation(call) else {
        return Vec::new();
    };
    let rows: &[Need] = match call.kind {
        CallKind::Children => needs::CHILDREN,
        CallKind::ResultWriter => needs::WRITER,
        CallKind::Task | CallKind::ItemReader => {
            let found = needs::OPERATIONS.iter().find(|(operation, _)| *operation == name);
            match found {
                Some((_, rows)) => rows,
                None => return vec![one(&name, On::Unknown, of_name(&name), (call, settings))],
            }
        }
    };
    let mut needed = Vec::new();
    for need in rows {
        let necessity = match need.when {
            When::Always => Necessity::Certain,
            When::Sync if waits => Necessity::Certain,
            When::SyncToFollow if waits => Necessity::ToFollow,
            When::SyncToStop if waits => Necessity::ToStop,
            When::SyncAsDocumented if waits => Necessity::Documented,
            When::AsDocumented => Necessity::Documented,
            When::Sync | When::SyncToFollow | When::SyncToStop | When::SyncAsDocumented => continue,
        };
        if let On::Role(argument, _) = need.on
            && !call.has_argument(argument)
        {
            continue;
        }
        let actions = need.actions.iter().map(|action| versioned(action, call));
        needed.extend(actions.map(|action| one(action, need.on, necessity, (call, settings))));
    }
    needed
}

/// One action that a call needs.
fn one(action: &str, on: On, necessity: Necessity, (call, settings): (&Call, &MachineSettings)) -> Needed {
    let (resource, is_exact) = resource(on, call, settings);
    Needed {
        state: Some(call.state.clone()),
        line: call.line,
        column: call.column,
        action: action.to_owned(),
        resource,
        is_exact,
        necessity,
        passed_to: match on {
            On::Role(_, service) => Some(service),
            _ => None,
        },
    }
}

/// The operation that is called, with its prefix, and whether a job is waited for.
fn operation(call: &Call) -> Option<(String, bool)> {
    match &call.target {
        Target::Open | Target::Nothing(_) | Target::Integration(Integration::Activity { .. }) => None,
        Target::Integration(Integration::Lambda { .. }) => Some(("lambda:Invoke".to_owned(), false)),
        Target::Integration(Integration::Service {
            service,
            operation,
            pattern,
            ..
        }) => {
            let name = format!("{}:{}", signing_name(service), pascal(operation));
            Some((name, *pattern == Pattern::Sync))
        }
    }
}

/// An object's version is read by another action than the object.
fn versioned<'a>(action: &'a str, call: &Call) -> &'a str {
    if action == "s3:GetObject" && call.has_argument(&["VersionId"]) {
        "s3:GetObjectVersion"
    } else {
        action
    }
}

/// How sure it is that an operation needs the action of its own name.
fn of_name(operation: &str) -> Necessity {
    let prefix = operation.split(':').next().unwrap_or_default();
    if needs::ALIKE.contains(&prefix) {
        Necessity::Certain
    } else {
        Necessity::Documented
    }
}

/// The ARN of what an action is on, and whether it is known to the letter.
fn resource(on: On, call: &Call, settings: &MachineSettings) -> (String, bool) {
    let unknown = || ("*".to_owned(), false);
    match on {
        On::All => ("*".to_owned(), true),
        On::Unknown => unknown(),
        On::Named(service, form, argument) => named(service, form, call.argument(argument), settings),
        On::Function => function(call, settings),
        On::Queue => match call.argument(&["QueueUrl"]) {
            Some(url) => (settings.arn("sqs", url.rsplit('/').next().unwrap_or(url)), true),
            None => (settings.arn("sqs", "*"), false),
        },
        On::Topic => match call.argument(&["TopicArn"]).or_else(|| call.argument(&["TargetArn"])) {
            Some(arn) => (arn.to_owned(), true),
            None => unknown(),
        },
        On::TaskDefinition => task_definition(call, settings),
        On::ExecutionsOf(argument) => executions_of(argument, call, settings),
        On::Rule(name) => (settings.arn("events", &format!("rule/{name}")), true),
        On::Role(argument, _) => match call.argument(argument).filter(|role| role.starts_with("arn:")) {
            Some(arn) => (arn.to_owned(), true),
            None => unknown(),
        },
        On::Bucket => match call.argument(&["Bucket"]) {
            Some(bucket) => (settings.s3(bucket), true),
            None => unknown(),
        },
        On::Object => {
            let bucket = call.argument(&["Bucket"]).unwrap_or("*");
            match call.argument(&["Key"]) {
                Some(key) if bucket != "*" => (settings.s3(&format!("{bucket}/{key}")), true),
                _ => (settings.s3(&format!("{bucket}/*")), false),
            }
        }
        On::OwnMachine => (settings.arn("states", &format!("stateMachine:{}", settings.name)), true),
        On::OwnExecutions => (settings.arn("states", &format!("execution:{}/*", settings.name)), false),
    }
}

fn named(service: &str, form: &str, name: Option<&str>, settings: &MachineSettings) -> (String, bool) {
    match name {
        None => (settings.arn(service, form), false),
        // A version or an alias of a state machine is no resource of IAM's.
        Some(arn) if arn.starts_with("arn:") && service == "states" => {
            (arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":"), true)
        }
        Some(arn) if arn.starts_with("arn:") => (arn.to_owned(), true),
        Some(name) => (settings.arn(service, &form.replace('*', name)), true),
    }
}

fn function(call: &Call, settings: &MachineSettings) -> (String, bool) {
    if let Target::Integration(Integration::Lambda { function_arn }) = &call.target {
        return (function_arn.to_string(), !function_arn.contains("${"));
    }
    let Some(name) = call.argument(&["FunctionName"]) else {
        return (settings.arn("lambda", "function:*"), false);
    };
    let mut arn = match name.split_once(":function:") {
        Some(_) if name.starts_with("arn:") => name.to_owned(),
        Some((_, name)) => settings.arn("lambda", &format!("function:{name}")),
        None => settings.arn("lambda", &format!("function:{name}")),
    };
    if let Some(qualifier) = call.argument(&["Qualifier"]) {
        arn = format!("{arn}:{qualifier}");
    } else if call.has_argument(&["Qualifier"]) {
        return (format!("{arn}:*"), false);
    }
    (arn, true)
}

fn task_definition(call: &Call, settings: &MachineSettings) -> (String, bool) {
    match call.argument(&["TaskDefinition"]) {
        None => (settings.arn("ecs", "task-definition/*"), false),
        Some(arn) if arn.starts_with("arn:") => (arn.to_owned(), true),
        Some(revision) if revision.contains(':') => (settings.arn("ecs", &format!("task-definition/{revision}")), true),
        Some(family) => (settings.arn("ecs", &format!("task-definition/{family}:*")), false),
    }
}

fn executions_of(argument: Argument, call: &Call, settings: &MachineSettings) -> (String, bool) {
    let machine = call.argument(argument).and_then(|arn| arn.split(':').nth(6));
    let executions = format!("execution:{}:*", machine.unwrap_or("*"));
    (settings.arn("states", &executions), false)
}
