//! Histories that are kept.

use super::{ADMIN, World, anything};
use crate::states::StepFunctions;
use platform::Service;
use platform::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

fn open(store: &Store) -> World {
    let states = Arc::new(StepFunctions::open(store).unwrap());
    let services: Vec<Arc<dyn Service>> = vec![states.clone()];
    World::with(services, states, &anything())
}

/// All events of an execution, page by page.
async fn history(world: &World, execution: &str) -> Vec<Value> {
    let (mut events, mut asked) = (Vec::new(), json!({"executionArn": execution, "maxResults": 40}));
    loop {
        let page = world.0.call(&ADMIN, "states", "GetExecutionHistory", asked.clone());
        let mut page = page.await.unwrap();
        events.append(page["events"].as_array_mut().unwrap());
        match page["nextToken"].take() {
            Value::Null => return events,
            token => asked["nextToken"] = token,
        }
    }
}

/// A hundred states that hand on what they got, and one number more.
fn handing_on() -> Value {
    let names: Vec<String> = (0..100).map(|state| format!("S{state}")).collect();
    let states = names.iter().enumerate().map(|(at, name)| {
        let mut state = json!({"Type": "Pass", "Result": at, "ResultPath": "$.inner.n"});
        match names.get(at + 1) {
            Some(next) => state["Next"] = next.as_str().into(),
            None => state["Next"] = "Branch".into(),
        }
        (name.clone(), state)
    });
    let mut states: serde_json::Map<String, Value> = states.collect();
    let inner = json!({"Type": "Pass", "Parameters": {"again.$": "$.inner.text", "short": "é\"\\\n"}, "End": true});
    let branch = json!({"StartAt": "Inner", "States": {"Inner": inner}});
    let branches = json!({"Type": "Parallel", "Branches": [branch], "ResultPath": "$.branches", "End": true});
    states.insert("Branch".into(), branches);
    states.into()
}

#[tokio::test]
async fn what_states_hand_on_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let (before, execution) = {
        let store = Store::open(folder.path()).unwrap();
        let world = open(&store);
        let machine = world.machine("m", handing_on()).await;
        let rows: Vec<Value> = (0..2_000).map(|row| json!({"row": row, "\"": "\u{1}é\\"})).collect();
        let input = json!({"rows": rows, "inner": {"text": "\"x\n".repeat(3_000), "n": -1}, "none": null});
        let execution = world.start(&machine, "e", input).await;
        world.0.ongoing.end(&execution).await;
        let before = history(&world, &execution).await;
        store.settled().await.unwrap();
        (before, execution)
    };
    assert_eq!(before.len(), 2 * 100 + 8);
    let written = Store::look(folder.path()).unwrap().unwrap();
    let told: usize = before.iter().map(|event| event.to_string().len()).sum();
    assert!(
        usize::try_from(written.bytes).unwrap() * 10 < told,
        "{} bytes for {told}",
        written.bytes
    );
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(history(&open(&store), &execution).await, before);
}
