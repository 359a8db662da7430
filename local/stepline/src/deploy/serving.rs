//! What serves: clusters, task definitions and services of ECS, load balancers, and their security groups.

use super::maker::{Failure, Maker};
use super::properties::{Properties, camel, number};
use crate::template::{Fault, Made};
use platform::ErrorKind;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The members of ECS whose keys are names of the template's own.
const MAPS: [&str; 2] = ["DockerLabels", "Options"];

/// The members of ECS that take text, whatever it says.
const TEXTS: [&str; 3] = ["Command", "EntryPoint", "Value"];

/// The members of ECS that take numbers.
const NUMBERS: [&str; 18] = [
    "BakeTimeInMinutes",
    "ContainerPort",
    "DesiredCount",
    "HealthCheckGracePeriodSeconds",
    "HostPort",
    "Interval",
    "MaximumPercent",
    "MinimumHealthyPercent",
    "Retries",
    "SizeInGiB",
    "StartPeriod",
    "StopTimeout",
    "Timeout",
    "Memory",
    "MemoryReservation",
    "Weight",
    "Base",
    "Cpu",
];

/// How often one looks at a service that is not steady yet.
const LOOK: Duration = Duration::from_secs(1);

/// After so many tasks have failed in a row nobody waits any longer. AWS would, for three hours.
const TOO_MANY: u64 = 5;

/// CloudFormation's names as those of ECS, numbers as numbers and booleans as booleans.
fn for_ecs(name: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) if MAPS.contains(&name) => Value::Object(fields),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = for_ecs(&name, value);
                let renamed = camel(json!({name: null}));
                let name = renamed.as_object().and_then(|fields| fields.keys().next().cloned());
                (name.unwrap_or_default(), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| for_ecs(name, item)).collect(),
        Value::String(text) if text == "true" || text == "false" => {
            // A variable of a container's environment is text, whatever it says.
            if name == "Value" {
                text.into()
            } else {
                (text == "true").into()
            }
        }
        other if NUMBERS.contains(&name) => number(other),
        other @ (Value::Bool(_) | Value::Number(_)) if TEXTS.contains(&name) => other.to_string().into(),
        other => other,
    }
}

/// Tags as ECS has them.
fn tags(properties: &mut Properties) -> Result<Vec<Value>, Fault> {
    let tags = properties.take_tags()?;
    Ok(tags
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect())
}

