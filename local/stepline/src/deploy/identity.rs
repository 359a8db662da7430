//! Roles, users and their policies.

use super::leave::{Holder, Kind, Shape};
use super::maker::{Failure, Maker};
use super::properties::Properties;
use crate::template::{Fault, Made};
use platform::Requirement;
use platform::iam::{NewRole, NewUser, RoleDetails};
use serde_json::Value;

/// `AWS::IAM::Role`.
pub(super) fn role(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let shape = Shape::of(&properties.all());
    let is_unknown = |arn: &String| arn.contains(":iam::aws:policy/") && maker.cloud.iam.managed_policy(arn).is_none();
    let managed = properties.take_texts("ManagedPolicyArns")?.into_iter();
    let (unknown_policies, managed_policies): (Vec<String>, Vec<String>) = managed.partition(is_unknown);
    for policy in &unknown_policies {
        let fault = Fault::absent(format_args!(
            "the local run does not have {policy}: what it allows is denied here"
        ));
        maker.leave_out(fault.within("ManagedPolicyArns"));
    }
    let details = RoleDetails {
        description: properties.take_text("Description")?,
        tags: properties.take_tags()?.into_iter().collect(),
        max_session_seconds: match properties.take_text("MaxSessionDuration")? {
            None => RoleDetails::default().max_session_seconds,
            Some(seconds) => seconds
                .parse()
                .ok()
                .filter(|seconds| (3600..=43_200).contains(seconds))
                .ok_or_else(|| {
                    Fault::new("must be a number of seconds from 3600 to 43200").within("MaxSessionDuration")
                })?,
        },
    };
    let new = NewRole {
        details,
        name: properties.take_text("RoleName")?.unwrap_or_else(|| maker.name()),
        path: properties.take_text("Path")?.unwrap_or_else(|| "/".to_owned()),
        trust: properties.require_json("AssumeRolePolicyDocument")?,
        policies: inline(properties.take("Policies")).map_err(|fault| fault.within("Policies"))?,
        managed_policies,
        unknown_policies,
        permissions_boundary: properties.take_text("PermissionsBoundary")?,
    };
    properties.finish()?;
    let name = new.name.clone();
    let iam = &maker.cloud.iam;
    let arn = maker
        .cloud
        .account
        .global_arn("iam", format_args!("role{}{name}", new.path));
    let holder = Holder::new(Kind::Role, &arn, &shape);
    let (operation, made) = match maker.before {
        None => {
            maker.allow(holder.to_create(&shape))?;
            ("CreateRole", iam.create_role(&maker.cloud.account, new))
        }
        Some(before) => {
            maker.allow(holder.to_change(&Shape::of(before), &shape))?;
            (
                "UpdateRole",
                iam.change_role(&maker.cloud.account, new, &policies_of(before)),
            )
        }
    };
    let arn = made.map_err(|error| maker.refused("iam", operation, error))?;
    let id = iam.role(&name).map(|role| role.id).unwrap_or_default();
    Ok(Made::new(name).with("Arn", arn).with("RoleId", id))
}

/// The names and the ARNs of the policies that a role's properties have.
fn policies_of(properties: &Value) -> Vec<String> {
    let listed = |name: &str| properties.get(name).and_then(Value::as_array).into_iter().flatten();
    let inline = listed("Policies").filter_map(|policy| policy.get("PolicyName"));
    let all = inline.chain(listed("ManagedPolicyArns"));
    all.filter_map(|policy| policy.as_str().map(str::to_owned)).collect()
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
            Ok((
                policy.require_text("PolicyName")?,
                policy.require_json("PolicyDocument")?,
            ))
        };
        inline.push(read(&mut policy).map_err(|fault| fault.within(index))?);
        policy.finish().map_err(|fault| fault.within(index))?;
    }
    Ok(inline)
}

/// `AWS::IAM::Policy`: an inline policy of several roles, users and groups.
pub(super) fn policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.require_text("PolicyName")?;
    let document = properties.require_json("PolicyDocument")?;
    let holders = Holders::take(&mut properties)?;
    properties.finish()?;
    holders.put(maker, &name, &document)?;
    Ok(Made::new(name))
}

/// `AWS::IAM::ManagedPolicy`.
pub(super) fn managed_policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties
        .take_text("ManagedPolicyName")?
        .unwrap_or_else(|| maker.name());
    let path = properties.take_text("Path")?.unwrap_or_else(|| "/".to_owned());
    let document = properties.require_json("PolicyDocument")?;
    let holders = Holders::take(&mut properties)?;
    properties.ignore(&["Description"]);
    properties.finish()?;
    let iam = &maker.cloud.iam;
    let arn = maker
        .cloud
        .account
        .global_arn("iam", format_args!("policy{path}{name}"));
    let operation = if maker.is_there {
        "CreatePolicyVersion"
    } else {
        "CreatePolicy"
    };
    maker.allow([Requirement::new(format!("iam:{operation}"), &arn)])?;
    iam.create_policy(&arn, document.clone())
        .map_err(|error| maker.refused("iam", "CreatePolicy", error))?;
    holders.put(maker, &arn, &document)?;
    Ok(Made::new(arn.clone()).with("PolicyArn", arn))
}

/// Whose policy it is.
struct Holders {
    roles: Vec<String>,
    users: Vec<String>,
    groups: Vec<String>,
}

