//! The environment variables: they are read once, at the start, and nowhere else.

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::roots::Roots;
use super::start::StartError;
use crate::secret::Secret;

/// The settings of [`super::Aws`].
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) region: String,
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: Option<Secret<String>>,
    pub(super) roots: Roots,
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
    pub(super) endpoints: Endpoints,
}

/// Endpoints that replace AWS's own.
#[derive(Debug)]
pub(super) struct Endpoints {
    /// For every service that is not in `of_service`: `AWS_ENDPOINT_URL`.
    pub(super) of_all: Option<String>,
    /// For single services, such as `AWS_ENDPOINT_URL_SFN`.
    pub(super) of_services: ServiceEndpoints,
}

/// The services that are called: the ends of their variables' names.
const SERVICES: [&str; 5] = ["CODEPIPELINE", "ECR", "S3", "SFN", "SSM"];

/// What the SDKs ask for the endpoint of their service:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
#[derive(Debug)]
pub(super) struct ServiceEndpoints(Vec<(&'static str, String)>);

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let (_, endpoint) = (self.0.iter())
            .find(|(service, _)| key.env() == "AWS_ENDPOINT_URL" && service.eq_ignore_ascii_case(key.service_id()))?;
        Some(endpoint.clone())
    }
}

impl Environment {
    /// Reads the variables through `variable`. An empty one counts as not set.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required =
            |name: &'static str, mend: &'static str| variable(name).ok_or(StartError::Missing { name, mend });
        let flag = |name: &'static str| match variable(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(StartError::Invalid {
                name,
                expected: "true or false",
            }),
        };
        let credentials = "Lambda sets it from the function's role; elsewhere, export the credentials to use";
        Ok(Self {
            region: variable("AWS_REGION")
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .ok_or(StartError::Missing {
                    name: "AWS_REGION",
                    mend: "Lambda sets it; elsewhere, export the region to call, such as us-east-1",
                })?,
            access_key_id: required("AWS_ACCESS_KEY_ID", credentials)?,
            secret_access_key: Secret::new(required("AWS_SECRET_ACCESS_KEY", credentials)?),
            session_token: variable("AWS_SESSION_TOKEN").map(Secret::new),
            roots: if flag("TRUST_SYSTEM_ROOTS")? {
                Roots::System
            } else {
                Roots::Amazon
            },
            fips: flag("AWS_USE_FIPS_ENDPOINT")?,
            dual_stack: flag("AWS_USE_DUALSTACK_ENDPOINT")?,
            endpoints: Endpoints {
                of_all: variable("AWS_ENDPOINT_URL"),
                of_services: ServiceEndpoints(
                    (SERVICES.into_iter())
                        .filter_map(|service| Some((service, variable(&format!("AWS_ENDPOINT_URL_{service}"))?)))
                        .collect(),
                ),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 3] = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Environment, StartError> {
        Environment::read(|name| {
            variables
                .iter()
                .rev()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        COMPLETE.iter().chain(more).copied().collect()
    }

    #[test]
    fn what_lambda_sets_is_enough() {
        let environment = read(&COMPLETE).unwrap();
        assert_eq!(environment.region, "eu-west-1");
        assert_eq!(environment.roots, Roots::Amazon);
        assert!(environment.endpoints.of_all.is_none() && environment.session_token.is_none());
    }

    #[test]
    fn each_missing_variable_is_named_with_its_mend() {
        for (name, _) in COMPLETE {
            for variables in [
                with(&[(name, "")]),
                COMPLETE.into_iter().filter(|(key, _)| *key != name).collect(),
            ] {
                let error = read(&variables).unwrap_err().to_string();
                assert!(
                    error.starts_with(&format!("environment variable `{name}` is not set; ")),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn options_are_read_and_refused_by_name() {
        assert_eq!(
            read(&with(&[("TRUST_SYSTEM_ROOTS", "true")])).unwrap().roots,
            Roots::System
        );
        assert!(read(&with(&[("AWS_USE_FIPS_ENDPOINT", "true")])).unwrap().fips);
        for name in [
            "TRUST_SYSTEM_ROOTS",
            "AWS_USE_FIPS_ENDPOINT",
            "AWS_USE_DUALSTACK_ENDPOINT",
        ] {
            let error = read(&with(&[(name, "yes")])).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("environment variable `{name}` must be true or false")
            );
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }

    #[test]
    fn an_endpoint_is_one_service_s_or_all_others() {
        let of = |service: &str, endpoints: &Endpoints| {
            let key = ServiceConfigKey::builder()
                .service_id(service)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url");
            endpoints.of_services.load_config(key.build().unwrap())
        };
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let environment = read(&with(&[all, ("AWS_ENDPOINT_URL_CODEPIPELINE", "http://127.0.0.1:2")])).unwrap();
        assert_eq!(environment.endpoints.of_all.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(
            of("CodePipeline", &environment.endpoints).as_deref(),
            Some("http://127.0.0.1:2")
        );
        assert_eq!(of("SFN", &environment.endpoints), None);
    }

    #[test]
    fn no_credential_is_printed() {
        let environment = read(&with(&[("AWS_SESSION_TOKEN", "the-token")])).unwrap();
        let printed = format!("{environment:?}");
        assert!(
            !printed.contains("the-secret") && !printed.contains("the-token"),
            "{printed}"
        );
    }
}
