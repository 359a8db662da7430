//! `stepline doctor`: what is missing before a first deployment, asked of AWS with the caller's credentials.
//!
//! [`Intent`] is what a deployment will make: it is read from the files that deploy it. `gather` asks AWS through one
//! narrow port, [`Account`], and the repository's host through another, [`RepositoryHost`]. Both read and never write.
//! [`judge`] compares the intent with the [facts](Facts), and calls nothing. Each finding that is not well says the
//! command that mends it.

mod facts;
mod git;
mod github;
mod intent;
mod judge;
mod lookups;
mod names;
mod quotas;
mod report;

pub use facts::{Account, Facts, Identity, Quota, RepositoryHost, Standing};
pub use intent::{DeployerIntent, Intent, Named, StackIntent};
pub use judge::judge;
pub use names::ResourceKind;
pub use report::{Finding, Report, Verdict};

use crate::aws::Access;
use crate::deploy::{self, DeployError};
use facts::gather;
use std::path::Path;
use std::sync::Arc;

/// Examines the deployment of `environment` (`dev`, `prod`) from the repository at `root`, with the credentials of the
/// process's environment.
///
/// # Errors
/// The files that deploy are wrong. A call that AWS refuses is not an error: it is a finding.
pub async fn examine(root: &Path, environment: &str) -> Result<Report, DeployError> {
    let region = deploy::account_of(root, environment)?.region;
    examine_with(Access::from_environment(&region).await, root, environment).await
}

/// The same, with an [`Access`] that is there already.
///
/// # Errors
/// The files that deploy are wrong.
pub async fn examine_with(access: Access, root: &Path, environment: &str) -> Result<Report, DeployError> {
    let configured_region = access.configured_region().map(str::to_owned);
    let identity = access.get_caller_identity().await;
    // Without an identity nothing else is asked, so any account id will do.
    let account = identity
        .as_ref()
        .map_or("123456789012", |identity| identity.account.as_str());
    let intent = Intent::read(root, environment, account).await?;
    let facts = gather(
        Arc::new(access),
        &git::Git::of(root),
        &intent,
        identity,
        configured_region,
    )
    .await;
    Ok(Report::new(environment, judge(&intent, &facts)))
}
