//! Events that are not what they should be.

use pipeline_action::HandlerError;
use serde_json::{Value, json};
use shared::ports::code_pipeline::FailureType::ConfigurationError;

use crate::support::{Bench, Job, assert_fails, parameters, run};

#[test]
fn a_malformed_job_with_an_id_is_answered() {
    run(async {
        for data in [json!(null), json!({}), json!({"actionConfiguration": null}), json!(7)] {
            let bench = Bench::new();
            bench.world().pipelines.inner().open("job-1");
            bench
                .deliver(json!({"CodePipeline.job": {"id": "job-1", "data": data}}))
                .await
                .unwrap();
            assert_fails(
                &bench.answer("job-1"),
                ConfigurationError,
                &["The event is malformed: `CodePipeline.job.data"],
            );
        }
    });
}

#[test]
fn what_has_nobody_to_answer_is_an_error_under_a_name() {
    run(async {
        for event in [
            json!(null),
            json!([]),
            json!({}),
            json!({"CodePipeline.job": {}}),
            json!({"detail-type": "Other"}),
        ] {
            let error = Bench::new().deliver(event).await.unwrap_err();
            assert!(matches!(error, HandlerError::UnknownEvent { .. }), "{error}");
            let diagnostic = lambda_runtime::Diagnostic::from(error);
            assert_eq!(diagnostic.error_type, "UnknownEvent");
            assert!(
                diagnostic.error_message.ends_with(": there is nobody to answer"),
                "{diagnostic:?}"
            );
        }
    });
}

#[test]
fn a_token_that_is_not_ours_fails_the_job_and_starts_nothing() {
    run(async {
        let bench = Bench::new();
        let whole = bench.started(parameters(json!({}))).await.token.unwrap();
        let damaged = whole.replace("execution:ml:", "execution:lm:");
        let newer = whole.replacen("stepline-1", "stepline-9", 1);
        for (token, fragment) in [
            ("eyJub3QiOiJvdXJzIn0", "is not one of this function"),
            (damaged.as_str(), "is damaged"),
            (newer.as_str(), "written by another version"),
        ] {
            let job = Job {
                id: fragment.to_owned(),
                token: Some(token.to_owned()),
                ..Job::first(parameters(json!({})))
            };
            assert_fails(&bench.job(job).await, ConfigurationError, &[fragment]);
        }
        assert_eq!(bench.runs().len(), 1);
    });
}

/// Every event that is one change away from a good one is answered, or refused by name; none is a panic.
#[test]
fn no_event_goes_unanswered() {
    run(async {
        let good = Job {
            inputs: vec!["Source"],
            outputs: vec!["Output"],
            ..Job::first(parameters(json!({})))
        }
        .event();
        let mut paths = Vec::new();
        collect(&good, String::new(), &mut paths);
        assert!(paths.len() > 20);
        for path in paths {
            for other in [json!(null), json!(7), json!("text"), json!([]), json!({}), json!([{}])] {
                let bench = Bench::new();
                bench
                    .world()
                    .pipelines
                    .inner()
                    .open("11111111-2222-4333-8444-000000000001");
                let mut event = good.clone();
                *event.pointer_mut(&path).unwrap() = other.clone();
                match bench.deliver(event).await {
                    Ok(report) => assert!(report.job_id.is_some(), "{path} {other}"),
                    // The whole of it is an array then, whose one event nobody knows.
                    Err(HandlerError::Some { of: 1, .. }) => assert_eq!((path.as_str(), &other), ("", &json!([{}]))),
                    Err(error) => assert!(
                        matches!(error, HandlerError::UnknownEvent { .. }),
                        "{path} {other}: {error}"
                    ),
                }
            }
        }
    });
}

/// The pointer of every value in a value.
fn collect(value: &Value, at: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            collect(
                value,
                format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                paths,
            );
        }),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| collect(value, format!("{at}/{index}"), paths));
        }
        _ => {}
    }
    paths.push(at);
}
