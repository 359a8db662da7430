//! What ECS says of a service and its task definition.

use super::calls::Calls;
use super::values::text;
use crate::aws::{Looked, LookupError};
use serde_json::{Value, json};

/// The ARN of the task definition that a service has; the service by its ARN, or by `CLUSTER/NAME`:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>.
pub(super) async fn running(calls: &dyn Calls, service: &str) -> Looked<String> {
    let path = service.split_once(":service/").map_or(service, |(_, path)| path);
    let cluster = path.rsplit_once('/').map_or("default", |(cluster, _)| cluster);
    let name = path.rsplit('/').next().unwrap_or(path);
    let input = json!({"cluster": cluster, "services": [name]});
    let answer = calls.ask("ecs", "DescribeServices", input).await?;
    let found = answer
        .pointer("/services/0")
        .filter(|found| found["status"] != "INACTIVE");
    // AWS answers what it does not find among its failures.
    found
        .and_then(|found| text(found, "/taskDefinition"))
        .ok_or_else(|| LookupError {
            call: "ecs:DescribeServices".to_owned(),
            code: "ServiceNotFoundException".to_owned(),
            message: format!("there is no service {name} in the cluster {cluster}"),
        })
}

/// A task definition: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html>.
pub(super) async fn task_definition(calls: &dyn Calls, name: &str) -> Looked<Value> {
    let input = json!({"taskDefinition": name});
    let mut answer = calls.ask("ecs", "DescribeTaskDefinition", input).await?;
    Ok(answer["taskDefinition"].take())
}

/// A variable of the environment of the first container that has it.
pub(super) fn environment(task_definition: &Value, name: &str) -> Option<String> {
    let containers = task_definition["containerDefinitions"].as_array()?;
    let variables = containers
        .iter()
        .filter_map(|container| container["environment"].as_array());
    let mut named = variables.flatten().filter(|variable| variable["name"] == name);
    named.find_map(|variable| text(variable, "/value"))
}
