//! The roles that SAM makes from `Policies`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>.

use super::super::fault::Fault;
use super::parent::Parent;
use super::policy_templates;
use serde_json::{Map, Value, json};

/// The role of a function that has no `Role`.
pub(super) fn function_role(parent: &Parent<'_>, id: &str) -> Result<Value, Fault> {
    let mut managed = vec![aws_managed("service-role/AWSLambdaBasicExecutionRole")];
    if parent.properties.get("Tracing").is_some_and(|mode| mode != "Disabled") {
        managed.push(aws_managed("AWSXrayWriteOnlyAccess"));
    }
    if parent.properties.contains_key("VpcConfig") {
        managed.push(aws_managed("service-role/AWSLambdaVPCAccessExecutionRole"));
    }
    role(parent, id, "lambda.amazonaws.com", managed)
}

/// The role of a state machine that has no `Role`.
pub(super) fn state_machine_role(parent: &Parent<'_>, id: &str) -> Result<Value, Fault> {
    let is_traced = parent
        .properties
        .get("Tracing")
        .is_some_and(|tracing| tracing["Enabled"] == true);
    let managed = is_traced.then(|| aws_managed("AWSXrayWriteOnlyAccess"));
    role(parent, id, "states.amazonaws.com", managed.into_iter().collect())
}

fn role(parent: &Parent<'_>, id: &str, service: &str, mut managed: Vec<Value>) -> Result<Value, Fault> {
    let properties = &parent.properties;
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
            Value::String(name) => managed.extend(Some(aws_managed(name)).filter(|arn| !managed.contains(arn))),
            Value::Object(fields) => match one_policy(fields).map_err(within) {
                Err(fault) if fault.is_absent() => parent.pass_over(fault.within("Properties")),
                Err(fault) => return Err(fault),
                Ok(Policy::Managed(arn)) => managed.push(arn),
                Ok(Policy::Inline(document)) => inline.push(json!({
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

/// Policies that SAM knows by their names, and whose ARNs have a path.
const SERVICE_ROLES: &[&str] = &[
    "AWSCodeDeployRoleForLambda",
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaENIManagementAccess",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaMSKExecutionRole",
    "AWSLambdaRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AmazonAPIGatewayPushToCloudWatchLogs",
    "AmazonECSTaskExecutionRolePolicy",
];

fn aws_managed(name: &str) -> Value {
    if SERVICE_ROLES.contains(&name) {
        return aws_managed(&format!("service-role/{name}"));
    }
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
    let statement = policy_templates::statements(name, arguments).map_err(|fault| fault.within(name))?;
    Ok(Policy::Inline(json!({"Version": "2012-10-17", "Statement": statement})))
}
