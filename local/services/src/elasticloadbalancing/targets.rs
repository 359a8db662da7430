//! The targets of target groups: they come, are watched, and go when they have answered everything.

use super::account::ElasticLoadBalancing;
use super::groups::missing;
use super::input::{refused, scalar};
use super::rows::Target;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Description {
    id: String,
    #[serde(default, deserialize_with = "scalar")]
    port: Option<u16>,
    /// There is one zone.
    #[serde(default)]
    #[expect(dead_code, reason = "every zone is this machine")]
    availability_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfTargets {
    pub(super) target_group_arn: String,
    #[serde(default)]
    targets: Vec<Description>,
}

impl Description {
    fn target(&self, port: u16) -> Result<Target, ServiceError> {
        match self.id.parse::<Ipv4Addr>() {
            Ok(address) if address.is_loopback() => Ok(Target {
                id: self.id.clone(),
                port: self.port.unwrap_or(port),
            }),
            Ok(_) => Err(refused(format_args!(
                "the target `{}`: every target is at an address of loopback",
                self.id
            ))),
            Err(_) => {
                let message = format_args!("The IP address '{}' is not a valid IPv4 address", self.id);
                Err(ServiceError::new("ValidationError", message))
            }
        }
    }
}

fn read(given: &[Description], port: u16) -> Result<Vec<Target>, ServiceError> {
    given.iter().map(|target| target.target(port)).collect()
}

impl ElasticLoadBalancing {
    pub(super) async fn register(self: Arc<Self>, call: Call, input: OfTargets) -> Result<Value, ServiceError> {
        let arn = &input.target_group_arn;
        let new = {
            let mut rows = self.rows();
            let group = rows.groups.get_mut(arn).ok_or_else(|| missing(arn))?;
            let mut new = read(&input.targets, group.port)?;
            new.retain(|target| !group.targets.contains(target));
            group.targets.extend(new.clone());
            new
        };
        for target in new {
            self.watch(&call.platform, arn, &target);
        }
        Ok(json!({}))
    }

    pub(super) async fn deregister(self: Arc<Self>, _: Call, input: OfTargets) -> Result<Value, ServiceError> {
        let arn = &input.target_group_arn;
        let (group, going) = {
            let mut rows = self.rows();
            let group = rows.groups.get_mut(arn).ok_or_else(|| missing(arn))?;
            let mut going = read(&input.targets, group.port)?;
            // Who is not there need not go.
            going.retain(|target| group.targets.contains(target));
            group.targets.retain(|target| !going.contains(target));
            (group.clone(), going)
        };
        for target in going {
            self.let_go(&group, &target);
        }
        Ok(json!({}))
    }

    pub(super) fn health(&self, _: &Call, input: OfTargets) -> Result<Value, ServiceError> {
        let arn = &input.target_group_arn;
        let (port, path, is_used) = {
            let rows = self.rows();
            let group = rows.groups.get(arn).ok_or_else(|| missing(arn))?;
            (group.port, group.check.port.clone(), !rows.balancers_of(arn).is_empty())
        };
        let asked = read(&input.targets, port)?;
        let watched = self.watched_targets(arn);
        let known = watched.iter().map(|(target, _)| target.clone());
        let shown = if asked.is_empty() { known.collect() } else { asked };
        let descriptions = shown.iter().map(|target| {
            let watched = watched.iter().find(|(known, _)| known == target);
            let health = match watched {
                None => json!({
                    "State": "unused",
                    "Reason": "Target.NotRegistered",
                    "Description": "Target is not registered to the target group",
                }),
                Some(_) if !is_used => json!({
                    "State": "unused",
                    "Reason": "Target.NotInUse",
                    "Description": "Target group is not configured to receive traffic from the load balancer",
                }),
                Some((_, watched)) => watched.lock().show(),
            };
            let port = path.parse().unwrap_or(target.port).to_string();
            json!({"Target": target.show(), "HealthCheckPort": port, "TargetHealth": health})
        });
        Ok(json!({"TargetHealthDescriptions": descriptions.collect::<Vec<_>>()}))
    }
}