impl Holders {
    fn take(properties: &mut Properties) -> Result<Self, Fault> {
        Ok(Self {
            roles: properties.take_texts("Roles")?,
            users: properties.take_texts("Users")?,
            groups: properties.take_texts("Groups")?,
        })
    }

    /// Gives them the policy: an inline one by its name, a managed one by its ARN.
    fn put(&self, maker: &Maker<'_>, policy: &str, document: &Value) -> Result<(), Failure> {
        let iam = &maker.cloud.iam;
        let account = &maker.cloud.account;
        for (kind, names) in [
            (Kind::Role, &self.roles),
            (Kind::User, &self.users),
            (Kind::Group, &self.groups),
        ] {
            let holders = names.iter().map(|name| Holder::find(iam, account, kind, name));
            maker.allow(holders.map(|holder| match policy.starts_with("arn:") {
                true => holder.attach(policy),
                false => holder.put(),
            }))?;
        }
        let (roles, users, groups) = (self.roles.iter(), self.users.iter(), self.groups.iter());
        let put = roles
            .map(|role| ("PutRolePolicy", iam.put_role_policy(role, policy, document.clone())))
            .chain(users.map(|user| ("PutUserPolicy", iam.put_user_policy(user, policy, document.clone()))))
            .chain(groups.map(|group| ("PutGroupPolicy", iam.put_group_policy(group, policy, document.clone()))));
        for (operation, done) in put {
            done.map_err(|error| maker.refused("iam", operation, error))?;
        }
        Ok(())
    }
}

/// What users and groups have in common.
fn person(maker: &Maker<'_>, properties: &mut Properties, name: &str) -> Result<NewUser, Fault> {
    Ok(NewUser {
        name: properties.take_text(name)?.unwrap_or_else(|| maker.name()),
        path: properties.take_text("Path")?.unwrap_or_else(|| "/".to_owned()),
        policies: inline(properties.take("Policies")).map_err(|fault| fault.within("Policies"))?,
        managed_policies: properties.take_texts("ManagedPolicyArns")?,
        permissions_boundary: properties.take_text("PermissionsBoundary")?,
    })
}

/// `AWS::IAM::User`.
pub(super) fn user(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let shape = Shape::of(&properties.all());
    let new = person(maker, &mut properties, "UserName")?;
    let groups = properties.take_texts("Groups")?;
    properties.ignore(&["LoginProfile", "Tags"]);
    properties.finish()?;
    let (name, iam) = (new.name.clone(), &maker.cloud.iam);
    let arn = maker
        .cloud
        .account
        .global_arn("iam", format_args!("user{}{name}", new.path));
    maker.allow(Holder::new(Kind::User, &arn, &shape).to_create(&shape))?;
    let arn = iam
        .create_user(&maker.cloud.account, new)
        .map_err(|error| maker.refused("iam", "CreateUser", error))?;
    join(maker, &name, &groups)?;
    Ok(Made::new(name).with("Arn", arn))
}

fn join(maker: &Maker<'_>, user: &str, groups: &[String]) -> Result<(), Failure> {
    for group in groups {
        let arn = maker.cloud.account.global_arn("iam", format_args!("group/{group}"));
        maker.allow([Requirement::new("iam:AddUserToGroup", arn)])?;
        let added = maker.cloud.iam.add_user_to_group(user, group);
        added.map_err(|error| maker.refused("iam", "AddUserToGroup", error))?;
    }
    Ok(())
}

/// `AWS::IAM::Group`.
pub(super) fn group(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let shape = Shape::of(&properties.all());
    let new = person(maker, &mut properties, "GroupName")?;
    properties.finish()?;
    let name = new.name.clone();
    let arn = maker
        .cloud
        .account
        .global_arn("iam", format_args!("group{}{name}", new.path));
    maker.allow(Holder::new(Kind::Group, &arn, &shape).to_create(&shape))?;
    let arn = maker
        .cloud
        .iam
        .create_group(&maker.cloud.account, new)
        .map_err(|error| maker.refused("iam", "CreateGroup", error))?;
    Ok(Made::new(name).with("Arn", arn))
}

/// `AWS::IAM::UserToGroupAddition`.
pub(super) fn addition(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let group = properties.require_text("GroupName")?;
    let users = properties.take_texts("Users")?;
    properties.finish()?;
    for user in users {
        join(maker, &user, std::slice::from_ref(&group))?;
    }
    Ok(Made::new(maker.name()))
}

/// `AWS::IAM::AccessKey`. It is the same in each run, until its serial or its user changes.
pub(super) fn access_key(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let user = properties.require_text("UserName")?;
    let serial = properties.take("Serial").map(|serial| serial.to_string());
    let is_active = match properties.take_text("Status")?.as_deref() {
        None | Some("Active") => true,
        Some("Inactive") => false,
        Some(_) => return Err(Fault::new("must be Active or Inactive").within("Status").into()),
    };
    properties.finish()?;
    let of_user = maker.cloud.account.global_arn("iam", format_args!("user/{user}"));
    maker.allow([Requirement::new("iam:CreateAccessKey", of_user)])?;
    let name = format!("{}/{}/{}", maker.stack, maker.id, serial.unwrap_or_default());
    let key = maker
        .cloud
        .iam
        .access_key(&name, &user, is_active)
        .map_err(|error| maker.refused("iam", "CreateAccessKey", error))?;
    Ok(Made::new(key.id).with("SecretAccessKey", key.secret))
}
