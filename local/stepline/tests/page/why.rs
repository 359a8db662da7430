//! Why something failed, as the end of a command says it.

use super::world::World;
use serde_json::json;

/// The second state is entered where the first one fails, and says nothing of why.
const CAUGHT: &str = r#"{
  "StartAt": "Try",
  "States": {
    "Try": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Parameters": {"FunctionName": "f"},
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "GiveUp"}],
      "End": true
    },
    "GiveUp": {"Type": "Fail"}
  }
}
"#;

#[tokio::test]
async fn what_was_caught_before_says_why() {
    let world = World::new().await;
    world.write("flows/caught.asl.json", CAUGHT);
    let machine = world.machine("caught", CAUGHT).await;
    let started = world
        .call("states", "StartExecution", json!({"stateMachineArn": machine}))
        .await;
    let arn = started["executionArn"].as_str().expect("an ARN");
    world.cloud.ongoing.end(arn).await;
    let why = page::why_of_execution(&world.page, arn).await;
    let why = why.expect("an execution").expect("a failure");
    assert_eq!(why.what, "GiveUp");
    assert!(why.cause.starts_with("after Try: Lambda."), "{}", why.cause);
    assert!(why.mend.starts_with("The role may not do this."), "{}", why.mend);
    assert_eq!(why.place.as_deref(), Some("flows/caught.asl.json:11"));
}
