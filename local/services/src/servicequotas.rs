//! Service Quotas: what an account may have of a thing. Nothing enforces them here; they can be asked for. Follows
//! <https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html>.

use crate::by_name::ByName;
use platform::error::ServiceError;
use platform::input::read;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Quotas that the chain meets, as large as in an account that has been in use for a while: service, name and value.
const DEFAULTS: &[(&str, &str, f64)] = &[
    (
        "codebuild",
        "Concurrently running builds for Linux/Small environment",
        20.0,
    ),
    ("sagemaker", "ml.t3.large for processing job usage", 4.0),
    ("sagemaker", "ml.t3.medium for processing job usage", 4.0),
    ("sagemaker", "ml.t3.medium for training job usage", 4.0),
    ("states", "DescribeExecution throttle token bucket size", 300.0),
    (
        "states",
        "DescribeExecution throttle token refill rate per second",
        15.0,
    ),
    ("states", "StartExecution throttle token bucket size", 1300.0),
    ("states", "StartExecution throttle token refill rate per second", 300.0),
];

/// The account's quotas.
#[derive(Debug, Default)]
pub struct ServiceQuotas {
    /// Values that are not the defaults, by service and name.
    applied: Mutex<BTreeMap<(String, String), f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListServiceQuotas {
    service_code: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl ServiceQuotas {
    fn applied(&self) -> MutexGuard<'_, BTreeMap<(String, String), f64>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a quota.
    pub fn set(&self, service: &str, name: &str, value: f64) {
        self.applied().insert((service.to_owned(), name.to_owned()), value);
    }

    /// A page of the quotas of a service; `applied` ones are those of this account.
    fn list(&self, platform: &Platform, input: &ListServiceQuotas, applied: bool) -> Result<Value, ServiceError> {
        let service = input.service_code.as_str();
        let known: Vec<_> = DEFAULTS.iter().filter(|(of, ..)| *of == service).collect();
        if known.is_empty() {
            let message = format_args!("The request failed because the specified service {service} does not exist.");
            return Err(ServiceError::new("NoSuchResourceException", message));
        }
        let invalid = || ServiceError::new("InvalidPaginationTokenException", "`NextToken` is not one of ours");
        let start = input
            .next_token
            .as_deref()
            .map_or(Ok(0), |token| token.parse::<usize>().map_err(|_| invalid()))?;
        let size = input.max_results.unwrap_or(100).clamp(1, 100);
        let changed = self.applied();
        let quotas: Vec<Value> = known
            .iter()
            .skip(start)
            .take(size)
            .map(|(_, name, default)| {
                let own = changed.get(&(service.to_owned(), (*name).to_owned()));
                let code = code(service, name);
                json!({
                    "ServiceCode": service,
                    "QuotaArn": platform.account.arn("servicequotas", format_args!("{service}/{code}")),
                    "QuotaCode": code,
                    "QuotaName": name,
                    "Value": own.filter(|_| applied).unwrap_or(default),
                    "Adjustable": true,
                    "GlobalQuota": false,
                })
            })
            .collect();
        let mut answer = json!({"Quotas": quotas});
        if start + size < known.len() {
            answer["NextToken"] = (start + size).to_string().into();
        }
        Ok(answer)
    }
}

/// A code that looks like AWS's and is the same in every run; AWS's own are known to AWS.
fn code(service: &str, name: &str) -> String {
    let hash = Sha256::digest(format!("{service}/{name}"));
    format!("L-{}", hex::encode_upper(&hash[..4]))
}

crate::by_name::by_name!(ServiceQuotas);

#[async_trait::async_trait]
impl ByName for ServiceQuotas {
    fn signing_name(&self) -> &'static str {
        "servicequotas"
    }

    fn requirements(
        &self,
        _cloud: &Platform,
        operation: &str,
        _input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        match operation {
            "ListServiceQuotas" | "ListAWSDefaultServiceQuotas" => {
                Ok(vec![Requirement::new(format!("servicequotas:{operation}"), "*")])
            }
            _ => Err(ServiceError::not_in_local_run("servicequotas", operation)),
        }
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "ListServiceQuotas" => self.list(platform, &read(&input)?, true),
            "ListAWSDefaultServiceQuotas" => self.list(platform, &read(&input)?, false),
            _ => Err(ServiceError::not_in_local_run("servicequotas", operation)),
        }
    }
}
