//! What JSONata expressions give in a state: a line of JSON in, a line of JSON out. `just jsonata` compares the answers with
//! those of jsonata 2.0.6, which AWS names.
//!
//! `echo '{"expression": "$x + $states.input", "input": 1, "variables": {"x": 2}}' |
//! cargo run -p states-language --example expressions`

use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Clock, Execution, StartOptions, StateMachine, Status, TaskRequest, VirtualClock, run_to_end};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    expression: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    variables: serde_json::Map<String, Value>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(question) => answer(&question)?,
            // Half of a surrogate pair, which JavaScript's texts can hold.
            Err(invalid) => json!({"refused": format!("the line is not valid: {invalid}")}),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// The value, or why there is none: as the definition's creator or as the execution would see it.
fn answer(question: &Question) -> Result<Value, Box<dyn std::error::Error>> {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Assign", "States": {
        "Assign": {"Type": "Pass", "Assign": question.variables, "Next": "Evaluate"},
        "Evaluate": {"Type": "Pass", "Output": [format!("{{% {} %}}", question.expression)], "End": true}
    }});
    let machine = match StateMachine::parse(&definition.to_string()) {
        Ok(machine) => machine,
        Err(invalid) => return Ok(json!({"refused": invalid.to_string()})),
    };
    let mut clock = VirtualClock::default();
    let mut execution = Execution::start(
        &machine,
        StartOptions::default(),
        &question.input.to_string(),
        clock.now(),
    )?;
    let mut no_tasks = |task: &TaskRequest| unreachable!("there is no task {}", task.state);
    run_to_end(&mut execution, &mut no_tasks, &mut clock);
    if execution.status() == Status::Succeeded {
        let output: Value = serde_json::from_str(&execution.output().unwrap_or_default())?;
        return Ok(json!({"value": output[0]}));
    }
    let failure = execution.failure().cloned().unwrap_or_default();
    Ok(json!({"error": failure.error.as_deref(), "cause": failure.cause.as_deref()}))
}
