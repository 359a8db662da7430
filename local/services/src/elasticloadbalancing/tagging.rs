//! Tags of load balancers, listeners and target groups.

use super::account::ElasticLoadBalancing;
use super::input::check_tags;
use super::rows::Tag;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeTags {
    resource_arns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddTags {
    resource_arns: Vec<String>,
    tags: Vec<Tag>,
}

fn missing(arn: &str) -> ServiceError {
    let code = match arn.split(':').nth(5).and_then(|thing| thing.split('/').next()) {
        Some("targetgroup") => "TargetGroupNotFound",
        Some("listener") => "ListenerNotFound",
        _ => "LoadBalancerNotFound",
    };
    ServiceError::new(code, format_args!("'{arn}' not found"))
}

pub(super) fn may_add(
    _: &ElasticLoadBalancing,
    _: &Platform,
    input: &AddTags,
) -> Result<Vec<Requirement>, ServiceError> {
    let add = |arn: &String| {
        let add = Requirement::new("elasticloadbalancing:AddTags", arn.as_str());
        add.giving(&input.tags)
    };
    Ok(input.resource_arns.iter().map(add).collect())
}

impl ElasticLoadBalancing {
    pub(super) fn describe_tags(&self, _: &Call, input: DescribeTags) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let mut shown = Vec::new();
        for arn in input.resource_arns {
            let tags = rows.tags_mut(&arn).ok_or_else(|| missing(&arn))?;
            shown.push(json!({"ResourceArn": arn, "Tags": tags}));
        }
        Ok(json!({"TagDescriptions": shown}))
    }

    pub(super) fn add_tags(&self, _: &Call, input: AddTags) -> Result<Value, ServiceError> {
        check_tags(&input.tags)?;
        let mut rows = self.rows();
        for arn in &input.resource_arns {
            let tags = rows.tags_mut(arn).ok_or_else(|| missing(arn))?;
            for new in &input.tags {
                tags.retain(|tag| tag.key != new.key);
                tags.push(new.clone());
            }
        }
        Ok(json!({}))
    }
}
