//! What is kept of load balancers, listeners, target groups and targets.

use jiff::Timestamp;
use platform::store::{self, Held, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The VPC of every load balancer: a local run has none.
const VPC: &str = "vpc-00000000000000001";

/// Attributes as the operations have them.
pub(super) type Attributes = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

impl<'t> From<&'t Tag> for (&'t str, &'t str) {
    fn from(tag: &'t Tag) -> Self {
        (&tag.key, &tag.value)
    }
}

/// A load balancer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Balancer {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) scheme: String,
    pub(super) subnets: Vec<String>,
    pub(super) security_groups: Vec<String>,
    pub(super) created: Timestamp,
    /// The port of the loopback address at which it answers.
    pub(super) port: u16,
    pub(super) attributes: Attributes,
    pub(super) tags: Vec<Tag>,
}

impl Balancer {
    /// Where it answers: it has no name of its own in a local run, and its port comes with the address.
    pub(super) fn dns_name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn show(&self, region: &str) -> Value {
        let zones = self.subnets.iter().enumerate().map(|(at, subnet)| {
            let zone = char::from(b'a' + u8::try_from(at % 26).unwrap_or_default());
            json!({"ZoneName": format!("{region}{zone}"), "SubnetId": subnet, "LoadBalancerAddresses": []})
        });
        json!({
            "LoadBalancerArn": self.arn,
            "LoadBalancerName": self.name,
            "DNSName": self.dns_name(),
            "CanonicalHostedZoneId": "Z35SXDOTRQ7X7K",
            "CreatedTime": self.created.to_string(),
            "Scheme": self.scheme,
            "VpcId": VPC,
            "State": {"Code": "active"},
            "Type": "application",
            "AvailabilityZones": zones.collect::<Vec<_>>(),
            "SecurityGroups": self.security_groups,
            "IpAddressType": "ipv4",
        })
    }
}

/// What a listener does with a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Action {
    /// A target of this group answers it.
    Forward(String),
    /// The listener answers it itself.
    Fixed {
        status: u16,
        content_type: String,
        body: String,
    },
}

impl Action {
    fn show(&self) -> Value {
        match self {
            Self::Forward(group) => json!({
                "Type": "forward",
                "TargetGroupArn": group,
                "ForwardConfig": {
                    "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
                    "TargetGroupStickinessConfig": {"Enabled": false},
                },
            }),
            Self::Fixed {
                status,
                content_type,
                body,
            } => json!({
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": status.to_string(), "ContentType": content_type, "MessageBody": body,
                },
            }),
        }
    }
}

/// A listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Listener {
    pub(super) arn: String,
    pub(super) balancer: String,
    pub(super) port: u16,
    pub(super) action: Action,
    pub(super) tags: Vec<Tag>,
}

impl Listener {
    pub(super) fn show(&self) -> Value {
        json!({
            "ListenerArn": self.arn,
            "LoadBalancerArn": self.balancer,
            "Port": self.port,
            "Protocol": "HTTP",
            "DefaultActions": [self.action.show()],
        })
    }

    /// The rule that every listener has: it applies if no other does.
    pub(super) fn default_rule(&self) -> Value {
        json!({
            "RuleArn": format!("{}/default", self.arn.replace(":listener/", ":listener-rule/")),
            "Priority": "default",
            "Conditions": [],
            "Actions": [self.action.show()],
            "IsDefault": true,
        })
    }
}

/// How targets are asked whether they are healthy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    pub(super) path: String,
    /// `traffic-port`, or a number.
    pub(super) port: String,
    pub(super) interval: u32,
    pub(super) timeout: u32,
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
    /// Codes and ranges, such as `200,202-204`.
    pub(super) matcher: String,
}

impl HealthCheck {
    pub(super) fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.into())
    }

    pub(super) fn accepts(&self, status: u16) -> bool {
        codes(&self.matcher).is_some_and(|codes| codes.iter().any(|range| range.contains(&status)))
    }
}

