//! An execution that failed goes on from there, in two ways: as RedriveExecution does it, with the definition as it was;
//! and from the state that failed, with a definition that was mended.
//! `cargo run -p states-language --example resume`

use states_language::{
    Clock, Entry, Execution, Failure, Json, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end,
};

fn definition(field: &str) -> String {
    let task = "arn:aws:lambda:us-east-1:123456789012:function";
    format!(
        r#"{{"StartAt": "Read", "States": {{
            "Read": {{"Type": "Task", "Resource": "{task}:read", "Next": "Sum"}},
            "Sum": {{"Type": "Pass", "Parameters": {{"sum.$": "States.MathAdd($.{field}, 1)"}}, "Next": "Save"}},
            "Save": {{"Type": "Task", "Resource": "{task}:save", "End": true}}
        }}}}"#
    )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut clock = VirtualClock::default();

    // The save fails once: a redrive does it again, and nothing that succeeded.
    let machine = StateMachine::parse(&definition("rows"))?;
    let mut execution = Execution::start(&machine, StartOptions::default(), "{}", clock.now())?;
    let mut is_down = true;
    let mut tasks = |task: &TaskRequest| {
        println!("  {}", task.state);
        match (&*task.state, is_down) {
            ("Save", true) => Err(Failure::new("Down", "try again later")),
            ("Save", false) => Ok(task.parameters.clone()),
            _ => Ok([("rows", Json::from(7_i64))]
                .into_iter()
                .collect::<states_language::Object>()
                .into()),
        }
    };
    run_to_end(&mut execution, &mut tasks, &mut clock);
    println!("{}: {:?}", execution.status().name(), execution.failure());
    is_down = false;
    let mut tasks = |task: &TaskRequest| {
        println!("  {}, redriven; down: {is_down}", task.state);
        Ok(task.parameters.clone())
    };
    execution.redrive(clock.now())?;
    run_to_end(&mut execution, &mut tasks, &mut clock);
    println!("{}: {:?}", execution.status().name(), execution.output());

    // A definition that is wrong cannot be redriven into a right one: the mended one begins where the other failed.
    let wrong = StateMachine::parse(&definition("row"))?;
    let mut failed = Execution::start(&wrong, StartOptions::default(), r#"{"rows": 7}"#, clock.now())?;
    let mut echo = |task: &TaskRequest| Ok(task.parameters.clone());
    run_to_end(&mut failed, &mut echo, &mut clock);
    println!("{}: {:?}", failed.status().name(), failed.failure());
    let entered = failed.history().iter().rev().find_map(|event| {
        let event = serde_json::to_value(event).ok()?;
        let entered = event.get("stateEnteredEventDetails")?;
        Some((
            entered["name"].as_str()?.to_owned(),
            entered["input"].as_str()?.to_owned(),
        ))
    });
    let (state, input) = entered.ok_or("no state was entered")?;
    let entry = Entry {
        state: state.into(),
        input: Json::parse(&input)?,
        ..Entry::default()
    };
    let options = StartOptions {
        entry: Some(entry),
        ..StartOptions::default()
    };
    let mended = StateMachine::parse(&definition("rows"))?;
    let mut execution = Execution::start(&mended, options, r#"{"rows": 7}"#, clock.now())?;
    run_to_end(&mut execution, &mut echo, &mut clock);
    println!("{}: {:?}", execution.status().name(), execution.output());
    Ok(())
}
