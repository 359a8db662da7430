//! The code of a function as it is kept: what each of its processes starts from.

use super::given::Code;
use super::image::{self, Content};
use super::kept::{Copied, KeepError, Kept, Sum};
use super::launch::{NotHere, Parts, Prepared, provided};
use super::runtime::Runtime;
use super::{node, python};
use crate::objects;
use crate::program;
use crate::python::Environments;
use platform::{Platform, Principal, ServiceError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a function runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Package {
    /// A binary of the workspace, which cargo builds.
    Binary(String),
    /// Files, as Lambda has them at `/var/task`, and the folder that they come from.
    Files {
        /// Where they are.
        files: PathBuf,
        /// The team's own folder.
        source: Option<PathBuf>,
        /// The deployment package that they come from.
        sum: Sum,
    },
    /// What an image has.
    Image(Content),
    /// The local run does not have it, for this reason.
    NotHere(String),
}

impl Package {
    /// Where its files are, if it has some.
    pub(crate) fn files(&self) -> Option<&Path> {
        match self {
            Self::Files { files, .. } => Some(files),
            _ => None,
        }
    }

    /// The deployment package, if there is one.
    pub(crate) fn sum(&self) -> Option<&Sum> {
        match self {
            Self::Files { sum, .. } => Some(sum),
            _ => None,
        }
    }

    /// The code of a function with this runtime, as [`Self::fetch`] keeps it. What is yet to be built, or could not run anyhow,
    /// stops nobody else.
    ///
    /// # Errors
    /// Those of CreateFunction for code that cannot be read.
    pub(crate) async fn of_function(
        code: Code,
        runtime: Option<&str>,
        platform: &Arc<Platform>,
        caller: &Principal,
        kept: &Kept,
    ) -> Result<Self, ServiceError> {
        let runtime = runtime.map(Runtime::read).transpose()?;
        match (&code, runtime) {
            (Code::NotHere(_) | Code::Binary(_), _) => {}
            (_, Some(Runtime::NotHere(name))) => return Ok(Self::NotHere(no_runtime(&name))),
            (Code::Path(path), _) if !path.exists() => {
                let why = format!("its code is not there yet: build it, so that {} has it", path.display());
                return Ok(Self::NotHere(why));
            }
            _ => {}
        }
        Self::fetch(code, platform, caller, kept).await
    }

    /// Fetches code and keeps it. Objects of S3 are read as `caller`, as on AWS.
    ///
    /// # Errors
    /// Those of CreateFunction for code that cannot be read.
    pub(crate) async fn fetch(
        code: Code,
        platform: &Arc<Platform>,
        caller: &Principal,
        kept: &Kept,
    ) -> Result<Self, ServiceError> {
        let kept = kept.clone();
        let Copied { files, sum } = match code {
            Code::Binary(name) => return Ok(Self::Binary(name)),
            Code::NotHere(why) => return Ok(Self::NotHere(why)),
            Code::Source(source) => return of_image(move || image::built(&source, &kept)).await,
            Code::Image(uri) if !uri.starts_with(&format!("{}/", platform.account.registry())) => {
                let registry = platform.account.registry();
                let why = format!("the image `{uri}` is not in {registry}, the one registry that the local run has");
                return Ok(Self::NotHere(why));
            }
            Code::Image(uri) => {
                let pulled = program::pull(platform, caller, &uri).await;
                let pulled = pulled.map_err(|error| {
                    let message = format!("Source image {uri} does not exist. Provide a valid source image. {error}");
                    ServiceError::new("InvalidParameterValueException", message)
                })?;
                return of_image(move || image::pulled(&uri, &pulled, &kept)).await;
            }
            Code::Path(path) => {
                let source = path.is_dir().then(|| path.clone());
                let Copied { files, sum } = kept_off(move || kept.path(&path)).await?;
                return Ok(Self::Files { files, source, sum });
            }
            Code::Zip(zip) => kept_off(move || kept.zip(&zip)).await?,
            Code::Object(bucket, key) => {
                let object = objects::get(platform, caller, &bucket, &key).await.map_err(|error| {
                    let message = format!(
                        "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                        error.code, error.message
                    );
                    ServiceError::new("InvalidParameterValueException", message)
                })?;
                kept_off(move || kept.zip(&object)).await?
            }
        };
        let source = None;
        Ok(Self::Files { files, source, sum })
    }
}

/// What an image has, or why it cannot be had here.
async fn of_image(read: impl FnOnce() -> Result<Content, NotHere> + Send + 'static) -> Result<Package, ServiceError> {
    let content = tokio::task::spawn_blocking(read).await;
    let content = content.map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?;
    Ok(content.map_or_else(|NotHere(why)| Package::NotHere(why), Package::Image))
}

/// Keeps files, away from what must not wait.
async fn kept_off(keep: impl FnOnce() -> Result<Copied, KeepError> + Send + 'static) -> Result<Copied, ServiceError> {
    let kept = tokio::task::spawn_blocking(keep).await;
    let kept = kept.map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?;
    kept.map_err(|error| ServiceError::new("InvalidParameterValueException", error))
}

/// How a function with files is started; `say` gets what is worth telling while its packages are installed.
///
/// # Errors
/// The local run does not have its runtime.
pub(crate) fn prepare(
    parts: &Parts,
    kept: &Kept,
    environments: &Environments,
    say: &mut dyn FnMut(&str),
) -> Result<Prepared, NotHere> {
    let runtime = Runtime::read(&parts.runtime).map_err(|error| NotHere(error.message))?;
    match runtime {
        Runtime::Python(_) => python::prepare(parts, kept, environments, say),
        Runtime::Node(_) => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            node::prepare(parts, kept, &path, say)
        }
        Runtime::Provided => provided(parts),
        Runtime::NotHere(name) => Err(NotHere(no_runtime(&name))),
    }
}

fn no_runtime(name: &str) -> String {
    format!(
        "the local run has no runtime `{name}`: it runs functions in Python, in Node.js, and those that bring a `bootstrap`"
    )
}
