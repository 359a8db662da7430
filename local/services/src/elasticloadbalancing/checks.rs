//! How targets are asked whether they are healthy, as inputs say it:
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>.

use super::input::{invalid, refused, scalar};
use super::rows::{HealthCheck, codes};
use platform::ServiceError;
use platform::input::Target;
use serde::Deserialize;
use std::ops::RangeInclusive;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Matcher {
    http_code: String,
}

/// The members of an input that have to do with it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Checks {
    health_check_protocol: Option<String>,
    health_check_port: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    health_check_enabled: Option<bool>,
    health_check_path: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    health_check_interval_seconds: Option<u32>,
    #[serde(default, deserialize_with = "scalar")]
    health_check_timeout_seconds: Option<u32>,
    #[serde(default, deserialize_with = "scalar")]
    healthy_threshold_count: Option<u32>,
    #[serde(default, deserialize_with = "scalar")]
    unhealthy_threshold_count: Option<u32>,
    matcher: Option<Matcher>,
}

impl Target for Checks {
    const MEMBERS: &'static [&'static str] = &[
        "HealthCheckProtocol",
        "HealthCheckPort",
        "HealthCheckEnabled",
        "HealthCheckPath",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher",
    ];
}

/// What it is where nobody says anything.
pub(super) fn usual() -> HealthCheck {
    HealthCheck {
        path: "/".into(),
        port: "traffic-port".into(),
        interval: 30,
        timeout: 5,
        healthy: 5,
        unhealthy: 2,
        matcher: "200".into(),
    }
}

/// A number in its bounds, or what it is if nobody says so.
fn number(given: Option<u32>, name: &str, bounds: RangeInclusive<u32>, default: u32) -> Result<u32, ServiceError> {
    let value = given.unwrap_or(default);
    if bounds.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (bounds.start(), bounds.end());
    Err(invalid(format_args!(
        "{name} '{value}' must be in the range [{least} - {most}]"
    )))
}

impl Checks {
    /// What it is with these changes.
    pub(super) fn over(self, before: &HealthCheck) -> Result<HealthCheck, ServiceError> {
        if let Some(given) = self.health_check_protocol.filter(|given| given != "HTTP") {
            return Err(refused(format_args!("health checks of the protocol `{given}`")));
        }
        if self.health_check_enabled == Some(false) {
            return Err(invalid(
                "Health check enabled must be true for target groups with target type 'ip'",
            ));
        }
        let (interval, timeout) = (self.health_check_interval_seconds, self.health_check_timeout_seconds);
        let (healthy, unhealthy) = (self.healthy_threshold_count, self.unhealthy_threshold_count);
        let check = HealthCheck {
            path: self.health_check_path.unwrap_or_else(|| before.path.clone()),
            port: self.health_check_port.unwrap_or_else(|| before.port.clone()),
            interval: number(interval, "Health check interval", 5..=300, before.interval)?,
            timeout: number(timeout, "Health check timeout", 2..=120, before.timeout)?,
            healthy: number(healthy, "Healthy threshold count", 2..=10, before.healthy)?,
            unhealthy: number(unhealthy, "Unhealthy threshold count", 2..=10, before.unhealthy)?,
            matcher: self
                .matcher
                .map_or_else(|| before.matcher.clone(), |matcher| matcher.http_code),
        };
        check_it(&check)?;
        Ok(check)
    }
}

fn check_it(check: &HealthCheck) -> Result<(), ServiceError> {
    if check.timeout >= check.interval {
        return Err(invalid(
            "Health check timeout must be smaller than the health check interval",
        ));
    }
    if check.port != "traffic-port" {
        // Here a task listens at a port that is free, not at the one of its container.
        return Err(refused(format_args!(
            "health checks at a port of their own, `{}`",
            check.port
        )));
    }
    if !check.path.starts_with('/') || check.path.parse::<axum::http::uri::PathAndQuery>().is_err() {
        return Err(invalid(format_args!(
            "Health check path '{}' must begin with a '/' character",
            check.path
        )));
    }
    if codes(&check.matcher).is_none() {
        let message = format_args!(
            "The HTTP code '{}' is not valid: codes between 200 and 499",
            check.matcher
        );
        return Err(ServiceError::new("InvalidConfigurationRequest", message));
    }
    Ok(())
}
