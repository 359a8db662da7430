//! The roles that SAM makes from `Policies`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>.

use super::super::fault::Fault;
use serde_json::{Map, Value, json};

/// The role of a function that has no `Role`.
pub(super) fn function_role(properties: &Map<String, Value>, id: &str) -> Result<Value, Fault> {
    let mut managed = vec![aws_managed("service-role/AWSLambdaBasicExecutionRole")];
    if properties.get("Tracing").is_some_and(|mode| mode != "Disabled") {
        managed.push(aws_managed("AWSXrayWriteOnlyAccess"));
    }
    role(properties, id, "lambda.amazonaws.com", managed)
}

/// The role of a state machine that has no `Role`.
pub(super) fn state_machine_role(properties: &Map<String, Value>, id: &str) -> Result<Value, Fault> {
    role(properties, id, "states.amazonaws.com", Vec::new())
}

fn role(properties: &Map<String, Value>, id: &str, service: &str, mut managed: Vec<Value>) -> Result<Value, Fault> {
    let mut inline: Vec<Value> = Vec::new();
    let policies = match properties.get("Policies") {
        None => Vec::new(),
        Some(Value::Array(policies)) => policies.clone(),
        Some(one) => vec![one.clone()],
    };
    for (index, policy) in policies.iter().enumerate() {
        let within = |fault: Fault| fault.within(index).within("Policies");
        match policy {
            Value::String(name) if name.starts_with("arn:") => managed.push(policy.clone()),
            Value::String(name) => managed.push(aws_managed(name)),
            Value::Object(fields) => match one_policy(fields).map_err(within)? {
                Policy::Managed(arn) => managed.push(arn),
                Policy::Inline(document) => inline.push(json!({
                    "PolicyName": format!("{id}Policy{}", inline.len()),
                    "PolicyDocument": document,
                })),
            },
            _ => {
                return Err(within(Fault::new(
                    "must be a policy, the name of one, or one of SAM's templates",
                )));
            }
        }
    }
    let trust = properties.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(|| {
        json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        })
    });
    let mut role = json!({"AssumeRolePolicyDocument": trust});
    if !managed.is_empty() {
        role["ManagedPolicyArns"] = managed.into();
    }
    if !inline.is_empty() {
        role["Policies"] = inline.into();
    }
    for (given, made) in [("RolePath", "Path"), ("PermissionsBoundary", "PermissionsBoundary")] {
        if let Some(value) = properties.get(given) {
            role[made] = value.clone();
        }
    }
    Ok(role)
}

fn aws_managed(name: &str) -> Value {
    json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}") })
}

enum Policy {
    Managed(Value),
    Inline(Value),
}

fn one_policy(fields: &Map<String, Value>) -> Result<Policy, Fault> {
    if fields.contains_key("Statement") {
        let mut document = fields.clone();
        document.entry("Version").or_insert_with(|| "2012-10-17".into());
        return Ok(Policy::Inline(Value::Object(document)));
    }
    if super::super::resolve::function(fields).is_some() {
        return Ok(Policy::Managed(Value::Object(fields.clone())));
    }
    let mut entries = fields.iter();
    let (Some((name, arguments)), None) = (entries.next(), entries.next()) else {
        return Err(Fault::new("must be a policy or one of SAM's templates"));
    };
    let statement = from_template(name, arguments).map_err(|fault| fault.within(name))?;
    Ok(Policy::Inline(json!({"Version": "2012-10-17", "Statement": statement})))
}

/// One of SAM's policy templates: it allows actions on resources that an argument names.
struct PolicyTemplate {
    name: &'static str,
    actions: &'static [&'static str],
    argument: &'static str,
    /// The ARNs, each with `${name}` for the argument.
    resources: &'static [&'static str],
}

/// The templates for the services of the local run.
const TEMPLATES: &[PolicyTemplate] = &[
    PolicyTemplate {
        name: "LambdaInvokePolicy",
        actions: &["lambda:InvokeFunction"],
        argument: "FunctionName",
        resources: &["arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${name}*"],
    },
    PolicyTemplate {
        name: "SQSSendMessagePolicy",
        actions: &["sqs:SendMessage*"],
        argument: "QueueName",
        resources: &["arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${name}"],
    },
    PolicyTemplate {
        name: "SSMParameterReadPolicy",
        actions: &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"],
        argument: "ParameterName",
        resources: &["arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${name}"],
    },
    PolicyTemplate {
        name: "SSMParameterWithSlashPrefixReadPolicy",
        actions: &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"],
        argument: "ParameterName",
        resources: &["arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${name}"],
    },
    PolicyTemplate {
        name: "StepFunctionsExecutionPolicy",
        actions: &["states:StartExecution"],
        argument: "StateMachineName",
        resources: &["arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${name}"],
    },
    PolicyTemplate {
        name: "EventBridgePutEventsPolicy",
        actions: &["events:PutEvents"],
        argument: "EventBusName",
        resources: &["arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${name}"],
    },
    PolicyTemplate {
        name: "S3ReadPolicy",
        actions: &[
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation",
            "s3:GetObjectVersion",
            "s3:GetLifecycleConfiguration",
        ],
        argument: "BucketName",
        resources: BUCKET_AND_OBJECTS,
    },
    PolicyTemplate {
        name: "S3WritePolicy",
        actions: &["s3:PutObject", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"],
        argument: "BucketName",
        resources: BUCKET_AND_OBJECTS,
    },
];

const BUCKET_AND_OBJECTS: &[&str] = &[
    "arn:${AWS::Partition}:s3:::${name}",
    "arn:${AWS::Partition}:s3:::${name}/*",
];

/// The statement that SAM makes from a policy template.
fn from_template(name: &str, arguments: &Value) -> Result<Value, Fault> {
    let template = TEMPLATES.iter().find(|template| template.name == name);
    let template = template.ok_or_else(|| Fault::new("is not a policy template that the local run has"))?;
    // It may be an intrinsic function itself.
    let argument = arguments
        .get(template.argument)
        .ok_or_else(|| Fault::new(format_args!("has no `{}`", template.argument)))?;
    let resources = template.resources.iter();
    let resources: Vec<Value> = resources
        .map(|arn| json!({"Fn::Sub": [arn, {"name": argument}]}))
        .collect();
    Ok(json!([{"Effect": "Allow", "Action": template.actions, "Resource": resources}]))
}
