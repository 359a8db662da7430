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

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use parameter::Parameter;
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

#[async_trait::async_trait]
impl Service for Ssm {
    fn signing_name(&self) -> &'static str {
        "ssm"
    }

    fn requirements(&self, cloud: &Cloud, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        match operation {
            "PutParameter" => write::requirements(cloud, input),
            "DeleteParameter" | "GetParameter" | "GetParameterHistory" | "LabelParameterVersion" => {
                self.requirements_by_name(cloud, operation, &[name::of_input(input, "Name")?])
            }
            "DeleteParameters" | "GetParameters" => {
                self.requirements_by_name(cloud, operation, &name::all_of_input(input)?)
            }
            "GetParametersByPath" => Ok(vec![read::by_path_requirement(cloud, input)?]),
            "DescribeParameters" => Ok(vec![Requirement::new(
                "ssm:DescribeParameters",
                cloud.account.arn("ssm", "*"),
            )]),
            "AddTagsToResource" | "ListTagsForResource" | "RemoveTagsFromResource" => {
                tags::requirements(cloud, operation, input)
            }
            _ => Err(ServiceError::not_in_local_run("ssm", operation)),
        }
    }

    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "PutParameter" => self.put_parameter(cloud, caller, &input),
            "DeleteParameter" => self.delete_parameter(&input),
            "DeleteParameters" => self.delete_parameters(&input),
            "GetParameter" => self.get_parameter(cloud, caller, &input),
            "GetParameters" => self.get_parameters(cloud, caller, &input),
            "GetParametersByPath" => self.get_parameters_by_path(cloud, caller, &input),
            "GetParameterHistory" => self.get_parameter_history(cloud, caller, &input),
            "DescribeParameters" => self.describe_parameters(cloud, &input),
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
        cloud: &Cloud,
        operation: &str,
        names: &[&str],
    ) -> Result<Vec<Requirement>, ServiceError> {
        let mut requirements = Vec::new();
        for given in names {
            let Ok(selected) = name::Selected::read(cloud, given) else {
                // The operation itself refuses it, or lists it among what is invalid.
                continue;
            };
            requirements.push(Requirement::new(
                format!("ssm:{operation}"),
                name::arn(&cloud.account, &selected.name),
            ));
            if let Some(id) = name::secret_id(&selected.name) {
                let arn = self.secret_arn(cloud, id);
                requirements.push(Requirement::new("secretsmanager:GetSecretValue", arn));
            }
        }
        // Parameters that are asked for twice are asked about once.
        let mut seen = std::collections::HashSet::new();
        requirements.retain(|requirement| seen.insert((requirement.action.clone(), requirement.resource.clone())));
        Ok(requirements)
    }
}