/// The rest of the properties as an input of ECS.
fn rest(properties: Properties) -> Map<String, Value> {
    match for_ecs("", Value::Object(properties.rest())) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// `AWS::ECS::Cluster`.
pub(super) async fn cluster(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("ClusterName")?.unwrap_or_else(|| maker.name());
    let tags = tags(&mut properties)?;
    let settings = properties.take("ClusterSettings");
    let mut input = rest(properties);
    input.insert("clusterName".into(), name.clone().into());
    input.insert("tags".into(), tags.into());
    if let Some(settings) = settings {
        input.insert("settings".into(), for_ecs("", settings));
    }
    let created = maker.call("ecs", "CreateCluster", input.into()).await?;
    let arn = created.pointer("/cluster/clusterArn").cloned().unwrap_or_default();
    Ok(Made::new(name).with("Arn", arn))
}

/// `AWS::ECS::TaskDefinition`.
pub(super) async fn task_definition(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let family = properties.take_text("Family")?.unwrap_or_else(|| maker.name());
    let tags = tags(&mut properties)?;
    // At the task's level they are text, which a template may write as numbers.
    let sizes = [
        ("cpu", properties.take_text("Cpu")?),
        ("memory", properties.take_text("Memory")?),
    ];
    let mut input = rest(properties);
    input.insert("family".into(), family.into());
    input.insert("tags".into(), tags.into());
    for (member, size) in sizes {
        if let Some(size) = size {
            input.insert(member.into(), size.into());
        }
    }
    let registered = maker.call("ecs", "RegisterTaskDefinition", input.into()).await?;
    let arn = registered
        .pointer("/taskDefinition/taskDefinitionArn")
        .cloned()
        .unwrap_or_default();
    Ok(Made::new(arn.clone()).with("TaskDefinitionArn", arn))
}

/// `AWS::ECS::Service`. CloudFormation waits until the service is steady.
pub(super) async fn service(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("ServiceName")?.unwrap_or_else(|| maker.name());
    let tags = tags(&mut properties)?;
    let mut input = rest(properties);
    input.insert("serviceName".into(), name.clone().into());
    input.insert("tags".into(), tags.into());
    let created = match maker.call("ecs", "CreateService", input.clone().into()).await {
        // It is there and is to be another one.
        Err(Failure::Service { error, .. }) if maker.is_there && error.message.contains("idempotent") => {
            maker.call("ecs", "UpdateService", changes(input)).await?
        }
        created => created?,
    };
    let of = |member: &str| {
        created
            .pointer(&format!("/service/{member}"))
            .cloned()
            .unwrap_or_default()
    };
    let arn = of("serviceArn");
    let question = json!({"cluster": of("clusterArn"), "services": [arn]});
    let deployment = of("deployments/0/id");
    let deployment = deployment.as_str().unwrap_or_default();
    loop {
        let ended = tokio::time::timeout(LOOK, maker.cloud.ongoing.end(deployment)).await;
        if ended.as_ref().is_ok_and(|ended| *ended != Some(false)) {
            break;
        }
        let found = maker.call("ecs", "DescribeServices", question.clone()).await?;
        let service = &found["services"][0];
        let failed = service["deployments"][0]["failedTasks"].as_u64().unwrap_or_default();
        if ended.is_ok() || failed >= TOO_MANY {
            let told = service["events"].as_array().into_iter().flatten();
            let told: Vec<&str> = told.filter_map(|event| event["message"].as_str()).take(3).collect();
            return Err(Fault::new(format_args!("the service is not steady: {}", told.join("; "))).into());
        }
    }
    Ok(Made::new(arn.clone()).with("ServiceArn", arn).with("Name", name))
}

/// What UpdateService takes of CreateService's input.
fn changes(mut input: Map<String, Value>) -> Value {
    let service = input.shift_remove("serviceName").unwrap_or_default();
    for only_at_first in ["clientToken", "launchType", "role", "schedulingStrategy", "tags"] {
        input.shift_remove(only_at_first);
    }
    input.insert("service".into(), service);
    input.into()
}

/// What there is of this name already, in answers of this operation's list.
async fn known(maker: &Maker<'_>, operation: &str, list: &str, name: &str) -> Result<Option<Value>, Failure> {
    if !maker.is_there {
        return Ok(None);
    }
    let found = maker.call("elasticloadbalancing", operation, json!({"Names": [name]}));
    match found.await {
        Ok(found) => Ok(Some(json!({list: found[list]}))),
        Err(Failure::Service { error, .. }) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(other) => Err(other),
    }
}

/// `AWS::ElasticLoadBalancingV2::LoadBalancer`.
pub(super) async fn load_balancer(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| short(&maker.name()));
    let attributes = properties.take("LoadBalancerAttributes");
    let tags = properties.take_tag_list()?;
    let mut input = properties.rest();
    input.insert("Name".into(), name.clone().into());
    if let Some(tags) = tags {
        input.insert("Tags".into(), tags);
    }
    maker
        .cloud
        .resume_load_balancers()
        .map_err(|error| maker.refused("elasticloadbalancing", "CreateLoadBalancer", error))?;
    let created = match known(maker, "DescribeLoadBalancers", "LoadBalancers", &name).await? {
        Some(known) => known,
        None => {
            let input = input.into();
            maker.call("elasticloadbalancing", "CreateLoadBalancer", input).await?
        }
    };
    let of = |member: &str| {
        created
            .pointer(&format!("/LoadBalancers/0/{member}"))
            .cloned()
            .unwrap_or_default()
    };
    let arn = of("LoadBalancerArn");
    if let Some(attributes) = attributes {
        let input = json!({"LoadBalancerArn": arn, "Attributes": as_text(attributes)});
        maker
            .call("elasticloadbalancing", "ModifyLoadBalancerAttributes", input)
            .await?;
    }
    Ok(Made::new(arn.clone())
        .with("LoadBalancerArn", arn.clone())
        .with("LoadBalancerFullName", full_name(&arn))
        .with("LoadBalancerName", name)
        .with("DNSName", of("DNSName"))
        .with("CanonicalHostedZoneID", of("CanonicalHostedZoneId"))
        .with("SecurityGroups", of("SecurityGroups")))
}

/// The values of attributes as text, which a template may write as numbers.
fn as_text(attributes: Value) -> Value {
    let items = attributes.as_array().cloned().unwrap_or_default().into_iter();
    let texts = items.map(|mut attribute| {
        if let Some(value) = attribute.get_mut("Value").filter(|value| !value.is_string()) {
            *value = value.to_string().into();
        }
        attribute
    });
    texts.collect()
}

/// A name that CloudFormation would make: 32 characters at most, of letters, digits and hyphens.
fn short(name: &str) -> String {
    let plain = name
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '-');
    let plain: String = plain.collect();
    let cut = plain.len().saturating_sub(32);
    plain[cut..].trim_matches('-').to_owned()
}

