//! What CloudFormation calls of IAM to make, change and remove IAM's own resources. The local run makes them without
//! operations, and asks IAM for leave all the same: whoever deploys needs it for each of the calls.
//!
//! Follows what the types' handlers call, and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html>.

use platform::Requirement;
use platform::account::Account;
use platform::iam::Iam;
use serde_json::Value;
use services::cloudformation::Record;
use std::collections::{BTreeMap, BTreeSet};

/// What has policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    User,
    Group,
}

/// All kinds, and the property of a policy that names those who have it.
pub(super) const KINDS: [(&str, Kind); 3] = [("Roles", Kind::Role), ("Users", Kind::User), ("Groups", Kind::Group)];

impl Kind {
    /// As operations have it in their names.
    fn word(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// A role, a user or a group that calls are about.
pub(super) struct Holder {
    kind: Kind,
    arn: String,
    boundary: Option<String>,
}

impl Holder {
    /// One that is there, or one without a path and a boundary.
    pub(super) fn find(iam: &Iam, account: &Account, kind: Kind, name: &str) -> Self {
        let found = match kind {
            Kind::Role => iam.role(name).ok().map(|role| (role.arn, role.permissions_boundary)),
            Kind::User => iam.user(name).ok().map(|user| (user.arn, user.permissions_boundary)),
            Kind::Group => None,
        };
        let (arn, boundary) = found.unwrap_or_else(|| {
            let resource = format!("{}/{name}", kind.word().to_lowercase());
            (account.global_arn("iam", resource), None)
        });
        Self { kind, arn, boundary }
    }

    /// One of this ARN that has a boundary, or gets it.
    pub(super) fn new(kind: Kind, arn: &str, shape: &Shape) -> Self {
        Self {
            kind,
            arn: arn.to_owned(),
            boundary: shape.boundary.clone(),
        }
    }

    /// A call whose name has the kind in the place of `{}`.
    fn call(&self, operation: &str) -> Requirement {
        let operation = operation.replace("{}", self.kind.word());
        Requirement::new(format!("iam:{operation}"), &self.arn)
    }

    /// The same, of those that know the boundary.
    fn bounded(&self, operation: &str) -> Requirement {
        let call = self.call(operation);
        match &self.boundary {
            Some(boundary) => call.with("iam:PermissionsBoundary", boundary),
            None => call,
        }
    }

    /// To put an inline policy into it.
    pub(super) fn put(&self) -> Requirement {
        self.bounded("Put{}Policy")
    }

    /// To attach a managed policy.
    pub(super) fn attach(&self, policy: &str) -> Requirement {
        self.bounded("Attach{}Policy").with("iam:PolicyARN", policy)
    }

    fn detach(&self, policy: &str) -> Requirement {
        self.bounded("Detach{}Policy").with("iam:PolicyARN", policy)
    }

    fn take(&self) -> Requirement {
        self.bounded("Delete{}Policy")
    }

    /// To make it.
    pub(super) fn to_create(&self, shape: &Shape) -> Vec<Requirement> {
        let tags = shape.tags.iter();
        let create = tags.fold(self.bounded("Create{}"), |call, (key, value)| {
            call.with(format!("aws:RequestTag/{key}"), value)
        });
        let mut calls = vec![create];
        if !shape.tags.is_empty() {
            calls.push(self.call("Tag{}"));
        }
        calls.extend(shape.inline.keys().take(1).map(|_| self.put()));
        calls.extend(shape.managed.iter().map(|policy| self.attach(policy)));
        calls.push(self.bounded("Get{}"));
        calls
    }

    /// To change a role from what it was.
    pub(super) fn to_change(&self, before: &Shape, after: &Shape) -> Vec<Requirement> {
        let mut calls = Vec::new();
        // What it is given then is given to a role with the new boundary.
        match (&before.boundary, &after.boundary) {
            (before, after) if before == after => {}
            (_, Some(_)) => calls.push(self.bounded("Put{}PermissionsBoundary")),
            (Some(gone), None) => {
                let call = self.call("Delete{}PermissionsBoundary");
                calls.push(call.with("iam:PermissionsBoundary", gone));
            }
            (None, None) => {}
        }
        if before.trust != after.trust {
            calls.push(self.bounded("UpdateAssumeRolePolicy"));
        }
        if before.settings != after.settings {
            calls.push(self.bounded("UpdateRole"));
        }
        let is_new = |(name, document): &(&String, &Value)| before.inline.get(*name) != Some(*document);
        calls.extend(after.inline.iter().find(is_new).map(|_| self.put()));
        let is_gone = |name: &&String| !after.inline.contains_key(*name);
        calls.extend(before.inline.keys().find(is_gone).map(|_| self.take()));
        calls.extend(
            after
                .managed
                .difference(&before.managed)
                .map(|policy| self.attach(policy)),
        );
        calls.extend(
            before
                .managed
                .difference(&after.managed)
                .map(|policy| self.detach(policy)),
        );
        let is_put = |(key, value): (&String, &String)| before.tags.get(key) != Some(value);
        if after.tags.iter().any(is_put) {
            calls.push(self.call("Tag{}"));
        }
        if before.tags.keys().any(|key| !after.tags.contains_key(key)) {
            calls.push(self.call("Untag{}"));
        }
        calls.push(self.bounded("Get{}"));
        calls
    }

    fn to_remove(&self, shape: &Shape) -> Vec<Requirement> {
        let inline = shape.inline.keys().take(1).map(|_| self.take());
        let managed = shape.managed.iter().map(|policy| self.detach(policy));
        inline.chain(managed).chain([self.bounded("Delete{}")]).collect()
    }
}

/// What calls are about of the properties of a role, a user or a group.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    trust: Value,
    inline: BTreeMap<String, Value>,
    managed: BTreeSet<String>,
    boundary: Option<String>,
    tags: BTreeMap<String, String>,
    /// Its description, and how long its sessions may last.
    settings: [Option<Value>; 2],
}

impl Shape {
    /// Reads properties. What is wrong with them is for those who make it.
    pub(super) fn of(properties: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            trust: properties["AssumeRolePolicyDocument"].clone(),
            inline: listed(properties, "Policies")
                .filter_map(|policy| Some((text(&policy["PolicyName"])?, policy["PolicyDocument"].clone())))
                .collect(),
            managed: listed(properties, "ManagedPolicyArns").filter_map(text).collect(),
            boundary: text(&properties["PermissionsBoundary"]),
            tags: listed(properties, "Tags")
                .filter_map(|tag| Some((text(&tag["Key"])?, text(&tag["Value"])?)))
                .collect(),
            settings: ["Description", "MaxSessionDuration"].map(|name| properties.get(name).cloned()),
        }
    }
}

