//! Where the execution of an abandoned action is found: at a state machine that its parameter named before, or by the
//! look, when the event was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use shared::fakes::Fault;
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::StateMachineType;
use shared::time::Clock as _;

use crate::abandoned::{OTHER, PIPELINE, event_of, outcome, outcome_of, ran_as, stopped};
use crate::line::look;
use crate::support::{Bench, FUNCTION, NOW, POLL, always, error, parameters, run};

#[test]
fn an_execution_is_found_wherever_its_parameter_pointed_since_the_action_began() {
    run(async {
        // A state machine that is gone hides none.
        for is_there in [true, false] {
            let bench = Bench::new();
            let parameter = bench.world().parameters.inner();
            if is_there {
                bench.world().states.inner().create(OTHER, StateMachineType::Standard);
            }
            parameter.put_string_at("/dev/machine", "ml", NOW - POLL);
            let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine"}));
            let _job = bench.started_by_parameter(wanted.clone()).await;
            parameter.put_string_at("/dev/machine", "other", NOW + POLL * 2);
            bench.world().clock.advance(POLL * 10);
            ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
            assert_eq!(outcome(&bench).await, "stopped", "{is_there}");
            assert!(stopped(&bench, 0));
        }
    });
}

#[test]
fn what_a_retry_cannot_find_since_the_parameter_has_moved_is_stopped() {
    run(async {
        for (moved, expected) in [(1, "stopped"), (4, "ignored")] {
            let bench = Bench::new();
            bench.world().states.inner().create(OTHER, StateMachineType::Standard);
            let parameter = bench.world().parameters.inner();
            parameter.put_string_at("/dev/machine", "ml", NOW - POLL);
            let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine", "onRetry": "redrive"}));
            let _job = bench.started_by_parameter(wanted.clone()).await;
            // Before the retry, or after it has found what runs.
            parameter.put_string_at("/dev/machine", "other", NOW + POLL * moved);
            bench.world().clock.advance(POLL);
            ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(POLL * 10);
            let pipelines = bench.world().pipelines.inner();
            ran_as(
                &bench,
                "second",
                "Execute",
                NOW + POLL * 4,
                FUNCTION,
                &wanted.to_string(),
            );
            pipelines.change("second", |run| run.status = ActionStatus::InProgress);
            assert_eq!(outcome_of(&bench, event_of("first")).await, expected, "{moved}");
        }
    });
}

#[test]
fn a_look_stops_what_an_abandoned_action_left_whose_event_was_lost() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
        bench.deliver(look()).await.unwrap();
        assert!(stopped(&bench, 0));
        // Nothing is left: later looks are in order, though nothing of the action runs.
        bench.deliver(look()).await.unwrap();
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
        bench.deliver(look()).await.unwrap();
    });
}

/// An action of the next execution of the pipeline runs, and names its state machine like this.
fn the_next_runs(bench: &Bench, machine: &str) {
    let next = "0c4cf1a1-1d4e-4c55-8d0e-2f6a3b7c9d10";
    let wanted = parameters(json!({"pipelineExecutionId": next, "stateMachine": machine}));
    let running = ActionExecution {
        id: "of-the-next".to_owned(),
        stage: "Execute".to_owned(),
        action: "Execute".to_owned(),
        configuration: BTreeMap::from([
            ("FunctionName".to_owned(), FUNCTION.to_owned()),
            ("UserParameters".to_owned(), wanted.to_string()),
        ]),
        started_at: bench.world().clock.now() + POLL,
        ..ActionExecution::default()
    };
    bench.world().pipelines.inner().ran(PIPELINE, next, running);
}

#[test]
fn a_look_finds_what_an_abandoned_action_left_behind_the_next_execution_of_the_pipeline() {
    run(async {
        // However its state machine is named; an Express one has no executions that could be listed.
        for (machine, is_found) in [
            ("ml", true),
            ("ssm:/dev/machine", true),
            ("quick", false),
            ("gone", false),
        ] {
            let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
            bench.world().parameters.inner().put_string("/dev/machine", "ml");
            let _job = bench.started(parameters(json!({}))).await;
            ran_as(
                &bench,
                "Execute",
                "Execute",
                NOW,
                FUNCTION,
                &parameters(json!({})).to_string(),
            );
            the_next_runs(&bench, machine);
            bench.deliver(look()).await.unwrap();
            assert_eq!(stopped(&bench, 0), is_found, "{machine}");
        }
    });
}

