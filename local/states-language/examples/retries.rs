//! A task that fails twice, on a clock that does not make anybody wait: `cargo run -p states-language --example retries`

use states_language::{
    Clock, Execution, Failure, Json, StartOptions, StateMachine, TaskHandler, TaskRequest, VirtualClock, run_to_end,
};

/// Fails so many times before it answers.
struct Moody(u32);

impl TaskHandler for Moody {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        println!("attempt {} of '{}'", task.retry_count + 1, task.state);
        if self.0 == 0 {
            return Ok(Json::string("at last"));
        }
        self.0 -= 1;
        Err(Failure::new("Moody", "not now"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = StateMachine::parse(
        r#"{"StartAt": "Ask", "States": {
            "Ask": {
                "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:moody",
                "Retry": [{"ErrorEquals": ["Moody"], "IntervalSeconds": 600, "BackoffRate": 2}],
                "End": true
            }
        }}"#,
    )?;
    let mut clock = VirtualClock::default();
    let mut execution = Execution::start(&machine, StartOptions::default(), "{}", clock.now())?;
    run_to_end(&mut execution, &mut Moody(2), &mut clock);
    let took = clock.now().duration_since(execution.started_at());
    println!(
        "{} after {} s: {}",
        execution.status().name(),
        took.as_secs(),
        execution.output().unwrap_or_default()
    );
    Ok(())
}
