//! Reading by name: through the cache, in as few calls as can be, a few of them at once.

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

/// The most calls under way at once: the account and region share 40 transactions a second by default.
pub(super) const IN_FLIGHT: usize = 4;

/// The operation that reads by name.
const GET: &str = "GetParameters";

/// How many calls are made again in halves, to find out which of their names spoils them, before one has gone well.
const MAX_SPLITS: usize = 10;

/// What one asks of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Its value. A SecureString's is handed out only where its path is allowed.
    Value,
    /// Its name with the version that it has now, for somebody else to read.
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
    /// Hand on its reference as it is.
    PassOn,
    /// Refuse to hand out its value.
    Refuse,
}

/// What became of one call, with what it asked for.
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

    /// Hands out SecureStrings whose path matches one of these; without, none.
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

    /// As [`get`](Self::get), but what is not read by the deadline is answered with what was read before, or as
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

    /// What to do about a parameter. Parameter Store refuses to read a secret of Secrets Manager without decrypting it, so
    /// that one is read where that is allowed, or not at all.
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

    /// What the cache has, and beside it what the calls for the rest bring.
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

    /// Makes every call, a few at a time. One that a single name spoils is made again in halves, until only that fails,
    /// or until that has been tried in vain often enough: where nothing may be read, halves tell nothing new.
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
                    // What went well shows that halves are worth their calls.
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

    /// Forgets what may no longer be read: it is not to be served later, when Parameter Store is in trouble.
    fn forget(&self, batch: &Batch) {
        let mut cache = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        batch.wanted().for_each(|wanted| cache.remove(&wanted));
    }

    /// Sorts out which answer belongs to which name, and remembers it.
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

/// Whether a failed call says something about one of its names, so that the others deserve another try without it.
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

/// What was found, unless nothing is said of one of the names: a parameter is not there only where the answer says so.
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

/// While Parameter Store is in trouble, what was read before is better than nothing; any other failure is the answer.
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
