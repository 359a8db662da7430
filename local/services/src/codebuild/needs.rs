//! What making and changing projects needs of IAM.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>.

use super::project::{Project, project_arn};
use platform::{Platform, Requirement, ServiceError};
use serde_json::{Map, Value};

pub(super) fn may_update_project<S>(
    _: &S,
    platform: &Platform,
    input: &Map<String, Value>,
) -> Result<Vec<Requirement>, ServiceError> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let name = text("name").ok_or_else(|| ServiceError::validation("missing field `name`"))?;
    let tags = input.get("tags").and_then(Value::as_array);
    let tags = tags.map_or(&[][..], Vec::as_slice);
    let change = giving("UpdateProject", &project_arn(platform, name), tags);
    let pass = text("serviceRole").map(|role| Requirement::pass_role(role, "codebuild.amazonaws.com"));
    Ok([change].into_iter().chain(pass).collect())
}

/// An action with the tags that the request gives.
pub(super) fn giving(action: &str, arn: &str, tags: &[Value]) -> Requirement {
    let tags = tags.iter().map(|tag| {
        (
            tag["key"].as_str().unwrap_or_default(),
            tag["value"].as_str().unwrap_or_default(),
        )
    });
    Requirement::new(format!("codebuild:{action}"), arn).giving(tags)
}

pub(super) fn may_create_project<S>(
    _: &S,
    platform: &Platform,
    input: &Project,
) -> Result<Vec<Requirement>, ServiceError> {
    Ok(vec![
        giving("CreateProject", &project_arn(platform, &input.name), &input.tags),
        Requirement::pass_role(&input.service_role, "codebuild.amazonaws.com"),
    ])
}
