//! Parts of a state machine: from a state with the results of an earlier execution, or until one.

use super::{ADMIN, World};
use crate::states::{Part, StepFunctions};
use platform::Service;
use platform::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

/// Reads, works, and ends; what the working state sees is its output.
fn states(work: &str) -> Value {
    let seen = json!({
        "did": work,
        "input": "{% $states.input %}",
        "kept": "{% $kept %}",
        "count": "{% $states.context.Execution.RedriveCount %}",
        "name": "{% $name %}",
    });
    json!({
        "Read": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Assign": {"kept": "{% $states.input.image %}", "name": "{% $states.context.Execution.Name %}"},
            "Output": {"image": "{% $states.input.image %}", "rows": 7},
            "Next": "Choose",
        },
        "Choose": {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Choices": [{"Condition": "{% $states.input.rows > 5 %}", "Next": "Work"}],
            "Default": "Few",
        },
        "Few": {"Type": "Fail"},
        "Work": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": seen, "Next": "End"},
        "End": {"Type": "Parallel", "End": true, "OutputPath": "$[0]", "Branches": [
            {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}}},
        ]},
    })
}

fn part(from: Option<&str>, until: Option<&str>) -> Part {
    Part {
        from: from.map(str::to_owned),
        until: until.map(str::to_owned),
    }
}

impl World {
    /// Runs an execution with this image to its end: its description, with the output as a value.
    async fn play(&self, machine: &str, name: &str, image: &str) -> Value {
        let execution = self.start(machine, name, json!({"image": image})).await;
        self.0.ongoing.end(&execution).await;
        let described = json!({"executionArn": execution});
        let mut described = self.call("DescribeExecution", described).await;
        if let Some(output) = described["output"].as_str() {
            described["output"] = serde_json::from_str(output).unwrap();
        }
        described
    }

    async fn update(&self, machine: &str, states: Value) {
        let definition = self.definition("m", states)["definition"].clone();
        let update = json!({"stateMachineArn": machine, "definition": definition});
        self.call("UpdateStateMachine", update).await;
    }
}

#[tokio::test]
async fn a_changed_definition_goes_on_with_the_results_so_far() {
    let world = World::new();
    let machine = world.machine("m", states("one")).await;
    let first = world.play(&machine, "first", "image-1").await;
    world.update(&machine, states("two")).await;

    let origin = world.1.play_next(&machine, &part(Some("Work"), None)).unwrap();
    assert_eq!(origin.as_deref(), first["executionArn"].as_str());
    // The new image takes the old one's place, and the new name the old one's; what was read stays.
    let second = world.play(&machine, "second", "image-2").await;
    let expected = json!({
        "did": "two",
        "input": {"image": "image-2", "rows": 7},
        "kept": "image-2",
        "count": 1,
        "name": "second",
    });
    assert_eq!(second["output"], expected);
    let events = world.events(second["executionArn"].as_str().unwrap()).await;
    assert_eq!(events[..3], ["ExecutionStarted", "PassStateEntered", "PassStateExited"]);

    // That was once: the next one begins at its beginning.
    let third = world.play(&machine, "third", "image-3").await;
    assert_eq!(third["output"]["count"], 0);

    // Results that were taken over are results, too: numbers of attempts go on.
    world.1.play_next(&machine, &part(Some("Work"), None)).unwrap();
    world.play(&machine, "fourth", "image-4").await;
    world.1.play_next(&machine, &part(Some("End"), None)).unwrap();
    let fifth = world.play(&machine, "fifth", "image-5").await;
    assert_eq!(fifth["output"]["kept"], "image-5");
    assert_eq!(fifth["output"]["count"], 2);
}

#[tokio::test]
async fn an_execution_that_was_stopped_after_a_state_goes_on_with_the_next() {
    let world = World::new();
    let machine = world.machine("m", states("one")).await;
    world.1.play_next(&machine, &part(None, Some("Choose"))).unwrap();
    let stopped = world.play(&machine, "first", "image").await;
    assert_eq!(stopped["status"], "ABORTED");
    assert_eq!(stopped["error"], states_language::STOPPED_AFTER_STATE);
    world.1.play_next(&machine, &part(Some("Work"), Some("Work"))).unwrap();
    let worked = world.play(&machine, "second", "image").await;
    assert_eq!(worked["status"], "ABORTED");
    let events = world.events(worked["executionArn"].as_str().unwrap()).await;
    assert_eq!(
        events,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionAborted"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_played_is_said() {
    let world = World::new();
    let machine = world.machine("m", states("one")).await;
    world.play(&machine, "first", "image").await;
    let mut express = world.definition("x", states("one"));
    express["type"] = json!("EXPRESS");
    let express = world.call("CreateStateMachine", express).await;
    let express = express["stateMachineArn"].as_str().unwrap();
    for (machine, part, expected) in [
        (&*machine, part(Some("Wrok"), None), "no state `Wrok`"),
        (&*machine, part(None, Some("Wrok")), "no state `Wrok`"),
        (&*machine, part(Some("Inner"), None), "is inside of `End`"),
        (&*machine, part(Some("Few"), None), "from Read, Choose, Work or End"),
        (express, part(Some("Work"), None), "Express"),
        (
            "arn:aws:states:us-east-1:123456789012:stateMachine:none",
            part(None, None),
            "none",
        ),
    ] {
        let error = world.1.play_next(machine, &part).unwrap_err().to_string();
        assert!(error.contains(expected), "{part:?}: {error}");
    }
    // What was refused is not played.
    assert_eq!(world.play(&machine, "second", "image").await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn results_outlast_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let open = |store: &Store| {
        let states = Arc::new(StepFunctions::open(store).unwrap());
        let services: Vec<Arc<dyn Service>> = vec![states.clone()];
        World::with(services, states, &super::anything())
    };
    let machine = {
        let store = Store::open(folder.path()).unwrap();
        let world = open(&store);
        let machine = world.machine("m", states("one")).await;
        world.play(&machine, "first", "image-1").await;
        world.1.play_next(&machine, &part(Some("Work"), None)).unwrap();
        world.play(&machine, "second", "image-2").await;
        store.settled().await.unwrap();
        machine
    };
    let store = Store::open(folder.path()).unwrap();
    let world = open(&store);
    let described = json!({"stateMachineArn": machine});
    world
        .0
        .call(&ADMIN, "states", "DescribeStateMachine", described)
        .await
        .unwrap();
    world.1.play_next(&machine, &part(Some("End"), None)).unwrap();
    let third = world.play(&machine, "third", "image-3").await;
    assert_eq!(third["output"]["kept"], "image-3");
}