#[test]
fn a_look_follows_a_parameter_that_has_moved_for_as_long_as_aws_redrives() {
    let day = Duration::from_secs(24 * 3600);
    run(async {
        // What ran at the state machine named before, or at the one named now.
        for (values, ago, is_found) in [
            (["ml", "other"], day * 14 - POLL, true),
            (["ml", "other"], day * 14 + POLL, false),
            (["other", "ml"], day * 14 - POLL, true),
        ] {
            let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
            bench.world().states.inner().create(OTHER, StateMachineType::Standard);
            let parameter = bench.world().parameters.inner();
            parameter.put_string_at("/dev/machine", values[0], NOW - POLL * 2);
            parameter.put_string_at("/dev/machine", values[1], NOW);
            let wanted = parameters(json!({}));
            let _job = bench.started(wanted.clone()).await;
            ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(ago);
            the_next_runs(&bench, "ssm:/dev/machine");
            bench.deliver(look()).await.unwrap();
            assert_eq!(stopped(&bench, 0), is_found, "{values:?}, {ago:?}");
        }
    });
}

#[test]
fn a_look_passes_over_a_state_machine_that_is_gone() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        let wanted = parameters(json!({"stateMachine": "gone"})).to_string();
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted);
        bench.world().pipelines.inner().change("Execute", |run| {
            run.status = ActionStatus::Succeeded;
            let arn = "arn:aws:states:us-east-1:123456789012:execution:gone:one";
            run.output_variables.insert("ExecutionArn".to_owned(), arn.to_owned());
        });
        bench.deliver(look()).await.unwrap();
    });
}

#[test]
fn a_look_passes_over_a_pipeline_that_is_not_there_and_is_taken_again_where_it_cannot_be_seen() {
    run(async {
        for (kind, code, is_well) in [
            (NotFound, "PipelineNotFoundException", true),
            (Throttled, "ThrottlingException", false),
            (Denied, "AccessDeniedException", false),
        ] {
            let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
            bench.world().pipelines.script(always("GetPipelineState", kind, code));
            assert_eq!(bench.deliver(look()).await.is_ok(), is_well, "{code}");
        }
    });
}

#[test]
fn a_look_that_cannot_find_out_which_state_machine_an_action_starts_is_taken_again() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        ran_as(
            &bench,
            "Execute",
            "Execute",
            NOW,
            FUNCTION,
            &parameters(json!({})).to_string(),
        );
        let script = always("DescribeStateMachine", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        let error = bench.deliver(look()).await.unwrap_err().to_string();
        assert!(error.contains("ThrottlingException"), "{error}");
    });
}

#[test]
fn a_state_machine_that_a_parameter_named_before_may_be_none_of_the_function_s_any_more() {
    run(async {
        for operation in ["DescribeStateMachine", "ListExecutions"] {
            // The first call about the one of now, and the second about the one of before.
            for (denied, is_well) in [(1, false), (2, true)] {
                let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
                bench.world().states.inner().create(OTHER, StateMachineType::Standard);
                let parameter = bench.world().parameters.inner();
                parameter.put_string_at("/dev/machine", "other", NOW - POLL * 2);
                parameter.put_string_at("/dev/machine", "ml", NOW - POLL);
                let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine"}));
                ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
                let pipelines = bench.world().pipelines.inner();
                pipelines.change("Execute", |run| run.status = ActionStatus::InProgress);
                bench.world().states.script(move |attempt| {
                    if attempt.operation == operation && attempt.nth == denied {
                        Fault::Before(error(Denied, "AccessDeniedException"))
                    } else {
                        Fault::None
                    }
                });
                assert_eq!(bench.deliver(look()).await.is_ok(), is_well, "{operation}, {denied}");
            }
        }
    });
}
