//! Parameter Store, as far as the chain needs it.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html>. Values are kept in memory and
//! are not encrypted; without decryption a SecureString shows something that is not its value. Its `Debug` shows names
//! alone.

mod data_type;
mod describe;
mod name;
mod parameter;
mod read;
mod secrets;
mod tags;
mod write;

use crate::by_name::ByName;
use parameter::Parameter;
use platform::error::ServiceError;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parameter Store in this account and region.
#[derive(Default)]
pub struct Ssm {
    parameters: Mutex<BTreeMap<String, Parameter>>,
    /// Secrets that `/aws/reference/secretsmanager/…` reads, by id.
    secrets: Mutex<BTreeMap<String, secrets::Secret>>,
}

impl fmt::Debug for Ssm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.parameters().keys().cloned().collect();
        formatter.debug_struct("Ssm").field("parameters", &names).finish()
    }
}

impl Ssm {
    fn parameters(&self) -> MutexGuard<'_, BTreeMap<String, Parameter>> {
        self.parameters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

crate::by_name::by_name!(Ssm);

#[async_trait::async_trait]
impl ByName for Ssm {
    fn signing_name(&self) -> &'static str {
        "ssm"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        match operation {
            "PutParameter" => write::requirements(platform, input),
            "DeleteParameter" | "GetParameter" | "GetParameterHistory" | "LabelParameterVersion" => {
                self.requirements_by_name(platform, operation, &[name::of_input(input, "Name")?])
            }
            "DeleteParameters" | "GetParameters" => {
                self.requirements_by_name(platform, operation, &name::all_of_input(input)?)
            }
            "GetParametersByPath" => Ok(vec![read::by_path_requirement(platform, input)?]),
            "DescribeParameters" => Ok(vec![Requirement::new(
                "ssm:DescribeParameters",
                platform.account.arn("ssm", "*"),
            )]),
            "AddTagsToResource" | "ListTagsForResource" | "RemoveTagsFromResource" => {
                tags::requirements(platform, operation, input)
            }
            _ => Err(ServiceError::not_in_local_run("ssm", operation)),
        }
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "PutParameter" => self.put_parameter(platform, caller, &input),
            "DeleteParameter" => self.delete_parameter(&input),
            "DeleteParameters" => self.delete_parameters(&input),
            "GetParameter" => self.get_parameter(platform, caller, &input),
            "GetParameters" => self.get_parameters(platform, caller, &input),
            "GetParametersByPath" => self.get_parameters_by_path(platform, caller, &input),
            "GetParameterHistory" => self.get_parameter_history(platform, caller, &input),
            "DescribeParameters" => self.describe_parameters(platform, &input),
            "LabelParameterVersion" => self.label_parameter_version(&input),
            "AddTagsToResource" => self.add_tags(&input),
            "ListTagsForResource" => self.list_tags(&input),
            "RemoveTagsFromResource" => self.remove_tags(&input),
            _ => Err(ServiceError::not_in_local_run("ssm", operation)),
        }
    }
}

impl Ssm {
    /// The action of the same name on each parameter, and on the secret that a reference reads.
    fn requirements_by_name(
        &self,
        platform: &Platform,
        operation: &str,
        names: &[&str],
    ) -> Result<Vec<Requirement>, ServiceError> {
        let mut requirements = Vec::new();
        for given in names {
            let Ok(selected) = name::Selected::read(self, &platform.account, given) else {
                // The operation itself refuses it, or lists it among what is invalid.
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
        // Parameters that are asked for twice are asked about once.
        let mut seen = std::collections::HashSet::new();
        requirements.retain(|requirement| seen.insert((requirement.action.clone(), requirement.resource.clone())));
        Ok(requirements)
    }
}
