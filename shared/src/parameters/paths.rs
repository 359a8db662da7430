//! Reads all parameters below a path: page by page, through the cache, and no more than a function can return.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt};

use super::cache::Cached;
use super::parameter::{Content, Parameter, bytes_of_all};
use super::port::{GetParameters, GetParametersByPath};
use super::problem::Problem;
use super::reference::ParameterPath;
use super::store::{IN_FLIGHT, Parameters, Want, say_stale};
use crate::deadline::Deadline;
use crate::ports::{CallError, CallErrorKind};
use crate::time::{Clock, Timestamp};

/// The most pages read of one path: 50,000 parameters. An account can have 10,000 standard ones.
const MAX_PAGES: usize = 5_000;

/// The most bytes read of one path: a function cannot return more.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// The most bytes read of all paths of a request together. It is more than a function can return, because references
/// are shorter than the values that are read for them.
const MAX_BYTES_TOGETHER: usize = 4 * MAX_BYTES;

/// What all paths of one request share.
struct Reading<'a, C> {
    now: Timestamp,
    deadline: &'a Deadline<'a, C>,
    /// How many bytes were read of all of them.
    bytes: AtomicUsize,
}

impl<P: GetParameters + GetParametersByPath> Parameters<P> {
    /// Reads every parameter below each path (all levels, or only the next), by name; SecureStrings and the deadline as
    /// [`get_within`](Self::get_within) does.
    pub async fn get_by_paths<C: Clock>(
        &self,
        asked: &[(ParameterPath, bool, Want)],
        now: Timestamp,
        deadline: &Deadline<'_, C>,
    ) -> Vec<Result<Vec<Parameter>, Vec<Problem>>> {
        let reading = &Reading {
            now,
            deadline,
            bytes: AtomicUsize::new(0),
        };
        let reading = |(path, recursive, want): &(ParameterPath, bool, Want)| {
            let (path, recursive, want) = (path.clone(), *recursive, *want);
            async move { self.get_by_path(&path, recursive, want, reading).await }
        };
        stream::iter(asked).map(reading).buffered(IN_FLIGHT).collect().await
    }

    async fn get_by_path<C: Clock>(
        &self,
        path: &ParameterPath,
        recursive: bool,
        want: Want,
        reading: &Reading<'_, C>,
    ) -> Result<Vec<Parameter>, Vec<Problem>> {
        let mut parameters = self
            .list(path, recursive, reading)
            .await
            .map_err(|problem| vec![problem])?;
        if want == Want::Reference {
            return Ok(parameters);
        }
        let sealed = parameters
            .iter_mut()
            .filter(|parameter| matches!(parameter.content, Content::Sealed));
        let (mut places, mut asked, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in sealed {
            match parameter.name.parse() {
                Ok(reference) => asked.push((reference, Want::Value)),
                Err(error) => problems.push(Problem::from(error)),
            }
            places.push(parameter);
        }
        let opened = self.get_within(&asked, reading.now, reading.deadline).await;
        for (place, opened) in places.into_iter().zip(opened) {
            match opened {
                Ok(parameter) => *place = parameter,
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(parameters)
        } else {
            Err(problems)
        }
    }

    /// The parameters below a path as the pages have them, SecureStrings sealed.
    async fn list<C: Clock>(
        &self,
        path: &ParameterPath,
        recursive: bool,
        reading: &Reading<'_, C>,
    ) -> Result<Vec<Parameter>, Problem> {
        let now = reading.now;
        let key = (path.clone(), recursive);
        let cached = self
            .listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key, now);
        let stale = match cached {
            Cached::Fresh(parameters) => return Ok(parameters),
            Cached::Stale(parameters, age) => Some((parameters, age)),
            Cached::Absent => None,
        };
        match self.pages(path, recursive, reading).await {
            Ok(parameters) => {
                self.listed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .put(key, parameters.clone(), now);
                Ok(parameters)
            }
            Err(error) => match stale {
                Some((parameters, age)) if error.is_transient() => {
                    say_stale(path.as_str(), age, &error);
                    Ok(parameters)
                }
                _ => {
                    self.listed.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                    Err(Problem::of_call(path, &error))
                }
            },
        }
    }

    async fn pages<C: Clock>(
        &self,
        path: &ParameterPath,
        recursive: bool,
        reading: &Reading<'_, C>,
    ) -> Result<Vec<Parameter>, CallError> {
        const OPERATION: &str = "GetParametersByPath";
        let invalid = |message: String| CallError::new(OPERATION, CallErrorKind::Invalid, message);
        let (mut parameters, mut bytes) = (Vec::new(), 0);
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = self
                .port
                .get_parameters_by_path(path.as_str(), recursive, token.as_deref());
            let page = reading.deadline.within(OPERATION, call).await?;
            let more = bytes_of_all(&page.parameters);
            bytes += more;
            let together = reading.bytes.fetch_add(more, Ordering::Relaxed) + more;
            if bytes > MAX_BYTES || together > MAX_BYTES_TOGETHER {
                let what = if bytes > MAX_BYTES { "it" } else { "the paths together" };
                return Err(invalid(format!(
                    "there is more below {what} than the {} MB that a function can answer",
                    MAX_BYTES / (1024 * 1024)
                )));
            }
            parameters.extend(page.parameters);
            token = page.next_token;
            if token.is_none() {
                parameters.sort_by(|one, other| one.name.cmp(&other.name));
                return Ok(parameters);
            }
        }
        Err(invalid("the pages have no end".to_owned()))
    }
}
