//! A service's operations as a table: what each is called, what its input is, what it needs of IAM, and what it does.
//!
//! ```
//! use platform::{Call, Operation, Operations, Served};
//! use serde::Deserialize;
//! use serde_json::json;
//! use std::sync::LazyLock;
//!
//! struct Greeter;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "PascalCase", deny_unknown_fields)]
//! struct Greet {
//!     name: String,
//! }
//!
//! impl Served for Greeter {
//!     const SIGNING_NAME: &'static str = "greeter";
//!
//!     fn operations() -> &'static Operations<Self> {
//!         static TABLE: LazyLock<Operations<Greeter>> = LazyLock::new(|| {
//!             Operations::new([Operation::on(
//!                 "Greet",
//!                 |platform, input: &Greet| platform.account.arn("greeter", &input.name),
//!                 |_: &Greeter, _: &Call, input: Greet| Ok(json!({"Greeting": format!("Hello {}", input.name)})),
//!             )])
//!         });
//!         &TABLE
//!     }
//! }
//!
//! assert_eq!(<Greeter as Served>::operations().names().collect::<Vec<_>>(), ["Greet"]);
//! ```

use crate::error::ServiceError;
use crate::iam::Requirement;
use crate::input::read;
use crate::platform::{Answer, Call, Line, Platform, Prepared, Service};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How a row reads a call of its operation.
type Read<S> = Box<dyn Fn(Arc<S>, &Arc<Platform>, Value) -> Result<Prepared, ServiceError> + Send + Sync>;

/// One operation of a service `S`.
pub struct Operation<S> {
    name: &'static str,
    read: Read<S>,
    is_internal: bool,
}

impl<S> fmt::Debug for Operation<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl<S: Served> Operation<S> {
    /// An operation that answers at once and needs one thing of IAM: the action of its own name, on the resource that
    /// `resource` gives.
    pub fn on<I, T, R, D, A>(name: &'static str, resource: R, does: D) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        T: Into<String>,
        R: Fn(&Platform, &I) -> T + Send + Sync + 'static,
        D: Fn(&S, &Call, I) -> Result<A, ServiceError> + Copy + Send + Sync + 'static,
        A: Into<Answer>,
    {
        let action = format!("{}:{name}", S::SIGNING_NAME);
        let requires =
            move |_: &S, platform: &Platform, input: &I| Ok(vec![Requirement::new(&action, resource(platform, input))]);
        Self::new(name, requires, does)
    }

    /// An operation that answers at once. `requires` says what IAM must allow for this input, `does` carries it out.
    ///
    /// Members of the input that `I` does not know are refused by name, if `I` refuses unknown fields.
    pub fn new<I, R, D, A>(name: &'static str, requires: R, does: D) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        R: Fn(&S, &Platform, &I) -> Result<Vec<Requirement>, ServiceError> + Send + Sync + 'static,
        D: Fn(&S, &Call, I) -> Result<A, ServiceError> + Copy + Send + Sync + 'static,
        A: Into<Answer>,
    {
        Self::waiting(name, requires, move |service: Arc<S>, call: Call, input: I| {
            let answer = does(&service, &call, input).map(Into::into);
            std::future::ready(answer)
        })
    }

    /// An operation that goes on elsewhere or waits for something: it owns what it needs.
    pub fn waiting<I, R, D, F, A>(name: &'static str, requires: R, does: D) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        R: Fn(&S, &Platform, &I) -> Result<Vec<Requirement>, ServiceError> + Send + Sync + 'static,
        D: Fn(Arc<S>, Call, I) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = Result<A, ServiceError>> + Send,
        A: Into<Answer>,
    {
        let read = move |service: Arc<S>, platform: &Arc<Platform>, input: Value| {
            let input: I = read(input).map_err(S::unreadable)?;
            let requirements = requires(&service, platform, &input)?;
            Ok(Prepared::new(requirements, move |call| async move {
                does(service, call, input).await.map(Into::into)
            }))
        };
        Self {
            name,
            read: Box::new(read),
            is_internal: false,
        }
    }

    /// The same between services alone: no API has it, and no list shows it.
    #[must_use]
    pub fn internal(self) -> Self {
        Self {
            is_internal: true,
            ..self
        }
    }

    pub(crate) fn prepare(
        &self,
        service: Arc<S>,
        platform: &Arc<Platform>,
        input: Value,
    ) -> Result<Prepared, ServiceError> {
        (self.read)(service, platform, input)
    }
}

/// The input of an operation that takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The operations of a service `S`, by their names.
#[derive(Debug)]
pub struct Operations<S>(BTreeMap<&'static str, Operation<S>>);

impl<S> Operations<S> {
    /// A table of these rows.
    pub fn new(rows: impl IntoIterator<Item = Operation<S>>) -> Self {
        Self(rows.into_iter().map(|row| (row.name, row)).collect())
    }

    /// The row of an operation.
    pub fn named(&self, name: &str) -> Option<&Operation<S>> {
        self.0.get(name)
    }

    /// The names of all operations that clients may call, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.values().filter(|row| !row.is_internal).map(|row| row.name)
    }
}

/// What a service tells of itself.
pub trait Served: Send + Sync + Sized + 'static {
    /// The name that SigV4 credential scopes carry: `ssm`, `states`, `codepipeline`.
    const SIGNING_NAME: &'static str;

    /// Its operations, one row each.
    fn operations() -> &'static Operations<Self>;

    /// How the service words a refusal of IAM.
    fn refusal(denied: ServiceError) -> ServiceError {
        denied
    }

    /// How the service words that it cannot read an input.
    fn unreadable(error: ServiceError) -> ServiceError {
        error
    }

    /// What the service has that must never be shown, when an account begins with it.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Refuses a call that is for another region than the one it came to: S3 alone has what is in one region and known in
    /// all.
    ///
    /// # Errors
    /// What the call is about is in another region.
    fn is_here(&self, _platform: &Platform, _operation: &str, _input: &Value) -> Result<(), ServiceError> {
        Ok(())
    }

    /// Hears of an event on the default bus.
    fn hear(&self, _platform: &Arc<Platform>, _event: &Arc<Value>) {}

    /// Hears of a line for a log stream.
    fn keep(&self, _line: &Line) {}
}

impl<S: Served> Service for S {
    fn signing_name(&self) -> &'static str {
        S::SIGNING_NAME
    }

    fn operations(&self) -> Vec<&'static str> {
        <S as Served>::operations().names().collect()
    }

    fn prepare(
        self: Arc<Self>,
        platform: &Arc<Platform>,
        operation: &str,
        input: Value,
    ) -> Result<Prepared, ServiceError> {
        match <S as Served>::operations().named(operation) {
            Some(row) => {
                self.is_here(platform, operation, &input)?;
                row.prepare(self, platform, input)
            }
            None => Err(ServiceError::not_in_local_run(S::SIGNING_NAME, operation)),
        }
    }

    fn refusal(&self, denied: ServiceError) -> ServiceError {
        S::refusal(denied)
    }

    fn secrets(&self) -> Vec<String> {
        Served::secrets(self)
    }

    fn hear(&self, platform: &Arc<Platform>, event: &Arc<Value>) {
        Served::hear(self, platform, event);
    }

    fn keep(&self, line: &Line) {
        Served::keep(self, line);
    }
}
