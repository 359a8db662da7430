//! The program of a job: its command and its environment variables.

use super::end::{End, internal};
use super::files::own;
use super::job::{Job, Kind};
use crate::program::{ENDPOINT, Image, Program};
use platform::Platform;
use std::collections::BTreeMap;
use std::path::Path;

/// The program of a job, whose `/opt/ml` is at `ml`.
pub(super) fn program<K: Kind>(platform: &Platform, job: &Job<K>, image: &Image, ml: &Path) -> Result<Program, End> {
    let command = job.request.command(&image.settings);
    if command.is_empty() {
        return Err(End::failed(
            "ClientError: the image has no entry point, and the job gives none",
        ));
    }
    Ok(Program {
        name: job.request.name().to_owned(),
        command,
        working_directory: None,
        environment: environment(platform, job)?,
        is_isolated: job.request.is_isolated(),
        own: Some(own(ml)),
        port: None,
    })
}

/// What the job says, and by which SDKs find the services as the job's role.
fn environment<K: Kind>(platform: &Platform, job: &Job<K>) -> Result<BTreeMap<String, String>, End> {
    let request = &job.request;
    let mut environment = request.environment(&job.arn);
    let credentials = platform.iam.assume_role(request.role(), request.name(), Vec::new());
    let credentials = credentials.map_err(internal)?;
    let region = platform.account.region.as_str();
    let set = [("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)].into_iter();
    let set = set.chain(credentials.environment());
    let set = set.chain(platform.endpoint().map(|url| (ENDPOINT, url)));
    environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(environment)
}
