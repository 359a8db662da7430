//! Who signed a request, and for which service.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.

use crate::cloud::Cloud;
use crate::error::ServiceError;
use crate::principal::Principal;
use axum::http::{HeaderMap, Uri};

/// What a request's signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who asks.
    pub principal: Principal,
    /// The service that the signature is for: `ssm`, `s3`, ….
    pub service: String,
}

/// Reads who signed a request from its headers, or from its query where it is a presigned URL.
///
/// # Errors
/// The request is not signed, is signed for another region, or with credentials that are unknown, expired, or lack
/// their session token.
pub fn identify(cloud: &Cloud, headers: &HeaderMap, uri: &Uri) -> Result<Identity, ServiceError> {
    let query = super::incoming::pairs(uri.query().unwrap_or_default());
    let in_query = |name: &str| {
        let mut pairs = query.iter();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let credential = match header("authorization") {
        Some(authorization) => credential_of(authorization)?,
        None => in_query("X-Amz-Credential").ok_or_else(|| {
            ServiceError::new(
                "MissingAuthenticationTokenException",
                "Request is missing Authentication Token: sign it, with any access key (see `stepline up`)",
            )
            .with_status(403)
        })?,
    };
    let token = header("x-amz-security-token").or_else(|| in_query("X-Amz-Security-Token"));
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, _date, region, service, "aws4_request"] = scope.as_slice() else {
        return Err(incomplete(
            "the credential must be KEY/DATE/REGION/SERVICE/aws4_request",
        ));
    };
    // IAM is one for all regions, and signed for one of them.
    if *region != cloud.account.region && *service != "iam" {
        return Err(ServiceError::new(
            "InvalidSignatureException",
            format_args!(
                "Credential should be scoped to a valid region: the local run is in {}, not in {region}",
                cloud.account.region
            ),
        )
        .with_status(403));
    }
    Ok(Identity {
        principal: cloud.iam.principal_of(access_key, token)?,
        service: (*service).to_owned(),
    })
}

fn credential_of(authorization: &str) -> Result<&str, ServiceError> {
    let elements = authorization
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(|| incomplete("the signature must be AWS4-HMAC-SHA256"))?;
    elements
        .split(',')
        .find_map(|element| element.trim().strip_prefix("Credential="))
        .ok_or_else(|| incomplete("Authorization header requires 'Credential' parameter"))
}

fn incomplete(message: &str) -> ServiceError {
    ServiceError::new("IncompleteSignatureException", message)
}
