//! A definition, an input, an output: `cargo run -p states-language --example hello`

use states_language::{Clock, Execution, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = StateMachine::parse(
        r#"{"StartAt": "Hello", "States": {
            "Hello": {"Type": "Pass", "Parameters": {"text.$": "States.Format('Hello {}!', $.name)"}, "End": true}
        }}"#,
    )?;
    let mut clock = VirtualClock::default();
    let mut execution = Execution::start(&machine, StartOptions::default(), r#"{"name": "Ada"}"#, clock.now())?;
    let mut no_tasks = |task: &TaskRequest| unreachable!("there is no task {}", task.state);
    run_to_end(&mut execution, &mut no_tasks, &mut clock);
    println!(
        "{} {}",
        execution.status().name(),
        execution.output().unwrap_or_default()
    );
    Ok(())
}
