//! Reading through the public door, against a store in memory and one that fails now and then.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use super::fake::{Call, ParameterStore};
use super::*;
use crate::deadline::Deadline;
use crate::glob::Glob;
use crate::ports::{CallError, CallErrorKind};
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const START: Timestamp = Timestamp::from_millis(1_000_000);

fn asked(references: &[&str]) -> Vec<(ParameterReference, Want)> {
    references
        .iter()
        .map(|text| (text.parse().expect(text), Want::Value))
        .collect()
}

fn texts(answers: &[Result<Parameter, Problem>]) -> Vec<Result<&str, ProblemKind>> {
    answers
        .iter()
        .map(|answer| match answer {
            Ok(parameter) => parameter.text().map_err(|problem| problem.kind),
            Err(problem) => Err(problem.kind),
        })
        .collect()
}

/// Fails the next calls with one kind of error, as often as it is told to, before they reach the store.
struct Failing<'a> {
    store: &'a ParameterStore,
    next: Mutex<(usize, CallErrorKind)>,
}

impl<'a> Failing<'a> {
    fn new(store: &'a ParameterStore) -> Self {
        Self {
            store,
            next: Mutex::new((0, CallErrorKind::Throttled)),
        }
    }

    fn fail(&self, times: usize, kind: CallErrorKind) {
        *self.next.lock().expect("lock") = (times, kind);
    }

    fn pass(&self, operation: &'static str) -> Result<(), CallError> {
        let mut next = self.next.lock().expect("lock");
        match next.0 {
            0 => Ok(()),
            _ => {
                next.0 -= 1;
                Err(CallError::new(operation, next.1, "Rate exceeded"))
            }
        }
    }
}

impl GetParameters for Failing<'_> {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        self.pass("GetParameters")?;
        self.store.get_parameters(names, with_decryption).await
    }
}

impl GetParametersByPath for Failing<'_> {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        token: Option<&str>,
    ) -> Result<Page, CallError> {
        self.pass("GetParametersByPath")?;
        self.store.get_parameters_by_path(path, recursive, token).await
    }
}

#[tokio::test]
async fn five_hundred_parameters_take_fifty_calls_and_then_none() {
    let store = ParameterStore::new();
    // Asked in an order that is not the store's.
    let names: Vec<String> = (0..500).rev().map(|n| format!("/ml/p{n}")).collect();
    for name in &names {
        store.put_string(name, &format!("value of {name}"));
    }
    let parameters = Parameters::new(&store, MINUTE);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (second, calls) in [(0, 50), (59, 50), (60, 100)] {
        let answers = parameters
            .get(&asked(&names), START + Duration::from_secs(second))
            .await;
        assert_eq!(store.calls().len(), calls, "after {second} s");
        assert!(
            names
                .iter()
                .zip(texts(&answers))
                .all(|(name, text)| text == Ok(&format!("value of {name}")))
        );
    }
}

#[tokio::test]
async fn selectors_arns_and_duplicates_each_get_their_answer() {
    let store = ParameterStore::new();
    let shared = "arn:aws:ssm:us-east-1:210987654321:parameter/team/shared";
    store
        .put_string("/ml/a", "one")
        .put_string("/ml/a", "two")
        .label("/ml/a", 1, "stable")
        .put_string(shared, "theirs");
    let own = "arn:aws:ssm:us-east-1:123456789012:parameter/ml/a:1";
    let references = [
        "/ml/a",
        "/ml/a:1",
        "/ml/a:stable",
        "/ml/a",
        shared,
        own,
        "/ml/a:7",
        "/ml/none",
    ];
    let answers = Parameters::new(&store, MINUTE).get(&asked(&references), START).await;
    let missing = Err(ProblemKind::ParameterNotFound);
    assert_eq!(
        texts(&answers),
        [
            Ok("two"),
            Ok("one"),
            Ok("one"),
            Ok("two"),
            Ok("theirs"),
            Ok("one"),
            missing,
            missing
        ]
    );
    let message = answers[6].as_ref().expect_err("no such version").to_string();
    assert_eq!(message, "ParameterNotFound: there is no parameter `/ml/a:7`");
}

