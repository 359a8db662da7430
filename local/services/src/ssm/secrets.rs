//! Secrets, which Parameter Store reads under `/aws/reference/secretsmanager/`.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>.

use super::name;
use super::store::{Secret, Ssm};
use jiff::Timestamp;
use platform::Platform;
use platform::error::ServiceError;
use platform::input::seconds;
use serde_json::{Value, json};
use std::sync::{MutexGuard, PoisonError};

impl Ssm {
    /// Puts a secret where Parameter Store can read it. Secrets Manager itself is not in the local run.
    pub fn keep_secret(&self, id: &str, value: &str) {
        let secret = Secret {
            value: value.to_owned(),
            created: Timestamp::now(),
            suffix: uuid::Uuid::new_v4().simple().to_string()[..6].to_owned(),
        };
        self.secrets().insert(id.to_owned(), secret);
    }

    fn secrets(&self) -> MutexGuard<'_, std::collections::BTreeMap<String, Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ARN of a secret. For a secret that does not exist it ends with `??????`, as a policy for the secret would.
    pub(super) fn secret_arn(&self, platform: &Platform, id: &str) -> String {
        let secrets = self.secrets();
        let suffix = secrets.get(id).map_or("??????", |secret| secret.suffix.as_str());
        platform
            .account
            .arn("secretsmanager", format_args!("secret:{id}-{suffix}"))
    }

    /// A secret as a parameter.
    pub(super) fn secret(
        &self,
        platform: &Platform,
        id: &str,
        given: &str,
        decrypt: bool,
    ) -> Result<Value, ServiceError> {
        if !decrypt {
            return Err(ServiceError::validation(
                "WithDecryption flag must be True for retrieving a Secret Manager secret.",
            ));
        }
        let arn = self.secret_arn(platform, id);
        let secrets = self.secrets();
        let secret = secrets.get(id).ok_or_else(|| {
            ServiceError::new(
                "ParameterNotFound",
                format_args!(
                    "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {given} not found."
                ),
            )
        })?;
        platform.secrets.keep(&secret.value);
        let source = json!({"ARN": arn, "name": id, "createdDate": secret.created, "secretString": secret.value});
        Ok(json!({
            "Name": given,
            "Type": "SecureString",
            "Value": secret.value,
            "Version": 0,
            "SourceResult": source.to_string(),
            "LastModifiedDate": seconds(secret.created),
            "ARN": name::arn(&platform.account, given),
            "DataType": "text",
        }))
    }
}
