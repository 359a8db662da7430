//! The tags of what is there: AddTags, ListTags and DeleteTags.

use super::account::SageMaker;
use super::jobs::Kind;
use super::processing::request::Request;
use super::rows::on;
use super::tags::check;
use crate::tags::Tag;
use platform::{Call, Operation, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddTags {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListTags {
    resource_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteTags {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn operations() -> [Operation<SageMaker>; 3] {
    [
        on(
            "AddTags",
            |_, it: &AddTags| it.resource_arn.clone(),
            SageMaker::add_tags,
        ),
        on(
            "DeleteTags",
            |_, it: &DeleteTags| it.resource_arn.clone(),
            SageMaker::delete_tags,
        ),
        on(
            "ListTags",
            |_, it: &ListTags| it.resource_arn.clone(),
            SageMaker::list_tags,
        ),
    ]
}

impl SageMaker {
    /// Does something to the tags of a resource; None if there is no such resource.
    fn with_tags<T>(&self, arn: &str, work: impl FnOnce(&mut Vec<Tag>) -> T) -> Option<T> {
        if let Some(job) = self.processing.get(arn) {
            return Some(work(&mut job.lock().tags));
        }
        if let Some(job) = self.training.get(arn) {
            return Some(work(&mut job.lock().tags));
        }
        if arn.contains(":model-package-group/") {
            return self.registry().tags(arn).map(work);
        }
        self.models().get_mut(arn).map(|model| work(&mut model.tags))
    }

    /// The tags of a resource, for what policies ask of it.
    pub(super) fn tags_of(&self, arn: &str) -> Option<Vec<Tag>> {
        let own = self.with_tags(arn, |tags| tags.clone());
        own.or_else(|| self.registry().inherited_tags(arn))
    }

    fn missing(arn: &str) -> ServiceError {
        if arn.contains(":model-package/") {
            ServiceError::validation(format_args!(
                "{arn} has the tags of its model package group: change those of the group"
            ))
        } else if arn.contains(":processing-job/") {
            Request::missing(arn)
        } else {
            ServiceError::validation(format_args!("the local run has no resource `{arn}`"))
        }
    }

    fn add_tags(&self, _: &Call, input: AddTags) -> Result<Value, ServiceError> {
        check(&input.tags)?;
        let added = self.with_tags(&input.resource_arn, |tags| {
            let mut all = tags.clone();
            for tag in input.tags {
                all.retain(|known| known.key != tag.key);
                all.push(tag);
            }
            check(&all)?;
            tags.clone_from(&all);
            Ok(json!({"Tags": all}))
        });
        added.unwrap_or_else(|| Err(Self::missing(&input.resource_arn)))
    }

    fn list_tags(&self, _: &Call, input: ListTags) -> Result<Value, ServiceError> {
        let tags = self.tags_of(&input.resource_arn);
        let tags = tags.ok_or_else(|| Self::missing(&input.resource_arn))?;
        let size = input.max_results.unwrap_or(50);
        let page = platform::input::page(tags, size, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("Tags", "NextToken", |tag| json!(tag)))
    }

    fn delete_tags(&self, _: &Call, input: DeleteTags) -> Result<Value, ServiceError> {
        let deleted = self.with_tags(&input.resource_arn, |tags| {
            tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        });
        deleted
            .map(|()| json!({}))
            .ok_or_else(|| Self::missing(&input.resource_arn))
    }
}
