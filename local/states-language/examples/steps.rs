//! Steps through an execution: shows what has happened, and asks for the result of each task.
//! `cargo run -p states-language --example steps -- DEFINITION.asl.json INPUT.json`

use std::io::{BufRead, IsTerminal};

use states_language::{Command, Execution, StartOptions, StateMachine, Status, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [definition, input] = &files[..] else {
        return Err("which definition, and which input? Give the paths of two files".into());
    };
    let machine = StateMachine::parse(&std::fs::read_to_string(definition)?)?;
    let mut now = Timestamp::now();
    let input = std::fs::read_to_string(input)?;
    let mut execution = Execution::start(&machine, StartOptions::default(), &input, now)?;
    let mut shown = 0;
    while execution.status() == Status::Running {
        let commands = execution.run(now);
        for event in &execution.history()[shown..] {
            println!("{:>3} {}", event.id, serde_json::to_string(event)?);
        }
        shown = execution.history().len();
        let is_idle = commands.is_empty();
        for command in commands {
            let Command::StartTask(task) = command else { continue };
            println!(
                "--- '{}' would call {} with {}",
                task.state, task.resource, task.parameters
            );
            println!("--- its result, as JSON:");
            let result = line()?.unwrap_or_else(|| "{}".to_owned());
            execution.task_started(task.id, now)?;
            execution.task_succeeded(task.id, &result, now)?;
        }
        match execution.next_wakeup() {
            // A Wait, or a retry: time is what one says it is.
            Some(time) if is_idle => now = time.max(now),
            None if is_idle && execution.status() == Status::Running => break,
            _ => {}
        }
    }
    let failure = execution.failure().map(|failure| format!("{failure:?}"));
    let end = execution.output().or(failure).unwrap_or_default();
    println!("{} {end}", execution.status().name());
    Ok(())
}

/// What somebody types; nothing where nobody is there, or types nothing.
fn line() -> std::io::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}
