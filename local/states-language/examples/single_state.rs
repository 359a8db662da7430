//! One state tested, with something in place of its work: `cargo run -p states-language --example single_state`

use states_language::{Failure, MockedResult, TestStateOptions, test_state};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let state = r#"{
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "price", "Payload.$": "$.order"},
        "ResultSelector": {"price.$": "$.Payload"}, "ResultPath": "$.quote",
        "Catch": [{"ErrorEquals": ["OutOfStock"], "Next": "Apologise"}], "Next": "Offer"
    }"#;
    let mocks = [
        MockedResult::Result(r#"{"Payload": 9.99}"#.to_owned()),
        MockedResult::Error(Failure::new("OutOfStock", "none left")),
        MockedResult::Error(Failure::new("Broken", "no idea")),
    ];
    for mock in mocks {
        let options = TestStateOptions {
            input: r#"{"order": 7}"#.to_owned(),
            mock: Some(mock),
            ..TestStateOptions::default()
        };
        let result = test_state(state, options)?;
        println!(
            "{:13} next: {:10} output: {}",
            result.status.name(),
            result.next_state.unwrap_or_default(),
            result.output.unwrap_or_default()
        );
    }
    Ok(())
}
