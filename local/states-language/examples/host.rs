//! An execution driven by hand, as a server does it: commands out, answers in, history as it grows.
//! `cargo run -p states-language --example host`

use states_language::{Command, Execution, Integration, StartOptions, StateMachine, Status, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = StateMachine::parse(
        r#"{"StartAt": "Train", "States": {
            "Train": {
                "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
                "Parameters": {"ProcessingJobName.$": "$$.Execution.Name"}, "TimeoutSeconds": 3600, "Next": "Ask"
            },
            "Ask": {
                "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"MessageBody": {"token.$": "$$.Task.Token"}}, "End": true
            }
        }}"#,
    )?;
    let options = StartOptions {
        name: "run-7".into(),
        random_seed: 7,
        ..StartOptions::default()
    };
    let mut now = Timestamp::now();
    let mut execution = Execution::start(&machine, options, "{}", now)?;
    let mut shown = 0;
    while execution.status() == Status::Running {
        for command in execution.run(now) {
            let Command::StartTask(task) = command else { continue };
            if let Integration::Activity { .. } = &task.integration {
                // A worker takes it, and sends its token back.
                execution.task_taken(task.id, Some("worker-1"), now)?;
                execution.task_succeeded(task.id, "null", now)?;
                continue;
            }
            execution.task_started(task.id, now)?;
            now += jiff::SignedDuration::from_secs(60);
            match (&task.integration, &task.token) {
                // Somebody sends the token back some time later.
                (_, Some(token)) => {
                    execution.task_submitted(task.id, r#"{"MessageId":"1"}"#, now)?;
                    let id = execution.task_of_token(token).ok_or("the token is not waited for")?;
                    execution.task_succeeded(id, r#"{"approved":true}"#, now)?;
                }
                (Integration::Service { service, operation, .. }, None) => {
                    println!("calling {service}:{operation} with {}", task.parameters);
                    execution.task_submitted(task.id, r#"{"ProcessingJobArn":"arn"}"#, now)?;
                    execution.task_succeeded(task.id, r#"{"ProcessingJobStatus":"Completed"}"#, now)?;
                }
                _ => execution.task_succeeded(task.id, "null", now)?,
            }
        }
        for event in &execution.history()[shown..] {
            println!(
                "{:>3} {} {}",
                event.id,
                event.event_type(),
                event.state_name().unwrap_or_default()
            );
        }
        shown = execution.history().len();
    }
    println!(
        "{} {}",
        execution.status().name(),
        execution.output().unwrap_or_default()
    );
    Ok(())
}
