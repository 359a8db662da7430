//! An array of events: each is handled by itself, and fails by itself.

use serde_json::json;
use shared::ports::step_functions::ExecutionStatus;

use crate::approvals::{Line, ended_event};
use crate::support::run;

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
