//! Connectors: policies for the role of a function or a state machine, by what it may do with another resource.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/reference-sam-connector.html>.

use super::super::fault::Fault;
use super::parent::{attribute, reference};
use serde_json::{Map, Value, json};

/// What may be done with a resource: its type, `Read` or `Write`, the actions, and on what: `*` stands for its ARN.
const PERMISSIONS: &[(&str, &str, &[&str], &[&str])] = &[
    ("AWS::DynamoDB::Table", READ, DYNAMODB_READ, &["*", "*/index/*"]),
    ("AWS::DynamoDB::Table", WRITE, DYNAMODB_WRITE, &["*", "*/index/*"]),
    ("AWS::Events::EventBus", WRITE, &["events:PutEvents"], &["*"]),
    (
        "AWS::Lambda::Function",
        WRITE,
        &["lambda:InvokeAsync", "lambda:InvokeFunction"],
        &["*"],
    ),
    (
        "AWS::S3::Bucket",
        READ,
        &[
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ],
        &["*", "*/*"],
    ),
    (
        "AWS::S3::Bucket",
        WRITE,
        &[
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutObject",
        ],
        &["*", "*/*"],
    ),
    ("AWS::SNS::Topic", WRITE, &["sns:Publish"], &["*"]),
    (
        "AWS::SQS::Queue",
        READ,
        &["sqs:ReceiveMessage", "sqs:GetQueueAttributes"],
        &["*"],
    ),
    (
        "AWS::SQS::Queue",
        WRITE,
        &[
            "sqs:DeleteMessage",
            "sqs:SendMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:PurgeQueue",
        ],
        &["*"],
    ),
    (
        "AWS::StepFunctions::StateMachine",
        READ,
        &["states:DescribeStateMachine", "states:ListExecutions"],
        &["*"],
    ),
    (
        "AWS::StepFunctions::StateMachine",
        WRITE,
        &["states:StartExecution", "states:StartSyncExecution"],
        &["*"],
    ),
    // What Step Functions waits for nested executions by.
    (
        "AWS::StepFunctions::StateMachine",
        READ,
        &["states:DescribeExecution", "events:DescribeRule"],
        &[EVERYTHING],
    ),
    (
        "AWS::StepFunctions::StateMachine",
        WRITE,
        &["states:StopExecution", "events:PutTargets", "events:PutRule"],
        &[EVERYTHING],
    ),
];

/// Executions of the state machine, and the rule by which Step Functions hears of them: their ARNs are not that of the
/// resource.
const EVERYTHING: &str = "everything";

const READ: &str = "Read";
const WRITE: &str = "Write";

const DYNAMODB_READ: &[&str] = &[
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:PartiQLSelect",
];

const DYNAMODB_WRITE: &[&str] = &[
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
];

/// The type that SAM makes of one of its own, or the type itself.
fn made_of(kind: &str) -> &str {
    match kind {
        "AWS::Serverless::Function" => "AWS::Lambda::Function",
        "AWS::Serverless::SimpleTable" => "AWS::DynamoDB::Table",
        "AWS::Serverless::StateMachine" => "AWS::StepFunctions::StateMachine",
        other => other,
    }
}

/// Puts a policy in the place of each connector whose ends are known: those that are resources, and those that resources
/// have among their attributes. What is left stays as it is.
pub(super) fn expand(declared: &mut Map<String, Value>) -> Vec<(String, Fault)> {
    let (mut made, mut left, mut waits) = (Map::new(), Vec::new(), Vec::new());
    for (id, resource) in declared.iter() {
        if resource["Type"] == "AWS::Serverless::Connector" {
            match policy(
                declared,
                resource.pointer("/Properties/Source/Id"),
                &resource["Properties"],
            ) {
                Ok(policy) => {
                    waits.extend(nested(
                        declared,
                        resource.pointer("/Properties/Source/Id"),
                        id,
                        &resource["Properties"],
                    ));
                    made.insert(id.clone(), policy);
                }
                Err(fault) => left.push((id.clone(), fault.within("Properties"))),
            }
        }
        for (name, connector) in resource["Connectors"].as_object().into_iter().flatten() {
            match policy(declared, Some(&Value::from(id.as_str())), &connector["Properties"]) {
                Ok(policy) => {
                    let own = format!("{id}{name}");
                    waits.extend(nested(
                        declared,
                        Some(&Value::from(id.as_str())),
                        &own,
                        &connector["Properties"],
                    ));
                    made.insert(own, policy);
                }
                Err(fault) => left.push((id.clone(), fault.within(name).within("Connectors"))),
            }
        }
    }
    for resource in declared.values_mut().filter_map(Value::as_object_mut) {
        resource.shift_remove("Connectors");
    }
    for (source, policy) in waits {
        depend(&mut declared[&source], policy);
    }
    declared.extend(made);
    left
}

/// A state machine that starts another one, and the policy that it needs before it is made.
fn nested(
    declared: &Map<String, Value>,
    source: Option<&Value>,
    policy: &str,
    properties: &Value,
) -> Option<(String, String)> {
    let kind = |id: &str| declared.get(id)?["Type"].as_str().map(made_of);
    let is_machine = |id: &str| kind(id) == Some("AWS::StepFunctions::StateMachine");
    let source = source.and_then(Value::as_str)?;
    let mut starts = destinations(properties)
        .iter()
        .filter_map(|destination| destination["Id"].as_str());
    let starts_another = starts.any(|destination| is_machine(destination) && source != destination);
    (is_machine(source) && starts_another).then(|| (source.to_owned(), policy.to_owned()))
}