#[tokio::test]
async fn secure_strings_stay_sealed_unless_their_path_is_allowed() {
    let store = ParameterStore::new();
    store
        .put_secure("/ml/key", "hush hush")
        .put_secure("/ml/open/key", "less secret")
        .put_string("/ml/a", "plain");
    let secret = "/aws/reference/secretsmanager/prod";
    store.put_secure(secret, "of the secrets manager");
    let references = ["/ml/a", "/ml/key", "/ml/open/key", secret];

    let strict = Parameters::new(&store, MINUTE);
    let refused = Err(ProblemKind::SecureParameterRefused);
    let answers = strict.get(&asked(&references), START).await;
    assert_eq!(texts(&answers), [Ok("plain"), refused, refused, refused]);
    let decrypting = |call: &Call| {
        matches!(
            call,
            Call::GetParameters {
                with_decryption: true,
                ..
            }
        )
    };
    assert!(
        !store.calls().iter().any(decrypting),
        "nothing is decrypted that may not be handed out"
    );
    let names = |call: Call| {
        if let Call::GetParameters { names, .. } = call {
            names
        } else {
            Vec::new()
        }
    };
    let names: Vec<String> = store.calls().into_iter().flat_map(names).collect();
    assert!(
        !names.iter().any(|name| name == secret),
        "a secret cannot be read sealed, so it is not asked for"
    );

    let open = Parameters::new(&store, MINUTE).allowing_secure(vec![Glob::new("/ml/open/*"), Glob::new(secret)]);
    let answers = open.get(&asked(&references), START).await;
    assert_eq!(
        texts(&answers),
        [Ok("plain"), refused, Ok("less secret"), Ok("of the secrets manager")]
    );
    assert!(
        !format!("{answers:?}").contains("less secret"),
        "values print as redacted"
    );
}

#[tokio::test]
async fn a_reference_needs_no_decryption_and_tells_the_version() {
    let store = ParameterStore::new();
    store.put_secure("/ml/key", "hush").put_secure("/ml/key", "hush hush");
    let reference = [("/ml/key".parse().expect("valid"), Want::Reference)];
    let answers = Parameters::new(&store, MINUTE).get(&reference, START).await;
    assert_eq!(answers[0].as_ref().expect("there").pinned(), "/ml/key:2");
    assert!(
        answers[0].as_ref().expect("there").text().is_err(),
        "no ciphertext either"
    );
}

#[tokio::test]
async fn what_may_not_be_read_is_found_among_what_may() {
    let store = ParameterStore::new();
    let names: Vec<String> = (0..10).map(|n| format!("/ml/p{n}")).collect();
    for name in &names {
        store.put_string(name, name);
    }
    store.deny("/ml/p3").deny("/ml/p7");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let answers = Parameters::new(&store, MINUTE).get(&asked(&names), START).await;
    for (name, text) in names.iter().zip(texts(&answers)) {
        let denied = ["/ml/p3", "/ml/p7"].contains(name);
        assert_eq!(
            text,
            if denied {
                Err(ProblemKind::ParameterAccessDenied)
            } else {
                Ok(*name)
            }
        );
    }
    let message = answers[3].as_ref().expect_err("denied").to_string();
    assert!(
        message.starts_with("ParameterAccessDenied: `/ml/p3` may not be read: `GetParameters` was denied"),
        "{message}"
    );
}

