//! Executions that a retry of the stage has taken over, or that nobody follows any more: what comes late and cannot know
//! of it by its job looks at the runs that CodePipeline lists.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::ports::CallErrorKind::{Denied, Throttled};
use shared::ports::code_pipeline::FailureType::{JobFailed, PermissionError};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::ExecutionStatus;
use shared::time::{Clock as _, Timestamp};

use crate::support::{
    Bench, FUNCTION, Job, NOW, POLL, RUN_ID, always, assert_continues, assert_fails, parameters, run,
};

const PIPELINE: &str = "stepline-dev";

/// A function that knows its pipeline by name.
fn bench() -> Bench {
    Bench::with_settings(&[("PIPELINES", PIPELINE)])
}

fn wanted(more: Value) -> Value {
    let mut wanted = parameters(json!({"onRetry": "redrive", "timeoutMinutes": 1}));
    for (field, value) in more.as_object().expect("an object") {
        wanted[field] = value.clone();
    }
    wanted
}

/// Has CodePipeline list a run of the action.
fn lists(bench: &Bench, wanted: &Value, began: Timestamp, status: ActionStatus, execution: Option<String>) {
    let configuration = BTreeMap::from([
        ("FunctionName".to_owned(), format!("{FUNCTION}:live")),
        ("UserParameters".to_owned(), wanted.to_string()),
    ]);
    let run = ActionExecution {
        id: format!("run-{}", began.as_millis()),
        stage: "Execute".to_owned(),
        action: "Execute".to_owned(),
        configuration,
        status,
        started_at: began,
        updated_at: bench.world().clock.now(),
        output_variables: execution
            .map(|arn| ("ExecutionArn".to_owned(), arn))
            .into_iter()
            .collect(),
    };
    bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, run);
}

fn stopped(bench: &Bench) -> Option<String> {
    match &bench.runs()[0].status {
        ExecutionStatus::Aborted(failure) => failure.error.clone(),
        _ => None,
    }
}

const LONG: Duration = Duration::from_secs(600);
const BEFORE: Timestamp = Timestamp::from_millis(NOW.as_millis() - 1_000);

#[test]
fn an_overdue_poll_that_comes_late_leaves_what_a_retry_has_taken_over() {
    use ActionStatus::{Abandoned, Failed, InProgress};
    run(async {
        // The run that the job is of, and the retry, if there is one.
        for (own, retry, is_stopped) in [
            (Some(InProgress), None, true),
            (Some(Abandoned), Some(InProgress), false),
            (Some(Abandoned), None, false),
            (Some(Failed), Some(Failed), false),
            // A pipeline that the function does not know by name.
            (None, None, true),
        ] {
            let (bench, wanted) = (bench(), wanted(json!({})));
            let job = bench.started(wanted.clone()).await;
            bench.world().clock.advance(LONG);
            if let Some(own) = own {
                lists(&bench, &wanted, BEFORE, own, None);
            }
            if let Some(retry) = retry {
                lists(&bench, &wanted, bench.world().clock.now(), retry, None);
            }
            lists(
                &bench,
                &parameters(json!({"action": "another"})),
                bench.world().clock.now(),
                InProgress,
                None,
            );
            bench.world().clock.advance(POLL);
            assert_continues(bench.job(job).await);
            let error = is_stopped.then(|| "Stepline.ExecutionTimedOut".to_owned());
            assert_eq!(stopped(&bench), error, "{own:?}, {retry:?}");
        }
    });
}

#[test]
fn an_overdue_poll_that_cannot_see_the_runs_looks_again_and_says_so_in_the_end() {
    run(async {
        let (bench, wanted) = (bench(), wanted(json!({})));
        let mut job = bench.started(wanted.clone()).await;
        bench.world().clock.advance(LONG);
        let script = always("ListActionExecutions", Denied, "AccessDeniedException");
        bench.world().pipelines.script(script);
        for number in 1..5 {
            let token = assert_continues(bench.job(job).await);
            bench.world().clock.advance(POLL);
            job = Job {
                id: format!("poll-{number}"),
                ..Job::following(wanted.clone(), &token)
            };
        }
        assert_fails(
            &bench.job(job).await,
            JobFailed,
            &["could not be stopped and may still be running", "AccessDeniedException"],
        );
        assert_eq!(stopped(&bench), None);
    });
}

#[test]
fn an_action_that_was_long_about_to_begin_gives_up_within_codepipeline_s_day() {
    let hour = Duration::from_secs(3600);
    run(async {
        for (began, hours, is_over) in [
            (NOW - hour * 3, 21, true),
            (NOW - hour * 3, 19, false),
            (NOW - hour, 21, false),
            // A run of before the execution was adopted.
            (NOW + hour, 21, false),
        ] {
            let (bench, wanted) = (bench(), parameters(json!({})));
            let job = bench.started(wanted.clone()).await;
            lists(&bench, &wanted, began, ActionStatus::InProgress, None);
            bench.world().clock.advance(hour * hours);
            let answer = bench.job(job).await;
            if is_over {
                assert_fails(&answer, JobFailed, &["took longer than", "It was stopped"]);
            } else {
                assert_continues(answer);
            }
            assert_eq!(stopped(&bench).is_some(), is_over, "{began:?}, {hours}");
        }
    });
}

