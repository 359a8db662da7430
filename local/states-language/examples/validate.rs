//! Finds what is wrong with definitions: `cargo run -p states-language --example validate -- FILE…`

use std::process::ExitCode;

use states_language::{Severity, StateMachine};

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B", "Wait": 5}}}"#;
        return report("an example", definition);
    }
    let mut code = ExitCode::SUCCESS;
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("{file} cannot be read");
            return ExitCode::from(2);
        };
        if report(file, &text) != ExitCode::SUCCESS {
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn report(name: &str, definition: &str) -> ExitCode {
    let findings = StateMachine::validate(definition);
    for finding in &findings {
        let severity = finding.severity.name();
        println!("{name}:{}:{}: {severity} {finding}", finding.line, finding.column);
    }
    let has_errors = findings.iter().any(|finding| finding.severity == Severity::Error);
    if has_errors {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