#[tokio::test]
async fn stale_values_are_served_while_the_store_is_in_trouble_and_only_then() {
    let store = ParameterStore::new();
    store.put_string("/ml/a", "old");
    let failing = Failing::new(&store);
    let parameters = Parameters::new(&failing, MINUTE);
    let path: [(ParameterPath, bool, Want); 1] = [("/ml".parse().expect("a path"), true, Want::Value)];
    parameters.get(&asked(&["/ml/a"]), START).await;
    parameters.get_by_paths(&path, START, &Deadline::none()).await;
    store.put_string("/ml/a", "new");
    let later = START + MINUTE;
    let unavailable = Err(ProblemKind::ParameterStoreUnavailable);
    for kind in [CallErrorKind::Throttled, CallErrorKind::Unavailable] {
        failing.fail(1, kind);
        let answers = parameters.get(&asked(&["/ml/a", "/ml/b"]), later).await;
        assert_eq!(texts(&answers), [Ok("old"), unavailable], "{kind:?}");
        failing.fail(1, kind);
        let below = parameters.get_by_paths(&path, later, &Deadline::none()).await;
        assert_eq!(below[0].as_ref().expect("stale")[0].text(), Ok("old"), "{kind:?}");
    }
    failing.fail(1, CallErrorKind::Denied);
    let answers = parameters.get(&asked(&["/ml/a"]), later).await;
    assert_eq!(
        texts(&answers),
        [Err(ProblemKind::ParameterAccessDenied)],
        "a permission that is gone is gone"
    );
    failing.fail(1, CallErrorKind::Throttled);
    let answers = parameters.get(&asked(&["/ml/a"]), later).await;
    assert_eq!(texts(&answers), [unavailable], "and what it had let through with it");
    assert_eq!(texts(&parameters.get(&asked(&["/ml/a"]), later).await), [Ok("new")]);
    store.delete("/ml/a");
    let gone = later + MINUTE;
    assert_eq!(
        texts(&parameters.get(&asked(&["/ml/a"]), gone).await),
        [Err(ProblemKind::ParameterNotFound)]
    );
    failing.fail(1, CallErrorKind::Throttled);
    assert_eq!(
        texts(&parameters.get(&asked(&["/ml/a"]), gone).await),
        [unavailable],
        "what is gone is not served"
    );
}

#[tokio::test]
async fn every_page_of_a_path_is_read_also_behind_empty_ones() {
    let store = ParameterStore::new();
    for n in 0..25 {
        store.put_string(&format!("/ml/hyper/p{n:02}"), "1");
    }
    store
        .put_string("/ml/hyper/deep/er", "1")
        .put_string("/ml/hyperspace", "1")
        .with_empty_pages();
    let paths = [
        ("/ml/hyper/".parse().expect("a path"), false, Want::Value),
        ("/ml/hyper".parse().expect("a path"), true, Want::Value),
    ];
    let parameters = Parameters::new(&store, MINUTE);
    let counts = async || -> Vec<usize> {
        let answers = parameters.get_by_paths(&paths, START, &Deadline::none()).await;
        answers
            .iter()
            .map(|answer| answer.as_ref().expect("there").len())
            .collect()
    };
    assert_eq!(counts().await, [25, 26]);
    let calls = store.calls();
    assert!(
        calls
            .iter()
            .all(|call| matches!(call, Call::GetParametersByPath { path, .. } if path == "/ml/hyper"))
    );
    assert_eq!(counts().await, [25, 26]);
    assert_eq!(store.calls(), calls, "the second time from the cache");
}

#[tokio::test]
async fn secure_strings_below_a_path_are_opened_one_by_one_or_all_named() {
    let store = ParameterStore::new();
    store
        .put_string("/ml/a", "plain")
        .put_secure("/ml/k1", "one")
        .put_secure("/ml/k2", "two");
    let path: [(ParameterPath, bool, Want); 1] = [("/ml".parse().expect("a path"), true, Want::Value)];
    let answers = Parameters::new(&store, MINUTE)
        .get_by_paths(&path, START, &Deadline::none())
        .await;
    let problems = answers[0].as_ref().expect_err("sealed");
    assert_eq!(
        problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(),
        [ProblemKind::SecureParameterRefused; 2]
    );
    let open = Parameters::new(&store, MINUTE).allowing_secure(vec![Glob::new("/ml/*")]);
    let answers = open.get_by_paths(&path, START, &Deadline::none()).await;
    let values: Vec<_> = answers[0]
        .as_ref()
        .expect("open")
        .iter()
        .map(|parameter| parameter.text())
        .collect();
    assert_eq!(values, [Ok("plain"), Ok("one"), Ok("two")]);
}

