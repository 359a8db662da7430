//! An array of events: each is handled by itself, and fails by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use shared::fakes::Fault;
use shared::ports::step_functions::ExecutionStatus;

use crate::line::{Line, ended_event};
use crate::support::{NOW, run};

#[test]
fn each_event_of_an_array_is_reported_by_itself() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        });
        let event = ended_event(&line.execution(), None);
        let reports = line.bench.deliver_all(vec![event.clone(), event]).await.unwrap();
        let reports = serde_json::to_value(reports).unwrap();
        assert_eq!(reports[0]["approvals"][0]["outcome"], "approved");
        assert_eq!(reports[1]["approvals"][0]["outcome"], "waiting");
        assert_eq!(line.answers().len(), 1);
    });
}

#[test]
fn one_event_that_fails_keeps_no_other_from_being_handled() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        });
        let bad = json!({"id": "the-bad-one", "detail-type": "Other"});
        let good = ended_event(&line.execution(), None);
        let error = line.bench.deliver_all(vec![bad, good]).await.unwrap_err();
        assert_eq!(line.answers().len(), 1);
        let diagnostic = lambda_runtime::Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "SomeEventsFailed");
        for fragment in ["1 of 2 events", "event 1 (the-bad-one)"] {
            assert!(diagnostic.error_message.contains(fragment), "{diagnostic:?}");
        }
    });
}

/// A minute from now, as Lambda tells the deadline.
fn in_a_minute() -> u64 {
    u64::try_from((NOW + Duration::from_secs(60)).as_millis()).unwrap()
}

#[test]
fn an_event_that_hangs_is_cut_off_and_those_after_it_come_again() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        });
        let clock = line.bench.world().clock.clone();
        line.bench.world().pipelines.script(move |_| {
            clock.advance(Duration::from_secs(56));
            Fault::Hang
        });
        let event = ended_event(&line.execution(), None);
        let one = line
            .bench
            .deliver_within(event.clone(), in_a_minute())
            .await
            .unwrap_err();
        let one = lambda_runtime::Diagnostic::from(one);
        assert_eq!(one.error_type, "NotSettled");
        assert!(
            one.error_message.contains("the function's time was nearly over"),
            "{one:?}"
        );
    });
    run(async {
        let line = Line::started(json!({})).await;
        let clock = line.bench.world().clock.clone();
        line.bench.world().pipelines.script(move |_| {
            clock.advance(Duration::from_secs(56));
            Fault::Hang
        });
        let event = ended_event(&line.execution(), None);
        let events = vec![event.clone(), event];
        let error = line.bench.deliver_all_within(events, in_a_minute()).await.unwrap_err();
        let error = error.to_string();
        for fragment in ["2 of 2 events", "time was nearly over", "event 2 (", "no time left"] {
            assert!(error.contains(fragment), "{error}");
        }
    });
}

#[test]
fn a_panic_in_one_event_is_its_failure_alone() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(ExecutionStatus::Succeeded {
            output: "{}".to_owned(),
        });
        let first = AtomicBool::new(true);
        line.bench.world().pipelines.script(move |_| {
            if first.swap(false, Ordering::Relaxed) {
                Fault::Panic("a marked secret".to_owned())
            } else {
                Fault::None
            }
        });
        let event = ended_event(&line.execution(), None);
        let error = line.bench.deliver_all(vec![event.clone(), event]).await.unwrap_err();
        assert_eq!(line.answers().len(), 1);
        let error = error.to_string();
        assert!(error.contains("1 of 2 events") && error.contains("panicked"), "{error}");
        assert!(!error.contains("marked"), "{error}");
    });
}
