//! What a definition would call, what is wrong with the calls, and what its role needs of IAM: read, not run.
//! `cargo run -p states-language --example needs -- FILE`

use states_language::{ExecutionType, MachineSettings, calls, misuse, permissions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1);
    let file = file.ok_or("which definition? Give the path of an .asl.json file")?;
    let definition = std::fs::read_to_string(&file)?;
    for call in calls(&definition)? {
        println!(
            "{file}:{}:{}: '{}' calls {}",
            call.line, call.column, call.state, call.resource
        );
        if let Some(wrong) = misuse(&call, ExecutionType::Standard) {
            println!("  {}: {}", wrong.severity.name(), wrong.text);
        }
    }
    let settings = MachineSettings {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account: "123456789012".into(),
        name: "pipeline".into(),
        logs: false,
        traces: false,
    };
    for needed in permissions(&definition, &settings)? {
        let known = if needed.is_exact {
            ""
        } else {
            " (a part of the ARN is known to an execution alone)"
        };
        println!("{} on {}{known}", needed.action, needed.resource);
    }
    Ok(())
}
