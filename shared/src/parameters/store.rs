//! Reads parameters by name: through the cache, in as few calls as possible, a few of them at the same time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::cache::{Cache, Cached};
use super::parameter::{Content, Parameter, bytes_of_all};
use super::plan::{Batch, Wanted, batches};
use super::port::{Found, GetParameters};
use super::problem::Problem;
use super::reference::{ParameterPath, ParameterReference};
use crate::deadline::Deadline;
use crate::glob::Glob;
use crate::ports::{CallError, CallErrorKind};
use crate::time::{Clock, Timestamp};

/// The most calls at the same time. By default an account has 40 transactions a second in a region.
pub(super) const IN_FLIGHT: usize = 4;

/// The operation that reads by name.
const GET: &str = "GetParameters";

/// How many calls that failed because of one name are made again in halves, before any call has succeeded.
const MAX_SPLITS: usize = 10;

/// What is asked of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Its value. A SecureString is decrypted only if its path is allowed.
    Value,
    /// Its name with the version that it has now, for a later reader.
    Reference,
}

/// A Parameter Store that remembers what it read, for as long as the process lives.
#[derive(Debug)]
pub struct Parameters<P> {
    pub(super) port: P,
    allowed_secure: Vec<Glob>,
    read: Mutex<Cache<Wanted, Parameter>>,
    pub(super) listed: Mutex<Cache<(ParameterPath, bool), Vec<Parameter>>>,
}

/// What to do about one parameter.
#[derive(Debug)]
enum Step {
    /// Read it.
    Read(Wanted),
    /// Return its reference as it is.
    PassOn,
    /// Refuse to return its value.
    Refuse,
}

/// One call: what it asked for, and its result.
type Answered = (Batch, Result<Found, CallError>);

impl<P: GetParameters> Parameters<P> {
    /// Reads through `port`; values are read again once they are older than `time_to_live`.
    pub fn new(port: P, time_to_live: Duration) -> Self {
        Self {
            port,
            allowed_secure: Vec::new(),
            read: Mutex::new(Cache::new(time_to_live, Parameter::bytes)),
            listed: Mutex::new(Cache::new(time_to_live, |all: &Vec<Parameter>| bytes_of_all(all))),
        }
    }

    /// Decrypts the SecureStrings whose path matches one of these. Without this call, no SecureString is decrypted.
    pub fn allowing_secure(self, allowed_secure: Vec<Glob>) -> Self {
        Self { allowed_secure, ..self }
    }

    /// What this reads through.
    pub fn port(&self) -> &P {
        &self.port
    }

    /// Reads every parameter that is asked for: an answer each, in the order asked.
    pub async fn get(&self, asked: &[(ParameterReference, Want)], now: Timestamp) -> Vec<Result<Parameter, Problem>> {
        self.get_within(asked, now, &Deadline::none()).await
    }

    /// As [`get`](Self::get). A parameter that is not read before the deadline gets its old value from the cache, or is
    /// unavailable.
    pub async fn get_within<C: Clock>(
        &self,
        asked: &[(ParameterReference, Want)],
        now: Timestamp,
        deadline: &Deadline<'_, C>,
    ) -> Vec<Result<Parameter, Problem>> {
        let plan: Vec<Step> = asked
            .iter()
            .map(|(reference, want)| self.plan(reference, *want))
            .collect();
        let to_read = plan.iter().filter_map(|step| {
            if let Step::Read(wanted) = step {
                Some(wanted.clone())
            } else {
                None
            }
        });
        let known = self.fetch(to_read, now, deadline).await;
        let answer = |((reference, want), step): (&(ParameterReference, Want), Step)| match step {
            Step::Refuse => Err(Problem::secure(reference)),
            Step::PassOn => Ok(Parameter::unread(reference)),
            Step::Read(wanted) => {
                let parameter = known
                    .get(&wanted)
                    .cloned()
                    .unwrap_or_else(|| Err(Problem::not_found(reference)))?;
                match (want, &parameter.content) {
                    (Want::Value, Content::Sealed) => Err(Problem::secure(reference)),
                    _ => Ok(parameter),
                }
            }
        };
        asked.iter().zip(plan).map(answer).collect()
    }

    /// What to do about a parameter. Parameter Store reads a secret of Secrets Manager only with decryption. So it is
    /// read only if its path is allowed.
    fn plan(&self, reference: &ParameterReference, want: Want) -> Step {
        let with_decryption = want == Want::Value && self.allows(reference.path());
        match (want, reference.is_secrets_manager() && !with_decryption) {
            (Want::Value, true) => Step::Refuse,
            (Want::Reference, true) => Step::PassOn,
            (_, false) => Step::Read(Wanted {
                reference: reference.clone(),
                with_decryption,
            }),
        }
    }

    fn allows(&self, path: &str) -> bool {
        self.allowed_secure.iter().any(|glob| glob.matches(path))
    }

