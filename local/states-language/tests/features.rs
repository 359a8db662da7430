//! What there is with each set of features.

use states_language::{Clock, Execution, StartOptions, StateMachine, VirtualClock};

const JSONATA: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "Add", "States": {
    "Add": {"Type": "Pass", "Output": {"sum": "{% $states.input.a + 1 %}", "text": "{% 'a' & 'b' %}"}, "End": true}
}}"#;

/// The output of an execution in which nothing waits.
fn output(machine: &StateMachine) -> Option<String> {
    let now = VirtualClock::default().now();
    let mut execution = Execution::start(machine, StartOptions::default(), r#"{"a": 1}"#, now).expect("a valid input");
    assert!(execution.run(now).is_empty());
    execution.output()
}

#[test]
fn jsonpath_is_always_there() {
    let machine = StateMachine::parse(
        r#"{"StartAt": "Add", "States": {"Add": {
            "Type": "Pass", "End": true,
            "Parameters": {"sum.$": "States.MathAdd($.a, 1)", "id.$": "States.Hash('a', 'SHA-256')"}
        }}}"#,
    );
    let output = output(&machine.expect("a valid definition")).expect("an output");
    assert!(
        output.contains(r#""sum":2"#) && output.contains(r#""id":"ca978112"#),
        "{output}"
    );
}

#[cfg(feature = "jsonata")]
#[test]
fn jsonata_is_there_by_default() {
    let machine = StateMachine::parse(JSONATA).expect("a valid definition");
    assert_eq!(output(&machine).as_deref(), Some(r#"{"sum":2,"text":"ab"}"#));
}

#[cfg(not(feature = "jsonata"))]
#[test]
fn jsonata_is_refused_where_it_is_not_there_once_and_by_the_features_name() {
    let state = r#"{"StartAt": "Add", "States": {"Add":
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "End": true}
    }}"#;
    for (definition, pointer) in [(JSONATA, "/QueryLanguage"), (state, "/States/Add/QueryLanguage")] {
        let refused = StateMachine::parse(definition).expect_err("there is no JSONata");
        let [finding] = &refused.findings[..] else {
            panic!("{refused}")
        };
        assert_eq!(finding.pointer, pointer);
        assert!(
            finding.message.contains("with its feature `jsonata`"),
            "{}",
            finding.message
        );
    }
}
