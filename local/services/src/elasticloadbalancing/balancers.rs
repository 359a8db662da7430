//! Load balancers: application load balancers of one zone, this machine.

use super::account::ElasticLoadBalancing;
use super::input::{Attribute, check_name, check_tags, invalid, refused, scalar, shown, take_over};
use super::proxy;
use super::rows::{Attributes, Balancer, Rows, Tag};
use jiff::Timestamp;
use platform::input::page;
use platform::journal::Happening;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateLoadBalancer {
    name: String,
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
    scheme: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    ip_address_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Describe {
    #[serde(default)]
    load_balancer_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    page_size: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfBalancer {
    pub(super) load_balancer_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Modify {
    pub(super) load_balancer_arn: String,
    attributes: Vec<Attribute>,
}

/// How many are on a page at most.
pub(super) const PAGE: usize = 400;

/// What is set from the beginning:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html>.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("access_logs.s3.enabled", "false"),
    ("client_keep_alive.seconds", "3600"),
    ("deletion_protection.enabled", "false"),
    ("idle_timeout.timeout_seconds", "60"),
    ("load_balancing.cross_zone.enabled", "true"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
];

/// The part of an ARN that nobody chooses.
pub(super) fn suffix() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..16].to_owned()
}

/// An action that makes something, with its tags.
pub(super) fn creating(action: &str, resource: &str, tags: &[Tag]) -> Vec<Requirement> {
    let create = Requirement::new(format!("elasticloadbalancing:{action}"), resource).giving(tags);
    if tags.is_empty() {
        return vec![create];
    }
    let tagging = Requirement::new("elasticloadbalancing:AddTags", resource);
    let tagging = tagging.with("elasticloadbalancing:CreateAction", action);
    vec![create, tagging.giving(tags)]
}

/// An action on something that is there, or would be; policies can look at its tags.
pub(super) fn on_tagged(
    service: &ElasticLoadBalancing,
    action: &str,
    arn: &str,
) -> Result<Vec<Requirement>, ServiceError> {
    let requirement = Requirement::new(format!("elasticloadbalancing:{action}"), arn);
    let mut rows = service.rows();
    let tags = rows.tags_mut(arn).into_iter().flatten();
    let requirement = tags.fold(requirement, |requirement, tag| {
        let requirement = requirement.with(format!("aws:ResourceTag/{}", tag.key), &tag.value);
        requirement.with(format!("elasticloadbalancing:ResourceTag/{}", tag.key), &tag.value)
    });
    Ok(vec![requirement])
}

pub(super) fn may_create(
    _: &ElasticLoadBalancing,
    platform: &Platform,
    input: &CreateLoadBalancer,
) -> Result<Vec<Requirement>, ServiceError> {
    check_name("load balancer", &input.name)?;
    // IAM knows the name before the ARN has its last part.
    let thing = format_args!("loadbalancer/app/{}/*", input.name);
    let arn = platform.account.arn("elasticloadbalancing", thing);
    Ok(creating("CreateLoadBalancer", &arn, &input.tags))
}

pub(super) fn missing(arn: &str) -> ServiceError {
    let message = format_args!("Load balancers '[{arn}]' not found");
    ServiceError::new("LoadBalancerNotFound", message)
}

impl CreateLoadBalancer {
    fn check(&self) -> Result<(), ServiceError> {
        match self.kind.as_deref() {
            None | Some("application") => {}
            Some(kind) => return Err(refused(format_args!("load balancers of the type `{kind}`"))),
        }
        match self.ip_address_type.as_deref() {
            None | Some("ipv4") => {}
            Some(other) => return Err(refused(format_args!("the address type `{other}`"))),
        }
        if !matches!(self.scheme.as_deref(), None | Some("internet-facing" | "internal")) {
            return Err(ServiceError::new("InvalidScheme", "The requested scheme is not valid"));
        }
        if self.subnets.len() < 2 {
            let message = "At least two subnets in two different Availability Zones must be specified";
            return Err(invalid(message));
        }
        for (ids, prefix, code) in [
            (&self.subnets, "subnet-", "SubnetNotFound"),
            (&self.security_groups, "sg-", "InvalidSecurityGroup"),
        ] {
            if let Some(id) = ids.iter().find(|id| !id.starts_with(prefix)) {
                return Err(ServiceError::new(code, format_args!("The ID '{id}' does not exist")));
            }
        }
        check_tags(&self.tags)
    }
}

impl ElasticLoadBalancing {
    pub(super) async fn create_balancer(
        self: Arc<Self>,
        call: Call,
        input: CreateLoadBalancer,
    ) -> Result<Value, ServiceError> {
        input.check()?;
        let platform = &call.platform;
        let mut rows = self.rows();
        if rows.balancers.values().any(|balancer| balancer.name == input.name) {
            let message = format_args!("A load balancer with the same name '{}' exists", input.name);
            return Err(ServiceError::new("DuplicateLoadBalancerName", message));
        }
        let thing = format!("loadbalancer/app/{}/{}", input.name, suffix());
        let arn = platform.account.arn("elasticloadbalancing", thing);
        let internal = |error| {
            let message = format_args!("the load balancer cannot listen: {error}");
            ServiceError::new("InternalFailure", message).with_status(500)
        };
        let (listener, port) = proxy::listen(&input.name, None).map_err(internal)?;
        let balancer = Balancer {
            arn: arn.clone(),
            name: input.name,
            scheme: input.scheme.unwrap_or_else(|| "internet-facing".into()),
            subnets: input.subnets,
            security_groups: input.security_groups,
            created: Timestamp::now(),
            port,
            attributes: ATTRIBUTES.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            tags: input.tags,
        };
        let serving = proxy::serve(&self, &arn, listener, port).map_err(internal)?;
        let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        proxies.insert(arn.clone(), serving);
        platform.journal.record(Happening::Note {
            text: format!(
                "the load balancer {} answers at http://{}",
                balancer.name,
                balancer.dns_name()
            ),
        });
        let shown = balancer.show(&platform.account.region);
        rows.balancers.insert(arn, balancer);
        Ok(json!({"LoadBalancers": [shown]}))
    }

    pub(super) fn describe_balancers(&self, call: &Call, input: Describe) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let found = select(&rows, &input)?;
        let size = input.page_size.unwrap_or(PAGE).min(PAGE);
        let page = page(found, size, input.marker.as_deref(), "ValidationError")?;
        let region = &call.platform.account.region;
        Ok(page.answer("LoadBalancers", "NextMarker", |balancer| balancer.show(region)))
    }

    pub(super) fn delete_balancer(&self, _: &Call, input: OfBalancer) -> Result<Value, ServiceError> {
        let arn = &input.load_balancer_arn;
        let mut rows = self.rows();
        if let Some(balancer) = rows.balancers.get(arn) {
            if balancer
                .attributes
                .get("deletion_protection.enabled")
                .is_some_and(|on| on == "true")
            {
                let message =
                    format_args!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
                return Err(ServiceError::new("OperationNotPermitted", message));
            }
            rows.balancers.remove(arn);
            rows.listeners.retain(|_, listener| listener.balancer != *arn);
        }
        drop(rows);
        let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(serving) = proxies.remove(arn) {
            serving.abort();
        }
        // To delete what is not there is no error.
        Ok(json!({}))
    }

    pub(super) fn balancer_attributes(&self, _: &Call, input: OfBalancer) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let arn = &input.load_balancer_arn;
        let balancer = rows.balancers.get(arn).ok_or_else(|| missing(arn))?;
        Ok(json!({"Attributes": shown(&balancer.attributes)}))
    }

    pub(super) fn modify_balancer(&self, _: &Call, input: Modify) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let arn = &input.load_balancer_arn;
        let balancer = rows.balancers.get_mut(arn).ok_or_else(|| missing(arn))?;
        let mut attributes: Attributes = balancer.attributes.clone();
        take_over(&mut attributes, input.attributes)?;
        balancer.attributes = attributes;
        Ok(json!({"Attributes": shown(&balancer.attributes)}))
    }
}

/// The load balancers that are asked for; who asks for one by name or ARN is told if it is not there.
fn select<'r>(rows: &'r Rows<'_>, input: &Describe) -> Result<Vec<&'r Balancer>, ServiceError> {
    if !input.load_balancer_arns.is_empty() {
        let found = input.load_balancer_arns.iter();
        return found
            .map(|arn| rows.balancers.get(arn).ok_or_else(|| missing(arn)))
            .collect();
    }
    if !input.names.is_empty() {
        let found = input.names.iter().map(|name| {
            let mut balancers = rows.balancers.values();
            balancers
                .find(|balancer| balancer.name == *name)
                .ok_or_else(|| missing(name))
        });
        return found.collect();
    }
    Ok(rows.balancers.values().collect())
}