/// The part of an ARN by which metrics name a load balancer or a target group.
fn full_name(arn: &Value) -> String {
    let name = arn.as_str().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
    name.strip_prefix("loadbalancer/").unwrap_or(name).to_owned()
}

/// `AWS::ElasticLoadBalancingV2::TargetGroup`.
pub(super) async fn target_group(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| short(&maker.name()));
    let attributes = properties.take("TargetGroupAttributes");
    let tags = properties.take_tag_list()?;
    let mut input = properties.rest();
    input.insert("Name".into(), name.clone().into());
    if let Some(tags) = tags {
        input.insert("Tags".into(), tags);
    }
    let created = match known(maker, "DescribeTargetGroups", "TargetGroups", &name).await? {
        Some(known) => {
            let check = input.into_iter().filter(|(member, _)| is_of_health_check(member));
            let mut check: Map<String, Value> = check.collect();
            check.insert(
                "TargetGroupArn".into(),
                known["TargetGroups"][0]["TargetGroupArn"].clone(),
            );
            maker
                .call("elasticloadbalancing", "ModifyTargetGroup", check.into())
                .await?
        }
        None => {
            let input = input.into();
            maker.call("elasticloadbalancing", "CreateTargetGroup", input).await?
        }
    };
    let arn = created
        .pointer("/TargetGroups/0/TargetGroupArn")
        .cloned()
        .unwrap_or_default();
    if let Some(attributes) = attributes {
        let input = json!({"TargetGroupArn": arn, "Attributes": as_text(attributes)});
        maker
            .call("elasticloadbalancing", "ModifyTargetGroupAttributes", input)
            .await?;
    }
    Ok(Made::new(arn.clone())
        .with("TargetGroupArn", arn.clone())
        .with("TargetGroupFullName", full_name(&arn))
        .with("TargetGroupName", name)
        .with("LoadBalancerArns", json!([])))
}

/// Whether ModifyTargetGroup takes this property.
fn is_of_health_check(property: &str) -> bool {
    property.starts_with("HealthCheck") || property.ends_with("ThresholdCount") || property == "Matcher"
}

/// `AWS::ElasticLoadBalancingV2::Listener`.
pub(super) async fn listener(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let input = Value::Object(properties.rest());
    if maker.is_there {
        let of_balancer = json!({"LoadBalancerArn": input["LoadBalancerArn"]});
        let found = maker
            .call("elasticloadbalancing", "DescribeListeners", of_balancer)
            .await?;
        let port = number(input["Port"].clone());
        let found = found["Listeners"].as_array().into_iter().flatten();
        for listener in found.filter(|listener| listener["Port"] == port) {
            let input = json!({"ListenerArn": listener["ListenerArn"]});
            maker.call("elasticloadbalancing", "DeleteListener", input).await?;
        }
    }
    let created = maker.call("elasticloadbalancing", "CreateListener", input).await?;
    let arn = created.pointer("/Listeners/0/ListenerArn").cloned().unwrap_or_default();
    Ok(Made::new(arn.clone()).with("ListenerArn", arn))
}

/// `AWS::EC2::SecurityGroup`. A local run has no VPCs: what its rules say has no effect on loopback.
pub(super) fn security_group(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let _ = properties.require_text("GroupDescription")?;
    let vpc = properties.take_text("VpcId")?;
    properties.ignore(&["GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags"]);
    properties.finish()?;
    let id = format!("sg-{}", hash(&maker.name()));
    let made = Made::new(id.clone()).with("GroupId", id.clone()).with("Id", id);
    Ok(match vpc {
        Some(vpc) => made.with("VpcId", vpc),
        None => made,
    })
}

/// `AWS::EC2::SecurityGroupIngress` and `AWS::EC2::SecurityGroupEgress`.
pub(super) fn security_group_rule(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let _ = properties.require_text("GroupId")?;
    let _ = properties.require_text("IpProtocol")?;
    properties.ignore(&[
        "CidrIp",
        "CidrIpv6",
        "Description",
        "DestinationPrefixListId",
        "DestinationSecurityGroupId",
        "FromPort",
        "SourcePrefixListId",
        "SourceSecurityGroupId",
        "ToPort",
    ]);
    properties.finish()?;
    let id = format!("sgr-{}", hash(&maker.name()));
    Ok(Made::new(id.clone()).with("Id", id))
}

/// What is always the same for a name, and looks like an id of EC2.
fn hash(name: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("0{hash:016x}")
}
