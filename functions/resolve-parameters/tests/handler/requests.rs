//! Requests and their answers, against a Parameter Store in memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use resolve_parameters::{HandlerError, ResolveParameters, Settings};
use serde_json::{Value, json};
use shared::fakes::{Fault, Faulty, Lines, ManualClock};
use shared::parameters::fake::{Call, ParameterStore};
use shared::parameters::{Found, GetParameters, GetParametersByPath, Page, ProblemKind};
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;
use tracing::level_filters::LevelFilter;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_000_000);

pub(crate) fn store() -> ParameterStore {
    let store = ParameterStore::new();
    store
        .put_string("/ml/dev/instance-type", "ml.t3.medium")
        .put_string("/ml/dev/volume-size", "10");
    store
        .put_string("/ml/dev/hyper/learning-rate", "0.01")
        .put_string("/ml/dev/hyper/epochs", "3");
    store.put_string("/ml/dev/hyper/optimizer/momentum", "0.9");
    store
        .put_string_list("/ml/dev/labels", "cat,dog")
        .put_string("/ml/dev/debug", "false");
    store
        .put_string("/ml/dev/schema", r#"{"b": 1, "a": [null]}"#)
        .put_secure("/ml/dev/api-key", "hush hush");
    store
        .put_string("arn:aws:ssm:us-east-1:210987654321:parameter/team/shared", "theirs")
        .deny("/ml/prod/x");
    store
        .label("/ml/dev/volume-size", 1, "stable")
        .put_string("/ml/dev/volume-size", "20");
    store
}

pub(crate) fn settings(variables: &'static [(&str, &str)]) -> Settings {
    let find = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Settings::read(find).expect("settings")
}

/// The function with these settings, reading through a port.
pub(crate) fn function<P>(variables: &'static [(&str, &str)], port: P) -> ResolveParameters<P>
where
    P: GetParameters + GetParametersByPath,
{
    ResolveParameters::new(settings(variables), port)
}

/// Handles an event at a moment, with no deadline.
pub(crate) async fn handle<P>(
    event: Value,
    function: &ResolveParameters<P>,
    now: Timestamp,
) -> Result<Value, HandlerError>
where
    P: GetParameters + GetParametersByPath,
{
    let event = LambdaEvent::new(event, Context::default());
    function.handle(event, &ManualClock::at(now)).await
}

/// Asks for these parameters; the answer, or the error's name and message.
async fn ask(store: &ParameterStore, settings: Settings, parameters: Value) -> Result<Value, (String, String)> {
    let event = json!({"parameters": parameters});
    handle(event, &ResolveParameters::new(settings, store), START)
        .await
        .map_err(|error| {
            let Diagnostic {
                error_type,
                error_message,
                ..
            } = error.into();
            (error_type, error_message)
        })
}

#[tokio::test]
async fn every_form_of_request_has_its_answer() {
    let shared = "arn:aws:ssm:us-east-1:210987654321:parameter/team/shared";
    let hyper = "/ml/dev/hyper/";
    // (what is asked, what is answered)
    let cases = [
        (json!({}), json!({})),
        (
            json!({"b": "/ml/dev/instance-type", "a": "/ml/dev/debug"}),
            json!({"b": "ml.t3.medium", "a": "false"}),
        ),
        (
            json!({"x": {"name": "/ml/dev/volume-size", "as": "integer"}}),
            json!({"x": 20}),
        ),
        (
            json!({"x": "/ml/dev/volume-size:1", "y": "/ml/dev/volume-size:stable"}),
            json!({"x": "10", "y": "10"}),
        ),
        (json!({"x": shared}), json!({"x": "theirs"})),
        (
            json!({"x": {"name": "/ml/dev/debug", "as": "boolean"}}),
            json!({"x": false}),
        ),
        (
            json!({"x": {"name": "/ml/dev/schema", "as": "json"}}),
            json!({"x": {"b": 1, "a": [null]}}),
        ),
        (
            json!({"x": {"name": "/ml/dev/labels", "as": "list"}, "y": "/ml/dev/labels"}),
            json!({"x": ["cat", "dog"], "y": "cat,dog"}),
        ),
        (
            json!({"x": {"name": "/ml/dev/api-key", "as": "reference"}}),
            json!({"x": "/ml/dev/api-key:1"}),
        ),
        (
            json!({"x": {"name": "/ml/dev/none", "default": "d"}, "y": {"name": "/ml/dev/none:7", "as": "integer", "default": null}}),
            json!({"x": "d", "y": null}),
        ),
        (
            json!({"x": {"name": "/ml/dev/volume-size", "as": "integer", "default": 1}}),
            json!({"x": 20}),
        ),
        (
            json!({"x": {"path": hyper}}),
            json!({"x": {"epochs": "3", "learning-rate": "0.01"}}),
        ),
        (
            json!({"x": {"path": hyper, "recursive": true, "as": "number"}}),
            json!({"x": {"epochs": 3, "learning-rate": 0.01, "optimizer": {"momentum": 0.9}}}),
        ),
        (json!({"x": {"path": "/ml/none", "default": {}}}), json!({"x": {}})),
    ];
    for (asked, expected) in cases {
        let answer = ask(&store(), settings(&[]), asked.clone()).await;
        assert_eq!(answer, Ok(expected.clone()), "{asked}");
        // Equality of objects does not look at their order.
        assert_eq!(answer.expect("an answer").to_string(), expected.to_string());
    }
}

#[tokio::test]
async fn every_problem_has_its_name_and_says_what_it_is_about() {
    let cases = [
        (
            json!({"x": "/ml/dev/none"}),
            "ParameterNotFound",
            "`x`: there is no parameter `/ml/dev/none`",
        ),
        (
            json!({"x": {"path": "/ml/none/"}}),
            "ParameterNotFound",
            "`x`: there is no parameter below `/ml/none`",
        ),
        (
            json!({"x": {"name": "/ml/dev/instance-type", "as": "integer", "default": 1}}),
            "ParameterInvalid",
            "`x`: the value of `/ml/dev/instance-type` is not an integer",
        ),
        (
            json!({"x": {"path": "/ml/dev/hyper", "as": "integer"}}),
            "ParameterInvalid",
            "`x`: the value of `/ml/dev/hyper/learning-rate` is not an integer",
        ),
        (
            json!({"x": {"nam": "/a"}}),
            "ParameterInvalid",
            "`x`: it has neither `name` nor `path`",
        ),
        (
            json!({"x": "/ml/dev/api-key"}),
            "SecureParameterRefused",
            "`x`: `/ml/dev/api-key` is a SecureString",
        ),
        (
            json!({"x": {"path": "/ml/dev"}}),
            "SecureParameterRefused",
            "`x`: `/ml/dev/api-key` is a SecureString",
        ),
        (
            json!({"x": "/aws/reference/secretsmanager/key", "y": "/ml/dev/debug"}),
            "SecureParameterRefused",
            "`x`: `/aws/reference/secretsmanager/key` is a SecureString",
        ),
        (
            json!({"x": "/ml/prod/x", "y": "/ml/dev/debug"}),
            "ParameterAccessDenied",
            "`x`: `/ml/prod/x` may not be read",
        ),
        (
            json!({"a": "/ml/dev/none", "b": {"name": "/ml/dev/debug", "as": "number"}, "c": 1, "d": "/ml/dev/api-key"}),
            "SecureParameterRefused",
            "4 problems: ParameterNotFound: `a`: there is no parameter `/ml/dev/none`; ParameterInvalid: `b`: the value of",
        ),
    ];
    for (asked, name, start) in cases {
        let (error_type, message) = ask(&store(), settings(&[]), asked.clone()).await.expect_err(name);
        assert_eq!(error_type, name, "{asked}: {message}");
        assert!(message.starts_with(start), "{message}");
        assert!(!message.contains("hush") && !message.contains("t3.medium"), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_invalid() {
    let function = function(&[], ParameterStore::new());
    for event in [json!(null), json!({"parameters": []}), json!({"parameter": {}})] {
        let error = handle(event, &function, START).await.expect_err("no request");
        assert_eq!(Diagnostic::from(error).error_type, "ParameterInvalid");
    }
    assert_eq!(function.port().calls(), []);
}

#[tokio::test]
async fn a_secure_string_travels_only_where_its_path_is_allowed() {
    let allowing = || settings(&[("ALLOWED_SECURE_PARAMETERS", "/ml/dev/*")]);
    let answer = ask(&store(), allowing(), json!({"x": "/ml/dev/api-key"})).await;
    assert_eq!(answer, Ok(json!({"x": "hush hush"})));
    let other = settings(&[("ALLOWED_SECURE_PARAMETERS", "/ml/dev/api,/ml/prod/*")]);
    let (name, _) = ask(&store(), other, json!({"x": "/ml/dev/api-key"}))
        .await
        .expect_err("refused");
    assert_eq!(name, "SecureParameterRefused");
}

#[tokio::test]
async fn five_hundred_parameters_in_one_request() {
    let store = ParameterStore::new();
    let (mut asked, mut expected) = (json!({}), json!({}));
    for n in (0..500).rev() {
        let name = format!("/ml/many/p{n}");
        store.put_string(&name, &n.to_string());
        let key = format!("key{}", n * 7 % 500);
        (asked[&key], expected[&key]) = match n % 2 {
            0 => (json!({"name": name, "as": "integer"}), json!(n)),
            _ => (json!(name), json!(n.to_string())),
        };
    }
    let function = function(&[], &store);
    for (seconds, calls) in [(0, 50), (59, 50), (61, 100)] {
        let now = START + Duration::from_secs(seconds);
        let answer = handle(json!({"parameters": asked}), &function, now)
            .await
            .expect("an answer");
        assert_eq!(answer.to_string(), expected.to_string());
        assert_eq!(store.calls().len(), calls, "after {seconds} s");
    }
    let ten = |call: &Call| matches!(call, Call::GetParameters { names, with_decryption: false } if names.len() == 10);
    assert!(store.calls().iter().all(ten));
}

#[tokio::test]
async fn a_value_that_would_be_another_is_refused_without_quoting_it() {
    let store = ParameterStore::new();
    for (value, wanted, reason) in [
        (
            "18446744073709551617",
            "integer",
            "the value of `/ml/x` is a number that would change here",
        ),
        (
            "0.12345678901234567891",
            "number",
            "the value of `/ml/x` is a number that would change here",
        ),
        (
            r#"{"hush": [1e999]}"#,
            "json",
            "the value of `/ml/x` has a part that is a number that would change here",
        ),
        (
            r#"{"hush": "\ud800"}"#,
            "json",
            "the value of `/ml/x` has a part that has half of a surrogate pair",
        ),
        ("1e3", "integer", "the value of `/ml/x` is not an integer"),
        ("hush", "json", "the value of `/ml/x` is not JSON"),
    ] {
        store.put_string("/ml/x", value);
        let asked = json!({"rate": {"name": "/ml/x", "as": wanted}});
        let (name, message) = ask(&store, settings(&[]), asked).await.expect_err(value);
        assert_eq!(name, "ParameterInvalid");
        assert!(message.contains(&format!("`rate`: {reason}")), "{message}");
        assert!(!message.contains("hush") && !message.contains("999"), "{message}");
    }
}

/// A Parameter Store that always throttles.
struct Throttled;

impl GetParameters for Throttled {
    async fn get_parameters(&self, _: &[&str], _: bool) -> Result<Found, CallError> {
        Err(CallError::new(
            "GetParameters",
            CallErrorKind::Throttled,
            "Rate exceeded",
        ))
    }
}

impl GetParametersByPath for Throttled {
    async fn get_parameters_by_path(&self, _: &str, _: bool, _: Option<&str>) -> Result<Page, CallError> {
        Err(CallError::new(
            "GetParametersByPath",
            CallErrorKind::Throttled,
            "Rate exceeded",
        ))
    }
}

#[tokio::test]
async fn a_store_in_trouble_is_the_one_thing_to_retry() {
    let function: ResolveParameters<Throttled> = function(&[], Throttled);
    let asked = json!({"parameters": {"x": "/a", "y": {"path": "/b"}, "z": {"name": "/c", "default": "d"}}});
    let error = handle(asked, &function, START).await.expect_err("throttled");
    assert_eq!(
        error.0.iter().map(|problem| problem.kind).collect::<Vec<_>>(),
        [ProblemKind::ParameterStoreUnavailable; 3]
    );
    assert_eq!(Diagnostic::from(error).error_type, "ParameterStoreUnavailable");
}

#[tokio::test]
async fn no_value_is_ever_logged_and_stale_ones_are_said_to_be() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = shared::telemetry::subscriber(LevelFilter::TRACE, move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let store = Faulty::new(store());
    let function = function(&[("ALLOWED_SECURE_PARAMETERS", "*")], &store);
    let all = json!({"parameters": {"x": "/ml/dev/api-key", "y": {"name": "/ml/dev/instance-type"}}});
    handle(all.clone(), &function, START).await.expect("an answer");
    let ill_typed = json!({"parameters": {"x": {"name": "/ml/dev/api-key", "as": "json"}}});
    handle(ill_typed, &function, START).await.expect_err("no JSON");
    store.script(|_| {
        Fault::Before(CallError::new(
            "GetParameters",
            CallErrorKind::Throttled,
            "Rate exceeded",
        ))
    });
    let later = START + Duration::from_secs(90);
    let answer = handle(all, &function, later).await.expect("stale values");
    assert_eq!(answer, json!({"x": "hush hush", "y": "ml.t3.medium"}));
    let written = lines.text();
    assert!(!written.contains("hush") && !written.contains("t3.medium"), "{written}");
    let stale = written
        .lines()
        .find(|line| line.contains("a stale value is served"))
        .expect("a line");
    assert!(
        stale.contains(r#""age_seconds":90"#) && stale.contains("WARN"),
        "{stale}"
    );
    assert!(written.contains(r#""parameter.name":"/ml/dev/api-key""#), "{written}");
}

/// Counts how many calls are under way at once.
struct Counting<'a> {
    store: &'a ParameterStore,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counting<'_> {
    async fn count(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl GetParameters for Counting<'_> {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        self.count().await;
        self.store.get_parameters(names, with_decryption).await
    }
}

impl GetParametersByPath for Counting<'_> {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        token: Option<&str>,
    ) -> Result<Page, CallError> {
        self.count().await;
        self.store.get_parameters_by_path(path, recursive, token).await
    }
}

#[tokio::test]
async fn a_few_calls_are_under_way_at_once_and_no_more() {
    let store = store();
    let counting = Counting {
        store: &store,
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    };
    let function = function(&[], counting);
    let fields = |asked: &dyn Fn(usize) -> Value| -> Value { (0..100).map(|n| (n.to_string(), asked(n))).collect() };
    let names = fields(&|n| json!({"name": format!("/ml/dev/none{n}"), "default": null}));
    handle(json!({"parameters": names}), &function, START)
        .await
        .expect("an answer");
    assert_eq!(function.port().most.load(Ordering::Relaxed), 4);
    let paths = fields(&|n| json!({"path": format!("/ml/none{n}"), "default": null}));
    handle(json!({"parameters": paths}), &function, START)
        .await
        .expect("an answer");
    assert_eq!(function.port().most.load(Ordering::Relaxed), 4);
}
