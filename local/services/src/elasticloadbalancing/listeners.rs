//! Listeners: what a load balancer does with the requests that come. Each load balancer has one, for its one port.

use super::account::ElasticLoadBalancing;
use super::balancers::{self, PAGE, creating, suffix};
use super::groups;
use super::input::{check_tags, invalid, refused, scalar};
use super::rows::{Action, Listener, Rows, Tag};
use platform::input::page;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Weighted {
    target_group_arn: String,
    #[serde(default, deserialize_with = "scalar")]
    #[expect(dead_code, reason = "one group gets everything, whatever its weight")]
    weight: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Forward {
    target_groups: Vec<Weighted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Fixed {
    #[serde(default, deserialize_with = "scalar")]
    status_code: Option<u16>,
    content_type: Option<String>,
    message_body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Given {
    #[serde(rename = "Type")]
    kind: String,
    target_group_arn: Option<String>,
    forward_config: Option<Forward>,
    fixed_response_config: Option<Fixed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateListener {
    load_balancer_arn: String,
    protocol: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    port: Option<u16>,
    default_actions: Vec<Given>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Describe {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    listener_arns: Vec<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    page_size: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfListener {
    pub(super) listener_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeRules {
    listener_arn: Option<String>,
    #[serde(default)]
    rule_arns: Vec<String>,
}

fn missing() -> ServiceError {
    ServiceError::new("ListenerNotFound", "One or more listeners not found")
}

pub(super) fn may_create(
    _: &ElasticLoadBalancing,
    _: &Platform,
    input: &CreateListener,
) -> Result<Vec<Requirement>, ServiceError> {
    Ok(creating("CreateListener", &input.load_balancer_arn, &input.tags))
}

impl Given {
    fn read(self, rows: &Rows<'_>) -> Result<Action, ServiceError> {
        let group = match (self.kind.as_str(), self.target_group_arn, self.forward_config) {
            ("forward", Some(group), None) => group,
            ("forward", given, Some(Forward { target_groups })) => {
                let [one] = target_groups.as_slice() else {
                    return Err(refused("listeners that forward to several target groups"));
                };
                if given.is_some_and(|given| given != one.target_group_arn) {
                    return Err(invalid(
                        "The target group and the forward configuration must name the same target group",
                    ));
                }
                one.target_group_arn.clone()
            }
            ("forward", None, None) => return Err(invalid("A target group ARN must be specified")),
            ("fixed-response", None, None) => {
                let fixed = self.fixed_response_config;
                let fixed = fixed.ok_or_else(|| invalid("A fixed response configuration must be specified"))?;
                let status = fixed
                    .status_code
                    .filter(|status| matches!(status, 200..=299 | 400..=599));
                return Ok(Action::Fixed {
                    status: status.ok_or_else(|| invalid("The status code must be 2XX, 4XX or 5XX"))?,
                    content_type: fixed.content_type.unwrap_or_else(|| "text/plain".into()),
                    body: fixed.message_body.unwrap_or_default(),
                });
            }
            (kind, ..) => return Err(refused(format_args!("listeners with the action `{kind}`"))),
        };
        if !rows.groups.contains_key(&group) {
            return Err(groups::missing(&group));
        }
        Ok(Action::Forward(group))
    }
}

impl ElasticLoadBalancing {
    pub(super) fn create_listener(&self, call: &Call, input: CreateListener) -> Result<Value, ServiceError> {
        check_tags(&input.tags)?;
        match input.protocol.as_deref() {
            Some("HTTP") => {}
            Some(protocol) => return Err(refused(format_args!("listeners of the protocol `{protocol}`"))),
            None => return Err(invalid("A listener protocol must be specified")),
        }
        let port = input.port.ok_or_else(|| invalid("A listener port must be specified"))?;
        let mut rows = self.rows();
        let arn = &input.load_balancer_arn;
        let balancer = rows.balancers.get(arn).ok_or_else(|| balancers::missing(arn))?;
        let name = balancer.name.clone();
        if let Some(other) = rows.listeners.values().find(|listener| listener.balancer == *arn) {
            return Err(if other.port == port {
                ServiceError::new(
                    "DuplicateListener",
                    "A listener already exists on this port for this load balancer",
                )
            } else {
                refused("load balancers with several listeners")
            });
        }
        let mut actions = input.default_actions;
        let action = match (actions.pop(), actions.len()) {
            (Some(action), 0) => action.read(&rows)?,
            _ => return Err(refused("listeners with several actions, or without one")),
        };
        // Its ARN has the last part of the load balancer's.
        let of = arn.rsplit('/').next().unwrap_or_default();
        let thing = format!("listener/app/{name}/{of}/{}", suffix());
        let listener = Listener {
            arn: call.platform.account.arn("elasticloadbalancing", thing),
            balancer: arn.clone(),
            port,
            action,
            tags: input.tags,
        };
        let shown = listener.show();
        rows.listeners.insert(listener.arn.clone(), listener);
        Ok(json!({"Listeners": [shown]}))
    }

    pub(super) fn describe_listeners(&self, _: &Call, input: Describe) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let found: Vec<&Listener> = match &input.load_balancer_arn {
            Some(arn) if !rows.balancers.contains_key(arn) => return Err(balancers::missing(arn)),
            Some(arn) => {
                let listeners = rows.listeners.values();
                listeners.filter(|listener| listener.balancer == *arn).collect()
            }
            None if input.listener_arns.is_empty() => {
                return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
            }
            None => {
                let found = input.listener_arns.iter();
                let found = found.map(|arn| rows.listeners.get(arn).ok_or_else(missing));
                found.collect::<Result<_, _>>()?
            }
        };
        let size = input.page_size.unwrap_or(PAGE).min(PAGE);
        let page = page(found, size, input.marker.as_deref(), "ValidationError")?;
        Ok(page.answer("Listeners", "NextMarker", Listener::show))
    }

    /// Each listener has the default rule alone.
    pub(super) fn describe_rules(&self, _: &Call, input: DescribeRules) -> Result<Value, ServiceError> {
        let rows = self.rows();
        if let Some(arn) = &input.listener_arn {
            let listener = rows.listeners.get(arn).ok_or_else(missing)?;
            return Ok(json!({"Rules": [listener.default_rule()]}));
        }
        let mut found = Vec::new();
        for arn in &input.rule_arns {
            let mut rules = rows.listeners.values().map(Listener::default_rule);
            let rule = rules.find(|rule| rule["RuleArn"] == arn.as_str());
            found.push(rule.ok_or_else(|| ServiceError::new("RuleNotFound", "One or more rules not found"))?);
        }
        if found.is_empty() {
            return Err(invalid("You must specify either listener rule ARNs or a listener ARN"));
        }
        Ok(json!({"Rules": found}))
    }

    pub(super) fn delete_listener(&self, _: &Call, input: OfListener) -> Result<Value, ServiceError> {
        let removed = self.rows().listeners.remove(&input.listener_arn);
        removed.map(|_| json!({})).ok_or_else(missing)
    }
}
