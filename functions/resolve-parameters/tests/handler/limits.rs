//! A Parameter Store that hangs, is slow, refuses everything or never ends: each has an end here, in time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use resolve_parameters::ResolveParameters;
use serde_json::{Value, json};
use shared::fakes::ManualClock;
use shared::parameters::fake::ParameterStore;
use shared::parameters::{Content, Found, GetParameters, GetParametersByPath, Page, Parameter, ProblemKind};
use shared::ports::CallError;
use shared::secret::Secret;
use shared::time::Clock as _;

use crate::requests::{START, function, handle, settings, store};

/// A Parameter Store that answers at first, and then hangs: every call takes a minute of the clock's, and never ends.
struct Hanging<'a> {
    store: &'a ParameterStore,
    clock: ManualClock,
    answers: AtomicUsize,
    begun: AtomicUsize,
}

impl<'a> Hanging<'a> {
    fn new(store: &'a ParameterStore, clock: &ManualClock, answers: usize) -> Self {
        Self {
            store,
            clock: clock.clone(),
            answers: AtomicUsize::new(answers),
            begun: AtomicUsize::new(0),
        }
    }

    async fn answer(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let left = |answers: usize| answers.checked_sub(1);
        if self
            .answers
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .is_err()
        {
            self.clock.advance(Duration::from_secs(60));
            std::future::pending::<()>().await;
        }
    }
}

impl GetParameters for Hanging<'_> {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        self.answer().await;
        self.store.get_parameters(names, with_decryption).await
    }
}

impl GetParametersByPath for Hanging<'_> {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        token: Option<&str>,
    ) -> Result<Page, CallError> {
        self.answer().await;
        self.store.get_parameters_by_path(path, recursive, token).await
    }
}

/// An invocation that Lambda ends thirty seconds from now.
fn invocation(payload: Value, clock: &ManualClock) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.deadline = u64::try_from((clock.now() + Duration::from_secs(30)).as_millis()).expect("after 1970");
    LambdaEvent::new(payload, context)
}

#[tokio::test]
async fn a_store_that_hangs_is_unavailable_before_lambda_ends_the_call() {
    let (store, clock) = (store(), ManualClock::at(START));
    let function = function(&[], Hanging::new(&store, &clock, 0));
    let many = (0..100).map(|n| (format!("key{n}"), json!(format!("/ml/many/p{n}"))));
    let mut asked: Value = many.collect();
    asked["below"] = json!({"path": "/ml/dev/hyper"});
    let event = invocation(json!({"parameters": asked}), &clock);
    let error = function.handle(event, &clock).await.expect_err("it hangs");
    assert_eq!(error.0.iter().count(), 101);
    assert_eq!(Diagnostic::from(error).error_type, "ParameterStoreUnavailable");
    let begun = function.port().begun.load(Ordering::Relaxed);
    assert!(begun <= 4, "{begun} calls were begun, of which four may be under way");
}

#[tokio::test]
async fn what_was_read_before_is_served_while_the_store_hangs() {
    let (store, clock) = (store(), ManualClock::at(START));
    let function = function(&[], Hanging::new(&store, &clock, 2));
    let asked = json!({"parameters": {"type": "/ml/dev/instance-type", "hyper": {"path": "/ml/dev/hyper"}}});
    let first = function.handle(invocation(asked.clone(), &clock), &clock).await;
    clock.advance(Duration::from_secs(3_600));
    let second = function.handle(invocation(asked, &clock), &clock).await;
    assert_eq!(second.expect("stale values"), first.expect("an answer"));
}

/// A Parameter Store that takes so long for every call.
struct Slow<'a>(&'a ParameterStore, ManualClock, Duration);

impl GetParameters for Slow<'_> {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let done = self.1.now() + self.2;
        tokio::task::yield_now().await;
        self.1.advance(self.2);
        self.1.reached(done).await;
        self.0.get_parameters(names, with_decryption).await
    }
}

impl GetParametersByPath for Slow<'_> {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        token: Option<&str>,
    ) -> Result<Page, CallError> {
        self.1.advance(self.2);
        self.0.get_parameters_by_path(path, recursive, token).await
    }
}

#[tokio::test]
async fn many_calls_that_are_each_in_time_are_cut_off_together() {
    let store = ParameterStore::new();
    for n in 0..200 {
        store.put_string(&format!("/ml/names/p{n}"), "v");
        store.put_string(&format!("/ml/tree/p{n}"), "v");
        store.put_secure(&format!("/ml/sealed/p{n}"), "v");
    }
    let names: Value = (0..200)
        .map(|n| (format!("key{n}"), json!(format!("/ml/names/p{n}"))))
        .collect();
    for asked in [
        names,
        json!({"below": {"path": "/ml/tree"}}),
        json!({"below": {"path": "/ml/sealed"}}),
    ] {
        let clock = ManualClock::at(START);
        let allowing = settings(&[("ALLOWED_SECURE_PARAMETERS", "*")]);
        let slow = |takes| Slow(&store, clock.clone(), takes);
        let function = ResolveParameters::new(allowing.clone(), slow(Duration::from_secs(2)));
        let event = invocation(json!({"parameters": asked}), &clock);
        let end = START + Duration::from_secs(30);
        let error = function.handle(event.clone(), &clock).await.expect_err("it is slow");
        assert_eq!(error.0.kind(), ProblemKind::ParameterStoreUnavailable, "{asked}");
        assert!(
            clock.now() < end,
            "{asked}: {} s late",
            clock.now().since(end).as_secs()
        );
        let answered = ResolveParameters::new(allowing, slow(Duration::ZERO));
        let answer = answered.handle(event, &clock).await;
        assert!(answer.is_ok(), "a store that is quick has it: {asked}");
    }
}