fn listed<'v>(properties: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    properties[name].as_array().into_iter().flatten()
}

/// Those whose names a policy's properties have.
pub(super) fn holders(iam: &Iam, account: &Account, properties: &Value) -> Vec<Holder> {
    let named = KINDS.into_iter().flat_map(|(property, kind)| {
        let names = listed(properties, property).filter_map(Value::as_str);
        names.map(move |name| (kind, name))
    });
    named
        .map(|(kind, name)| Holder::find(iam, account, kind, name))
        .collect()
}

/// To remove what was made of a resource of IAM's, whose removal is called so.
pub(super) fn to_remove(iam: &Iam, account: &Account, record: &Record, operation: &str) -> Vec<Requirement> {
    let name = record.reference.as_ref().and_then(Value::as_str).unwrap_or_default();
    let arn = record.attributes.get("Arn").and_then(Value::as_str).unwrap_or(name);
    let properties = &record.properties;
    let shape = Shape::of(properties);
    let of = |kind: Kind| {
        let found = Holder::find(iam, account, kind, name);
        let arn = if arn.starts_with("arn:") {
            arn.to_owned()
        } else {
            found.arn
        };
        Holder { arn, ..found }.to_remove(&shape)
    };
    match record.kind.as_str() {
        "AWS::IAM::Role" => of(Kind::Role),
        "AWS::IAM::User" => of(Kind::User),
        "AWS::IAM::Group" => of(Kind::Group),
        "AWS::IAM::Policy" => holders(iam, account, properties).iter().map(Holder::take).collect(),
        "AWS::IAM::ManagedPolicy" => {
            let holders = holders(iam, account, properties);
            let detached = holders.iter().map(|holder| holder.detach(name));
            detached.chain([Requirement::new("iam:DeletePolicy", name)]).collect()
        }
        "AWS::IAM::AccessKey" => {
            let user = properties["UserName"].as_str().unwrap_or_default();
            vec![Holder::find(iam, account, Kind::User, user).call(operation)]
        }
        "AWS::IAM::UserToGroupAddition" => {
            let group = properties["GroupName"].as_str().unwrap_or_default();
            vec![Holder::find(iam, account, Kind::Group, group).call(operation)]
        }
        _ => vec![Requirement::new(format!("iam:{operation}"), arn)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(calls: &[Requirement]) -> Vec<String> {
        let one = |call: &Requirement| {
            let context = call.context.iter().map(|(key, value)| format!(" {key}={value}"));
            format!(
                "{}{}",
                call.action.trim_start_matches("iam:"),
                context.collect::<String>()
            )
        };
        calls.iter().map(one).collect()
    }

    #[test]
    fn what_changes_is_asked_for_and_nothing_else() {
        let shape = |more: Value| {
            let mut all = json!({
                "AssumeRolePolicyDocument": {"Statement": []}, "PermissionsBoundary": "b",
                "Policies": [{"PolicyName": "p", "PolicyDocument": {}}], "ManagedPolicyArns": ["m"],
            });
            for (key, value) in more.as_object().expect("members") {
                all[key] = value.clone();
            }
            Shape::of(&all)
        };
        let before = shape(json!({}));
        for (after, expected) in [
            (json!({}), &[][..]),
            (
                json!({"AssumeRolePolicyDocument": {}}),
                &["UpdateAssumeRolePolicy iam:PermissionsBoundary=b"],
            ),
            (
                json!({"MaxSessionDuration": 3600}),
                &["UpdateRole iam:PermissionsBoundary=b"],
            ),
            (
                json!({"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": []}}]}),
                &["PutRolePolicy iam:PermissionsBoundary=b"],
            ),
            (json!({"Policies": []}), &["DeleteRolePolicy iam:PermissionsBoundary=b"]),
            (
                json!({"ManagedPolicyArns": ["n"]}),
                &[
                    "AttachRolePolicy iam:PermissionsBoundary=b iam:PolicyARN=n",
                    "DetachRolePolicy iam:PermissionsBoundary=b iam:PolicyARN=m",
                ],
            ),
            (
                json!({"PermissionsBoundary": "c", "Policies": []}),
                &[
                    "PutRolePermissionsBoundary iam:PermissionsBoundary=c",
                    "DeleteRolePolicy iam:PermissionsBoundary=c",
                ],
            ),
            (
                json!({"PermissionsBoundary": null}),
                &["DeleteRolePermissionsBoundary iam:PermissionsBoundary=b"],
            ),
            (json!({"Tags": [{"Key": "k", "Value": "v"}]}), &["TagRole"]),
        ] {
            let after = shape(after);
            let mut calls = said(&Holder::new(Kind::Role, "arn", &after).to_change(&before, &after));
            assert!(calls.pop().is_some_and(|last| last.starts_with("GetRole")));
            assert_eq!(calls, expected);
        }
        let tagged = shape(json!({"Tags": [{"Key": "k", "Value": "v"}]}));
        assert_eq!(
            said(&Holder::new(Kind::Role, "arn", &tagged).to_create(&tagged)),
            [
                "CreateRole iam:PermissionsBoundary=b aws:RequestTag/k=v",
                "TagRole",
                "PutRolePolicy iam:PermissionsBoundary=b",
                "AttachRolePolicy iam:PermissionsBoundary=b iam:PolicyARN=m",
                "GetRole iam:PermissionsBoundary=b",
            ]
        );
    }
}
