//! A deployment of an ECS service: the images that a file of the artifact names, in a new revision of its task definition.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html>.

use super::archive;
use crate::codepipeline::work::{Done, Failure, Work};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The file, unless the action names another one.
const FILE: &str = "imagedefinitions.json";

/// How large the file may be.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const FILE_LIMIT: usize = 100 * 1024;

/// How long a deployment is waited for, and at most.
const MINUTES: u64 = 60;

/// The deployment is looked at again after this time: a service without a circuit breaker tries for ever.
const LOOK: Duration = Duration::from_secs(1);

/// So many failed tasks are enough.
const TOO_MANY: u64 = 10;

/// What DescribeTaskDefinition shows and RegisterTaskDefinition does not take.
const SHOWN_ALONE: [&str; 9] = [
    "compatibilities",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
    "deleteRequestedAt",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImageDefinition {
    name: String,
    image_uri: String,
}

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let images = images(&work).await?;
    let (cluster, service) = (work.configured("ClusterName"), work.configured("ServiceName"));
    let call = |operation: &'static str, input: Value| work.platform.call(&work.caller, "ecs", operation, input);
    let question = json!({"cluster": cluster, "services": [service]});
    let described = call("DescribeServices", question.clone()).await?;
    let known = &described["services"][0];
    if known["status"] != "ACTIVE" {
        let message = format!("The Amazon ECS service '{service}' does not exist.");
        return Err(Failure::new("ConfigurationError", message));
    }
    let definition = json!({"taskDefinition": known["taskDefinition"]});
    let described = call("DescribeTaskDefinition", definition).await?;
    let changed = with_images(described["taskDefinition"].clone(), &images)
        .map_err(|message| Failure::new("ConfigurationError", message))?;
    let registered = call("RegisterTaskDefinition", changed).await?;
    let revision = registered["taskDefinition"]["taskDefinitionArn"].clone();
    let update = json!({"cluster": cluster, "service": service, "taskDefinition": revision});
    let updated = call("UpdateService", update).await?;
    let deployments = updated["service"]["deployments"].as_array();
    let primary = deployments.and_then(|all| all.iter().find(|one| one["status"] == "PRIMARY"));
    let id = primary
        .and_then(|one| one["id"].as_str())
        .unwrap_or_default()
        .to_owned();
    work.execution
        .update_action(work.run_id, |run| run.external_id = Some(id.clone()));
    let minutes = work.configured("DeploymentTimeout").parse().unwrap_or(MINUTES);
    let waiting = steady(&work, &question, &id);
    let ended = tokio::time::timeout(Duration::from_secs(minutes * 60), waiting).await;
    match ended {
        Ok(Ok(())) => Ok(Done {
            external_id: Some(id),
            ..Done::default()
        }),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new(
            "JobTimedOut",
            format!("The deployment of the service {service} was not steady after {minutes} minutes"),
        )),
    }
}

/// The images that the artifact names.
async fn images(work: &Work<'_>) -> Result<Vec<ImageDefinition>, Failure> {
    let name = match work.configured("FileName") {
        "" => FILE,
        name => name,
    };
    let invalid = |message: String| Failure::new("ConfigurationError", message);
    let [artifact] = work.inputs.as_slice() else {
        return Err(invalid("it needs an input artifact".into()));
    };
    let file = archive::file(work, artifact, name).await.map_err(|failure| Failure {
        message: format!(
            "Did not find the image definition file {name} in the input artifacts ZIP file. Verify the file is stored in \
             your pipeline's Amazon S3 artifact bucket: {} key: {} ({})",
            artifact.bucket, artifact.key, failure.message
        ),
        ..failure
    })?;
    if file.len() > FILE_LIMIT {
        let length = file.len();
        return Err(invalid(format!("{name} has {length} bytes, and may have {FILE_LIMIT}")));
    }
    serde_json::from_slice(&file).map_err(|error| invalid(format!("{name} is no list of images: {error}")))
}

/// A task definition to register: this one with these images in the containers that they name.
fn with_images(mut definition: Value, images: &[ImageDefinition]) -> Result<Value, String> {
    if let Some(members) = definition.as_object_mut() {
        members.retain(|member, _| !SHOWN_ALONE.contains(&member.as_str()));
    }
    let containers = definition["containerDefinitions"].as_array_mut();
    let containers = containers.ok_or("the task definition has no containers")?;
    for image in images {
        let mut named = containers
            .iter_mut()
            .filter(|container| container["name"] == *image.name);
        let container = named
            .next()
            .ok_or_else(|| format!("The AWS ECS container {} does not exist", image.name))?;
        container["image"] = image.image_uri.as_str().into();
    }
    Ok(definition)
}

/// Waits until a deployment is through.
async fn steady(work: &Work<'_>, question: &Value, id: &str) -> Result<(), Failure> {
    loop {
        let ended = tokio::time::timeout(LOOK, work.platform.ongoing.end(id)).await;
        if matches!(ended, Ok(Some(true) | None)) {
            return Ok(());
        }
        let described = work
            .platform
            .call(&work.caller, "ecs", "DescribeServices", question.clone());
        let described = described.await?;
        let service = &described["services"][0];
        let mut deployments = service["deployments"].as_array().into_iter().flatten();
        let failed = deployments.find(|one| one["id"] == id);
        let failed = failed.and_then(|one| one["failedTasks"].as_u64()).unwrap_or_default();
        if ended.is_ok() || failed >= TOO_MANY {
            let told = service["events"].as_array().into_iter().flatten();
            let told: Vec<&str> = told.filter_map(|event| event["message"].as_str()).take(3).collect();
            let message = format!("The deployment {id} failed: {}", told.join("; "));
            return Err(Failure::new("JobFailed", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_has_the_images_and_nothing_that_is_shown_alone() {
        let definition = json!({
            "family": "f", "revision": 3, "status": "ACTIVE", "taskDefinitionArn": "arn",
            "containerDefinitions": [{"name": "web", "image": "old"}, {"name": "side", "image": "kept"}],
        });
        let image = |name: &str| ImageDefinition {
            name: name.to_owned(),
            image_uri: "new".to_owned(),
        };
        let expected = json!({"family": "f",
            "containerDefinitions": [{"name": "web", "image": "new"}, {"name": "side", "image": "kept"}]});
        assert_eq!(with_images(definition.clone(), &[image("web")]), Ok(expected));
        let missing = with_images(definition, &[image("db")]).unwrap_err();
        assert_eq!(missing, "The AWS ECS container db does not exist");
    }
}
