//! The services that `aws-sdk:` integrations reach, and their operations as far as they are listed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A service of the SDK.
#[derive(Debug)]
pub(super) struct Service {
    /// What its actions begin with.
    pub(super) prefix: &'static str,
    /// Its operations, sorted; none where they are not listed.
    pub(super) operations: Vec<&'static str>,
}

static SERVICES: LazyLock<BTreeMap<&'static str, Service>> = LazyLock::new(|| {
    let lines = include_str!("aws-sdk.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (name, prefix) = (words.next()?, words.next()?);
            let operations = words.collect();
            Some((name, Service { prefix, operations }))
        })
        .collect()
});

/// A service by its name in the SDK for Java, such as `bedrockruntime`.
pub(super) fn service(name: &str) -> Option<&'static Service> {
    SERVICES.get(name)
}

/// The names of all services.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.keys().copied()
}

/// The name under which a service signs its requests and with which its actions begin, by the name that integrations have
/// for it: `states` for `aws-sdk:sfn`, `sagemaker` for `sagemaker` and `aws-sdk:sagemaker`. A name that nobody knows is
/// itself.
#[must_use]
pub fn signing_name(service: &str) -> &str {
    match service.strip_prefix("aws-sdk:") {
        None => service,
        Some(name) => self::service(name).map_or(name, |service| service.prefix),
    }
}