    /// What the cache has, and for the rest the results of calls.
    async fn fetch<C: Clock>(
        &self,
        wanted: impl IntoIterator<Item = Wanted>,
        now: Timestamp,
        deadline: &Deadline<'_, C>,
    ) -> HashMap<Wanted, Result<Parameter, Problem>> {
        let (mut known, mut stale, mut missing) = (HashMap::new(), HashMap::new(), Vec::new());
        {
            let cache = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            for wanted in wanted {
                match cache.get(&wanted, now) {
                    Cached::Fresh(parameter) => drop(known.insert(wanted, Ok(parameter))),
                    Cached::Absent => missing.push(wanted),
                    Cached::Stale(parameter, age) => {
                        stale.insert(wanted.clone(), (parameter, age));
                        missing.push(wanted);
                    }
                }
            }
        }
        for (batch, result) in self.call_all(batches(missing), deadline).await {
            match result {
                Ok(found) => self.keep(&batch, found, now, &mut known),
                Err(error) => {
                    if !error.is_transient() {
                        self.forget(&batch);
                    }
                    fall_back(&batch, &error, &stale, &mut known);
                }
            }
        }
        known
    }

    /// Makes every call, a few at the same time. One wrong name makes a whole call fail: such a call is made again in
    /// halves, until only the wrong name fails. This ends after some tries without success: if nothing may be read,
    /// halves do not help.
    async fn call_all<C: Clock>(&self, batches: Vec<Batch>, deadline: &Deadline<'_, C>) -> Vec<Answered> {
        let mut splits = MAX_SPLITS;
        let mut waiting = VecDeque::from(batches);
        let mut under_way = FuturesUnordered::new();
        let mut answered = Vec::new();
        loop {
            while under_way.len() < IN_FLIGHT
                && let Some(batch) = waiting.pop_front()
            {
                under_way.push(self.call(batch, deadline));
            }
            let Some((batch, result)) = under_way.next().await else {
                return answered;
            };
            match (&result, batch.halves()) {
                (Err(error), Some(halves)) if splits > 0 && is_about_one_name(error) => {
                    splits -= 1;
                    halves.into_iter().rev().for_each(|half| waiting.push_front(half));
                }
                _ => {
                    // A call that succeeds shows that halves help.
                    splits += 2 * usize::from(result.is_ok());
                    answered.push((batch, result));
                }
            }
        }
    }

    async fn call<C: Clock>(&self, batch: Batch, deadline: &Deadline<'_, C>) -> Answered {
        let names: Vec<&str> = batch.references.iter().map(ParameterReference::as_str).collect();
        let call = self.port.get_parameters(&names, batch.with_decryption);
        let result = deadline.within(GET, call).await;
        let result = result.and_then(|found| whole(&batch, found));
        (batch, result)
    }

    /// Forgets what may no longer be read, so that the cache never serves it as an old value.
    fn forget(&self, batch: &Batch) {
        let mut cache = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        batch.wanted().for_each(|wanted| cache.remove(&wanted));
    }

    /// Finds the answer to each name, and keeps it in the cache.
    fn keep(
        &self,
        batch: &Batch,
        found: Found,
        now: Timestamp,
        known: &mut HashMap<Wanted, Result<Parameter, Problem>>,
    ) {
        let mut cache = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for wanted in batch.wanted() {
            match found
                .parameters
                .iter()
                .find(|parameter| answers(parameter, &wanted.reference))
            {
                Some(parameter) => {
                    cache.put(wanted.clone(), parameter.clone(), now);
                    known.insert(wanted, Ok(parameter.clone()));
                }
                None => {
                    cache.remove(&wanted);
                    known.insert(wanted.clone(), Err(Problem::not_found(&wanted.reference)));
                }
            }
        }
    }
}

/// Whether a call may have failed because of one of its names. Then the others can be read without it.
fn is_about_one_name(error: &CallError) -> bool {
    match error.kind {
        CallErrorKind::Denied | CallErrorKind::Invalid | CallErrorKind::NotFound => true,
        CallErrorKind::Throttled | CallErrorKind::Unavailable | CallErrorKind::Conflict => false,
    }
}

/// Whether this is the parameter that was asked for: by name or ARN, and by the same selector.
fn answers(parameter: &Parameter, reference: &ParameterReference) -> bool {
    let named = parameter.name == reference.name() || parameter.arn.as_deref() == Some(reference.name());
    named && parameter.selector.as_deref() == reference.selector()
}

/// The answer, if it says something about each name. A parameter is missing only if the answer says so.
fn whole(batch: &Batch, found: Found) -> Result<Found, CallError> {
    let is_answered = |reference: &ParameterReference| {
        found.parameters.iter().any(|parameter| answers(parameter, reference))
            || found.invalid.iter().any(|name| name == reference.as_str())
    };
    let as_many = found.parameters.len() + found.invalid.len() >= batch.references.len();
    if as_many || batch.references.iter().all(is_answered) {
        Ok(found)
    } else {
        Err(CallError::new(
            GET,
            CallErrorKind::Unavailable,
            "the answer is incomplete",
        ))
    }
}

/// If Parameter Store does not answer, an old value is better than none. Any other failure is the result.
fn fall_back(
    batch: &Batch,
    error: &CallError,
    stale: &HashMap<Wanted, (Parameter, Duration)>,
    known: &mut HashMap<Wanted, Result<Parameter, Problem>>,
) {
    for wanted in batch.wanted() {
        let answer = match stale.get(&wanted) {
            Some((parameter, age)) if error.is_transient() => {
                say_stale(wanted.reference.as_str(), *age, error);
                Ok(parameter.clone())
            }
            _ => Err(Problem::of_call(&wanted.reference, error)),
        };
        known.insert(wanted, answer);
    }
}

pub(super) fn say_stale(parameter: &str, age: Duration, error: &CallError) {
    tracing::warn!(
        parameter.name = parameter,
        age_seconds = age.as_secs(),
        error = %error,
        "Parameter Store does not answer: a stale value is served"
    );
}
