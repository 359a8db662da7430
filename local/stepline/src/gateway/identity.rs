//! Who signed a request, and for which service in which region.

use super::signature::Signature;
use crate::cloud::Cloud;
use jiff::Timestamp;
use platform::error::ServiceError;
use platform::http::Incoming;
use platform::principal::Principal;
use std::sync::Arc;

/// What a request's signature says.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Who asks.
    pub(crate) principal: Principal,
    /// The account in the region that the signature is for.
    pub(crate) cloud: Arc<Cloud>,
    /// The service that the signature is for: `ssm`, `s3`, ….
    pub(crate) service: String,
}

/// Reads who signed a request. Signatures by keys that the account has issued are verified; any other key is the
/// administrator's, whose secret the account does not know.
///
/// # Errors
/// The request is not signed, or for a region that there is not, or with credentials that are unknown, expired, lack their session
/// token, or do not fit the signature.
pub(crate) fn identify(cloud: &Arc<Cloud>, incoming: &Incoming) -> Result<Identity, ServiceError> {
    let signature = Signature::read(incoming)?;
    let account = &cloud.account;
    if signature.region != account.region && !account.may_have_region(signature.region) {
        return Err(ServiceError::new(
            "InvalidSignatureException",
            format_args!(
                "Credential should be scoped to a valid region: partition {} has no region `{}`",
                account.partition, signature.region
            ),
        )
        .with_status(403));
    }
    let principal = cloud.iam.principal_of(signature.access_key, signature.token)?;
    if let Some(secret) = cloud.iam.secret_of(signature.access_key) {
        signature.verify(incoming, &secret, Timestamp::now())?;
    }
    // IAM is one for all regions, and signed for one of them.
    let there = match signature.service {
        "iam" => cloud.clone(),
        _ => cloud.in_region(signature.region)?,
    };
    Ok(Identity {
        principal,
        cloud: there,
        service: signature.service.to_owned(),
    })
}
