//! Roles that SAM makes of `Policies`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>.

use super::super::fault::Fault;
use serde_json::{Map, Value, json};

/// The role of a function that names none.
pub(super) fn function_role(properties: &Map<String, Value>, id: &str) -> Result<Value, Fault> {
    let mut managed = vec![aws_managed("service-role/AWSLambdaBasicExecutionRole")];
    if properties.get("Tracing").is_some_and(|mode| mode != "Disabled") {
        managed.push(aws_managed("AWSXrayWriteOnlyAccess"));
    }
    role(properties, id, "lambda.amazonaws.com", managed)
}

/// The role of a state machine that names none.
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

/// SAM's policy templates, those that the services of the local run have a use for.
fn from_template(name: &str, arguments: &Value) -> Result<Value, Fault> {
    let argument = |name: &str| {
        arguments
            .get(name)
            .cloned()
            .ok_or_else(|| Fault::new(format_args!("has no `{name}`")))
    };
    // An ARN around the argument, which may itself be a function.
    let arn = |template: &str, name: &str| -> Result<Value, Fault> {
        Ok(json!({"Fn::Sub": [template, {"name": argument(name)?}]}))
    };
    let statement = |actions: &[&str], resources: Vec<Value>| json!([{"Effect": "Allow", "Action": actions, "Resource": resources}]);
    Ok(match name {
        "LambdaInvokePolicy" => statement(
            &["lambda:InvokeFunction"],
            vec![arn(
                "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${name}*",
                "FunctionName",
            )?],
        ),
        "SQSSendMessagePolicy" => statement(
            &["sqs:SendMessage*"],
            vec![arn(
                "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${name}",
                "QueueName",
            )?],
        ),
        "SSMParameterReadPolicy" => statement(
            &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"],
            vec![arn(
                "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${name}",
                "ParameterName",
            )?],
        ),
        "SSMParameterWithSlashPrefixReadPolicy" => statement(
            &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"],
            vec![arn(
                "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${name}",
                "ParameterName",
            )?],
        ),
        "StepFunctionsExecutionPolicy" => statement(
            &["states:StartExecution"],
            vec![arn(
                "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${name}",
                "StateMachineName",
            )?],
        ),
        "EventBridgePutEventsPolicy" => statement(
            &["events:PutEvents"],
            vec![arn(
                "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${name}",
                "EventBusName",
            )?],
        ),
        "S3ReadPolicy" => statement(
            &[
                "s3:GetObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:GetObjectVersion",
                "s3:GetLifecycleConfiguration",
            ],
            vec![
                arn("arn:${AWS::Partition}:s3:::${name}", "BucketName")?,
                arn("arn:${AWS::Partition}:s3:::${name}/*", "BucketName")?,
            ],
        ),
        "S3WritePolicy" => statement(
            &["s3:PutObject", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"],
            vec![
                arn("arn:${AWS::Partition}:s3:::${name}", "BucketName")?,
                arn("arn:${AWS::Partition}:s3:::${name}/*", "BucketName")?,
            ],
        ),
        _ => return Err(Fault::new("is no policy template that the local run has")),
    })
}