#[tokio::test]
async fn pages_without_an_end_have_one_in_time() {
    let clock = ManualClock::at(START);
    let function = function(
        &[],
        Endless {
            each: 1,
            takes: Duration::from_millis(300),
            clock: clock.clone(),
            pages: AtomicUsize::new(0),
        },
    );
    let asked = json!({"parameters": {"all": {"path": "/ml"}}});
    let error = function
        .handle(invocation(asked, &clock), &clock)
        .await
        .expect_err("it never ends");
    assert_eq!(error.0.kind(), ProblemKind::ParameterStoreUnavailable);
    assert!(clock.now() < START + Duration::from_secs(30));
    assert!(function.port().pages.load(Ordering::Relaxed) <= 100);
}

#[tokio::test]
async fn what_may_not_be_read_here_and_there_is_told_name_by_name() {
    let store = ParameterStore::new();
    let name = |n: usize| format!("/ml/mixed/p{n}");
    let fields: Value = (0..300).map(|n| (format!("key{n}"), json!(name(n)))).collect();
    for n in 0..300 {
        store.put_string(&name(n), "v");
        // One in every batch of ten, and one whole batch.
        if n % 10 == 3 || n / 10 == 7 {
            store.deny(&name(n));
        }
    }
    let error = handle(json!({"parameters": fields}), &function(&[], &store), START)
        .await
        .expect_err("no answer without them");
    assert_eq!(error.0.iter().count(), 30 - 1 + 10);
    assert!(store.calls().len() < 300, "{}", store.calls().len());
}

#[tokio::test]
async fn what_may_not_be_read_at_all_is_not_asked_for_name_by_name() {
    let store = store();
    let fields: Value = (0..500)
        .map(|n| {
            let name = format!("/ml/secret/p{n}");
            store.put_string(&name, "hush").deny(&name);
            (format!("key{n}"), json!(name))
        })
        .collect();
    let error = handle(json!({"parameters": fields}), &function(&[], &store), START)
        .await
        .expect_err("denied");
    assert!(
        error
            .0
            .iter()
            .all(|problem| problem.kind == ProblemKind::ParameterAccessDenied),
        "{error}"
    );
    assert_eq!(error.0.iter().count(), 500);
    // A call for each ten, and ten of them made again in halves.
    assert_eq!(store.calls().len(), 70);
}

/// A Parameter Store whose pages never end: each has so many parameters of four kilobytes.
struct Endless {
    each: usize,
    takes: Duration,
    clock: ManualClock,
    pages: AtomicUsize,
}

impl Endless {
    /// That many on each page, which takes no time.
    fn with(each: usize) -> Self {
        Self {
            each,
            takes: Duration::ZERO,
            clock: ManualClock::at(START),
            pages: AtomicUsize::new(0),
        }
    }
}

impl GetParameters for Endless {
    async fn get_parameters(&self, _: &[&str], _: bool) -> Result<Found, CallError> {
        Ok(Found::default())
    }
}

impl GetParametersByPath for Endless {
    async fn get_parameters_by_path(&self, path: &str, _: bool, _: Option<&str>) -> Result<Page, CallError> {
        let page = self.pages.fetch_add(1, Ordering::Relaxed);
        self.clock.advance(self.takes);
        let parameter = |n| Parameter {
            name: format!("{path}/{page}-{n}"),
            arn: None,
            selector: None,
            version: 1,
            modified_at: None,
            content: Content::String(Secret::new("x".repeat(4_096))),
        };
        Ok(Page {
            parameters: (0..self.each).map(parameter).collect(),
            next_token: Some("next".to_owned()),
        })
    }
}

#[tokio::test]
async fn pages_without_an_end_have_one_here() {
    for (each, most, reason) in [
        (
            10,
            160,
            "there is more below it than the 6 MB that a function can answer",
        ),
        (0, 5_000, "the pages have no end"),
    ] {
        let function = function(&[], Endless::with(each));
        let asked = json!({"parameters": {"all": {"path": "/ml"}}});
        let error = handle(asked, &function, START).await.expect_err("too much");
        assert_eq!(error.0.kind(), ProblemKind::ParameterInvalid);
        assert!(error.to_string().contains(reason), "{error}");
        assert!(function.port().pages.load(Ordering::Relaxed) <= most);
    }
}

#[tokio::test]
async fn many_paths_without_an_end_have_one_together() {
    let function = function(&[], Endless::with(10));
    let asked: Value = (0..100)
        .map(|n| (format!("key{n}"), json!({"path": format!("/ml/{n}")})))
        .collect();
    let error = handle(json!({"parameters": asked}), &function, START)
        .await
        .expect_err("too much");
    assert_eq!(error.0.kind(), ProblemKind::ParameterInvalid);
    assert_eq!(error.0.iter().count(), 100);
    // Four times what one path may have, and the page of each path that finds out.
    let pages = function.port().pages.load(Ordering::Relaxed);
    assert!(pages <= 4 * 155 + 100, "{pages}");
}
