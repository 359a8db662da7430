//! Lambda, as far as the chain needs it. A function is a binary of this repository. It runs as a process that talks to
//! Lambda over the Runtime API. Follows <https://docs.aws.amazon.com/lambda/latest/api/welcome.html>.

mod build;
mod changing;
mod concurrency;
mod destination;
mod environment;
mod functions;
mod invoke;
mod memory;
mod operations;
mod outcome;
pub mod rest;
mod runtime_api;
mod starting;
#[cfg(test)]
mod tests;

pub use build::BuildError;

use concurrency::Concurrency;
use environment::Environment;
use functions::Function;
use platform::{Platform, ServiceError};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Lambda in this account and region.
#[derive(Debug, Default)]
pub struct Lambda {
    functions: Mutex<BTreeMap<String, Arc<Function>>>,
    environments: Mutex<HashMap<String, Arc<Environment>>>,
    binaries: tokio::sync::Mutex<BTreeMap<String, PathBuf>>,
    in_flight: InFlight,
    concurrency: Concurrency,
}

/// Asynchronous invocations that have not come to their end.
#[derive(Debug)]
struct InFlight(watch::Sender<usize>);

impl Default for InFlight {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// One invocation in flight, until it is dropped.
struct Busy(watch::Sender<usize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Lambda {
    /// Builds the binaries of all functions that have none yet, with one run of cargo; `progress` gets what it prints.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare(&self, platform: &Platform, progress: impl Fn(&str)) -> Result<(), BuildError> {
        self.prepare_from(&platform.root, progress).await
    }

    /// The same from the workspace at `root`: for an account whose own root is another folder.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare_from(&self, root: &Path, progress: impl Fn(&str)) -> Result<(), BuildError> {
        let mut binaries = self.binaries.lock().await;
        let mut missing: Vec<String> = lock(&self.functions)
            .values()
            .filter_map(|function| function.configuration.code.local_binary.clone())
            .filter(|binary| !binaries.contains_key(binary))
            .collect();
        missing.sort();
        missing.dedup();
        if !missing.is_empty() {
            binaries.extend(build::build(root, &missing, progress).await?);
        }
        Ok(())
    }

    /// Runs `binary` from `path`, instead of building it.
    pub async fn provide(&self, binary: &str, path: PathBuf) {
        self.binaries.lock().await.insert(binary.to_owned(), path);
    }

    /// Where the binaries are that have been built or provided, by their names.
    pub async fn built(&self) -> BTreeMap<String, PathBuf> {
        self.binaries.lock().await.clone()
    }

    /// The functions: each one's name, and its binary's.
    pub fn names(&self) -> Vec<(String, String)> {
        let functions = lock(&self.functions);
        let names = functions
            .iter()
            .filter_map(|(name, function)| Some((name, function.configuration.code.local_binary.as_ref()?)));
        names.map(|(name, binary)| (name.clone(), binary.clone())).collect()
    }

    /// Waits until every asynchronous invocation, its retries included, has come to its end.
    pub async fn settled(&self) {
        // Fails only when the sender is gone, and it lives in `self`.
        let _ = self.in_flight.0.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Sets how many invocations the account may run at once, all functions together.
    pub fn set_concurrency(&self, most: u32) {
        self.concurrency.set(most);
    }

    /// Kills every process of one function, as a failing machine would.
    pub fn kill(&self, function: &str) {
        let is_its = |environment: &&Arc<Environment>| environment.function_arn.rsplit(':').next() == Some(function);
        for environment in lock(&self.environments).values().filter(is_its) {
            environment.kill();
        }
    }

    /// Kills every process of every function.
    pub fn shut_down(&self) {
        for environment in lock(&self.environments).values() {
            environment.kill();
        }
    }

    fn busy(&self) -> Busy {
        self.in_flight.0.send_modify(|count| *count += 1);
        Busy(self.in_flight.0.clone())
    }

    /// How long Lambda waits before an asynchronous invocation's next attempt: on AWS a minute and then two.
    fn retry_delay(platform: &Platform, attempt: u32) -> Duration {
        platform.pace.retry() * attempt
    }

    async fn binary(&self, platform: &Platform, function: &Function) -> Result<PathBuf, ServiceError> {
        let code = &function.configuration.code;
        let name = code.local_binary.as_ref().ok_or_else(|| {
            let (bucket, key) = (&code.s3_bucket, &code.s3_key);
            let zip = [bucket, key].map(|part| part.as_deref().unwrap_or_default()).join("/");
            let message = format_args!("the local run cannot run the code at s3://{zip} yet");
            ServiceError::new("NotInLocalRun", message).with_status(501)
        })?;
        if let Some(path) = self.binaries.lock().await.get(name) {
            return Ok(path.clone());
        }
        self.prepare(platform, |_| ())
            .await
            .map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?;
        self.binaries.lock().await.get(name).cloned().ok_or_else(|| {
            ServiceError::new("ServiceException", format_args!("`{name}` was not built")).with_status(500)
        })
    }

    fn start_environment(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        function: &Function,
        binary: &Path,
    ) -> Result<Arc<Environment>, ServiceError> {
        // Held meanwhile, so that a process that ends at once is not forgotten before it is known.
        let mut environments = lock(&self.environments);
        let lambda = Arc::clone(self);
        let forget = move |id: &str| lambda.forget_environment(id);
        let environment = starting::start(forget, platform, function, binary)?;
        environments.insert(environment.id.clone(), environment.clone());
        Ok(environment)
    }

    fn forget_environment(&self, id: &str) {
        lock(&self.environments).remove(id);
    }

    fn function(&self, reference: &str, qualifier: Option<&str>) -> Result<Arc<Function>, ServiceError> {
        let name = functions::name_of(reference)?;
        if let Some(qualifier) = qualifier {
            functions::name_of(&format!("{name}:{qualifier}"))?;
        }
        lock(&self.functions).get(name).cloned().ok_or_else(|| {
            ServiceError::new(
                "ResourceNotFoundException",
                format_args!("Function not found: {reference}"),
            )
            .with_status(404)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