/// The codes of a matcher; None if it is none.
pub(super) fn codes(matcher: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let ranges = matcher.split(',').map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let range = from.trim().parse().ok()?..=to.trim().parse().ok()?;
        (200..=499).contains(range.start()).then_some(range)
    });
    ranges.collect()
}

/// A target, by its address and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) port: u16,
}

impl Target {
    pub(super) fn show(&self) -> Value {
        json!({"Id": self.id, "Port": self.port, "AvailabilityZone": "all"})
    }
}

/// A target group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) vpc: String,
    pub(super) check: HealthCheck,
    pub(super) targets: Vec<Target>,
    pub(super) attributes: Attributes,
    pub(super) tags: Vec<Tag>,
}

/// How long a target that leaves may take to answer what it was asked.
pub(super) const DELAY: &str = "deregistration_delay.timeout_seconds";

impl Group {
    pub(super) fn delay(&self) -> Duration {
        let delay = self.attributes.get(DELAY).and_then(|text| text.parse().ok());
        Duration::from_secs(delay.unwrap_or(300))
    }

    pub(super) fn show(&self, balancers: &[&str]) -> Value {
        let check = &self.check;
        json!({
            "TargetGroupArn": self.arn,
            "TargetGroupName": self.name,
            "Protocol": "HTTP",
            "ProtocolVersion": "HTTP1",
            "Port": self.port,
            "VpcId": self.vpc,
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": check.port,
            "HealthCheckEnabled": true,
            "HealthCheckIntervalSeconds": check.interval,
            "HealthCheckTimeoutSeconds": check.timeout,
            "HealthyThresholdCount": check.healthy,
            "UnhealthyThresholdCount": check.unhealthy,
            "HealthCheckPath": check.path,
            "Matcher": {"HttpCode": check.matcher},
            "LoadBalancerArns": balancers,
            "TargetType": "ip",
            "IpAddressType": "ipv4",
        })
    }
}

/// All that lasts, by ARNs.
#[derive(Debug, Default)]
pub(super) struct Kept {
    balancers: store::Rows<Balancer>,
    listeners: store::Rows<Listener>,
    groups: store::Rows<Group>,
}

/// The same, which nobody else sees meanwhile.
#[derive(Debug)]
pub(super) struct Rows<'r> {
    pub(super) balancers: Held<'r, Balancer>,
    pub(super) listeners: Held<'r, Listener>,
    pub(super) groups: Held<'r, Group>,
}

impl Kept {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            balancers: store::Rows::open(store, "elasticloadbalancing/load-balancers")?,
            listeners: store::Rows::open(store, "elasticloadbalancing/listeners")?,
            groups: store::Rows::open(store, "elasticloadbalancing/target-groups")?,
        })
    }

    pub(super) fn lock(&self) -> Rows<'_> {
        // Always in this order.
        Rows {
            balancers: self.balancers.lock(),
            listeners: self.listeners.lock(),
            groups: self.groups.lock(),
        }
    }
}

impl Rows<'_> {
    /// The load balancers that send something to a group.
    pub(super) fn balancers_of(&self, group: &str) -> Vec<&str> {
        let listeners = self.listeners.values().filter(|listener| match &listener.action {
            Action::Forward(to) => to == group,
            Action::Fixed { .. } => false,
        });
        let mut found: Vec<&str> = listeners.map(|listener| listener.balancer.as_str()).collect();
        found.dedup();
        found
    }

    /// The tags of whatever has this ARN.
    pub(super) fn tags_mut(&mut self, arn: &str) -> Option<&mut Vec<Tag>> {
        if let Some(balancer) = self.balancers.get_mut(arn) {
            return Some(&mut balancer.tags);
        }
        if let Some(group) = self.groups.get_mut(arn) {
            return Some(&mut group.tags);
        }
        self.listeners.get_mut(arn).map(|listener| &mut listener.tags)
    }
}
