//! Who signed a request, and for which service.

use super::signature::Signature;
use crate::cloud::Cloud;
use jiff::Timestamp;
use platform::error::ServiceError;
use platform::http::Incoming;
use platform::principal::Principal;

/// What a request's signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Who asks.
    pub(crate) principal: Principal,
    /// The service that the signature is for: `ssm`, `s3`, ….
    pub(crate) service: String,
}

/// Reads who signed a request. Signatures by keys that the account has issued are verified; any other key is the
/// administrator's, whose secret the account does not know.
///
/// # Errors
/// The request is not signed, or for another region, or with credentials that are unknown, expired, lack their session
/// token, or do not fit the signature.
pub(crate) fn identify(cloud: &Cloud, incoming: &Incoming) -> Result<Identity, ServiceError> {
    let signature = Signature::read(incoming)?;
    // IAM is one for all regions, and signed for one of them.
    if signature.region != cloud.account.region && signature.service != "iam" {
        return Err(ServiceError::new(
            "InvalidSignatureException",
            format_args!(
                "Credential should be scoped to a valid region: the local run is in {}, not in {}",
                cloud.account.region, signature.region
            ),
        )
        .with_status(403));
    }
    let principal = cloud.iam.principal_of(signature.access_key, signature.token)?;
    if let Some(secret) = cloud.iam.secret_of(signature.access_key) {
        signature.verify(incoming, &secret, Timestamp::now())?;
    }
    Ok(Identity {
        principal,
        service: signature.service.to_owned(),
    })
}
