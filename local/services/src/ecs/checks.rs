//! What of a service or a task is checked before it is made.

use super::errors::{client, invalid, refused};
use super::rows::{Definition, Rows};
use super::service::Rolling;
use super::task::{LoadBalancer, Network};
use platform::ServiceError;

/// The network that a task on Fargate must be given.
pub(super) fn check_network(given: Option<Network>) -> Result<Network, ServiceError> {
    let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
    let network = given.ok_or_else(|| invalid(message))?;
    let vpc = &network.awsvpc_configuration;
    if vpc.subnets.is_empty() {
        return Err(invalid("subnets can not be empty."));
    }
    for (ids, most, prefix, what) in [
        (&vpc.subnets, 16, "subnet-", "subnet"),
        (&vpc.security_groups, 5, "sg-", "securityGroup"),
    ] {
        if ids.len() > most {
            return Err(invalid(format_args!("{what}s can have at most {most} items.")));
        }
        if let Some(id) = ids.iter().find(|id| !id.starts_with(prefix)) {
            return Err(invalid(format_args!("The {what} ID '{id}' does not exist")));
        }
    }
    if !["ENABLED", "DISABLED"].contains(&vpc.assign_public_ip.as_str()) {
        return Err(invalid("assignPublicIp must be ENABLED or DISABLED."));
    }
    Ok(network)
}

pub(super) fn check_rolling(rolling: &Rolling) -> Result<(), ServiceError> {
    if rolling.strategy != "ROLLING" {
        return Err(refused(format_args!("the deployment strategy `{}`", rolling.strategy)));
    }
    if rolling.bake_time_in_minutes > 0 {
        return Err(refused("a bake time"));
    }
    let (least, most) = (rolling.minimum_healthy_percent, rolling.maximum_percent);
    if least == 100 && most == 100 {
        return Err(invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if least > 100 || !(100..=200).contains(&most) {
        return Err(invalid(
            "minimumHealthyPercent must be at most 100, and maximumPercent between 100 and 200.",
        ));
    }
    let breaker = rolling.deployment_circuit_breaker.as_ref();
    if let Some(threshold) = breaker.and_then(|breaker| breaker.threshold_configuration.as_ref())
        && !["COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"].contains(&threshold.kind.as_str())
    {
        return Err(invalid(format_args!("Invalid threshold type '{}'.", threshold.kind)));
    }
    Ok(())
}

/// Whether the load balancers lead to a container of the task definition.
pub(super) fn check_balancers(balancers: &[LoadBalancer], definition: &Definition) -> Result<(), ServiceError> {
    if balancers.len() > 5 {
        return Err(invalid("loadBalancers can have at most 5 items."));
    }
    for LoadBalancer {
        container_name,
        container_port,
        ..
    } in balancers
    {
        let mut containers = definition.asked.container_definitions.iter();
        let container = containers.find(|container| container.name == *container_name);
        let container = container.ok_or_else(|| {
            invalid(format_args!(
                "The container {container_name} does not exist in the task definition."
            ))
        })?;
        if !container
            .port_mappings
            .iter()
            .any(|port| port.container_port == *container_port)
        {
            return Err(invalid(format_args!(
                "The container {container_name} did not have a container port {container_port} defined."
            )));
        }
    }
    Ok(())
}

pub(super) fn definition<'r>(rows: &'r Rows, given: &str) -> Result<&'r Definition, ServiceError> {
    let found = rows.definition(given);
    let found = found.ok_or_else(|| client("TaskDefinition not found."))?;
    if !found.is_active() {
        return Err(client("TaskDefinition is inactive"));
    }
    Ok(found)
}
