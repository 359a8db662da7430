//! The drawing as a Mermaid flowchart.

use crate::house::chart;
use serde_json::json;
use state_graph::{Look, Overlay, Status};
use std::collections::BTreeSet;

#[test]
fn a_flowchart_has_conditions_catchers_and_what_ran() {
    let chart = chart(&json!({"StartAt": "Try", "States": {
        "Try": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "Is it good?",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Bad"}]},
        "Is it good?": {"Type": "Choice", "Default": "Bad",
            "Choices": [{"Variable": "$.accuracy", "NumericGreaterThanEquals": 0.95, "Next": "Both"}]},
        "Both": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}]},
        "Bad": {"Type": "Fail"}}}));
    let mut overlay = Overlay {
        started: true,
        ..Overlay::default()
    };
    overlay.states.insert(
        "Try".into(),
        Look {
            status: Status::Caught,
            ..Look::default()
        },
    );
    overlay.taken = BTreeSet::from([("Try".into(), "Bad".into())]);
    let expected = r##"flowchart TD
  f0start(["Start"])
  s0("Try<br/>SNS#58; Publish")
  s1{{"Is it good?"}}
  subgraph s2["Both"]
    subgraph f1["1"]
      f1start(( ))
      s3("One")
      f1start --> s3
    end
  end
  s4(["Bad"])
  f0end(["End"])
  f0start --> s0
  s0 --> s1
  s0 -.->|"States.ALL"| s4
  s1 -->|"accuracy ≥ 0.95"| s2
  s1 -->|"otherwise"| s4
  s2 --> f0end
  classDef is-caught fill:#ffedd5,stroke:#a35a00,color:#1b2027
  class s0 is-caught
  linkStyle 3 stroke-width:3px
"##;
    assert_eq!(chart.mermaid(&overlay), expected);
}

#[test]
fn names_cannot_break_out() {
    let name = "\"]; click s0 href \"javascript:1\"\n end %% `x` <b>&amp;#35;\u{202e}";
    let chart = chart(&json!({"StartAt": name, "States": {name: {"Type": "Succeed"}}}));
    let text = chart.mermaid(&Overlay::default());
    let line = text.lines().nth(2).unwrap();
    let inside = line
        .trim()
        .strip_prefix("s0([\"")
        .unwrap()
        .strip_suffix("\"])")
        .unwrap();
    assert!(!inside.contains(['"', '[', ']', ';', '<', '>', '`', '%', '\u{202e}']) || inside.contains("#34;"));
    let plain = inside.replace(|character: char| character.is_ascii_digit(), "");
    for part in ["\"", "]", "<", ">", "`", "%%", "&", "\u{202e}"] {
        assert!(!plain.contains(part), "{part:?} in {inside}");
    }
    assert_eq!(text.lines().count(), 6);
}
