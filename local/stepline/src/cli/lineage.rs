//! `stepline lineage`: what a model was made of, and where it serves.

use super::kept;
use super::options::LineageOptions;
use super::session::{self, Trouble};
use crate::aws::Access;
use crate::cloud::Cloud;
use crate::deploy;
use crate::lineage::{self, Calls, LineageError, Record, Verdict};
use aws_credential_types::Credentials;
use platform::store::StoreError;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints the records; 1 where a link is broken.
pub(super) async fn lineage(options: LineageOptions) -> Result<ExitCode, Trouble> {
    let root = session::repository()?;
    let environment = session::known(&root, options.env.as_deref())?;
    let account = deploy::account_of(&root, &environment)?;
    let group = match options.group {
        Some(group) => group,
        None => group_of(&root, &environment).await?,
    };
    let is_local = options.endpoint.is_none() && !options.aws;
    let calls: Arc<dyn Calls> = match options.endpoint {
        Some(url) => {
            let anybody = Credentials::new("test", "test", None, None, "the local services take any");
            Arc::new(Access::at(&url, &account.region, anybody))
        }
        None if options.aws => Arc::new(Access::from_environment(&account.region).await),
        None => {
            let folder = kept::folder(&root, options.state.as_deref());
            let store = kept::open(&folder, false).map_err(in_use)?;
            Cloud::open(account, root, &store)?
        }
    };
    let records = lineage::trace(calls.as_ref(), &group, &options.of).await;
    let records = records.map_err(|error| in_words(error, is_local))?;
    for (at, record) in records.iter().enumerate() {
        if options.json {
            let line = serde_json::to_string(record).map_err(|error| Trouble::Other(error.to_string()))?;
            say!("{line}");
        } else {
            say!("{}{record}", if at == 0 { "" } else { "\n" });
        }
    }
    let is_broken = |record: &Record| record.count(Verdict::Broken) > 0;
    Ok(ExitCode::from(u8::from(records.iter().any(is_broken))))
}

/// The model package group that the templates make.
async fn group_of(root: &Path, environment: &str) -> Result<String, Trouble> {
    let (_, deployment) = deploy::deploy_apart(root, environment).await?;
    match deployment.references("AWS::SageMaker::ModelPackageGroup").as_slice() {
        // `Ref` is its ARN, in the local account.
        [only] => Ok(only.rsplit('/').next().unwrap_or(only).to_owned()),
        found => Err(Trouble::Usage(format!(
            "the templates of `{environment}` have {} model package groups: say which one is meant with --group",
            found.len()
        ))),
    }
}

/// What another command has in use can be asked over its endpoint.
fn in_use(error: StoreError) -> Trouble {
    match error {
        StoreError::InUse { .. } => Trouble::Other(format!("{error}; if that is `up`, ask it with --endpoint URL")),
        error => error.into(),
    }
}

fn in_words(error: LineageError, is_local: bool) -> Trouble {
    match error {
        LineageError::Unclear(_) => Trouble::Usage(error.to_string()),
        LineageError::Lookup(failed) if failed.code == "NoCredentials" => Trouble::Other(format!(
            "{failed}: sign in (aws sso login, or aws configure), or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )),
        LineageError::NotFound(text) if is_local => {
            Trouble::Other(format!("{text} (this is the local account; --aws asks yours)"))
        }
        error => Trouble::Other(error.to_string()),
    }
}