/// Has a resource wait for another one.
fn depend(resource: &mut Value, on: String) {
    let mut waits = match resource["DependsOn"].take() {
        Value::Array(several) => several,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    waits.push(on.into());
    resource["DependsOn"] = waits.into();
}

/// The policy of one connector.
fn policy(declared: &Map<String, Value>, source: Option<&Value>, properties: &Value) -> Result<Value, Fault> {
    let role = role(declared, source.and_then(Value::as_str).unwrap_or_default())?;
    let wanted: Vec<&str> = properties["Permissions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut statements = Vec::new();
    for destination in destinations(properties) {
        let id = destination["Id"].as_str().unwrap_or_default();
        let kind = declared.get(id).unwrap_or(destination)["Type"].as_str();
        let kind = kind.unwrap_or_default();
        let arn = match &destination["Arn"] {
            Value::Null => arn(id, kind),
            arn => arn.clone(),
        };
        let known = PERMISSIONS
            .iter()
            .filter(|(of, category, ..)| *of == made_of(kind) && wanted.contains(category));
        let before = statements.len();
        statements.extend(known.map(|(_, _, actions, on)| {
            let on: Vec<Value> = on.iter().map(|on| resource(&arn, on)).collect();
            json!({"Effect": "Allow", "Action": actions, "Resource": on})
        }));
        if statements.len() == before {
            let kind = if kind.is_empty() {
                "what is named by its ARN"
            } else {
                kind
            };
            return Err(Fault::absent(format_args!("the local run has no connector to {kind}")).within("Destination"));
        }
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Ok(json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document, "Roles": [role]}}))
}

/// The ARN of a resource of the template.
fn arn(id: &str, kind: &str) -> Value {
    match made_of(kind) {
        "AWS::SNS::Topic" | "AWS::StepFunctions::StateMachine" => reference(id),
        _ => attribute(id, "Arn"),
    }
}

/// Where a connector leads.
fn destinations(properties: &Value) -> &[Value] {
    match &properties["Destination"] {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

/// What a pattern stands for: the resource's ARN, and what follows it.
fn resource(arn: &Value, pattern: &str) -> Value {
    match pattern.strip_prefix('*') {
        None => "*".into(),
        Some("") => arn.clone(),
        Some(rest) => json!({"Fn::Join": ["", [arn, rest]]}),
    }
}

/// The role of a source, as `Ref` gives it.
fn role(declared: &Map<String, Value>, id: &str) -> Result<Value, Fault> {
    let absent =
        |what: &str| Fault::absent(format_args!("the local run has no connector from {what}")).within("Source");
    let source = declared.get(id).ok_or_else(|| absent("what is named by its ARN"))?;
    let kind = source["Type"].as_str().unwrap_or_default();
    let (own, is_sam) = match kind {
        "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => (&source["Properties"]["Role"], true),
        "AWS::Lambda::Function" => (&source["Properties"]["Role"], false),
        "AWS::StepFunctions::StateMachine" => (&source["Properties"]["RoleArn"], false),
        other => return Err(absent(other)),
    };
    let named = match &own["Fn::GetAtt"] {
        Value::String(dotted) => dotted.split_once('.').map(|(id, _)| id.to_owned()),
        Value::Array(parts) => parts.first().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    match named {
        Some(role) => Ok(reference(&role)),
        None if own.is_null() && is_sam => Ok(reference(&format!("{id}Role"))),
        None => Err(absent("a role that is named by its ARN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_a_policy_of_its_sources_role() {
        let mut declared = json!({
            "Machine": {"Type": "AWS::Serverless::StateMachine", "Properties": {}, "Connectors": {
                "Calls": {"Properties": {"Destination": [{"Id": "Work"}, {"Id": "Queue"}], "Permissions": ["Write"]}},
            }},
            "Work": {"Type": "AWS::Serverless::Function", "Properties": {"Role": {"Fn::GetAtt": ["Own", "Arn"]}}},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Reads": {"Type": "AWS::Serverless::Connector", "Properties": {
                "Source": {"Id": "Work"}, "Destination": {"Id": "Queue"}, "Permissions": ["Read"],
            }},
            "Other": {"Type": "AWS::Serverless::Connector", "Properties": {
                "Source": {"Id": "Queue"}, "Destination": {"Id": "Work"}, "Permissions": ["Write"],
            }},
        })
        .as_object()
        .cloned()
        .unwrap();
        let left = expand(&mut declared);
        let ids: Vec<&str> = left.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["Other"]);
        let policy = |id: &str| &declared[id]["Properties"];
        assert_eq!(policy("MachineCalls")["Roles"], json!([{"Ref": "MachineRole"}]));
        assert_eq!(
            policy("MachineCalls")["PolicyDocument"]["Statement"][0]["Resource"],
            json!([{"Fn::GetAtt": ["Work", "Arn"]}])
        );
        assert_eq!(policy("Reads")["Roles"], json!([{"Ref": "Own"}]));
        assert_eq!(
            policy("Reads")["PolicyDocument"]["Statement"][0]["Action"],
            json!(["sqs:ReceiveMessage", "sqs:GetQueueAttributes"])
        );
        assert!(declared["Machine"].get("Connectors").is_none());
    }
}
