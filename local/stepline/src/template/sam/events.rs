//! `Events`: rules of EventBridge, and the permission or the role that lets a rule reach its target.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventbridgerule.html>
//! and its neighbours.

use super::super::fault::Fault;
use super::parent::{Generated, Parent, attribute, copy, known_properties};
use serde_json::{Map, Value, json};

/// Properties of the event that belong to the rule's target.
const OF_TARGET: &[&str] = &[
    "DeadLetterConfig",
    "Input",
    "InputPath",
    "InputTransformer",
    "RetryPolicy",
];

/// The target of a rule.
pub(super) enum Target {
    /// A function or its alias, by its `Ref` and its ARN. It needs a permission for the rule.
    Function(Value, Value),
    /// A state machine or its alias. The rule needs a role to start it. The value is its ARN.
    StateMachine(Value),
}

/// The rules of a function or state machine, with a permission or a role for each.
pub(super) fn expand(parent: &Parent<'_>, target: &Target) -> Result<Generated, Fault> {
    let mut generated = Vec::new();
    let Some(events) = parent.properties.get("Events") else {
        return Ok(generated);
    };
    let events = events
        .as_object()
        .ok_or_else(|| Fault::new("must be a map").within("Events"))?;
    for (name, event) in events {
        let mut own = Vec::new();
        match rule(parent, target, name, event, &mut own) {
            Ok(rule) => generated.extend(own.into_iter().chain([rule])),
            Err(fault) => {
                let fault = fault.within(name).within("Events").within("Properties");
                if !fault.is_absent() {
                    return Err(fault);
                }
                parent.pass_over(fault);
            }
        }
    }
    Ok(generated)
}

fn rule(
    parent: &Parent<'_>,
    target: &Target,
    name: &str,
    event: &Value,
    generated: &mut Generated,
) -> Result<(String, Value), Fault> {
    let id = format!("{}{name}", parent.id);
    let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
    let empty = Map::new();
    let properties = match event.get("Properties") {
        None => &empty,
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(Fault::new("must be a map").within("Properties")),
    };
    let mut rule = match kind {
        "EventBridgeRule" | "CloudWatchEvent" => of_pattern(properties)?,
        "Schedule" => of_schedule(properties)?,
        "" => return Err(Fault::new("has no `Type`")),
        other => {
            return Err(Fault::absent(format_args!(
                "the local run has no events of type `{other}`"
            )));
        }
    };
    if properties
        .get("DeadLetterConfig")
        .is_some_and(|config| config.get("Type").is_some())
    {
        return Err(
            Fault::absent("the local run makes no queue by itself: name one by its `Arn`").within("DeadLetterConfig"),
        );
    }
    let mut destination = match target {
        Target::Function(reference, arn) => function(parent, (reference, arn), &id, name, properties, generated)?,
        Target::StateMachine(arn) => state_machine(parent, arn, &id, name, properties, generated)?,
    };
    copy(properties, OF_TARGET, &mut destination);
    rule.insert("Targets".into(), json!([destination]));
    Ok((id, parent.generate("AWS::Events::Rule", Value::Object(rule))))
}

/// A rule for the events that match a pattern.
fn of_pattern(properties: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    let own = &["EventBusName", "Pattern", "RuleName", "State", "Target"];
    known_properties(properties, &[own, OF_TARGET], "an event")?;
    let pattern = properties
        .get("Pattern")
        .ok_or_else(|| Fault::new("has no `Pattern`"))?;
    let mut rule = Map::new();
    rule.insert("EventPattern".into(), pattern.clone());
    copy(properties, &["EventBusName", "State"], &mut rule);
    if let Some(name) = properties.get("RuleName") {
        rule.insert("Name".into(), name.clone());
    }
    Ok(rule)
}

/// A rule for points in time.
fn of_schedule(properties: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    let own = &[
        "Description",
        "Enabled",
        "Name",
        "RoleArn",
        "Schedule",
        "State",
        "Target",
    ];
    known_properties(properties, &[own, OF_TARGET], "an event")?;
    let schedule = properties
        .get("Schedule")
        .ok_or_else(|| Fault::new("has no `Schedule`"))?;
    let mut rule = Map::new();
    rule.insert("ScheduleExpression".into(), schedule.clone());
    copy(properties, &["Description", "Name", "State"], &mut rule);
    match properties.get("Enabled") {
        None => {}
        Some(Value::Bool(enabled)) => {
            let state = if *enabled { "ENABLED" } else { "DISABLED" };
            rule.insert("State".into(), state.into());
        }
        Some(_) => {
            return Err(Fault::new("must be true or false: for an intrinsic function, use `State`").within("Enabled"));
        }
    }
    Ok(rule)
}

/// A function as the target of the rule `id`, and the permission for the rule to invoke it.
fn function(
    parent: &Parent<'_>,
    (invoked, arn): (&Value, &Value),
    id: &str,
    name: &str,
    properties: &Map<String, Value>,
    generated: &mut Generated,
) -> Result<Map<String, Value>, Fault> {
    if properties.contains_key("RoleArn") {
        return Err(Fault::new("a rule needs no role for a function").within("RoleArn"));
    }
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": invoked,
        "Principal": "events.amazonaws.com",
        "SourceArn": attribute(id, "Arn"),
    });
    let permission = parent.generate("AWS::Lambda::Permission", permission);
    generated.push((format!("{id}Permission"), permission));
    let mut destination = Map::new();
    destination.insert("Arn".into(), arn.clone());
    destination.insert("Id".into(), target_id(properties, name, "LambdaTarget"));
    Ok(destination)
}

/// A state machine as the target of the rule `id`, and the role that starts it, unless the event names one.
fn state_machine(
    parent: &Parent<'_>,
    arn: &Value,
    id: &str,
    name: &str,
    properties: &Map<String, Value>,
    generated: &mut Generated,
) -> Result<Map<String, Value>, Fault> {
    let role_arn = match properties.get("RoleArn") {
        Some(role_arn @ Value::String(_)) => role_arn.clone(),
        // SAM's own message. SAM accepts no intrinsic function here.
        Some(_) => return Err(Fault::new("Property 'RoleArn' should be a string.").within("RoleArn")),
        None => {
            let role_id = format!("{id}Role");
            let boundary = parent.properties.get("PermissionsBoundary");
            let role = starting_role(arn, &role_id, boundary);
            generated.push((role_id.clone(), parent.generate("AWS::IAM::Role", role)));
            attribute(&role_id, "Arn")
        }
    };
    let mut destination = Map::new();
    destination.insert("Arn".into(), arn.clone());
    destination.insert("Id".into(), target_id(properties, name, "StepFunctionsTarget"));
    destination.insert("RoleArn".into(), role_arn);
    Ok(destination)
}

fn target_id(properties: &Map<String, Value>, name: &str, suffix: &str) -> Value {
    let own = properties.get("Target").and_then(|target| target.get("Id"));
    own.cloned().unwrap_or_else(|| format!("{name}{suffix}").into())
}

fn starting_role(state_machine: &Value, id: &str, permissions_boundary: Option<&Value>) -> Value {
    let mut role = json!({
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }],
        },
        "Policies": [{
            "PolicyName": format!("{id}StartExecutionPolicy"),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "states:StartExecution", "Resource": state_machine}],
            },
        }],
    });
    if let Some(boundary) = permissions_boundary {
        role["PermissionsBoundary"] = boundary.clone();
    }
    role
}
