//! What a template says of itself before it has values: its parameters, and what must be acknowledged.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html#using-iam-capabilities>.

use crate::template;
use serde_json::{Map, Value};
use services::cloudformation::{Declared, Summary};

/// The resources that must be acknowledged, and the property that names each.
const OF_IAM: &[(&str, &str)] = &[
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// The types of stacks that a template nests.
const NESTED: &[&str] = &["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// Reads a template.
///
/// # Errors
/// It is none.
pub(super) fn summary(text: &str) -> Result<Summary, String> {
    let read = template::read_text(text).map_err(|error| error.to_string())?;
    let read = read.as_object().ok_or("unsupported structure.")?;
    let resources = read.get("Resources").and_then(Value::as_object);
    let resources = resources.filter(|resources| !resources.is_empty());
    let resources = resources.ok_or("At least one Resources member must be defined.")?;
    let mut kinds: Vec<String> = resources
        .values()
        .filter_map(|resource| kind(resource).map(str::to_owned))
        .collect();
    kinds.sort();
    kinds.dedup();
    let transforms = match read.get("Transform") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    let parameters = read.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    Ok(Summary {
        description: read.get("Description").and_then(Value::as_str).map(str::to_owned),
        parameters: parameters.map(|(name, declared)| parameter(name, declared)).collect(),
        kinds,
        transforms,
        capability: capability(resources),
        nests: resources.values().filter_map(kind).any(|kind| NESTED.contains(&kind)),
    })
}

fn kind(resource: &Value) -> Option<&str> {
    resource.get("Type").and_then(Value::as_str)
}

fn parameter(name: &str, declared: &Value) -> Declared {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let allowed = declared
        .get("AllowedValues")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Declared {
        name: name.to_owned(),
        kind: declared.get("Type").map(text).unwrap_or_default(),
        default: declared.get("Default").map(text),
        is_hidden: declared
            .get("NoEcho")
            .is_some_and(|hidden| hidden == true || hidden == "true"),
        description: declared.get("Description").map(text),
        allowed: allowed.map(text).collect(),
    }
}

/// The capability that a template's resources need, and why.
fn capability(resources: &Map<String, Value>) -> Option<(&'static str, String)> {
    let (mut needing, mut is_named) = (Vec::new(), false);
    for resource in resources.values() {
        let kind = kind(resource).unwrap_or_default();
        let has = |property: &str| resource.pointer(&format!("/Properties/{property}")).is_some();
        if let Some((kind, name)) = OF_IAM.iter().find(|(of, _)| *of == kind) {
            needing.push(*kind);
            is_named |= !name.is_empty() && has(name);
        }
        // The transform makes a role of each that has none.
        if matches!(kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine") && !has("Role") {
            needing.push("AWS::IAM::Role");
        }
    }
    needing.sort_unstable();
    needing.dedup();
    let reason = format!(
        "The following resource(s) require capabilities: [{}]",
        needing.join(", ")
    );
    let name = if is_named {
        "CAPABILITY_NAMED_IAM"
    } else {
        "CAPABILITY_IAM"
    };
    (!needing.is_empty()).then_some((name, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_acknowledged_is_found() {
        let of = |resources: &str| {
            summary(&format!("Resources:\n{resources}"))
                .expect("a template")
                .capability
        };
        assert_eq!(of("  Q: {Type: AWS::SQS::Queue}"), None);
        let role = of("  R: {Type: AWS::IAM::Role}").expect("a capability");
        assert_eq!(role.0, "CAPABILITY_IAM");
        assert_eq!(
            role.1,
            "The following resource(s) require capabilities: [AWS::IAM::Role]"
        );
        let named = of("  R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}").expect("a capability");
        assert_eq!(named.0, "CAPABILITY_NAMED_IAM");
        let function = of("  F: {Type: AWS::Serverless::Function}").expect("a capability");
        assert_eq!(function.0, "CAPABILITY_IAM");
        assert_eq!(
            of("  F: {Type: AWS::Serverless::Function, Properties: {Role: r}}"),
            None
        );
        for (template, reason) in [
            ("[]", "unsupported structure."),
            ("Resources: {}", "At least one Resources member must be defined."),
        ] {
            assert_eq!(summary(template), Err(reason.to_owned()));
        }
    }
}