#[tokio::test]
async fn references_in_strings_are_filled_in_wherever_they_are() {
    let store = ParameterStore::new();
    store
        .put_string("/ml/a", "A")
        .put_string("/ml/a", "{{ssm:/ml/b}}")
        .put_string_list("/ml/list", "x,y");
    let parameters = Parameters::new(&store, MINUTE);
    let value = json!({"{{ssm:/key}}": ["{{ssm:/ml/a:1}}-{{ssm:/ml/list}}", 1, null], "deep": {"er": "{{ssm:/ml/a}}"}});
    let filled = parameters.fill_in(value, START).await.expect("all there");
    assert_eq!(
        filled,
        json!({"{{ssm:/key}}": ["A-x,y", 1, null], "deep": {"er": "{{ssm:/ml/b}}"}}),
        "keys stay, and values are not looked through again"
    );
    assert_eq!(store.calls().len(), 2, "two versions of one parameter, one call each");
}

#[tokio::test]
async fn all_problems_of_a_value_come_together_and_name_no_value() {
    let store = ParameterStore::new();
    store.put_secure("/ml/key", "hush hush").deny("/ml/denied");
    let parameters = Parameters::new(&store, MINUTE);
    let value = json!([
        "{{ssm:/ml/key}}",
        "{{ssm:/ml/denied}}",
        "{{ssm:/ml/none}}",
        "{{ssm:ml/x}}",
        "{{ssm:/open"
    ]);
    let problems = parameters.fill_in(value, START).await.expect_err("five problems");
    assert_eq!(problems.kind(), ProblemKind::SecureParameterRefused);
    let said = problems.to_string();
    assert!(said.starts_with("5 problems: "), "{said}");
    for part in [
        "`/ml/key` is a SecureString",
        "`/ml/denied` may not",
        "no parameter `/ml/none`",
        "`ml/x` must",
        "`{{ssm:/open` has no `}}`",
    ] {
        assert!(said.contains(part), "`{part}` in {said}");
    }
    assert!(!said.contains("hush"));
}

#[tokio::test]
async fn a_value_is_told_as_it_was_at_a_moment() {
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
    let store = ParameterStore::new();
    store
        .put_string_at("/machine", "one", at(100))
        .put_string_at("/machine", "two", at(200))
        .put_string_at("/machine", "three", at(300));
    store.label("/machine", 2, "live");
    // As if every version had the date of the last one.
    store
        .put_string_at("/dateless", "one", at(300))
        .put_string_at("/dateless", "two", at(300));
    for number in 0..30 {
        store.put_string_at("/restless", &number.to_string(), at(number * 100));
    }
    let parameters = Parameters::new(&store, Duration::ZERO);
    for (reference, moment, expected) in [
        ("/machine", 300, Ok("three")),
        ("/machine", 299, Ok("two")),
        ("/machine", 150, Ok("one")),
        ("/machine", 50, Ok("one")),
        ("/machine:live", 50, Ok("two")),
        ("/machine:3", 50, Ok("three")),
        ("/dateless", 50, Ok("two")),
        ("/restless", 1_050, Ok("10")),
        ("/restless", 850, Err("has changed more than 20 times since")),
        ("/missing", 50, Err("no parameter")),
    ] {
        let told = parameters
            .text_at(&reference.parse().unwrap(), at(moment), at(400))
            .await;
        match (told, expected) {
            (Ok(told), Ok(expected)) => assert_eq!(told, expected, "{reference} at {moment}"),
            (Err(problems), Err(part)) => assert!(problems.to_string().contains(part), "{problems}"),
            (told, _) => panic!("{reference} at {moment}: {told:?}"),
        }
    }
    let reference = "/machine".parse().unwrap();
    for (moment, expected) in [
        (300, &["three"][..]),
        (299, &["three", "two"]),
        (50, &["three", "two", "one"]),
    ] {
        let texts = parameters.texts_since(&reference, at(moment), at(400)).await.unwrap();
        assert_eq!(texts, expected, "since {moment}");
    }
    let dateless = "/dateless".parse().unwrap();
    assert_eq!(
        parameters.texts_since(&dateless, at(50), at(400)).await.unwrap(),
        ["two"]
    );
}
