//! Parameter Store: parameters, their versions, labels and tags, and secrets that are read as parameters.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html>. Values are kept in memory and
//! are not encrypted. A SecureString that is read without decryption shows another text than its value. `Debug` shows
//! only the names of parameters.

mod data_type;
mod describe;
mod filters;
mod labels;
mod name;
mod parameter;
mod read;
mod secrets;
mod store;
mod tags;
#[cfg(test)]
mod tests;
mod write;

use describe::DescribeParameters;
use name::Names;
use parameter::Kind;
use platform::input::On;
use platform::{Operation, Operations, Platform, Requirement, Served};
use read::GetParametersByPath;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;
use store::Does;
pub use store::Ssm;
use write::PutParameter;

impl Served for Ssm {
    const SIGNING_NAME: &'static str = "ssm";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Ssm>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("AddTagsToResource", tags::may_add, Ssm::add_tags),
                on_names("DeleteParameter", Ssm::delete_parameter),
                on_names("DeleteParameters", Ssm::delete_parameters),
                Operation::on(
                    "DescribeParameters",
                    |platform, _: &DescribeParameters| platform.account.arn("ssm", "*"),
                    Ssm::describe_parameters,
                ),
                on_names("GetParameter", Ssm::get_parameter),
                on_names("GetParameterHistory", Ssm::get_parameter_history),
                on_names("GetParameters", Ssm::get_parameters),
                Operation::on(
                    "GetParametersByPath",
                    |platform, input: &GetParametersByPath| name::arn(&platform.account, &input.path),
                    Ssm::get_parameters_by_path,
                ),
                on_names("LabelParameterVersion", Ssm::label_parameter_version),
                tags::listing(),
                Operation::new("PutParameter", PutParameter::requirements, Ssm::put_parameter),
                Operation::new("RemoveTagsFromResource", tags::may_remove, Ssm::remove_tags),
                on_names("UnlabelParameterVersion", Ssm::unlabel_parameter_version),
            ])
        });
        &TABLE
    }

    /// Every value that a SecureString has or has had.
    fn secrets(&self) -> Vec<String> {
        let parameters = self.parameters();
        let secure = parameters
            .values()
            .filter(|parameter| parameter.kind == Kind::SecureString);
        let versions = secure.flat_map(|parameter| parameter.versions.iter());
        let values = versions.map(|version| version.value.clone());
        values.chain(self.retired.earlier().iter().cloned()).collect()
    }
}

/// A row of an operation on parameters that its input names.
fn on_names<T: Names + Send + 'static, I: DeserializeOwned + Send + 'static>(
    operation: &'static str,
    does: Does<On<T, I>>,
) -> Operation<Ssm> {
    let requires = move |ssm: &Ssm, platform: &Platform, input: &On<T, I>| {
        Ok(ssm.requirements_by_name(platform, operation, input.target.names()?))
    };
    Operation::new(operation, requires, does)
}

impl Ssm {
    /// The action of the operation on each parameter, and the reading of the secret that a parameter stands for.
    fn requirements_by_name(&self, platform: &Platform, operation: &str, names: &[String]) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        for given in names {
            let Ok(selected) = self.selected(&platform.account, given) else {
                // The operation refuses it, or answers that it is invalid.
                continue;
            };
            requirements.push(Requirement::new(
                format!("ssm:{operation}"),
                name::arn(&platform.account, &selected.name),
            ));
            if let Some(id) = name::secret_id(&selected.name) {
                let arn = self.secret_arn(platform, id);
                requirements.push(Requirement::new("secretsmanager:GetSecretValue", arn));
            }
        }
        // IAM is asked once for a parameter that is named twice.
        let mut seen = std::collections::HashSet::new();
        requirements.retain(|requirement| seen.insert((requirement.action.clone(), requirement.resource.clone())));
        requirements
    }
}
