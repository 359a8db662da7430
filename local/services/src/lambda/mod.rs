//! Lambda, as far as the chain needs it. A function is a binary of this repository, or code in Python or Node.js, or
//! whatever brings its own runtime. It runs as a process that talks to Lambda over the Runtime API. Follows
//! <https://docs.aws.amazon.com/lambda/latest/api/welcome.html>.

mod build;
mod changing;
mod code;
mod concurrency;
mod constraints;
mod destination;
mod download;
mod environment;
mod event_invoke;
mod fresh;
mod functions;
mod invoke;
mod launching;
mod layering;
mod layers;
mod narration;
mod offered;
mod operations;
mod outcome;
mod publishing;
pub mod rest;
mod runtime_api;
mod starting;
#[cfg(test)]
mod tests;

pub use build::BuildError;
pub use narration::Progress;

use crate::containers::Containers;
use code::{Kept, Launch};
use concurrency::Concurrency;
use environment::Environment;
use functions::Function;
use layers::Layers;
use offered::Downloads;
use platform::{Call, Platform, ServiceError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Lambda in this account and region.
#[derive(Debug)]
pub struct Lambda {
    functions: Mutex<BTreeMap<String, Arc<Function>>>,
    layers: Layers,
    environments: Mutex<HashMap<String, Arc<Environment>>>,
    binaries: tokio::sync::Mutex<BTreeMap<String, PathBuf>>,
    /// Where the code of functions and layers is.
    kept: Kept,
    /// What has the Python packages of functions.
    containers: Arc<Containers>,
    /// What the journal has been told of how functions run.
    noted: Mutex<BTreeSet<String>>,
    in_flight: InFlight,
    concurrency: Concurrency,
    downloads: Downloads,
}

impl Default for Lambda {
    /// The code of functions is kept among the machine's temporary files.
    fn default() -> Self {
        Self::new(std::env::temp_dir().join("stepline-functions"), Arc::default())
    }
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
    /// Lambda that keeps the code of functions in this folder, which need not be there yet.
    pub fn new(folder: PathBuf, containers: Arc<Containers>) -> Self {
        Self {
            functions: Mutex::default(),
            layers: Layers::default(),
            environments: Mutex::default(),
            binaries: tokio::sync::Mutex::default(),
            kept: Kept::new(folder),
            containers,
            noted: Mutex::default(),
            in_flight: InFlight::default(),
            concurrency: Concurrency::default(),
            downloads: Downloads::default(),
        }
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
        let is_its = |environment: &&Arc<Environment>| functions::named(&environment.function_arn).0 == function;
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

    fn start_environment(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        function: &Function,
        launch: &Launch,
    ) -> Result<Arc<Environment>, ServiceError> {
        // Held meanwhile, so that a process that ends at once is not forgotten before it is known.
        let mut environments = lock(&self.environments);
        let lambda = Arc::clone(self);
        let forget = move |id: &str| lambda.forget_environment(id);
        let environment = starting::start(forget, platform, function, launch)?;
        environments.insert(environment.id.clone(), environment.clone());
        Ok(environment)
    }

    fn forget_environment(&self, id: &str) {
        lock(&self.environments).remove(id);
    }

    /// The function that is called so, or a version or alias of it.
    fn find(&self, reference: &str, qualifier: Option<&str>) -> Option<Arc<Function>> {
        let (name, own) = functions::named(reference);
        let function = lock(&self.functions).get(name).cloned();
        match own.or(qualifier) {
            None | Some(functions::LATEST) => function,
            Some(qualifier) => function.and_then(|function| lock(&function.qualified).by_name.get(qualifier).cloned()),
        }
    }

    /// The same where it is an error that there is none.
    fn function(&self, call: &Call, reference: &str, qualifier: Option<&str>) -> Result<Arc<Function>, ServiceError> {
        self.find(reference, qualifier).ok_or_else(|| {
            let account = &call.platform.account;
            let arn = account.arn("lambda", functions::resource(reference, qualifier));
            let message = format_args!("Function not found: {arn}");
            ServiceError::new("ResourceNotFoundException", message).with_status(404)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
