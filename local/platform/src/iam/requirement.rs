//! What a call needs from IAM.

/// What a call needs from IAM: an action on a resource, and the condition keys that policies may look at.
///
/// An operation can need several: `CreateProcessingJob` also needs `iam:PassRole`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The action, such as `states:StartExecution`.
    pub action: String,
    /// The resource's ARN, or `*` for actions that know no resources.
    pub resource: String,
    /// Condition keys and their values, such as (`iam:PassedToService`, `sagemaker.amazonaws.com`).
    pub context: Vec<(String, String)>,
}

impl Requirement {
    /// An action on a resource, without condition keys.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
        }
    }

    /// Leave to hand a role to a service.
    pub fn pass_role(role: &str, service: &str) -> Self {
        Self::new("iam:PassRole", role).with("iam:PassedToService", service)
    }

    /// The same with the tags that the request gives, keys and values:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests>.
    #[must_use]
    pub fn giving<'t, T: Into<(&'t str, &'t str)>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        tags.into_iter().fold(self, |requirement, tag| {
            let (key, value) = tag.into();
            let requirement = requirement.with(format!("aws:RequestTag/{key}"), value);
            requirement.with("aws:TagKeys", key)
        })
    }

    /// The same with the keys of the tags that the request takes away:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-tag-keys>.
    #[must_use]
    pub fn taking<'t>(self, keys: impl IntoIterator<Item = &'t String>) -> Self {
        keys.into_iter()
            .fold(self, |requirement, key| requirement.with("aws:TagKeys", key))
    }

    /// The same with one more condition key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.push((key.into(), value.into()));
        self
    }
}
