//! Service Quotas: how much of a thing an account may have. The local run answers the values and does not enforce them.
//!
//! Follows <https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html>.

use platform::input::page;
use platform::{Call, Operation, Operations, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The quotas that Stepline can reach: service, name and value. The values are those of an account that is not new.
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

impl Served for ServiceQuotas {
    const SIGNING_NAME: &'static str = "servicequotas";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<ServiceQuotas>> = LazyLock::new(|| {
            Operations::new([
                Operation::on(
                    "ListAWSDefaultServiceQuotas",
                    |_, _: &ListServiceQuotas| "*",
                    ServiceQuotas::defaults,
                ),
                Operation::on("ListServiceQuotas", |_, _: &ListServiceQuotas| "*", ServiceQuotas::own),
            ])
        });
        &TABLE
    }
}

impl ServiceQuotas {
    fn applied(&self) -> MutexGuard<'_, BTreeMap<(String, String), f64>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a quota.
    pub fn set(&self, service: &str, name: &str, value: f64) {
        self.applied().insert((service.to_owned(), name.to_owned()), value);
    }

    fn defaults(&self, call: &Call, input: ListServiceQuotas) -> Result<Value, ServiceError> {
        list(call, &input, &BTreeMap::new())
    }

    fn own(&self, call: &Call, input: ListServiceQuotas) -> Result<Value, ServiceError> {
        list(call, &input, &self.applied())
    }
}

/// A page of the quotas of a service. `changed` has the values that are not the defaults.
fn list(
    call: &Call,
    input: &ListServiceQuotas,
    changed: &BTreeMap<(String, String), f64>,
) -> Result<Value, ServiceError> {
    let service = input.service_code.as_str();
    let known: Vec<_> = DEFAULTS.iter().filter(|(of, ..)| *of == service).collect();
    if known.is_empty() {
        let message = format_args!("The request failed because the specified service {service} does not exist.");
        return Err(ServiceError::new("NoSuchResourceException", message));
    }
    let size = input.max_results.unwrap_or(100).min(100);
    let page = page(
        known,
        size,
        input.next_token.as_deref(),
        "InvalidPaginationTokenException",
    )?;
    Ok(page.answer("Quotas", "NextToken", |(_, name, default)| {
        let code = code(service, name);
        json!({
            "ServiceCode": service,
            "QuotaArn": call.platform.account.arn("servicequotas", format_args!("{service}/{code}")),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": changed.get(&(service.to_owned(), (*name).to_owned())).unwrap_or(default),
            "Adjustable": true,
            "GlobalQuota": false,
        })
    }))
}

/// A code of the same form as AWS's, the same in every run. AWS's own codes are not known here.
fn code(service: &str, name: &str) -> String {
    let hash = Sha256::digest(format!("{service}/{name}"));
    format!("L-{}", hex::encode_upper(&hash[..4]))
}