#[test]
fn an_action_that_began_a_little_after_its_job_by_another_clock_is_the_job_s_own() {
    run(async {
        for (seconds, is_stopped) in [(59, true), (60, true), (61, false)] {
            let (bench, wanted) = (bench(), wanted(json!({})));
            let job = bench.started(wanted.clone()).await;
            let began = NOW + Duration::from_secs(seconds);
            lists(&bench, &wanted, began, ActionStatus::InProgress, None);
            bench.world().clock.advance(LONG);
            assert_continues(bench.job(job).await);
            assert_eq!(stopped(&bench).is_some(), is_stopped, "{seconds}");
        }
    });
}

#[test]
fn a_poll_asks_for_the_runs_only_where_codepipeline_s_day_may_be_over_first() {
    let hour = Duration::from_secs(3600);
    run(async {
        for (waited, lists) in [(POLL, 0), (hour * 2, 0), (hour * 20 - POLL, 0), (hour * 20, 1)] {
            let bench = bench();
            let job = bench.started(parameters(json!({}))).await;
            bench.world().clock.advance(waited);
            let before = bench.world().pipelines.count("ListActionExecutions");
            assert_continues(bench.job(job).await);
            let after = bench.world().pipelines.count("ListActionExecutions");
            assert_eq!(after - before, lists, "{waited:?}");
        }
    });
}

/// A job that had failed, and whose event comes again when its execution can be started.
async fn orphan(bench: &Bench, wanted: &Value) -> Job {
    let script = always("StartExecution", Denied, "AccessDeniedException");
    bench.world().states.script(script);
    let job = Job::first(wanted.clone());
    assert_fails(&bench.job(job.clone()).await, PermissionError, &[]);
    bench.world().states.script(|_| Fault::None);
    job
}

#[test]
fn what_a_late_delivery_starts_again_is_left_to_who_has_handed_it_over() {
    use ActionStatus::{Failed, Succeeded};
    run(async {
        for more in [json!({}), json!({"onRetry": "restart"})] {
            for (is_it, is_left) in [(true, true), (false, false)] {
                let (bench, wanted) = (bench(), wanted(more.clone()));
                let job = orphan(&bench, &wanted).await;
                let machine = "arn:aws:states:us-east-1:123456789012:execution:ml";
                let name = pipeline_action::user_parameters::UserParameters::parse(Some(&wanted.to_string()))
                    .unwrap()
                    .execution_name(&job.id);
                let arn = if is_it {
                    format!("{machine}:{name}")
                } else {
                    format!("{machine}:other")
                };
                lists(&bench, &wanted, BEFORE, Failed, None);
                lists(&bench, &wanted, NOW, Succeeded, Some(arn));
                bench.deliver(job.event()).await.unwrap();
                assert_eq!(stopped(&bench).is_none(), is_left, "{more}, {is_it}");
            }
        }
    });
}

#[test]
fn what_a_late_delivery_starts_again_is_not_stopped_while_a_run_may_have_it() {
    use ActionStatus::{Abandoned, Failed, InProgress};
    run(async {
        for (last, is_stopped) in [(InProgress, false), (Failed, true), (Abandoned, true)] {
            let (bench, wanted) = (bench(), wanted(json!({})));
            let job = orphan(&bench, &wanted).await;
            lists(&bench, &wanted, NOW, last, None);
            let delivered = bench.deliver(job.event()).await;
            assert_eq!(stopped(&bench).is_some(), is_stopped, "{last:?}");
            if let Err(error) = &delivered {
                let arn = &bench.runs()[0].execution_arn;
                assert!(error.to_string().contains(arn), "{error}");
            }
            assert_eq!(delivered.is_ok(), is_stopped);
        }
    });
}

#[test]
fn a_poll_whose_action_has_failed_without_it_names_the_execution_that_nobody_follows() {
    use ActionStatus::{Failed, InProgress, Succeeded};
    run(async {
        for (status, is_named) in [(InProgress, false), (Succeeded, false), (Failed, true)] {
            let (bench, wanted) = (bench(), wanted(json!({"timeoutMinutes": 60})));
            let mut job = bench.started(wanted.clone()).await;
            lists(&bench, &wanted, BEFORE, status, None);
            bench.world().clock.advance(POLL);
            // No answer came in time, and CodePipeline knows the job no longer.
            job.id = "forgotten".to_owned();
            let delivered = bench.deliver(job.event()).await;
            assert_eq!(delivered.is_err(), is_named, "{status:?}");
            if let Err(error) = delivered {
                let error = lambda_runtime::Diagnostic::from(error);
                assert_eq!(error.error_type, "Unfollowed");
                assert!(
                    error.error_message.contains(&bench.runs()[0].execution_arn),
                    "{}",
                    error.error_message
                );
            }
        }
    });
}

#[test]
fn a_poll_that_cannot_see_whether_its_action_has_failed_is_called_again_where_that_may_help() {
    run(async {
        for (kind, code, is_named) in [
            (Throttled, "ThrottlingException", true),
            (Denied, "AccessDeniedException", false),
        ] {
            let (bench, wanted) = (bench(), wanted(json!({"timeoutMinutes": 60})));
            let mut job = bench.started(wanted.clone()).await;
            bench.world().clock.advance(POLL);
            job.id = "forgotten".to_owned();
            bench
                .world()
                .pipelines
                .script(always("ListActionExecutions", kind, code));
            assert_eq!(bench.deliver(job.event()).await.is_err(), is_named, "{code}");
        }
    });
}
