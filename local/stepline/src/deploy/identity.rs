//! Roles and their policies.

use super::maker::{Failure, Maker};
use super::properties::Properties;
use crate::template::{Fault, Made};
use platform::iam::NewRole;
use serde_json::Value;

/// `AWS::IAM::Role`.
pub(super) fn role(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let new = NewRole {
        name: properties.take_text("RoleName")?.unwrap_or_else(|| maker.name()),
        path: properties.take_text("Path")?.unwrap_or_else(|| "/".to_owned()),
        trust: properties.require("AssumeRolePolicyDocument")?,
        policies: inline(properties.take("Policies")).map_err(|fault| fault.within("Policies"))?,
        managed_policies: properties.take_texts("ManagedPolicyArns")?,
        permissions_boundary: properties.take_text("PermissionsBoundary")?,
    };
    properties.ignore(&["Description", "MaxSessionDuration", "Tags"]);
    properties.finish()?;
    let name = new.name.clone();
    let iam = &maker.cloud.iam;
    let absent = |arn: &String| arn.contains(":iam::aws:policy/") && iam.managed_policy(arn).is_none();
    if let Some(index) = new.managed_policies.iter().position(absent) {
        let policy = &new.managed_policies[index];
        let fault = Fault::absent(format_args!(
            "the local run does not have {policy}: what it allows is denied here"
        ));
        return Err(fault.within(index).within("ManagedPolicyArns").into());
    }
    let arn = iam
        .create_role(&maker.cloud.account, new)
        .map_err(|error| maker.refused("iam", "CreateRole", error))?;
    let id = iam.role(&name).map(|role| role.id).unwrap_or_default();
    Ok(Made::new(name).with("Arn", arn).with("RoleId", id))
}

fn inline(policies: Option<Value>) -> Result<Vec<(String, Value)>, Fault> {
    let policies = match policies {
        None => Vec::new(),
        Some(Value::Array(policies)) => policies,
        Some(_) => return Err(Fault::new("must be a list")),
    };
    let mut inline = Vec::new();
    for (index, policy) in policies.into_iter().enumerate() {
        let Value::Object(policy) = policy else {
            return Err(Fault::new("must be a map").within(index));
        };
        let mut policy = Properties::new(policy);
        let read = |policy: &mut Properties| -> Result<(String, Value), Fault> {
            Ok((policy.require_text("PolicyName")?, policy.require("PolicyDocument")?))
        };
        inline.push(read(&mut policy).map_err(|fault| fault.within(index))?);
        policy.finish().map_err(|fault| fault.within(index))?;
    }
    Ok(inline)
}

/// `AWS::IAM::Policy`: an inline policy of several roles.
pub(super) fn policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.require_text("PolicyName")?;
    let document = properties.require("PolicyDocument")?;
    let roles = properties.take_texts("Roles")?;
    properties.finish()?;
    for role in roles {
        maker
            .cloud
            .iam
            .put_role_policy(&role, &name, document.clone())
            .map_err(|error| maker.refused("iam", "PutRolePolicy", error))?;
    }
    Ok(Made::new(name))
}

/// `AWS::IAM::ManagedPolicy`.
pub(super) fn managed_policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties
        .take_text("ManagedPolicyName")?
        .unwrap_or_else(|| maker.name());
    let path = properties.take_text("Path")?.unwrap_or_else(|| "/".to_owned());
    let document = properties.require("PolicyDocument")?;
    let roles = properties.take_texts("Roles")?;
    properties.ignore(&["Description"]);
    properties.finish()?;
    let iam = &maker.cloud.iam;
    let arn = maker
        .cloud
        .account
        .global_arn("iam", format_args!("policy{path}{name}"));
    iam.create_policy(&arn, document.clone())
        .map_err(|error| maker.refused("iam", "CreatePolicy", error))?;
    for role in roles {
        iam.put_role_policy(&role, &arn, document.clone())
            .map_err(|error| maker.refused("iam", "AttachRolePolicy", error))?;
    }
    Ok(Made::new(arn.clone()).with("PolicyArn", arn))
}
