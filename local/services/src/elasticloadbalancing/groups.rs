//! Target groups: of HTTP targets by their addresses, as the tasks of ECS with `awsvpc` are.

use super::account::ElasticLoadBalancing;
use super::balancers::{self, PAGE, creating, suffix};
use super::checks::{self, Checks};
use super::input::{Attribute, check_name, check_tags, invalid, refused, scalar, shown, take_over};
use super::rows::{Attributes, DELAY, Group, Rows, Tag};
use platform::input::{On, page};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Display;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateTargetGroup {
    name: String,
    protocol: Option<String>,
    protocol_version: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    port: Option<u16>,
    vpc_id: Option<String>,
    target_type: Option<String>,
    ip_address_type: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ModifyTargetGroup {
    pub(super) target_group_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Describe {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    target_group_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    page_size: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfGroup {
    pub(super) target_group_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Modify {
    pub(super) target_group_arn: String,
    attributes: Vec<Attribute>,
}

/// What is set from the beginning:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html>.
const ATTRIBUTES: [(&str, &str); 5] = [
    (DELAY, "300"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
];

/// The sentence for groups that are asked for by name. Of ARNs, AWS says which.
pub(super) fn missing_name() -> ServiceError {
    ServiceError::new("TargetGroupNotFound", "One or more target groups not found")
}

pub(super) fn missing(arn: impl Display) -> ServiceError {
    ServiceError::new("TargetGroupNotFound", format_args!("Target groups '{arn}' not found"))
}

pub(super) fn may_create(
    _: &ElasticLoadBalancing,
    platform: &Platform,
    input: &On<Checks, CreateTargetGroup>,
) -> Result<Vec<Requirement>, ServiceError> {
    let input = &input.own;
    check_name("target group", &input.name)?;
    let thing = format_args!("targetgroup/{}/*", input.name);
    let arn = platform.account.arn("elasticloadbalancing", thing);
    Ok(creating("CreateTargetGroup", &arn, &input.tags))
}

impl CreateTargetGroup {
    /// Refuses what the local run does not have.
    fn check(&self) -> Result<(), ServiceError> {
        for (given, only, name) in [
            (&self.protocol, "HTTP", "target groups of the protocol"),
            (&self.protocol_version, "HTTP1", "the protocol version"),
            (&self.target_type, "ip", "targets of the type"),
            (&self.ip_address_type, "ipv4", "the address type"),
        ] {
            if let Some(given) = given.as_deref().filter(|given| *given != only) {
                return Err(refused(format_args!("{name} `{given}`")));
            }
        }
        if self.protocol.is_none() {
            return Err(invalid("A protocol must be specified"));
        }
        if self.target_type.is_none() {
            return Err(refused("targets of the type `instance`, which is the default"));
        }
        check_tags(&self.tags)
    }
}

impl ElasticLoadBalancing {
    /// Changes how targets are asked whether they are healthy.
    pub(super) fn modify_health_check(
        &self,
        _: &Call,
        input: On<Checks, ModifyTargetGroup>,
    ) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let arn = input.own.target_group_arn;
        let group = rows.groups.get_mut(&arn).ok_or_else(|| missing(&arn))?;
        group.check = input.target.over(&group.check)?;
        let shown = group.clone();
        Ok(json!({"TargetGroups": [shown.show(&rows.balancers_of(&arn))]}))
    }

    pub(super) fn create_group(
        &self,
        call: &Call,
        input: On<Checks, CreateTargetGroup>,
    ) -> Result<Value, ServiceError> {
        let (checks, input) = (input.target, input.own);
        input.check()?;
        let check = checks.over(&checks::usual())?;
        let (Some(port), Some(vpc)) = (input.port, input.vpc_id) else {
            return Err(invalid("A port and a VPC ID must be specified"));
        };
        let mut rows = self.rows();
        if rows.groups.values().any(|group| group.name == input.name) {
            let message = format_args!(
                "A target group with the same name '{}' exists, but with different settings",
                input.name
            );
            return Err(ServiceError::new("DuplicateTargetGroupName", message));
        }
        let thing = format!("targetgroup/{}/{}", input.name, suffix());
        let group = Group {
            arn: call.platform.account.arn("elasticloadbalancing", thing),
            name: input.name,
            port,
            vpc,
            check,
            targets: Vec::new(),
            attributes: ATTRIBUTES.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            tags: input.tags,
        };
        let shown = group.show(&[]);
        rows.groups.insert(group.arn.clone(), group);
        Ok(json!({"TargetGroups": [shown]}))
    }

    pub(super) fn describe_groups(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let found = select(&rows, &input)?;
        let size = input.page_size.unwrap_or(PAGE).min(PAGE);
        let page = page(found, size, input.marker.as_deref(), "ValidationError")?;
        Ok(page.answer("TargetGroups", "NextMarker", |group| {
            group.show(&rows.balancers_of(&group.arn))
        }))
    }

    pub(super) fn delete_group(&self, _: &Call, input: OfGroup) -> Result<Value, ServiceError> {
        let arn = &input.target_group_arn;
        let mut rows = self.rows();
        if !rows.balancers_of(arn).is_empty() {
            let message = format_args!("Target group '{arn}' is currently in use by a listener or a rule");
            return Err(ServiceError::new("ResourceInUse", message));
        }
        // What watches its targets sees that it is gone. To delete what is not there is no error.
        rows.groups.remove(arn);
        Ok(json!({}))
    }

    pub(super) fn group_attributes(&self, _: &Call, input: OfGroup) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let arn = &input.target_group_arn;
        let group = rows.groups.get(arn).ok_or_else(|| missing(arn))?;
        Ok(json!({"Attributes": shown(&group.attributes)}))
    }

    pub(super) fn modify_group(&self, _: &Call, input: Modify) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let arn = &input.target_group_arn;
        let group = rows.groups.get_mut(arn).ok_or_else(|| missing(arn))?;
        let mut attributes: Attributes = group.attributes.clone();
        take_over(&mut attributes, input.attributes)?;
        if !attributes[DELAY].parse().is_ok_and(|seconds: u32| seconds <= 3600) {
            return Err(invalid(format_args!(
                "{DELAY} '{}' must be in the range [0 - 3600]",
                attributes[DELAY]
            )));
        }
        if attributes.iter().any(|(key, value)| {
            let default = ATTRIBUTES.iter().find(|(known, _)| known == key);
            key != DELAY && default.is_some_and(|(_, default)| value != default)
        }) {
            return Err(refused(format_args!("attributes of target groups beside `{DELAY}`")));
        }
        group.attributes = attributes;
        Ok(json!({"Attributes": shown(&group.attributes)}))
    }
}

/// The groups that are asked for; who asks for one by name or ARN is told if it is not there.
fn select<'r>(rows: &'r Rows<'_>, input: &Describe) -> Result<Vec<&'r Group>, ServiceError> {
    if let Some(balancer) = &input.load_balancer_arn {
        if !rows.balancers.contains_key(balancer) {
            return Err(balancers::missing(balancer));
        }
        let groups = rows.groups.values();
        return Ok(groups
            .filter(|group| rows.balancers_of(&group.arn).contains(&balancer.as_str()))
            .collect());
    }
    if !input.target_group_arns.is_empty() {
        let found = input.target_group_arns.iter();
        return found
            .map(|arn| rows.groups.get(arn).ok_or_else(|| missing(arn)))
            .collect();
    }
    if !input.names.is_empty() {
        let found = input.names.iter().map(|name| {
            let mut groups = rows.groups.values();
            groups.find(|group| group.name == *name).ok_or_else(missing_name)
        });
        return found.collect();
    }
    Ok(rows.groups.values().collect())
}
