//! Labels of versions: names that can move from one version to another.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html>.

use super::name::{self, OneName};
use super::parameter::Parameter;
use super::store::Ssm;
use platform::input::On;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct LabelParameterVersion {
    parameter_version: Option<u64>,
    labels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UnlabelParameterVersion {
    parameter_version: u64,
    labels: Vec<String>,
}

impl Ssm {
    pub(super) fn label_parameter_version(
        &self,
        _: &Call,
        input: On<OneName, LabelParameterVersion>,
    ) -> Result<Value, ServiceError> {
        let (name, label) = (self.kept(&input.target.name), input.own);
        if label.labels.iter().any(|label| !(1..=100).contains(&label.len())) {
            let rule = "Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have \
                        length greater than or equal to 1]";
            let labels = format!("[{}]", label.labels.join(", "));
            return Err(ServiceError::constraint(labels, "labels", rule));
        }
        let mut parameters = self.parameters();
        let parameter = parameters.get_mut(&name).ok_or_else(|| name::not_found(&name))?;
        let number = label
            .parameter_version
            .or_else(|| parameter.latest().map(|latest| latest.number))
            .unwrap_or_default();
        let (valid, invalid): (Vec<String>, Vec<String>) = label.labels.into_iter().partition(|label| is_label(label));
        let position = position_of(parameter, &name, number)?;
        let own: BTreeSet<&String> = parameter.versions[position].labels.iter().chain(&valid).collect();
        if own.len() > 10 {
            return Err(ServiceError::new(
                "ParameterVersionLabelLimitExceeded",
                "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.",
            ));
        }
        // A label is on one version at a time, so it leaves the others.
        for version in &mut parameter.versions {
            version.labels.retain(|label| !valid.contains(label));
        }
        parameter.versions[position].labels.extend(valid);
        Ok(json!({"InvalidLabels": invalid, "ParameterVersion": number}))
    }

    /// Takes labels away from a version. Those that it does not have are told.
    pub(super) fn unlabel_parameter_version(
        &self,
        _: &Call,
        input: On<OneName, UnlabelParameterVersion>,
    ) -> Result<Value, ServiceError> {
        let (name, unlabel) = (self.kept(&input.target.name), input.own);
        let mut parameters = self.parameters();
        let parameter = parameters.get_mut(&name).ok_or_else(|| name::not_found(&name))?;
        let position = position_of(parameter, &name, unlabel.parameter_version)?;
        let labels = &mut parameter.versions[position].labels;
        let (removed, invalid): (Vec<String>, Vec<String>) =
            unlabel.labels.into_iter().partition(|label| labels.contains(label));
        labels.retain(|label| !removed.contains(label));
        Ok(json!({"RemovedLabels": removed, "InvalidLabels": invalid}))
    }
}

/// Where among the versions the one with this number is.
fn position_of(parameter: &Parameter, name: &str, number: u64) -> Result<usize, ServiceError> {
    let position = parameter.versions.iter().position(|version| version.number == number);
    position.ok_or_else(|| {
        let message = format_args!(
            "Systems Manager could not find version {number} of {name}. Verify the version and try again."
        );
        ServiceError::new("ParameterVersionNotFound", message)
    })
}

/// A label does not begin with a digit, `aws` or `ssm`.
fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    label
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "._-".contains(character))
        && !label.starts_with(|first: char| first.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}
